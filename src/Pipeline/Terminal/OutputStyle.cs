namespace OnnxKd.Pipeline.Terminal;

/// <summary>How a command shows its result and its progress.</summary>
/// <param name="Json">One JSON document on stdout, and nothing else there.</param>
/// <param name="Terminal">Whether stdout is a terminal.</param>
/// <param name="Live">Whether stderr is a terminal, so that progress can be shown in place.</param>
internal sealed record OutputStyle(bool Json, bool Terminal, bool Live);

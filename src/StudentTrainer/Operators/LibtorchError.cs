namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What libtorch says when it refuses.</summary>
internal static class LibtorchError
{
    // libtorch adds the calls that led there, in C++.
    private const string Calls = "Exception raised from";

    /// <summary>An exception's message, without the calls inside libtorch that it lists.</summary>
    public static string Explain(Exception error)
    {
        var end = error.Message.IndexOf(Calls, StringComparison.Ordinal);
        return (end < 0 ? error.Message : error.Message[..end]).Trim();
    }
}

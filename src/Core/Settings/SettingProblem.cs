namespace OnnxKd.Core.Settings;

/// <summary>A setting that is out of range.</summary>
/// <param name="Setting">Its name.</param>
/// <param name="Found">Its value.</param>
/// <param name="Expected">What would have been right.</param>
public sealed record SettingProblem(string Setting, string Found, string Expected);

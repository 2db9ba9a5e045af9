namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>The working tree that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>A file of a case from the field.</summary>
    /// <param name="field">The case's folder.</param>
    /// <param name="file">The file in it.</param>
    public static string Field(string field, string file) => Path.Combine(Root, "tests", "Pipeline.Tests", "Fields", field, file);

    private static string Find(string folder) => File.Exists(Path.Combine(folder, "OnnxKd.sln"))
        ? folder
        : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the repository."));
}

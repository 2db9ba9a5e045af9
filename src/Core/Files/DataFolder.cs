using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Files;

/// <summary>The folder that holds data sets which were fetched by name, each in a folder of its own.</summary>
internal static class DataFolder
{
    /// <summary>The environment variable that names another folder.</summary>
    public const string Variable = "ONNXKD_DATA";

    private const string RepositoryMark = "OnnxKd.sln";

    /// <summary>
    /// What <see cref="Variable"/> says; else <c>data</c> in the repository that the program was built in; else <c>onnxkd/data</c> in the user's cache
    /// folder.
    /// </summary>
    /// <exception cref="InputException">The user has no home folder, and nothing else says where.</exception>
    public static string Current => Choose(Environment.GetEnvironmentVariable(Variable), AppContext.BaseDirectory);

    /// <summary>The folder of one set, fetched or not.</summary>
    /// <inheritdoc cref="Current"/>
    public static string Of(string set) => Path.Combine(Current, set);

    /// <summary>Chooses the folder.</summary>
    /// <param name="named">What the user says; <c>null</c> or empty: nothing.</param>
    /// <param name="program">The program's folder.</param>
    internal static string Choose(string? named, string program)
    {
        if (!string.IsNullOrEmpty(named))
            return Path.GetFullPath(named);
        for (var folder = Path.TrimEndingDirectorySeparator(program); folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, RepositoryMark)))
                return Path.Combine(folder, "data");
        return Path.Combine(UserCache(), "onnxkd", "data");
    }

    private static string UserCache()
    {
        if (OperatingSystem.IsWindows())
            return Existing(Environment.SpecialFolder.LocalApplicationData, "");
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        return string.IsNullOrEmpty(cache) ? Existing(Environment.SpecialFolder.UserProfile, ".cache") : cache;
    }

    private static string Existing(Environment.SpecialFolder special, string below) =>
        Environment.GetFolderPath(special, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } folder
            ? Path.Combine(folder, below)
            : throw new InputException(
                "There is no folder for data sets.", found: "a user without a home folder", remedy: $"name a folder in the environment variable {Variable}");
}

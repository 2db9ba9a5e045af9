using OnnxKd.Core.Errors;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Reads <c>FILE</c> and <c>NAME=FILE</c>, the command line's form of what a teacher said.</summary>
internal static class SignalArguments
{
    /// <summary>What the form is called in help.</summary>
    public const string HelpName = "FILE|NAME=FILE";

    /// <summary>Reads the words of an option.</summary>
    /// <param name="words">One file, or files with names.</param>
    /// <param name="option">The option, for messages.</param>
    /// <exception cref="InputException">Several files, and one has no name.</exception>
    public static SignalFiles Read(IReadOnlyList<string> words, string option)
    {
        SignalPath[] files = [.. words.Select(Read)];
        if (files.Length > 1 && files.FirstOrDefault(file => file.Name is null) is { } nameless)
            throw new InputException(
                "Of several files with what a teacher said, each needs a name.", option, nameless.Path, "NAME=FILE", "the first holds the answer, the others features");
        return new([.. files.Where(file => file.Name != SignalFiles.IdsName)], Array.Find(files, file => file.Name == SignalFiles.IdsName)?.Path);
    }

    // A file's name may hold '='; that of a signal holds no separator of folders.
    private static SignalPath Read(string word) => !File.Exists(word) && word.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } path] && !name.Contains('/')
        ? new(name, Path.GetFullPath(path))
        : new(null, Path.GetFullPath(word));
}

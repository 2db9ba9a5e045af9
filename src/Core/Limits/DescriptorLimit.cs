using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Limits;

/// <summary>
/// How many files the process may have open. With too few, whatever happens to need the next one fails: a library that is not found, a thread that does not
/// start. So that is said before.
/// </summary>
internal static class DescriptorLimit
{
    // A run on two cores has 135 at most.
    private const long Least = 200;

    private const string Line = "Max open files";

    /// <summary>Checks the limit, where the system tells it.</summary>
    /// <exception cref="MachineException">It is too low.</exception>
    public static void Require()
    {
        if (ProcessLimit.Find(Line) is { } limit && limit < Least)
            throw new MachineException(
                "The process may open too few files.", "ulimit -n", $"{limit}", $"{Least} or more", "raise the limit (ulimit -n 4096), then run the same command again");
    }

    /// <summary>The limit that holds now; <c>null</c>: there is none.</summary>
    /// <param name="lines">The lines of the system's table: name, soft limit, hard limit, unit.</param>
    public static long? Find(IEnumerable<string> lines) => ProcessLimit.Find(lines, Line);
}

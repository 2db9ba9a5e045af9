using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Which share of a capture this process does: said outright, or read from what a cluster's job scheduler sets.</summary>
internal sealed class PartArgument
{
    private const string Slurm = "slurm";
    private const string Kubernetes = "kubernetes";

    private readonly Option<string?> part = new("--part")
    {
        Description = "Capture only this share of the rows: I/N (from 1), slurm (the place in a job array) or kubernetes (the index in an Indexed Job).",
        HelpName = "I/N|slurm|kubernetes",
    };

    private readonly Option<string?> parts = new("--parts")
    {
        Description = "The number of shares; needed with kubernetes, and with slurm where the array is not run as a whole.",
        HelpName = "N",
    };

    /// <summary>Declares the options.</summary>
    public void AddTo(Command command)
    {
        command.Add(part);
        command.Add(parts);
    }

    /// <summary>What the command line says; <c>null</c>: nothing, so all rows.</summary>
    /// <exception cref="InputException">It makes no sense, or the scheduler did not set what it should.</exception>
    public CachePart? Read(ParseResult parsed) =>
        Parse(parsed.GetValue(part), parsed.GetValue(parts), Environment.GetEnvironmentVariable);

    /// <summary>The same, from texts.</summary>
    /// <param name="part">The value of <c>--part</c>.</param>
    /// <param name="parts">The value of <c>--parts</c>.</param>
    /// <param name="variable">Reads an environment variable.</param>
    internal static CachePart? Parse(string? part, string? parts, Func<string, string?> variable)
    {
        var count = parts is null ? (int?)null : Number(parts, "--parts", 1);
        return part switch
        {
            null when count is null => null,
            null => throw new InputException("--parts alone does not say which part to capture.", "--parts", parts, remedy: "add --part"),
            Slurm => OfSlurm(count, name => Variable(variable, name, Slurm)),
            Kubernetes => Of(
                Number(Variable(variable, "JOB_COMPLETION_INDEX", Kubernetes), "JOB_COMPLETION_INDEX", 0),
                count ?? throw new InputException(
                    "Kubernetes does not tell a job how many parts there are.", "--part kubernetes", expected: "--parts N",
                    remedy: "give the number that stands under 'completions'"),
                "JOB_COMPLETION_INDEX"),
            _ => OfFraction(part, count),
        };
    }

    private static CachePart OfFraction(string part, int? count)
    {
        if (count is not null)
            throw new InputException("The number of parts is given twice.", "--parts", $"{count}", remedy: $"leave it out: --part is {part}");
        if (part.Split('/') is not [var index, var total])
            throw new InputException("That is not a part.", "--part", $"'{part}'", "I/N (1/4, 2/4, ...), slurm or kubernetes");
        return Of(Number(index, "--part", 1) - 1, Number(total, "--part", 1), "--part");
    }

    /// <summary>
    /// Without a count, the place of the task in an array that runs as a whole. With one, the task's number itself, from 0, so that single tasks
    /// of the array can be submitted again.
    /// </summary>
    private static CachePart OfSlurm(int? count, Func<string, string> variable)
    {
        int Value(string name) => Number(variable(name), name, 0);

        var task = Value("SLURM_ARRAY_TASK_ID");
        if (count is { } total)
            return Of(task, total, "SLURM_ARRAY_TASK_ID");
        var (first, last, tasks) = (Value("SLURM_ARRAY_TASK_MIN"), Value("SLURM_ARRAY_TASK_MAX"), Value("SLURM_ARRAY_TASK_COUNT"));
        if (last - first + 1 != tasks)
            throw new InputException(
                "The tasks of the Slurm array do not follow each other, so their number does not say which part each is.", "--part slurm",
                $"{tasks} tasks from {first} to {last}", $"{last - first + 1} tasks", "add --parts N, with tasks from 0 to N - 1");
        return Of(task - first, tasks, "SLURM_ARRAY_TASK_ID");
    }

    private static CachePart Of(int index, int count, string where) => index >= 0 && index < count
        ? new(index, count)
        : throw new InputException("There is no such part.", where, $"part {index + 1} of {count}", $"1 to {count}");

    private static string Variable(Func<string, string?> variable, string name, string scheduler) => variable(name) ?? throw new InputException(
        $"The environment does not say which part this is.", $"--part {scheduler}", $"no variable {name}", $"a job of {scheduler} that sets it",
        scheduler == Slurm ? "submit it with sbatch --array=0-7, or say --part 1/8" : "make the Job's completionMode Indexed, or say --part 1/8");

    private static int Number(string text, string where, int minimum) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum
            ? number
            : throw new InputException("The number of a part is not valid.", where, $"'{text}'", $"a whole number from {minimum}");
}

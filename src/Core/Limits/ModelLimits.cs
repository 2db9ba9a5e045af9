using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Limits;

/// <summary>
/// What a model may take while it is tried, before any work: a file of some hundred bytes can ask for any amount of memory and time. Both limits
/// can be raised on the command line.
/// </summary>
public static partial class ModelLimits
{
    /// <summary>The option that sets <see cref="Memory"/>, in MiB.</summary>
    public const string MemoryOption = "--memory-limit";

    /// <summary>The option that sets <see cref="Time"/>, in seconds.</summary>
    public const string TimeOption = "--time-limit";

    // An honest model's tensors are some times its weights and its samples; of the latter a file decides how many there are.
    private const int TimesWeights = 4;
    private const int TimesSamples = 256;

    // Of a cold disk, read several times.
    private const double WeightsPerSecond = 32 << 20;

    // A step of a run cannot be stopped: what goes into it must be small enough to be soon done.
    private const int ShareOfSamples = 4;

    /// <summary>Bytes beyond what its weights account for, and as many again for its samples; default 2 GiB.</summary>
    public static long Memory { get; set; } = 2L << 30;

    /// <summary>How long a trial may take beyond what its weights account for; default a minute.</summary>
    public static TimeSpan Time { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Begins a trial: until it is disposed of, memory is limited.</summary>
    /// <param name="weightBytes">The size of the model.</param>
    /// <param name="sampleBytes">The size of all samples of a run.</param>
    public static ModelTrial Begin(long weightBytes, long sampleBytes) =>
        new(Memory + TimesWeights * weightBytes + Math.Min(Memory, TimesSamples * sampleBytes), TimeFor(weightBytes));

    /// <summary>How long a trial of a model may take: longer for one with many weights, which a small file cannot have.</summary>
    /// <param name="weightBytes">The size of the model.</param>
    internal static TimeSpan TimeFor(long weightBytes) => Time + TimeSpan.FromSeconds(weightBytes / WeightsPerSecond);

    /// <summary>Begins what may hold several trials, and has the time of one.</summary>
    public static ModelTrial BeginClock() => new(null, Time);

    /// <summary>Refuses samples that alone are beyond the limit.</summary>
    /// <param name="where">The input.</param>
    /// <param name="rows">Samples of a run.</param>
    /// <param name="shape">The shape of one.</param>
    /// <exception cref="LimitException">They are.</exception>
    public static void RequireSamples(string where, long rows, IReadOnlyList<long> shape)
    {
        if (!Tensors.Shapes.TryBytes(Tensors.ElementType.Float32, [rows, .. shape], out var bytes) || bytes > Math.Min(Memory / ShareOfSamples, Array.MaxLength))
            throw new LimitException(
                "Samples of a model are too large to try it.", where, $"{rows} of shape {Tensors.Shapes.Format(shape)}",
                $"at most {Math.Min(Memory / ShareOfSamples, Array.MaxLength) >> 20} MiB in all", $"if that is meant, raise the limit: {MemoryOption}");
    }

    /// <summary>Whether a native library's message says that it got no memory.</summary>
    public static bool IsOutOfMemory(Exception error) => error is OutOfMemoryException
        || error.Message.Contains("allocate memory", StringComparison.OrdinalIgnoreCase)
        || error.Message.Contains("bad_alloc", StringComparison.Ordinal)
        || error.Message.Contains("bad allocation", StringComparison.Ordinal)
        || error.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase);

    /// <summary>The error that a trial took too much memory.</summary>
    /// <param name="where">The model, or the node.</param>
    /// <param name="error">What the library said.</param>
    public static LimitException TooMuchMemory(string where, Exception error) => TooMuchMemory(
        where, Asked().Match(error.Message) is { Success: true } asked ? $"{asked.Groups[1].Value} bytes at once" : error.Message.Split('\n')[0], error);

    /// <summary>The error that a tensor is too large.</summary>
    /// <param name="where">The node.</param>
    /// <param name="bytes">Its size.</param>
    public static LimitException TooMuchMemory(string where, long bytes) => TooMuchMemory(where, $"{bytes} bytes at once", null);

    private static LimitException TooMuchMemory(string where, string found, Exception? error) => new(
        "A model asks for more memory than it may have.", where, found, $"at most {Memory >> 20} MiB beside its weights and samples",
        $"if that is meant, raise the limit: {MemoryOption} {4 * (Memory >> 20)}", error);

    [GeneratedRegex(@"(?:buffer of size|tried to allocate) (\d+)")]
    private static partial Regex Asked();

    /// <summary>The error that a trial took too long.</summary>
    /// <param name="where">The model, or the node.</param>
    /// <param name="error">What showed it.</param>
    public static LimitException TooLong(string where, Exception? error = null) => new(
        "A model runs longer than it may.", where, "it had not finished", FormattableString.Invariant($"at most {Time.TotalSeconds:0.#} s for a few samples"),
        FormattableString.Invariant($"if that is meant, raise the limit: {TimeOption} {4 * Time.TotalSeconds:0}"), error);
}

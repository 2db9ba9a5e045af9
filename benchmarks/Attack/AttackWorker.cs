using System.Diagnostics;
using System.Globalization;
using OnnxKd.Core.Errors;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>Reads mutants in a process of its own, and says before and after each what it does: whoever watches knows which one it died of.</summary>
internal static class AttackWorker
{
    public const string Child = "attack-worker";

    private const string StatusFile = "/proc/self/status";

    // The allocator keeps what large models took, in an arena for each thread; a command that reads one model never comes to so much.
    private const long MostBytes = 2L << 30;

    public static int RunChild(string[] args)
    {
        var target = AttackTarget.All.Single(target => target.Name == args[0]);
        var (seed, first, end, folder) = (ulong.Parse(args[1], CultureInfo.InvariantCulture), long.Parse(args[2], CultureInfo.InvariantCulture), long.Parse(args[3], CultureInfo.InvariantCulture), args[4]);
        var stdout = Console.Out;
        Console.SetOut(TextWriter.Null);
        var draw = target.Begin(folder);
        for (var number = first; number < end; number++)
        {
            var drawn = draw(new Dice(seed, target.Name, number));
            stdout.WriteLine($"begin {number}");
            stdout.Flush();
            var before = Resident();
            var (start, worked) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var (code, problem) = Try(drawn);
            // On a busy machine a case waits for others: that is not its time.
            var seconds = Math.Min(Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - worked).TotalSeconds);
            stdout.WriteLine(FormattableString.Invariant($"end {number} {code} {seconds:0.000} {Math.Max(0, Peak() - before)} {drawn.Kind} {problem}"));
            if (Resident() > MostBytes)
                return 0; // whoever watches starts another one
        }
        stdout.WriteLine("done");
        stdout.Flush();
        return 0;
    }

    private static (int Code, string Problem) Try(AttackCase drawn)
    {
        try
        {
            return (drawn.Run(), "");
        }
        catch (OnnxKdException refusal)
        {
            return ((int)refusal.ExitCode, refusal.ExitCode == ExitCode.Failure ? refusal.Message.ReplaceLineEndings(" ") : "");
        }
        catch (Exception defect)
        {
            return (1, $"{defect.GetType().Name}: {defect.Message} {defect.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("OnnxKd"))}".ReplaceLineEndings(" "));
        }
    }

    /// <summary>Resident bytes; the peak begins anew here.</summary>
    private static long Resident()
    {
        File.WriteAllText("/proc/self/clear_refs", "5");
        return Field("VmRSS:");
    }

    private static long Peak() => Field("VmHWM:");

    private static long Field(string name) =>
        long.Parse(File.ReadLines(StatusFile).First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..^2], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) << 10;
}

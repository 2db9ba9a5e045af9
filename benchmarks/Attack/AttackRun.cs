using System.Diagnostics;
using System.Globalization;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>Mutants of every kind of file that a stranger may send, each read as the product reads it, in processes that may die.</summary>
internal static class AttackRun
{
    private const int FailuresShown = 20;
    private const double MostSeconds = 20;

    // What is silent for so long hangs, however busy the machine is. Honest files are made and honest runs are run before the first case.
    private const double SecondsToSpeak = 600;

    // What a model and its samples may take, and what the runtimes need themselves.
    private const long MostBytes = 3L << 29;

    // Nothing that goes wrong may take the machine with it.
    private const long MostKilobytesOfChild = 6L << 20;

    /// <summary>Runs it: <c>--quick</c>, <c>--seed N</c>, <c>--only KIND</c>, <c>--first N</c>, <c>--count N</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var (quick, seed, only) = (arguments.Flag("quick"), arguments.Number("seed", 1), arguments.Text("only", null));
        var (first, count) = (arguments.Number("first", 0), arguments.Number("count", 0));
        arguments.RefuseTheRest();
        var start = Stopwatch.GetTimestamp();
        var results = AttackTarget.All.Where(target => only is null ? !quick || target.Quick > 0 : target.Name == only)
            .Select(target => new Campaign(target.Name, (ulong)seed, first, count > 0 ? count : quick && target.Quick > 0 ? target.Quick : target.Full)).ToArray();
        foreach (var campaign in results)
            campaign.Run();
        return new
        {
            seed,
            cases = results.ToDictionary(r => r.Name, r => r.Cases),
            accepted = results.ToDictionary(r => r.Name, r => r.Accepted),
            refused = results.ToDictionary(r => r.Name, r => r.Refused),
            kinds = results.ToDictionary(r => r.Name, r => r.Kinds),
            crashes = results.Sum(r => r.Crashes),
            defects = results.Sum(r => r.Defects),
            slow = results.Sum(r => r.Slow),
            large = results.Sum(r => r.Large),
            most_seconds = results.Max(r => r.MostSeconds),
            most_mebibytes = results.Max(r => r.MostBytes) >> 20,
            seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 1),
            failures = results.SelectMany(r => r.Failures).Take(FailuresShown).ToArray(),
        };
    }

    /// <summary>How many cases of a kind there were, and how many of them were accepted.</summary>
    private sealed record KindCount(long Cases, long Accepted);

    /// <summary>The mutants of one kind.</summary>
    private sealed class Campaign(string name, ulong seed, long first, long count)
    {
        public string Name => name;

        public long Cases => Accepted + Refused + Crashes + Defects;

        public long Accepted { get; private set; }

        public long Refused { get; private set; }

        public long Crashes { get; private set; }

        public long Defects { get; private set; }

        public long Slow { get; private set; }

        public long Large { get; private set; }

        public double MostSeconds { get; private set; }

        public long MostBytes { get; private set; }

        public List<string> Failures { get; } = [];

        /// <summary>By kind of case: how many there were, and how many were accepted.</summary>
        public SortedDictionary<string, KindCount> Kinds { get; } = new(StringComparer.Ordinal);

        public void Run()
        {
            var folder = Directory.CreateTempSubdirectory("onnxkd-attack-").FullName;
            for (var next = first; next < first + count;)
                next = RunFrom(next, folder);
            Directory.Delete(folder, recursive: true);
        }

        /// <summary>Reads mutants until the child is done, has grown large, or is dead.</summary>
        /// <returns>The first mutant that was not looked at.</returns>
        private long RunFrom(long number, string folder)
        {
            var dll = typeof(AttackRun).Assembly.Location;
            var words = $"exec dotnet '{dll}' {AttackWorker.Child} {name} {seed} {number} {first + count} '{folder}'";
            using var child = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"ulimit -d {MostKilobytesOfChild}; ulimit -c 0; {words}"])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            var errors = child.StandardError.ReadToEndAsync();
            long? running = null;
            while (ReadLine(child, SecondsToSpeak) is { } line)
            {
                var parts = line.Split(' ', 7);
                if (parts[0] == "begin")
                    running = long.Parse(parts[1], CultureInfo.InvariantCulture);
                else if (parts[0] == "end")
                {
                    running = null;
                    number = 1 + long.Parse(parts[1], CultureInfo.InvariantCulture);
                    Count(number - 1, int.Parse(parts[2], CultureInfo.InvariantCulture), double.Parse(parts[3], CultureInfo.InvariantCulture), long.Parse(parts[4], CultureInfo.InvariantCulture), parts[5], parts[6]);
                }
                else if (parts[0] == "done")
                    return first + count;
            }
            if (!child.HasExited)
                child.Kill(entireProcessTree: true);
            child.WaitForExit();
            if (running is null && child.ExitCode == 0)
                return number;
            if (running is not { } dead)
                throw new UsageException($"the worker ended with exit code {child.ExitCode} between two cases:\n{errors.Result}");
            Crashes++;
            Failures.Insert(0, $"{name} {dead}: exit code {child.ExitCode}: {Last(errors.Result)}");
            return dead + 1;
        }

        /// <summary>The next line; <c>null</c> where the child has ended, or takes too long.</summary>
        private static string? ReadLine(Process child, double seconds)
        {
            var line = child.StandardOutput.ReadLineAsync();
            return line.Wait(TimeSpan.FromSeconds(seconds)) ? line.Result : null;
        }

        private void Count(long number, int code, double seconds, long bytes, string kind, string problem)
        {
            var before = Kinds.GetValueOrDefault(kind, new(0, 0));
            Kinds[kind] = new(before.Cases + 1, before.Accepted + (code == 0 ? 1 : 0));
            MostSeconds = Math.Max(MostSeconds, seconds);
            MostBytes = Math.Max(MostBytes, bytes);
            if (code == 0)
                Accepted++;
            else if (code != 1)
                Refused++;
            else
                Fail(() => Defects++, problem.Length > 0 ? problem : "exit code 1");
            if (seconds > AttackRun.MostSeconds)
                Fail(() => Slow++, $"{seconds:0.0} s");
            if (bytes > AttackRun.MostBytes)
                Fail(() => Large++, $"{bytes >> 20} MiB");

            void Fail(Action count, string why)
            {
                count();
                Failures.Add($"{name} {number}: {why}");
            }
        }

        private static string Last(string errors) => errors.Length > 400 ? errors[^400..] : errors;
    }
}

using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using SkiaSharp;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>
/// Every command, killed (SIGKILL) at a moment that is drawn and called again: it ends well, with the bytes of one that was left alone, and
/// nothing lies beside them.
/// </summary>
internal sealed partial class CommandKills
{
    private const int Pictures = 12;
    private const int Tries = 20;

    private readonly TinyProject project;
    private readonly Victim[] victims;
    private readonly double startUp;

    private CommandKills(string folder)
    {
        project = new(folder);
        var (one, two) = (project.WriteRecipe("recipe"), project.WriteRecipe("mutual", """
            learners:
              a: { objective: [ soft: { temperature: 2, weight: 1 }, hard: { weight: 0.3 }, soft: { teacher: b/logits, weight: 0.2 } ] }
              b: { objective: [ soft: { temperature: 2, weight: 1 }, hard: { weight: 0.3 }, soft: { teacher: a/logits, weight: 0.2 } ] }
            """));
        WritePictures();
        Directory.CreateDirectory(In("nothing"));
        startUp = Finish(["--version"]);
        var run = In($"work/{TinyProject.Name}");
        victims =
        [
            Measure("run", "nothing", one),
            Measure("mutual", "nothing", two, "run"),
            Measure("cache", "nothing", one),
            Measure("train", After("cache"), one),
            Measure("export", After("train"), one),
            Measure("verify", After("export"), one),
            Measure("evaluate", After("verify"), one),
            Measure("report", After("run"), run),
            Measure("sweep", "nothing", one, "sweep", "--vary", "temperature=1,2"),
            Measure("prepare", "nothing", In("pictures"), "prepare", "images", In("pictures"), "-o", In("work/prepared"), "--resize", "16"),
        ];
    }

    /// <summary>A command that is killed.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="From">The folder of what there is before.</param>
    /// <param name="Words">The command line.</param>
    /// <param name="Seconds">How long it takes.</param>
    /// <param name="Expected">What it leaves.</param>
    private sealed record Victim(string Name, string From, string[] Words, double Seconds, string Expected);

    /// <summary>Makes the states; gives what kills one command, each in turn.</summary>
    public static Func<Dice, AttackCase> Begin(string folder) => new CommandKills(folder).Draw;

    private AttackCase Draw(Dice dice)
    {
        var victim = victims[dice.Number % victims.Length];
        return new(victim.Name, () => Kill(victim, dice));
    }

    private int Kill(Victim victim, Dice dice)
    {
        TinyProject.Copy(victim.From, In("work"), _ => true);
        KillOnce(victim, dice);
        Finish(victim.Words);
        var found = Snapshot();
        return found == victim.Expected ? 0 : throw new InvalidOperationException($"{victim.Name}, killed and run again, differs: {Difference(victim.Expected, found)}");
    }

    /// <summary>A command that ends first is begun anew, and killed sooner.</summary>
    private void KillOnce(Victim victim, Dice dice)
    {
        var latest = victim.Seconds;
        for (var tries = 0; tries < Tries; tries++, latest = Math.Max(startUp, latest * 0.9))
        {
            using var process = Start(victim.Words);
            if (!process.WaitForExit(TimeSpan.FromSeconds(startUp / 2 + (latest - startUp / 2) * dice.Below(1000) / 1000)))
            {
                process.Kill();
                process.WaitForExit();
                return;
            }
            TinyProject.Copy(victim.From, In("work"), _ => true);
        }
        throw new InvalidOperationException($"{victim.Name} always ends before it is killed");
    }

    /// <summary>The state after a command that was left alone.</summary>
    private string After(string command) => In($"after-{command}");

    private Victim Measure(string name, string from, string subject, params string[] words)
    {
        from = In(from);
        string[] command = words.Length == 0 ? [name] : words;
        command = name switch
        {
            "report" => [.. command, subject],
            "prepare" => command,
            _ => [command[0], subject, "--runs", In("work"), .. command[1..]],
        };
        TinyProject.Copy(from, In("work"), _ => true);
        var seconds = Finish(command);
        TinyProject.Copy(In("work"), After(name), _ => true);
        return new(name, from, command, seconds, Snapshot());
    }

    /// <summary>
    /// Every file by its name, with its digest where no time stands in it. What was measured again has a report of its own beside the earlier one, which stays.
    /// </summary>
    private string Snapshot()
    {
        var lines = Directory.GetFiles(In("work"), "*", SearchOption.AllDirectories)
            .Select(file => $"{ReportKey().Replace(Path.GetRelativePath(In("work"), file), "")} {Digest(file)}").Distinct().Order(StringComparer.Ordinal);
        return string.Join('\n', lines);
    }

    private static string Digest(string file) => HoldsTimes().IsMatch(file) ? "" : Convert.ToHexStringLower(SHA256.HashData(
        Path.GetExtension(file) is ".json" or ".md" ? Encoding.UTF8.GetBytes(TinyProject.Normal(File.ReadAllText(file))) : File.ReadAllBytes(file)))[..16];

    private static string Difference(string expected, string found)
    {
        var (before, after) = (expected.Split('\n'), found.Split('\n'));
        return $"expected {string.Join(", ", before.Except(after))}; found {string.Join(", ", after.Except(before))}";
    }

    /// <summary>Runs a command to its end.</summary>
    /// <returns>Its seconds.</returns>
    private static double Finish(string[] words)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Start(words);
        var errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(start).TotalSeconds
            : throw new InvalidOperationException($"{string.Join(' ', words)}: exit code {process.ExitCode}: {errors.Result}");
    }

    private static Process Start(string[] words)
    {
        var program = new ProcessStartInfo("dotnet", [typeof(Pipeline.CommandLine).Assembly.Location, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        program.Environment["OMP_NUM_THREADS"] = "1"; // other sums would be other bytes
        var process = Process.Start(program)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private void WritePictures()
    {
        for (var number = 0; number < Pictures; number++)
        {
            using var bitmap = new SKBitmap(24, 24);
            bitmap.Erase(new SKColor((byte)(number * 20), 90, (byte)(255 - number * 20)));
            using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            Directory.CreateDirectory(In($"pictures/{number % 3}"));
            File.WriteAllBytes(In($"pictures/{number % 3}/{number}.png"), data.ToArray());
        }
    }

    private string In(string path) => project.In(path);

    [GeneratedRegex("stage.json$|.published.json$|(report|sweep).html$|latency.json$|tfevents")]
    private static partial Regex HoldsTimes();

    // The report is keyed by what was evaluated, latencies included.
    [GeneratedRegex("(?<=report)-[0-9a-f]{8}")]
    private static partial Regex ReportKey();
}

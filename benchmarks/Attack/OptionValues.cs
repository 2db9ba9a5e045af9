using System.CommandLine;
using System.CommandLine.Help;
using OnnxKd.Core.Limits;
using OnnxKd.TeacherRunner.Tests.Preparation;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>
/// Every option of the commands that take seconds at most, behind an honest line, with values that nobody means: done, or refused by a message. What trains takes the
/// options of <c>plan</c>.
/// </summary>
internal sealed class OptionValues
{
    private static readonly string[] values =
    [
        "", " ", "-1", "0", "1.5", "1e400", "NaN", "-Infinity", "2147483648", "99999999999999999999", "none", "auto", ",", "a=b", "a,b", "1,2,3", "[1", "{a: 1}", "../../x", "/dev/null", "/dev/zero", "/proc/self/maps",
        ".", "\u001b[2J", "é", "--help", "-", "recipe.yaml", "teacher.onnx", "test.npy",
    ];

    // Their files are other processes', they fetch, or they wait for somebody.
    private static readonly string[] leftOut = ["--runs", "--tracking", "--memory-limit", "--time-limit"];

    private readonly string folder;
    private readonly (string Line, string Option)[] cases;

    private OptionValues(string folder)
    {
        this.folder = folder;
        var project = new TinyProject(folder);
        var (recipe, teacher, samples, labels, output) = (project.WriteRecipe("recipe"), project.In("teacher.onnx"), project.In("test.npy"), project.In("test-labels.npy"), project.In("out"));
        Directory.CreateDirectory(project.In("tokenizer"));
        File.WriteAllText(project.In("tokenizer/vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n");
        File.WriteAllText(project.In("words.txt"), "hello world\n");
        Directory.CreateDirectory(project.In("pictures"));
        Directory.CreateDirectory(project.In("sounds"));
        foreach (var (name, bytes) in SmallPictures.All().Take(1))
            File.WriteAllBytes(project.In($"pictures/{name}"), bytes);
        File.WriteAllBytes(project.In("sounds/tone.wav"), WavFile.Encode(8000, 1, WavFile.Tone(8000, 440, 800)));
        _ = Run(["cache", recipe, "--runs", project.In("captured")]);
        var cache = Directory.GetDirectories(project.In($"captured/{TinyProject.Name}"), "cache-*").Single();
        string[] lines =
        [
            $"plan {recipe} --runs {project.In("runs")}", $"inspect {teacher}", $"inspect {teacher} --samples {samples}", $"verify --model {teacher} --samples {samples}",
            $"benchmark {teacher} --warm-up 1 --repeats 2", $"convert {teacher} --to float16 --samples {samples} -o {output}/16.onnx --force", $"join --resize 4,4 {teacher} -o {output}/joined.onnx --force",
            $"pca --teacher {teacher} --kind embedding --samples {samples} --columns 2 -o {output}/pca.onnx --force",
            $"adjust-bias --model {teacher} --classes 0 --samples {samples} --labels {labels} -o {output}/bias.onnx --force", $"init -o {output}/init.yaml --teacher {teacher} --samples {samples}",
            $"prepare rendered-text -o {output}/drawn --words {project.In("words.txt")} --count 2 --held-out-count 0", $"prepare images {project.In("pictures")} -o {output}/images --resize 8,8",
            $"prepare text {project.In("words.txt")} -o {output}/text --tokenizer {project.In("tokenizer")} --length 8", $"prepare audio {project.In("sounds")} -o {output}/audio --rate 8000 --seconds 0.1",
            $"cache info {cache}", $"cache verify {cache}", "completion bash", "settings", "operators",
        ];
        foreach (var line in lines)
            if (Run(line.Split(' ')) is (not 0, var error))
                throw new InvalidOperationException($"an honest line is refused: {line}: {error}");
        cases = [.. lines.SelectMany(line => OptionsOf(line.Split(' ')).Select(option => (line, option)))];
    }

    /// <summary>Makes the files; gives each value to each option in turn.</summary>
    public static Func<Dice, AttackCase> Begin(string folder) => new OptionValues(folder).Draw;

    private AttackCase Draw(Dice dice)
    {
        var (which, round) = (dice.Number % cases.Length, dice.Number / cases.Length);
        var ((line, option), value) = (cases[which], values[(which + round) % values.Length]); // other values from the first round on
        return new(line.Split(' ')[0], () => Judge(line, option, value));
    }

    private int Judge(string line, string option, string value)
    {
        var honest = line.Split(' ');
        var given = Array.IndexOf(honest, option) is >= 0 and var at ? [.. honest[..at], .. honest[(at + 2)..]] : honest;
        var (code, error) = Run([.. given, option, value]);
        if (code is not (0 or 2 or 3 or 4) || code != 0 && !error.Contains("error:", StringComparison.Ordinal) || error.Contains('\u001b'))
            throw new InvalidOperationException($"{string.Join(' ', given)} {option} '{value}': exit code {code}: {error}");
        return code;
    }

    private (int Code, string Error) Run(string[] words)
    {
        var output = Path.Combine(folder, "out");
        if (Directory.Exists(output))
            Directory.Delete(output, recursive: true);
        Directory.CreateDirectory(output);
        Directory.SetCurrentDirectory(folder); // where relative values lead
        var (code, _, error) = InProcess.Run([.. words, ModelLimits.TimeOption, "60"]);
        return (code, error);
    }

    /// <summary>The options of a line's command that take a value.</summary>
    private static IEnumerable<string> OptionsOf(string[] words)
    {
        Command command = Pipeline.CommandLine.CreateRoot();
        foreach (var word in words)
            if (command.Subcommands.FirstOrDefault(below => below.Name == word) is { } below)
                command = below;
            else
                break;
        return command.Options.Where(option => option is not HelpOption && option.ValueType != typeof(bool) && !leftOut.Contains(option.Name)).Select(option => option.Name);
    }
}

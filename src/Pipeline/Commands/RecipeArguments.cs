using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Students.Layers;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Commands;

/// <summary>The recipe, and the options that stand for keys of it. Without a recipe the options are all there is.</summary>
internal sealed class RecipeArguments
{
    /// <summary>The option of a sweep, whose keys may be names of options here.</summary>
    public const string VaryName = "--vary";

    private readonly Argument<string?> file = new("RECIPE")
    {
        Description = "A YAML file. Without one, the options below describe the run.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> runs = new("--runs")
    {
        Description = "The folder that holds a folder for each run.",
        DefaultValueFactory = _ => "runs",
    };

    private readonly Option<string[]> teachers = new("--teacher")
    {
        Description = "An ONNX teacher; repeat it for an ensemble. (key: teachers)",
    };

    private readonly Option<string[]> signals = new("--signals")
    {
        Description = "In place of a teacher's model, what it said of the samples: a file, or several with names. (key: teachers[].signals)",
        HelpName = SignalArguments.HelpName,
    };

    private readonly Option<string[]> testSignals = new("--test-signals")
    {
        Description = "What it said of the test samples. (key: teachers[].test-signals)",
        HelpName = SignalArguments.HelpName,
    };

    private readonly OutputArguments outputs = new();

    private readonly Option<string?> temperature = new("--temperature")
    {
        Description = "Temperature of the soft term; 4 without a recipe.",
    };

    private readonly Option<string?> alpha = new("--alpha") { Description = "Weight of the soft term (of binary, where the teacher gives independent labels); the hard term gets 1 - alpha." };

    private readonly Option<bool> noBaseline = new("--no-baseline") { Description = "Do not train the baseline." };

    private readonly Option<bool> quick = new("--quick") { Description = "A first look in about a minute: few steps, at most 10,000 samples, no baseline." };

    private readonly Option<string[]> set = new("--set")
    {
        Description = "Any key of the recipe, for example --set training.clip-norm=5.",
        HelpName = "KEY=VALUE",
    };

    private static readonly string[] ofInputs = ["data.", "teachers", "student."];

    private readonly KeyOption[] keys =
    [
        new("--name", ["name"], "Name of the run and of its folder."),
        new("--seed", ["seed"], "Seed of everything random."),
        new("--samples", ["data.transfer.samples"], "File of samples to learn from.", IsFile: true, Replaces: ["data.transfer.set", "data.transfer.part"]),
        new("--labels", ["data.transfer.labels"], "File of their labels.", IsFile: true),
        new("--test-samples", ["data.test.samples"], "File of samples for the final figures.", IsFile: true, Replaces: ["data.test.set", "data.test.part"]),
        new("--test-labels", ["data.test.labels"], "File of their labels.", IsFile: true),
        .. KeyOption.OfPreprocessing(),
        new("--architecture", ["student.architecture"], "Built-in student.", Words: [.. Architectures.Names]),
        new("--widths", ["student.widths"], "Its layers, for example 800,800.", IsList: true),
        new("--student", ["student.model"], "An ONNX file as the student, in place of an architecture.", IsFile: true),
        new("--init", ["student.init"], "Its weights: keep or fresh.", Words: ["keep", "fresh"]),
        new("--epochs", ["training.epochs"], "Passes over the transfer set."),
        new("--batch-size", ["training.batch-size"], "Samples per step."),
        new("--optimizer", ["training.optimizer.name"], $"One of {string.Join(", ", OptimizerOptions.Kinds.Names)}.", Words: [.. OptimizerOptions.Kinds.Names]),
        new("--lr", ["training.optimizer.learning-rate"], "Peak learning rate."),
        new("--device", ["training.device", "capture.device"], "auto, cpu, cuda or cuda:N.", Words: ["auto", "cpu", "cuda"]),
        new("--mlflow", ["tracking.mlflow"], "Address of an MLflow tracking server that is told of the run."),
        new("--threads", ["training.threads", "capture.threads"], "Threads of both runtimes."),
    ];

    /// <summary>Whether the options that describe a teacher's output describe models that the command names itself, so that there need not be a teacher; default: no.</summary>
    public Func<ParseResult, bool> DescribesModels { get; init; } = _ => false;

    /// <summary>Declares everything on a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(file);
        command.Add(runs);
        AddOptionsTo(command);
    }

    /// <summary>Declares the options that stand for keys of a recipe.</summary>
    public void AddOptionsTo(Command command)
    {
        foreach (var key in keys)
            command.Add(key.Option);
        command.Add(teachers);
        command.Add(signals);
        command.Add(testSignals);
        foreach (var option in outputs.Options)
            command.Add(option);
        command.Add(temperature);
        command.Add(alpha);
        command.Add(noBaseline);
        command.Add(quick);
        command.Add(set);
    }

    /// <summary>Reads all that a command on a recipe is told, and chooses what is left out.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="stderr">Where it is told what is chosen.</param>
    /// <param name="token">Stops the reading of samples.</param>
    /// <exception cref="InputException">The recipe or an option is wrong.</exception>
    public RecipeRun Read(ParseResult parsed, TextWriter stderr, CancellationToken token) => Read(parsed, SweepSetting.None, stderr, token);

    /// <summary>The same with what a setting says; where both do, the setting.</summary>
    /// <inheritdoc cref="Read(ParseResult, TextWriter, CancellationToken)"/>
    public RecipeRun Read(ParseResult parsed, SweepSetting setting, TextWriter stderr, CancellationToken token)
    {
        var source = Source(parsed, setting, stderr.WriteLine);
        ShortenedTraining.Fit(source, stderr.WriteLine);
        RecipeDefaults.Fill(source, parsed.GetValue(quick), stderr.WriteLine, token);
        return new(RecipeFile.Read(source, StageKinds.All), parsed.GetValue(file), parsed.GetValue(runs)!, GlobalOptions.Style(parsed));
    }

    /// <summary>Whether a teacher is named.</summary>
    public bool NamesTeachers(ParseResult parsed) => parsed.GetValue(teachers) is { Length: > 0 };

    /// <summary>Reads a recipe that is made of options alone, and chooses what is left out.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="name">The run's name, where no option says it.</param>
    /// <param name="stderr">Where it is told what is chosen.</param>
    /// <param name="token">Stops the reading of samples.</param>
    /// <exception cref="InputException">An option is wrong.</exception>
    public Recipe ReadNamed(ParseResult parsed, string name, TextWriter stderr, CancellationToken token)
    {
        var source = Source(parsed, SweepSetting.None, stderr.WriteLine);
        if (source.Root.Find("name") is null)
            source.Set("name", new YamlScalarNode(name), "--output");
        RecipeDefaults.Fill(source, parsed.GetValue(quick), stderr.WriteLine, token);
        return RecipeFile.Read(source, StageKinds.All);
    }

    /// <summary>Reads the recipe alone, as it stands.</summary>
    /// <exception cref="InputException">The recipe, an option or a value of the setting is wrong.</exception>
    public Recipe ReadRecipe(ParseResult parsed, SweepSetting setting) => RecipeFile.Read(Source(parsed, setting), StageKinds.All);

    /// <summary>Whether a recipe is named.</summary>
    public bool NamesRecipe(ParseResult parsed) => parsed.GetValue(file) is not null;

    /// <summary>Reads the sets alone.</summary>
    /// <exception cref="InputException">The recipe or an option is wrong.</exception>
    public DataOptions ReadData(ParseResult parsed) => RecipeFile.ReadData(Source(parsed, SweepSetting.None));

    /// <summary>Reads the teachers and the capture's settings alone.</summary>
    /// <exception cref="InputException">The recipe or an option is wrong.</exception>
    public CaptureOptions ReadCapture(ParseResult parsed) => RecipeFile.ReadCapture(Source(parsed, SweepSetting.None));

    /// <summary>How a model that the command names itself is read: as a run reads a teacher that these options describe, fed as <c>student.inputs</c> says, or else the model's metadata.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="InputException">The recipe or an option is wrong.</exception>
    public TeacherOptions ReadModel(ParseResult parsed, OnnxModel model)
    {
        var source = RecipeSource.Empty();
        source.Set("data.transfer.samples", new YamlScalarNode("none"), "--model");
        source.Set("teachers", new YamlSequenceNode(YamlTree.Map((TeachersSection.Model, Path.GetFullPath(model.Path!)))), "--model");
        if (DescribesModels(parsed))
            outputs.Describe(source, option => parsed.GetValue(option));
        if (Source(parsed, SweepSetting.None).Root.Find("student").Find(TeachersSection.Inputs) is { } inputs)
            ((YamlMappingNode)source.Root.Find("teachers")![0]).Children[new YamlScalarNode(TeachersSection.Inputs)] = source.Remember(inputs, $"student.{TeachersSection.Inputs}");
        var read = RecipeFile.ReadCapture(source).Teachers[0];
        return read.Inputs.AreNone ? read with { Inputs = InputMetadata.Of(model.Proto) } : read;
    }

    /// <summary>Sets keys of a recipe that the command line gives as <c>KEY=VALUE</c>.</summary>
    /// <exception cref="InputException">One has no key, or its value is not valid.</exception>
    public static void Assign(RecipeSource source, IEnumerable<string> assignments, string option)
    {
        foreach (var assignment in assignments)
        {
            if (assignment.Split('=', 2) is not [{ Length: > 0 } key, var value])
                throw new InputException("An assignment has no '='.", option, assignment, "KEY=VALUE, for example training.epochs=5");
            source.Set(key, value, $"{option} {key}");
        }
    }

    private RecipeSource Source(ParseResult parsed, SweepSetting setting, Action<string>? note = null)
    {
        var path = parsed.GetValue(file);
        var source = path is null ? RecipeSource.Empty() : RecipeSource.Load(path);
        foreach (var key in keys)
            if (Value(key.Option) is { } text)
                key.Apply(text, source);
        if (parsed.GetValue(teachers) is { Length: > 0 } models)
            source.Set(
                "teachers", new YamlSequenceNode(models.Select(m => YamlTree.Map(("model", Path.GetFullPath(m))))), teachers.Name);
        if (parsed.GetValue(signals) is { Length: > 0 } said)
            SetSignals(source, said, parsed.GetValue(testSignals) ?? []);
        if (!DescribesModels(parsed) || source.Root.Find("teachers") is YamlSequenceNode)
            outputs.Describe(source, Value);
        outputs.Choose(source, Value);
        if (parsed.GetValue(noBaseline))
            source.Set("baseline", "false", noBaseline.Name);
        // What names inputs comes before they are found, and everything after what other options say.
        var assigned = parsed.GetValue(set) ?? [];
        Assign(source, assigned.Where(assignment => ofInputs.Any(assignment.StartsWith)), set.Name);
        InputDefaults.Fill(source);
        ObjectiveOverride.Apply(source, Value(temperature), Value(alpha), () => TeacherKinds.Find(source));
        Assign(source, assigned, set.Name);
        var options = keys.Select(key => key.Option).Concat(outputs.Options).Append(temperature).Append(alpha).Select(NameOf).ToHashSet();
        foreach (var (key, value) in setting.Values)
            if (!options.Contains(key))
                source.Set(key, value, $"{VaryName} {key}");
        LabelDefaults.Fill(source, note ?? (_ => { }));
        if (path is null)
            ObjectiveOverride.ApplyDefault(source, () => TeacherKinds.FindAll(source));
        return source;

        string? Value(Option<string?> option) => setting.Find(NameOf(option)) ?? parsed.GetValue(option);
        static string NameOf(Option option) => option.Name.TrimStart('-');
    }

    private void SetSignals(RecipeSource source, string[] said, string[] ofTest)
    {
        var teacher = new TeacherOptions
        {
            Signals = SignalArguments.Read(said, signals.Name),
            TestSignals = ofTest.Length > 0 ? SignalArguments.Read(ofTest, testSignals.Name) : SignalFiles.None,
        };
        source.Set("teachers", new YamlSequenceNode(TeachersSection.WriteTeacher(teacher, path => path)), signals.Name);
    }
}

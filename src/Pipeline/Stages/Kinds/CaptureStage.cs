using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Recorded;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Runs teachers over a set into a logit cache.</summary>
internal sealed class CaptureStage : CacheStage
{
    /// <summary>The caches of the transfer set, which students learn from.</summary>
    public const string Transfer = "cache";

    private readonly RecipeGraph graph;
    private readonly TransferSet set;
    private readonly TeachersOptions teachers;
    private readonly string folderName;

    private CaptureStage(RecipeGraph graph, string name, string folderName, TransferSet set, TeachersOptions teachers)
        : base(name, teachers.Stages.Select(stage => graph.Find(stage)?.Name)) =>
        (this.graph, this.folderName, this.set, this.teachers) = (graph, folderName, set, teachers);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new(
        CaptureStep.KindName, StepSections.ReadCapture,
        (graph, entry) => Add(graph, Transfer, graph.Sets.Transfer, ((CaptureStep)entry).Teachers.On(SetRole.Transfer)!, entry.Name));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override string FolderName => folderName;

    /// <inheritdoc/>
    public override StageCost Cost => new(set.Count * teachers.Capture.Views);

    /// <inheritdoc/>
    public override int? DeclaredClasses => teachers.Capture.Classes?.Count ?? DeclaredClassesOf(0);

    /// <inheritdoc/>
    public override IReadOnlyList<string> FurtherStreams => [.. CacheCapture.StreamsOf(teachers.Capture with
    {
        Teachers = [.. teachers.Capture.Teachers.Select(teacher => teacher with { Features = [] })],
    }).Skip(1)];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Notices => graph.Stages.Stages.Any(stage => stage.Needs.Contains(Name)) ? [] :
        [$"no stage uses the capture '{Name}': name it where it is wanted, 'cache: {{ stage: {Name} }}', or leave it out of the recipe"];

    /// <inheritdoc/>
    public override IReadOnlyList<string>? StreamNames => CacheCapture.StreamsOf(teachers.Capture);

    /// <inheritdoc/>
    public override string FirstTeacher => teachers.Stages[0]?.Name ?? First.Place;

    private TeacherOptions First => teachers.Capture.Teachers[0];

    private CaptureChecks Checks => new(graph, this, set, teachers);

    /// <inheritdoc/>
    /// <remarks>A teacher that reads other samples, or knows other classes, is none whose place the student can take.</remarks>
    public override TeacherOptions? FirstFile => First is not { Modality: null, Classes: null } ? null
        : graph.Find(teachers.Stages[0]) is { } maker ? (maker as TrainStage)?.Cache?.FirstFile : First.IsRecorded ? null : First;

    /// <summary>Adds the capture of teachers over a set, or finds it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="folderName">What its folders are called, which says which set it is of.</param>
    /// <param name="set">The samples.</param>
    /// <param name="teachers">The teachers.</param>
    /// <param name="names">What the stage may be called.</param>
    public static CaptureStage Add(RecipeGraph graph, string folderName, TransferSet set, TeachersOptions teachers, params IEnumerable<string> names)
    {
        var reading = teachers with { Capture = teachers.Capture with { Teachers = [.. teachers.Capture.Teachers.Zip(teachers.Stages, Reading)] } };
        var description = YamlTree.Text(YamlTree.Map(
            ("set", folderName), ("teachers", reading.WriteTeachers(path => path)), ("capture", Written(reading.Capture, reading.Capture.Device)),
            ("seed", reading.Capture.Seed)));
        return graph.AddOnce(description, name => new CaptureStage(graph, name, folderName, set, reading), names);

        TeacherOptions Reading(TeacherOptions teacher, StageReference? stage) =>
            graph.Find(stage) is { } maker ? DescribedStudent.Read(maker.ImportOf(stage!.Name), teacher) : teacher;
    }

    /// <inheritdoc/>
    /// <remarks>What a stage makes is one of that stage's models.</remarks>
    public override IEnumerable<SampleUse> Uses => teachers.Capture.Teachers.Where(teacher => teacher.Model.Length > 0).Select(UseOf);

    /// <summary>A teacher as what will read samples.</summary>
    public static SampleUse UseOf(TeacherOptions teacher) =>
        new(teacher.File, () => SharedModels.Load(teacher.Model), teacher.Inputs, teacher.Preprocessing) { Modality = teacher.Modality, NeedsTokens = teacher.Pooling is not null };

    /// <inheritdoc/>
    public override void Check() => Checks.Require([.. teachers.Capture.Teachers.Select((_, i) => DeclaredClassesOf(i))]);

    /// <inheritdoc/>
    public override string? LooksAt => teachers.Stages.All(stage => stage is null) ? string.Join('\n', teachers.Capture.Teachers.Select(teacher => $"{teacher.Modality} {teacher.Place}")) : null;

    /// <inheritdoc/>
    public override void Look() => Checks.RequireFit(CacheCapture.LookAt(set, teachers.Capture with { Labelled = graph.Sets.Labelled }));

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results) => Inputs(results, graph.Files.ProviderOf(teachers.Capture.Device));

    /// <inheritdoc/>
    /// <remarks>A cache that was made where there is a GPU serves elsewhere too, unless the recipe asks for another device.</remarks>
    public override IEnumerable<StageInputs> Alternatives(StageResults results) => teachers.Capture.Device == "auto"
        ? [Inputs(results, graph.Files.ProviderOf("auto") == "cpu" ? "cuda" : "cpu")]
        : [];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithOnnxRuntime();

    /// <inheritdoc/>
    public override void Run(StageWork work) => Capture(Options(work.Results), work);

    /// <summary>
    /// Captures a share of the rows, without taking the run's folder for itself: any number of processes can do so at once. The stage is
    /// finished by the next command that captures all rows, and finds them there.
    /// </summary>
    /// <returns>The cache's folder.</returns>
    public string RunPart(StageRunner runner, CachePart part, CancellationToken token)
    {
        var results = new StageResults();
        var folder = runner.FolderOf(this, Inputs(results));
        runner.Reporter.Started($"{Name}, {part}", folder);
        var result = Capture(Options(results) with { Part = part }, new(folder, results, runner.Reporter, token));
        runner.Reporter.Finished($"{Name}, {part}", result.Seconds);
        runner.Reporter.Note(result.IsComplete ? "the cache is complete" : "other parts are still missing");
        return folder;
    }

    /// <inheritdoc/>
    public override string[] TeacherDigests(StageResults results) =>
    [
        .. teachers.Capture.Teachers.Zip(teachers.Stages, (teacher, stage) => graph.Find(stage) is { } maker
            ? results[maker.Name].Record.Outputs[maker.FileOf(stage!.Name)].Sha256
            : graph.Files.Digest(teacher)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<TeacherOptions> Members(StageResults results) => Options(results).Teachers;

    /// <summary>What a finished cache holds first: the answer of its teachers.</summary>
    public static CacheStream Answer(StageResult cache) => Streams(cache)[0];

    /// <summary>All that a finished cache holds.</summary>
    public static IReadOnlyList<CacheStream> Streams(StageResult cache) => CacheMerge.Coverage(cache.Folder).Identity.Streams;

    /// <inheritdoc/>
    public override int? DeclaredClassesOf(string stream)
    {
        var index = teachers.Capture.Combination == Combination.Single ? teachers.Capture.Teachers.Index().FirstOrDefault(entry => entry.Item.StreamAt(entry.Index) == stream, (-1, null!)).Index : -1;
        return index < 0 ? null : teachers.Capture.Teachers[index].Classes is null ? DeclaredClassesOf(index) : teachers.Capture.Classes?.Count;
    }

    /// <inheritdoc/>
    public override int? DeclaredClassesOfOutput(string stream) => teachers.Stages is [null] && !First.IsRecorded && First.Outputs.FirstOrDefault(output => output.Name == stream) is
        { Kind: null or OutputKind.Classes } tapped ? graph.Files.DeclaredClasses(First.Model, tapped.Tensor, tapped.ClassAxis) : null;

    private int? DeclaredClassesOf(int index)
    {
        if (teachers.Stages[index] is not null || teachers.Capture.Teachers[index] is not { Kind: null or OutputKind.Classes } teacher)
            return null;
        if (!teacher.IsRecorded)
            return graph.Files.DeclaredClasses(teacher.Model, teacher.Output, teacher.ClassAxis);
        return RecordedAnswer.Of(set, teacher).Output is { Positions: 1 } output && output.Kind.Output() == OutputKind.Classes ? output.Classes : null;
    }

    private StageInputs Inputs(StageResults results, string provider) => new StageInputs()
        .Add("teachers", new YamlSequenceNode(teachers.Capture.Teachers.Zip(TeacherDigests(results), TeachersSection.WriteTeacherKey)))
        .Add("capture", Written(teachers.Capture, provider))
        .Add("seed", teachers.Capture.IsDrawn ? $"{teachers.Capture.Seed}" : null)
        .Add("samples", set.SamplesDigest)
        .Add("modalities", ModalityDigests())
        .Add("first-id", $"{set.IdOf(0)}");

    private string? ModalityDigests()
    {
        var read = teachers.Capture.Teachers.Select(teacher => teacher.Modality).OfType<string>().Distinct().ToArray();
        return read.Length == 0 ? null : string.Join(", ", read.Select(name => $"{name} {set.Modality(name).SamplesDigest}"));
    }

    /// <summary>What of the settings decides the bytes: the size of batches does, by the layout of shards and by rounding; threads do not.</summary>
    private static YamlNode Written(CaptureOptions options, string provider) =>
        TeachersSection.WriteCapture(options with { Device = provider }, forKey: true);

    private CaptureOptions Options(StageResults results) => teachers.Capture with
    {
        Teachers =
        [
            .. teachers.Capture.Teachers.Zip(teachers.Stages, (teacher, stage) => graph.Find(stage) is { } maker
                ? teacher with { Model = results[maker.Name][maker.FileOf(stage!.Name)], Kind = teacher.Kind ?? maker.OutputKindOf(stage!.Name, results) ?? OutputKind.Classes }
                : teacher),
        ],
        Labelled = graph.Sets.Labelled,
    };

    private CaptureResult Capture(CaptureOptions options, StageWork work)
    {
        graph.RequireSamples(work.Token);
        var result = CacheCapture.Capture(set, options, work.Folder, work.Progress, work.Token, estimate =>
        {
            Checks.RequireFit(estimate.Streams);
            foreach (var remark in LabelRemarks.Unused([graph.Sets.Transfer, graph.Sets.Validation, graph.Sets.Test], estimate.Streams[0]))
                work.Reporter.NoteOnce(remark);
            work.Reporter.Estimated(estimate);
        });
        if (result.ProviderNote is { } note)
            work.Reporter.NoteOnce($"teachers run on the CPU: {note}");
        if (result is { IsComplete: true, Captured: > 0 })
        {
            using var captured = LogitCache.Open(work.Folder);
            if (LabelRemarks.Contradiction(set, captured) is { } contradiction)
                work.Reporter.Warn($"{contradiction}");
        }

        return result;
    }
}

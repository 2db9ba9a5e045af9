using System.Globalization;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Measures teachers and exported models on the test set.</summary>
internal sealed class EvaluateStage : Stage
{
    private readonly RecipeGraph graph;
    private readonly CacheStage? reference;
    private readonly IReadOnlyList<(string Role, CacheStage Logits)> teachers;
    private readonly IReadOnlyList<VerifyStage> models;

    private EvaluateStage(
        RecipeGraph graph, CacheStage? reference, IReadOnlyList<(string Role, CacheStage Logits)> teachers, IReadOnlyList<VerifyStage> models)
        : base("evaluate",
        [
            reference?.Name, .. teachers.Select(teacher => teacher.Logits.Name),
            .. models.SelectMany(model => new[] { model.Export.Name, model.Export.Train.Cache?.Name, model.Name }),
        ]) => (this.graph, this.reference, this.teachers, this.models) = (graph, reference, teachers, models);

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new("evaluate", Finish: Finish);

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Figures;

    /// <inheritdoc/>
    public override StageCost Cost => new(graph.Sets.Test?.Count);

    /// <inheritdoc/>
    public override IReadOnlyList<Publication> Publications =>
        [new(RunMetrics.FileName, RunMetrics.FileName)];

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results)
    {
        var (recipe, sets) = (graph.Recipe, graph.Sets);
        var inputs = new StageInputs()
            .Add("makes", $"{RunMetrics.FileName}, {RunDetails.FileName}, {RunLatency.FileName}")
            .Add("name", recipe.Name)
            .Add("seed", $"{recipe.Seed}")
            .Add("agreement", reference is null ? null : DigestOf(reference))
            .Add("samples", sets.Test?.SamplesDigest)
            .Add("labels", sets.Test?.LabelsDigest)
            .Add("lengths", sets.Test?.LengthsDigest)
            .Add("groups", sets.Test?.Groups?.Digest)
            .Add("texts", sets.Test?.TextsDigest)
            .Add("alphabet", sets.Alphabet?.Digest)
            .Add("preprocessing", DataSection.WritePreprocessing(recipe.Data.Preprocessing))
            .Add("provider", graph.Files.ProviderOf(recipe.Final.Capture.Device))
            .Add("roles", string.Join(", ", teachers.Select(teacher => teacher.Role).Concat(models.Select(model => model.Export.Role))));
        foreach (var (role, logits) in teachers)
            inputs.Add($"model.{role}", DigestOf(logits));
        foreach (var model in models)
            inputs.Add($"model.{model.Export.Role}", results[model.Export.Name].Record.Outputs[model.Export.File].Sha256)
                .Add($"class-axis.{model.Export.Role}", model.Export.Import.ClassAxis?.ToString(CultureInfo.InvariantCulture))
                .Add($"preprocessing.{model.Export.Role}", model.Export.Preprocessing == recipe.Data.Preprocessing ? null : YamlTree.Text(DataSection.WritePreprocessing(model.Export.Preprocessing)))
                .Add($"transfer.{model.Export.Role}", model.Export.Train.Cache is { } cache ? DigestOf(cache) : null)
                .Add($"parity.{model.Export.Role}", CanonicalJson.Serialize(VerifyStage.Read(results[model.Name])));
        return inputs;

        string DigestOf(CacheStage logits) => LogitCache.DigestOf(results[logits.Name].Folder);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.WithOnnxRuntime();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var (recipe, sets) = (graph.Recipe, graph.Sets);
        using var compared = reference is null ? null : Open(reference);
        var against = sets.Test is null ? null : new EvaluationSet(sets.Test, compared, sets.Alphabet);
        var evaluation = new Evaluation(against, sets.Transfer.SampleShape, recipe.Final.Capture.Device, work.Token, work.Progress);
        MeasuredModel[] measured = [.. teachers.Select(OfTeacher), .. models.Select(OfModel)];
        var metrics = new RunMetrics(recipe.Name, recipe.Seed, sets.Test?.Count, [.. measured.Select(model => model.Metrics)])
        {
            Learners = recipe.Final.Learners.Count > 1 ? recipe.Final.LearnerNames : null,
            LabelRemark = sets.Test is { } test && compared is not null && LabelRemarks.Contradiction(test, compared) is { } contradiction ? $"{contradiction}" : null,
        };
        var details = new RunDetails([.. measured.Select(model => model.Details).Where(model => !model.IsEmpty)]);
        // What is decided between.
        var latency = new RunLatency([.. measured.Where(model => model.Metrics == metrics.Teacher || model.Metrics == metrics.Student).SelectMany(Latency)]);
        AtomicFile.WriteAllText(Path.Combine(work.Folder, RunLatency.FileName), CanonicalJson.Serialize(latency));
        AtomicFile.WriteAllText(Path.Combine(work.Folder, RunDetails.FileName), CanonicalJson.Serialize(details));
        AtomicFile.WriteAllText(Path.Combine(work.Folder, RunMetrics.FileName), CanonicalJson.Serialize(metrics));

        LogitCache Open(CacheStage logits) => LogitCache.Open(work.Results[logits.Name].Folder);

        MeasuredModel OfTeacher((string Role, CacheStage Logits) teacher)
        {
            using var logits = Open(teacher.Logits);
            return evaluation.OfCache(logits, teacher.Logits.Members(work.Results), teacher.Role);
        }

        MeasuredModel OfModel(VerifyStage model)
        {
            var (export, readings) = (model.Export, model.Export.ReadingsOf(work.Results));
            var found = evaluation.OfModel(readings[0].Options, export.Role, isTrained: true);
            using var taught = export.Train.Cache is { } cache ? Open(cache) : null;
            var outputs = readings.Skip(1).Select(reading => (reading.Name, Figures: OfOutput(reading)))
                .Where(output => output.Figures is not null).ToDictionary(output => output.Name, output => output.Figures!);
            var metrics = found.Metrics with { Parity = VerifyStage.Read(work.Results[model.Name]), Outputs = outputs.Count > 0 ? outputs : null };
            return found with { Metrics = taught is null ? metrics : evaluation.WithTransfer(metrics, readings[0].Options, sets.Transfer, taught, taught.Streams[0]) };

            ModelMetrics? OfOutput((string Name, TeacherOptions Options) reading)
            {
                var figures = evaluation.OfOutput(reading.Options, reading.Name);
                return taught?.Streams.FirstOrDefault(stream => stream.Name == reading.Name) is not { } stream ? figures
                    : evaluation.WithTransfer(figures ?? new(export.File), reading.Options, sets.Transfer, taught, stream);
            }
        }

        IReadOnlyList<LatencyPoint> Latency(MeasuredModel model) => model.File is not { } file ? [] : LatencyMap.Measure(
            model.Metrics.Role!, file, SampleReader.Of(sets.Test ?? sets.Transfer, file.Preprocessing), recipe.Final.Capture.Device, model.Metrics.LatencyMsP50 ?? 0, work.Token);
    }

    /// <summary>The figures of a finished stage.</summary>
    public static RunMetrics Read(StageResult result) => result.Read<RunMetrics>(RunMetrics.FileName);

    /// <summary>How long models take, as a finished stage found it.</summary>
    public static RunLatency ReadLatency(StageResult result) => result.Read<RunLatency>(RunLatency.FileName);

    /// <summary>What a finished stage found besides.</summary>
    public static RunDetails ReadDetails(StageResult result) => result.Read<RunDetails>(RunDetails.FileName);

    /// <summary>
    /// One for the run: all teachers but those that stages make, which are among the exported models, then those. Agreement is with the recipe's
    /// teachers, else with the student's.
    /// </summary>
    private static void Finish(RecipeGraph graph)
    {
        var (recipe, rows) = (graph.Recipe, new List<(string Role, CacheStage Logits)>());
        CacheStage? reference = null;
        if (graph.Sets.Test is { } test && FigureCapture.CanRead(test, recipe.Reference))
        {
            reference = (recipe.Reference == recipe.Final.Teachers ? graph.FindFigures(recipe.Final.Cache) : null) ?? Capture(test, recipe.Reference, "");
            AddRows(test, recipe.Reference, StageRules.Teacher);
        }
        foreach (var step in recipe.Trainings.Where(step => !step.Teachers.IsEmpty && graph.Sets.Test is { } set && FigureCapture.CanRead(set, step.Teachers)))
            AddRows(graph.Sets.Test!, step.Teachers, $"{StageRules.Teacher} of {recipe.RoleOf(step)}");
        rows.AddRange(graph.Figures);
        graph.Add(new EvaluateStage(graph, reference, rows, [.. graph.Of<VerifyStage>()]));

        // Of a teacher that was not asked of the test set, nothing is known there.
        CaptureStage? Capture(TransferSet test, TeachersOptions teachers, string suffix) =>
            FigureCapture.Of(teachers, recipe.FurtherOutputs).On(SetRole.Test) is { } asked ? CaptureStage.Add(graph, "test-teacher", test, asked, $"test-teacher{suffix}") : null;

        void AddRows(TransferSet test, TeachersOptions teachers, string role)
        {
            var suffix = role[StageRules.Teacher.Length..].Replace(' ', '-');
            if (FigureCapture.Of(teachers, []).Stages is [not null] || Capture(test, teachers, suffix) is not { } all || rows.Any(row => row.Logits == all))
                return;
            rows.Add((role, all));
            for (var i = 0; teachers.Stages.Count > 1 && i < teachers.Stages.Count; i++)
                if (teachers.Stages[i] is null && Capture(test, Alone(teachers, i), $"{suffix}-{i + 1}") is { } member)
                    rows.Add((RunMetrics.MemberOf(role, i), member));
        }

        static TeachersOptions Alone(TeachersOptions teachers, int index) => new(teachers.Capture with { Teachers = [teachers.Capture.Teachers[index]] }, [null]);
    }
}

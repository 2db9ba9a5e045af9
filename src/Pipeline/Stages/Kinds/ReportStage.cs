using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Reports.Page;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Writes what people read of a run: the report, as a page and as text, and the student's card.</summary>
internal sealed class ReportStage : Stage
{
    private const string PageFile = "report.html";
    private const string TextFile = "report.md";

    private readonly RecipeGraph graph;
    private readonly EvaluateStage evaluate;
    private readonly IReadOnlyList<ExportStage> exports;
    private readonly IReadOnlyList<TrainStage> trainings;
    private readonly ExportStage student;

    // The evaluation needs all others, directly or not.
    private ReportStage(RecipeGraph graph, EvaluateStage evaluate)
        : base("report", evaluate.Name)
    {
        (this.graph, this.evaluate) = (graph, evaluate);
        (exports, trainings) = ([.. graph.Of<ExportStage>()], [.. graph.Of<TrainStage>()]);
        // Of students that learn side by side the first stands for the run.
        student = exports.First(export => export.Train.Step.Name == graph.Recipe.Final.Name);
    }

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new("report", Finish: graph => graph.Add(new ReportStage(graph, graph.Of<EvaluateStage>().Single())));

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Figures;

    /// <inheritdoc/>
    public override IReadOnlyList<Publication> Publications =>
        [new(PageFile, PageFile), new(TextFile, TextFile), new(ModelCard.FileName, ModelCard.FileName)];

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results)
    {
        var inputs = new StageInputs()
            .Add("figures", results[evaluate.Name].Record.Outputs[RunMetrics.FileName].Sha256)
            .Add("details", results[evaluate.Name].Record.Outputs[RunDetails.FileName].Sha256)
            .Add("latency", results[evaluate.Name].Record.Outputs[RunLatency.FileName].Sha256)
            .Add("samples", graph.Sets.Test?.SamplesDigest)
            .Add("labels", graph.Sets.Test?.LabelsDigest)
            .Add("transfer-samples", graph.Sets.Transfer.SamplesDigest)
            .Add("transfer-labels", graph.Sets.Transfer.LabelsDigest)
            .Add("validation-samples", graph.Sets.Validation?.SamplesDigest)
            .Add("validation-labels", graph.Sets.Validation?.LabelsDigest)
            .Add("recipe", Hashing.Sha256(RecipeFile.WriteForKey(Resolved(results))));
        foreach (var training in trainings)
            inputs.Add($"events.{training.Step.Name}", results[training.Name].Record.Outputs[TrainStage.EventsFile].Sha256);
        return inputs;
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.OfThisProgram();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var (metrics, details) = (EvaluateStage.Read(work.Results[evaluate.Name]), EvaluateStage.ReadDetails(work.Results[evaluate.Name]));
        var run = Path.GetDirectoryName(work.Folder)!;
        var records = graph.Stages.Stages.Where(stage => work.Results.Has(stage.Name)).Select(stage => work.Results[stage.Name].Record);
        var story = new RunStory(metrics, [.. trainings.SelectMany(Stories)], [.. records], RecipeFile.Write(Resolved(work.Results), run))
        {
            Details = details,
            Latency = EvaluateStage.ReadLatency(work.Results[evaluate.Name]),
            Gallery = graph.Sets.Test is not { } test ? SampleGallery.Empty
                : SampleGallery.Read(test, graph.Recipe.Data.Test!.Samples, details.Models.SelectMany(model => model.Samples).Select(gap => gap.Row)),
        };
        AtomicFile.WriteAllText(Path.Combine(work.Folder, PageFile), HtmlReport.Write(story));
        AtomicFile.WriteAllText(Path.Combine(work.Folder, TextFile), Report.Markdown(metrics));
        AtomicFile.WriteAllText(Path.Combine(work.Folder, ModelCard.FileName), ModelCard.Write(metrics, StudentCard.Facts(graph, student, work.Results, details)));

        IEnumerable<TrainingStory> Stories(TrainStage training) =>
            EpochEvent.Read(work.Results[training.Name][TrainStage.EventsFile])
                .GroupBy(line => line.Learner ?? training.Models[0])
                .Select(lines => new TrainingStory(
                    exports.First(export => export.Model == lines.Key).Role, [.. lines], training.Step.LearnerOf(lines.Key).Objective));
    }

    /// <summary>The recipe with the learning rates that were found.</summary>
    private Recipe Resolved(StageResults results) =>
        trainings.Aggregate(graph.Recipe, (recipe, training) => recipe.With(training.Step.Name, training.Training(results)));
}

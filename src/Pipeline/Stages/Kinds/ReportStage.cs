using Onnx;
using OnnxKd.Core.Files;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
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
        AtomicFile.WriteAllText(Path.Combine(work.Folder, ModelCard.FileName), ModelCard.Write(metrics, Facts(work.Results)));

        IEnumerable<TrainingStory> Stories(TrainStage training) =>
            EpochEvent.Read(work.Results[training.Name][TrainStage.EventsFile])
                .GroupBy(line => line.Learner ?? training.Models[0])
                .Select(lines => new TrainingStory(
                    exports.First(export => export.Model == lines.Key).Role, [.. lines], training.Step.LearnerOf(lines.Key).Objective));
    }

    /// <summary>The recipe with the learning rates that were found.</summary>
    private Recipe Resolved(StageResults results) =>
        trainings.Aggregate(graph.Recipe, (recipe, training) => recipe.With(training.Step.Name, training.Training(results)));

    private CardFacts Facts(StageResults results)
    {
        var (train, recipe) = (student.Train, graph.Recipe);
        var file = OnnxModel.Load(results[student.Name][student.File]);
        var model = file.Proto.Graph;
        var (inputs, sample) = (new GraphIndex(model).Inputs, graph.Sets.Transfer.SampleShape);
        var named = student.InterfaceOf(results)?.Output?.Name ?? student.Import.Output;
        var output = model.Output.FirstOrDefault(value => value.Name == named) ?? model.Output[0];
        var learner = train.Step.LearnerOf(student.Model);
        return new(
            student.File, InputOf(inputs[0]), sample,
            OutputOf(),
            student.Preprocessing, [.. train.Step.Teachers.Capture.Teachers.Select(teacher => teacher.File)],
            graph.Sets.Transfer.Count,
            YamlTree.Text(YamlTree.Map(("objective", ObjectiveSection.Write(learner.Objective)), ("training", TrainingSection.Write(train.Training(results))))))
        {
            Inputs = sample.Parts.Count > 0 || inputs.Count > 1 ? [.. inputs.Select(InputOf)] : [],
        };

        CardOutput OutputOf()
        {
            var (meaning, map) = (Meaning(model, output.Name, student.ImportOf(results).Kind), file.Maps.FirstOrDefault(map => map.Output == output.Name));
            return map is null ? new(output.Name, TypeOf(output), meaning)
                : new(output.Name, TypeOf(output), $"{meaning}, as a map from class to score for each sample") { Keys = map.KeysAreTexts ? "string" : "long" };
        }

        // A state's shape is its own; anything else is as long as a sample is.
        CardInput InputOf(ValueInfoProto input)
        {
            var (dims, part) = (input.ShapeOf()!, sample.Parts.FirstOrDefault(part => part.Name == input.Name));
            var fitted = SampleFit.Find([.. dims.Skip(1)], part?.Shape ?? sample) ?? [.. dims.Skip(1).Select(axis => axis.Size ?? 1)];
            return new(input.Name, TypeOf(input), dims.Count == 0 ? [] : fitted) { Text = part?.Texts.FirstOrDefault(), IsScalar = dims.Count == 0 };
        }
    }

    private static ElementType TypeOf(ValueInfoProto value) => TensorTypes.TryElementType(value.DataTypeOf(), out var type) ? type : ElementType.Float32;

    /// <summary>What the card says of an output.</summary>
    private static string Meaning(GraphProto graph, string output, OutputKind? kind) => (kind ?? OutputKind.Classes, LogitTrace.Find(graph, output, "").Activation) switch
    {
        (OutputKind.Values, _) => "values",
        (OutputKind.Embedding, _) => "an embedding",
        (OutputKind.Detector, _) => "at each anchor a box and a score for each class, before suppression of what is found twice",
        (OutputKind.Labels, HeadActivation.Sigmoid) => "a probability for each label",
        (OutputKind.Labels, _) => "a logit for each label",
        (_, HeadActivation.Softmax or HeadActivation.Sigmoid) => "probabilities of classes",
        (_, HeadActivation.LogSoftmax) => "logarithms of probabilities of classes",
        _ => "class scores",
    };
}

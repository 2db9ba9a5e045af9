using System.Globalization;
using Onnx;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.TeacherRunner.Preparation;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Gathers what a student's card says from its run.</summary>
internal static class StudentCard
{
    private const int TextType = (int)TensorProto.Types.DataType.String;

    /// <summary>What the card says.</summary>
    /// <param name="graph">The run.</param>
    /// <param name="student">The export of the student.</param>
    /// <param name="results">What the stages made.</param>
    /// <param name="details">What was found besides the figures.</param>
    public static CardFacts Facts(RecipeGraph graph, ExportStage student, StageResults results, RunDetails details)
    {
        var (train, sets, data) = (student.Train, graph.Sets, graph.Recipe.Data);
        var file = OnnxModel.Load(results[student.Name][student.File]);
        var (inputs, sample) = (new GraphIndex(file.Proto.Graph).Inputs, sets.Transfer.SampleShape);
        var learner = train.Step.LearnerOf(student.Model);
        return new(
            student.File, InputOf(inputs[0]), sample, [.. Outputs(student, file, results)], student.Preprocessing,
            [.. train.Step.Teachers.Capture.Teachers.Select(teacher => teacher.File)],
            [.. new[] { SetOf("transfer", sets.Transfer, data.Transfer), SetOf("validation", sets.Validation, data.Validation), SetOf("test", sets.Test, data.Test) }.OfType<CardSet>()],
            YamlTree.Text(YamlTree.Map(("objective", ObjectiveSection.Write(learner.Objective)), ("training", TrainingSection.Write(train.Training(results))))))
        {
            Inputs = sample.Parts.Count > 0 || inputs.Count > 1 ? [.. inputs.Select(InputOf)] : [],
            Columns = [.. sets.Transfer.Columns.Select(column => DescribeColumn(
                column, sets.Transfer.Categories.FirstOrDefault(known => known.Column == column), sets.Transfer.Fillers.FirstOrDefault(missing => missing.Column == column)?.Filler))],
            Task = TaskOf(student, results, sets.Transfer, data.Transfer, file),
            Preparation = student.Preparation is { IsThere: true } preparation ? preparation.Card(data.Transfer, new(file.Proto.Graph)) : null,
            Weaknesses = [.. Weaknesses(details.Of(student.Role), data)],
        };

        // What has no name is the first input's; others are states and constants.
        Preprocessing PreprocessingOf(ValueInfoProto input, SamplePart? part) =>
            part is not null ? Of(student.Preprocessing, part) : sample.Parts.Count == 0 && input == inputs[0] ? student.Preprocessing : Preprocessing.None;

        // A state's shape is its own; anything else is as long as a sample is.
        CardInput InputOf(ValueInfoProto input)
        {
            var (dims, part) = (input.ShapeOf()!, sample.Parts.FirstOrDefault(part => part.Name == input.Name));
            var fitted = SampleFit.Find([.. dims.Skip(1)], part?.Shape ?? sample) ?? [.. dims.Skip(1).Select(axis => axis.Size ?? 1)];
            return new(input.Name, TypeOf(input), dims.Count == 0 ? [] : fitted)
            {
                Text = part?.Texts.FirstOrDefault(), IsScalar = dims.Count == 0, Preprocessing = PreprocessingOf(input, part),
            };
        }
    }

    private static string DescribeColumn(string column, ColumnCategories? categories, float? filler)
    {
        var texts = string.Join(", ", categories?.Texts.Select(text => $"'{text}'") ?? []);
        return $"`{column}`" + (filler is { } given ? $", {Printable.Number(given)} where it is missing" : "") + (categories is null ? "" : categories.IsOneHot ? $", a 1 for its text and a 0 for each other of {texts}" : $", the place of its text among {texts}, from 0");
    }

    /// <summary>The numbers of one named input among those of a row.</summary>
    private static Preprocessing Of(Preprocessing row, SamplePart part)
    {
        return row with
        {
            Log = row.Log is { } log && Own(log.Unit) is var unit && unit.Any(size => size > 0) ? new() { Centre = Own(log.Centre), Unit = unit } : null,
            Mean = Own(row.Mean), Std = Own(row.Std), ChannelAxis = 0,
        };

        IReadOnlyList<double> Own(IReadOnlyList<double> numbers) => numbers.Count == 1 ? numbers
            : numbers.Skip(part.Offset).Take(part.Elements).ToArray() is var own && own.Distinct().Count() == 1 ? [own[0]] : own;
    }

    private static IEnumerable<CardOutput> Outputs(ExportStage student, OnnxModel file, StageResults results)
    {
        var (graph, readings) = (file.Proto.Graph, student.ReadingsOf(results));
        string[] labels = [.. (student.InterfaceOf(results)?.Labels ?? []).Select(label => label.Name)];
        foreach (var output in graph.Output)
        {
            // A student of one output need not name it.
            var reading = readings.FirstOrDefault(reading => LogitTrace.Find(graph, reading.Options.Output, "").Output == output.Name).Options;
            var map = file.Maps.FirstOrDefault(map => map.Output == output.Name);
            var meaning = readings.Any(reading => reading.Options.Scores == output.Name) ? "at each anchor a score for each class"
                : reading is { Scores: not null } ? "at each anchor a box, before suppression of what is found twice"
                : reading is not null ? Meaning(graph, output.Name, reading.Kind)
                : labels.Contains(output.Name) ? "the class of the highest score" : "as the teacher's output of that name";
            yield return map is null
                ? new(output.Name, TypeOf(output), meaning) { IsText = output.DataTypeOf() == TextType }
                : new(output.Name, TypeOf(output), $"{meaning}, as a map from class to score for each sample") { Keys = map.KeysAreTexts ? "string" : "long" };
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

    private static CardSet? SetOf(string role, TransferSet? set, TransferSetOptions? options) => set is null || options is null ? null : new(
        role, set.Count,
        [
            .. new[] { options.Samples, options.Labels, options.Lengths, options.Groups, options.Texts }.Concat(options.Inputs.All.Select(input => input.File))
                .OfType<string>().Select(file => Path.GetFileName(file)).Where(file => file.Length > 0).Distinct(),
        ],
        set.SamplesDigest, set.LabelsDigest);

    /// <summary>The task, where the kind of output and what is known of the samples name one.</summary>
    private static string? TaskOf(ExportStage student, StageResults results, TransferSet set, TransferSetOptions options, OnnxModel file)
    {
        var kind = student.ImportOf(results).Kind ?? OutputKind.Classes;
        var modality = PreparedSources.SetOf(options.Samples)?.Kind switch
        {
            "images" => "image", "audio" => "audio", "text" => "text", "rendered-text" => "image",
            _ => set.SampleShape.AreTokens ? "text" : set.Columns.Count > 0 ? "tabular" : set.Type == ElementType.UInt8 && set.SampleShape.Count > 1 ? "image" : null,
        };
        // One answer for each position is another task.
        var isWhole = file.Proto.Graph.Output[0].ShapeOf() is not { Count: > 2 };
        return (kind, modality) switch
        {
            (OutputKind.Embedding, _) => "feature-extraction",
            (OutputKind.Detector, _) => "object-detection",
            (OutputKind.Values, "tabular") => "tabular-regression",
            (OutputKind.Values, _) or (_, null) => null,
            (_, "text") when !isWhole => "token-classification",
            _ => isWhole ? $"{modality}-classification" : null,
        };
    }

    private static IEnumerable<string> Weaknesses(ModelDetails? details, DataOptions data)
    {
        if (details?.Changes.FirstOrDefault(change => change.Model < change.Teacher) is not { } worst)
            yield break;
        var names = PreparedSources.SetOf(data.Test!.Samples)?.Classes ?? [];
        var name = worst.Class < names.Count ? $"{names[worst.Class]} ({worst.Class})" : $"{worst.Class}";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"It lost most on class or label {name}: right on {(double)worst.Model / worst.Rows:0.00 %} of {worst.Rows:#,0}, where the teacher is on {(double)worst.Teacher / worst.Rows:0.00 %}.");
    }
}

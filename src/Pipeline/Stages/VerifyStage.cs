using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Runs an exported student in ONNX Runtime and in the trainer's executor, sample by sample.</summary>
internal static class VerifyStage
{
    /// <summary>
    /// The largest difference between two logits that passes, for logits of the order of one: some hundred times what float32 rounding gives,
    /// and far too little to pass a wrong operator.
    /// </summary>
    public const double Tolerance = 1e-4;

    private const string FileName = "parity.json";
    private const string Device = "cpu";

    /// <summary>Verifies, or finds that it was verified.</summary>
    /// <param name="runner">Runs the stage.</param>
    /// <param name="name">The stage's name.</param>
    /// <param name="modelPath">The exported student.</param>
    /// <param name="import">The output that was learned from, and its class axis.</param>
    /// <param name="set">The samples.</param>
    /// <param name="preprocessing">What the student expects.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="CheckFailedException">The two differ by too much.</exception>
    public static ParityMetrics Run(
        StageRunner runner, string name, string modelPath, StudentImport import, TransferSet set, Preprocessing preprocessing,
        CancellationToken token)
    {
        var model = OnnxModel.Load(modelPath);
        var inputs = new StageInputs()
            .Add("model", model.Digest)
            .Add("output", import.Output)
            .Add("class-axis", import.ClassAxis?.ToString(CultureInfo.InvariantCulture))
            .Add("samples", set.SamplesDigest)
            .Add("lengths", set.LengthsDigest)
            .Add("preprocessing", DataSection.WritePreprocessing(preprocessing));
        var stage = runner.Run(name, inputs, ProductVersion.WithBoth, (folder, progress) =>
        {
            var parity = Compare(model, import, RecipeSets.Reader(set, preprocessing), progress, token);
            AtomicFile.WriteAllText(Path.Combine(folder, FileName), CanonicalJson.Serialize(parity));
        });
        var path = Path.Combine(stage, FileName);
        return CanonicalJson.Deserialize<ParityMetrics>(InputFile.ReadAllBytes(path, "A stage's figures"), path);
    }

    /// <summary>Compares the two on every sample.</summary>
    /// <exception cref="CheckFailedException">They differ by more than <see cref="Tolerance"/>, or in a top class.</exception>
    public static ParityMetrics Compare(
        OnnxModel model, StudentImport import, SampleReader reader, IProgress<StageProgress>? progress, CancellationToken token)
    {
        using var session = OnnxClassifier.Open(
            model, reader.Set.SampleShape, [new() { Tensor = import.Output, ClassAxis = import.ClassAxis }], new() { Device = Device });
        var counted = new CountedPositions(reader.Set, session.Output.Shape);
        var comparison = new LogitComparison(session.Classes, counted.Positions, counted.Of);
        var batchSize = BatchSize.For(reader.Set.SampleElements, session.Output.Elements);
        StudentInference.RunAll(model, import, reader, batchSize, Device, (first, trained) => Add(first, trained.Span), token);
        return comparison.Result(model.Path ?? "model in memory", Tolerance);

        void Add(long first, ReadOnlySpan<float> trained)
        {
            var rows = Enumerable.Range(0, trained.Length / session.Output.Elements).Select(i => first + i).ToArray();
            var samples = new float[rows.Length * reader.Set.SampleElements];
            var exported = new float[trained.Length];
            reader.Read(rows, view: 0, samples);
            session.Run(samples, rows.Length, exported);
            comparison.Add(trained, exported);
            progress?.Report(new("verify", first + rows.Length, reader.Set.Count, "samples"));
        }
    }
}

using System.Numerics.Tensors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Specialists;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Specialists in ONNX Runtime, which are asked about the samples that they are active on.</summary>
internal sealed class SpecialistSessions : IDisposable
{
    private readonly List<(OnnxClassifier Session, int[] Classes)> specialists = [];
    private readonly SampleReader reader;
    private readonly int top;

    /// <summary>Opens them.</summary>
    /// <param name="models">Each with its classes.</param>
    /// <param name="reader">The samples, as they take them.</param>
    /// <param name="top">A specialist is active where one of its classes is among so many of the generalist's first ones.</param>
    public SpecialistSessions(IReadOnlyList<(OnnxModel Model, int[] Classes)> models, SampleReader reader, int top)
    {
        (this.reader, this.top, Asked) = (reader, top, new long[models.Count]);
        foreach (var (model, classes) in models)
            specialists.Add((OnnxClassifier.Open(
                model, reader.Set.SampleShape, [new() { Tensor = SpecialistHead.Output, Kind = OutputKind.Classes, IsTrained = true }], new() { Device = "cpu" }), classes));
    }

    /// <summary>How many samples each was asked about.</summary>
    public long[] Asked { get; }

    /// <summary>The name of each one's input.</summary>
    public IReadOnlyList<string> Inputs => [.. specialists.Select(specialist => specialist.Session.Input)];

    /// <summary>What all say together of some samples.</summary>
    /// <param name="rows">The rows of the set.</param>
    /// <param name="generalist">Rows × classes logits.</param>
    /// <param name="classes">The number of classes.</param>
    /// <returns>Rows × classes logarithms of probabilities.</returns>
    public float[] Combine(long[] rows, float[] generalist, int classes)
    {
        var answers = rows.Select(_ => new List<SpecialistAnswer>()).ToArray();
        int[][] first = [.. rows.Select((_, i) => TopClasses(generalist.AsSpan(i * classes, classes)))];
        for (var s = 0; s < specialists.Count; s++)
        {
            var (session, own) = specialists[s];
            int[] active = [.. Enumerable.Range(0, rows.Length).Where(i => first[i].Intersect(own).Any())];
            if (active.Length == 0)
                continue;
            Asked[s] += active.Length;
            var (samples, logits) = (new float[active.Length * reader.Set.SampleElements], new float[active.Length * session.Output.Elements]);
            reader.Read([.. active.Select(i => rows[i])], view: 0, samples);
            session.Run(samples, active.Length, logits);
            for (var a = 0; a < active.Length; a++)
                answers[active[a]].Add(new(own, Softmax(logits.AsSpan(a * (own.Length + 1), own.Length + 1))));
        }
        var combined = new float[generalist.Length];
        for (var i = 0; i < rows.Length; i++)
            SpecialistInference.Combine(generalist.AsSpan(i * classes, classes), answers[i], combined.AsSpan(i * classes, classes));
        return combined;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (session, _) in specialists)
            session.Dispose();
    }

    private int[] TopClasses(ReadOnlySpan<float> logits)
    {
        var (left, found) = (logits.ToArray(), new int[Math.Min(top, logits.Length)]);
        for (var i = 0; i < found.Length; i++)
            left[found[i] = TensorPrimitives.IndexOfMax<float>(left)] = float.NegativeInfinity;
        return found;
    }

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        var (normaliser, probabilities) = (SoftmaxMath.LogSumExp(logits), new double[logits.Length]);
        for (var c = 0; c < logits.Length; c++)
            probabilities[c] = Math.Exp(logits[c] - normaliser);
        return probabilities;
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>A learner whose graph is being put together: imported, its tensors measured, its attachments added.</summary>
internal sealed class LearnerDraft
{
    // As many as tell distributions from other values.
    private const int Samples = 5;

    private readonly ulong seed;
    private readonly Dictionary<string, IReadOnlyList<long>> shapes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> channelAxes = new(StringComparer.Ordinal);

    private LearnerDraft(LearnerOptions options, StudentGraph graph, ulong seed) => (Options, Graph, this.seed) = (options, graph, seed);

    /// <summary>What it is made from.</summary>
    public LearnerOptions Options { get; }

    /// <summary>Its graph.</summary>
    public StudentGraph Graph { get; }

    /// <summary>What it gives and learns.</summary>
    public IReadOnlyList<StudentOutput> Outputs { get; private set; } = [];

    /// <summary>What terms can read of it.</summary>
    public LearnerTensors Tensors => new([.. Outputs.Select(output => new LearnerOutput(output.Signal, output.Name, output.Kind))], shapes) { ChannelAxes = channelAxes };

    /// <summary>Where layers for training are added.</summary>
    public GraphExtension Extension => Graph.Extend(seed);

    /// <summary>Imports a student and runs a few samples, to see what its tensors look like.</summary>
    /// <param name="options">The student.</param>
    /// <param name="taps">Tensors of its graph that terms and attachments read.</param>
    /// <param name="data">The samples.</param>
    /// <param name="seed">Decides the weights of attachments.</param>
    /// <exception cref="InputException">A tensor is not there, or does not lie sample by sample; or the samples do not fit.</exception>
    /// <exception cref="UnsupportedModelException">The student cannot be trained.</exception>
    public static LearnerDraft Import(LearnerOptions options, IReadOnlyList<string> taps, TrainingData data, ulong seed)
    {
        var graph = StudentGraph.Import(options.Student, options.Import with { Taps = taps });
        graph.FreeBatch(data.Transfer.SampleShape);
        foreach (var tap in taps)
            graph.RequireTensor(tap);
        var draft = new LearnerDraft(options, graph, seed);
        draft.Measure([.. graph.FindAllLogits().Concat(taps).Distinct()], data);
        foreach (var attachment in options.Attachments)
            draft.Attach(attachment);
        return draft;
    }

    private void Attach(Attachment attachment)
    {
        if (shapes.ContainsKey(attachment.Name) || attachment.Name == SignalPath.Logits)
            throw new InputException(
                "Two tensors of a student have the same name.", $"learner '{Options.Name}'", $"attachment '{attachment.Name}'",
                "a name that nothing else has");
        shapes[attachment.Name] = attachment.Insert(Extension, shapes[attachment.At], Tensors.ChannelAxis(attachment.At), shapes[Outputs[0].Name]);
    }

    private void Measure(IReadOnlyList<string> tensors, TrainingData data)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var program = Graph.Compile(tensors);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        var reader = new SampleReader(data.Transfer, data.Preprocessing, Augmentation.None, 0);
        var rows = Enumerable.Range(0, (int)Math.Min(Samples, data.Transfer.Count)).Select(row => (long)row).ToArray();
        var values = new float[rows.Length * data.Transfer.SampleElements];
        reader.Read(rows, view: 0, values);
        var samples = tensor(values, [rows.Length, .. data.Transfer.SampleShape.Select(size => (long)size)]);
        var given = program.Run(weights, samples, training: false);
        Outputs = [.. Graph.Heads.Select((head, i) => StudentOutput.Of(head, tensors[i], given[i], rows.Length))];
        foreach (var (name, value) in tensors.Zip(given).Skip(Outputs.Count))
        {
            shapes[name] = PerSample(name, value, rows.Length);
            channelAxes[name] = Graph.ChannelAxisOf(name, shapes[name].Count);
        }

        foreach (var output in Outputs)
            shapes[output.Name] = [.. output.Shape.Select(size => (long)size)];
    }

    private static IReadOnlyList<long> PerSample(string name, Tensor value, int samples) =>
        value.ndim >= 2 && value.shape[0] == samples ? value.shape[1..] : throw new InputException(
            "A tensor of the student does not hold something for each sample.", $"tensor '{name}'", $"{Shapes.Format(value.shape)} for {samples} samples",
            $"[{samples}, ...]", "choose another tensor");
}

using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Graph;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>A piece of graph that only training has: terms read what it gives, and export leaves it out.</summary>
public abstract record Attachment
{
    /// <summary>Every attachment that a recipe can ask for, by name.</summary>
    public static KindTable Kinds { get; } = new(("exit", typeof(ExitAttachment)));

    /// <summary>What terms call the tensor that it gives.</summary>
    [Setting("what terms call it", IsRequired = true)]
    public string Name { get; init; } = "";

    /// <summary>The tensor of the student that it reads.</summary>
    [Setting("the tensor of the student that it reads (`onnxkd inspect` lists them)", IsRequired = true)]
    public string At { get; init; } = "";

    /// <summary>Adds its nodes and weights.</summary>
    /// <param name="graph">Where.</param>
    /// <param name="shape">The shape of what it reads, for one sample.</param>
    /// <param name="channelAxis">The axis of its channels, the batch being 0.</param>
    /// <param name="logits">The shape of the student's class scores for one sample, classes last.</param>
    /// <returns>The shape of what it gives, for one sample.</returns>
    internal abstract IReadOnlyList<long> Insert(GraphExtension graph, IReadOnlyList<long> shape, int channelAxis, IReadOnlyList<long> logits);
}

/// <summary>
/// A classifier of its own on an inner tensor: [C, ...] (or [positions, C]) → mean over space → units, as deeply supervised networks have it (Lee et al. 2015) and
/// self-distillation (Zhang et al., "Be your own teacher", ICCV 2019).
/// </summary>
public sealed record ExitAttachment : Attachment
{
    /// <summary>Units of a hidden layer before the classes; default 0: none.</summary>
    [Setting("units of a hidden layer before the classes; 0: none", AtLeast = 0)]
    public int Hidden { get; init; }

    internal override IReadOnlyList<long> Insert(GraphExtension graph, IReadOnlyList<long> shape, int channelAxis, IReadOnlyList<long> logits)
    {
        if (logits.Count != 1 || shape.Count is not (1 or 2 or 3))
            throw graph.Misfit(
                "An exit cannot be attached here.", At, shape, "[features], [positions, features], [channels, length] or [channels, height, width], of a student with one answer for a sample");
        var width = shape[channelAxis - 1];
        var x = shape.Count == 1 ? At : graph.GlobalMean(channelAxis == 2 ? graph.ChannelsFirst(At, $"{Name}/channels") : At, Name);
        if (Hidden > 0)
        {
            x = graph.Relu(graph.Linear(x, $"{Name}/hidden", width, Hidden), $"{Name}/hidden.relu");
            width = Hidden;
        }

        graph.Linear(x, Name, width, logits[0]);
        return logits;
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// Moves labels as the views of their samples move: a class per pixel goes where the nearest pixel goes, and is not known where a view
/// shows what was not in the sample. A label for a whole sample stays.
/// </summary>
internal sealed class LabelViews
{
    private readonly TransferSet set;
    private readonly PairStep? pair;
    private readonly SampleLayout layout;
    private readonly bool moves;
    private readonly InputException? misfit;

    /// <summary>Relates labels to an augmentation.</summary>
    /// <param name="set">The samples, labelled or not.</param>
    /// <param name="augmentation">What fits the samples.</param>
    /// <param name="samples">Their layout.</param>
    public LabelViews(TransferSet set, Augmentation augmentation, SampleLayout samples)
    {
        this.set = set;
        pair = augmentation.Pair;
        layout = new(1, samples.Height, samples.Width, 1, samples.IsPlane, IsNearest: true);
        moves = augmentation.IsGeometric && set.LabelShape.Count > 0;
        Positions = set.LabelShape.Aggregate(1, (product, size) => checked(product * size));
        MixesPairs = pair is not null && !(moves && pair.IsGeometric);
        if (moves && !set.LabelShape.SequenceEqual([samples.Height, samples.Width]))
            misfit = new(
                "The augmentation moves pixels, and the labels of positions cannot follow.",
                where: $"{set.Name}, augmentation {augmentation}",
                found: $"labels {Shapes.Format(set.LabelShape)} of samples {Shapes.Format(set.SampleShape)}",
                expected: $"a label for each of {samples.Height} × {samples.Width} pixels",
                remedy: "leave out shift, crop, flip, rotation, scale and cutmix");
    }

    /// <summary>Labels of a sample.</summary>
    public int Positions { get; }

    /// <summary>Whether positions have labels of two samples.</summary>
    public bool MixesPairs { get; }

    /// <summary>Refuses labels that cannot follow.</summary>
    /// <exception cref="InputException">The augmentation moves pixels, and labels are for other positions.</exception>
    public void Require()
    {
        if (misfit is not null)
            throw misfit;
    }

    /// <summary>Reads the labels of a sample as it is.</summary>
    public void Read(long row, Span<float> labels)
    {
        Span<int> stored = Positions <= 256 ? stackalloc int[Positions] : new int[Positions];
        set.ReadLabels(row, stored);
        for (var i = 0; i < stored.Length; i++)
            labels[i] = stored[i];
    }

    /// <summary>Moves labels as a step moves the sample.</summary>
    /// <param name="labels">Of every pixel; empty: none.</param>
    /// <param name="work">As many values, to work in.</param>
    /// <param name="step">The step.</param>
    /// <param name="draws">The view's stream before the step drew from it.</param>
    public void Follow(Span<float> labels, Span<float> work, SampleStep step, CounterRandom draws)
    {
        if (moves && !labels.IsEmpty)
            step.ForLabels?.Apply(labels, work, layout, ref draws);
    }

    /// <summary>Takes from the partner's labels what a geometric pair takes from the partner.</summary>
    public void Mix(Span<float> labels, Span<float> partner, Mixture mixture)
    {
        if (moves && !labels.IsEmpty && pair!.IsGeometric)
            pair.Mix(labels, partner, layout, mixture);
    }
}

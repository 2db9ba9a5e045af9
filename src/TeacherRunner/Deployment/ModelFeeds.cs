using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;

namespace OnnxKd.TeacherRunner.Deployment;

/// <summary>
/// What a model is fed with: samples, or values that are made up in its declared shapes. Axis 0 of an input is the batch where its length is
/// free and no length is given for it.
/// </summary>
public sealed class ModelFeeds
{
    private const double GoldenRatio = 0.618033988749895;

    private readonly Feed[] feeds;

    private ModelFeeds(IReadOnlyList<SessionTensor> inputs, IReadOnlyDictionary<string, long> axes, IReadOnlyDictionary<string, InputSamples> samples, string model)
    {
        RequireKnown("--axis", axes.Keys, inputs.SelectMany(AxesOf), model);
        RequireKnown("--samples", samples.Keys, inputs.Select(input => input.Name), model);
        // Those that samples feed say how long the axes are that others share with them.
        var known = axes.ToDictionary(StringComparer.Ordinal);
        var fed = new List<long?[]>();
        var planned = inputs.OrderBy(input => samples.GetValueOrDefault(input.Name)?.Shape is null).Select(input => FeedOf(input, known, fed, samples.GetValueOrDefault(input.Name), model)).ToArray();
        feeds = [.. inputs.Select(input => planned.First(feed => feed.Input == input))];
        var sets = samples.Where(input => input.Value.Reader is not null).Select(input => (Input: input.Key, input.Value.Reader!.Set)).ToArray();
        Count = sets.Select(entry => entry.Set.Count).DefaultIfEmpty(long.MaxValue).Min();
        if (Array.Find(sets, entry => entry.Set.Count != Count) is { Set: { } longer } other)
            throw new InputException(
                "The inputs' samples differ in number.", $"{longer.Name}, for input '{other.Input}' of {model}", $"{longer.Count}",
                $"{Count}, as for input '{sets.First(entry => entry.Set.Count == Count).Input}'", "give files that belong together");
        FixedBatch = feeds.Any(feed => feed.IsBatched) ? null : (int)Math.Min(int.MaxValue, feeds.Select(feed => feed.Shape.FirstOrDefault(1)).FirstOrDefault(1));
    }

    /// <summary>How many samples there are; beyond it they begin again. Without any samples, <see cref="long.MaxValue"/>.</summary>
    public long Count { get; }

    /// <summary>The only batch size that the model takes; <c>null</c>: any.</summary>
    public int? FixedBatch { get; }

    /// <summary>Plans the feeds of a model.</summary>
    /// <param name="session">The model.</param>
    /// <param name="axes">Lengths of free axes, by their name in the model, or by <c>INPUT.INDEX</c>.</param>
    /// <param name="samples">Samples by input; the others are made up. Several inputs are read in step.</param>
    /// <param name="model">The model, for messages.</param>
    /// <exception cref="InputException">An axis or an input is not known, samples do not fit, or an axis has no length.</exception>
    public static ModelFeeds Of(
        ModelSession session, IReadOnlyDictionary<string, long> axes, IReadOnlyDictionary<string, InputSamples> samples, string model) =>
        new(session.Inputs, axes, samples, model);

    /// <summary>Makes a batch.</summary>
    /// <param name="first">Its first sample.</param>
    /// <param name="rows">How many samples.</param>
    /// <exception cref="InputException">It is larger than models may take, or a value is none that the input can take.</exception>
    public FeedBatch Batch(long first, int rows)
    {
        var batch = new FeedBatch(rows);
        try
        {
            foreach (var feed in feeds)
                feed.AddTo(batch, first, rows, Count);
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private static Feed FeedOf(SessionTensor input, Dictionary<string, long> axes, List<long?[]> fed, InputSamples? samples, string model)
    {
        var shape = input.Shape.Select((axis, i) => axis.Size ?? Given(input, i, axes)).ToArray();
        var isBatched = shape is [null, ..];
        var where = $"input '{input.Name}' of {model}";
        if (samples?.Shape is { } sample)
        {
            if (input.IsText != (samples.Part?.IsText == true))
                throw new InputException(
                    input.IsText ? "A model takes texts, and the samples hold numbers." : "A model takes numbers, and the samples hold texts.", where, samples.Part is { } part ? $"{part}" : "one tensor",
                    input.IsText ? "texts" : "numbers", "give a table with a column of its name: --samples FILE");
            if (shape.Length == 0)
                throw new InputException("Samples are given for an input without a batch axis.", where, "a scalar", "[N, ...]", $"give it a number: --samples {input.Name}=NUMBER");
            var fitted = SampleFit.Find([.. shape[1..].Select(size => new Dim(size))], sample) ?? throw new InputException(
                "The model's input shape does not fit the samples.", where, $"samples of {Shapes.Format(sample)}", Shapes.Format(input.Shape),
                "check that this model and these samples belong together");
            shape = [shape[0], .. fitted.Select(size => (long?)size)];
            foreach (var (axis, length) in input.Shape.Skip(1).Zip(fitted))
                if (axis.Name is { } name)
                    axes.TryAdd(name, length);
            fed.Add(shape);
        }
        else if (samples is not null)
            shape = [.. shape.Select((size, axis) => size ?? (axis == 0 ? null : LengthIn(fed, shape.Length, axis)))];
        if (Array.FindIndex(shape, isBatched ? 1 : 0, size => size is null) is >= 0 and var open)
            throw new InputException(
                "An axis of the model has no length.", where, $"axis {open} of {Shapes.Format(input.Shape)}", "a length",
                $"give it: --axis {input.Shape[open].Name ?? $"{input.Name}.{open}"}=LENGTH, or real samples: --samples");
        return new(input, where, [.. shape.Select(size => size ?? 1)], isBatched, samples);
    }

    /// <summary>How long an axis is in all inputs that samples feed and that have as many: a constant beside them has it too; <c>null</c>: there are none, or they differ.</summary>
    private static long? LengthIn(List<long?[]> fed, int axes, int axis) =>
        fed.Where(shape => shape.Length == axes).Select(shape => shape[axis]).Distinct().ToArray() is [var only] ? only : null;

    private static long? Given(SessionTensor input, int axis, Dictionary<string, long> axes) =>
        axes.TryGetValue($"{input.Name}.{axis}", out var size) || input.Shape[axis].Name is { } name && axes.TryGetValue(name, out size) ? size : null;

    private static IEnumerable<string> AxesOf(SessionTensor input) =>
        input.Shape.SelectMany((axis, i) => axis.IsDynamic ? new[] { axis.Name, $"{input.Name}.{i}" } : []).OfType<string>();

    private static void RequireKnown(string option, IEnumerable<string> given, IEnumerable<string> known, string model)
    {
        var names = known.Distinct().ToArray();
        if (given.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
            throw new InputException(
                "The model has nothing of that name.", option, $"'{unknown}'",
                names.Length == 0 ? $"{model} has none" : string.Join(", ", names), Suggestions.Nearest(unknown, names) is { } near ? $"did you mean '{near}'?" : null);
    }

    /// <summary>One input. The first of its lengths is replaced by the batch where it is batched.</summary>
    private sealed record Feed(SessionTensor Input, string Where, long[] Shape, bool IsBatched, InputSamples? Samples)
    {
        public void AddTo(FeedBatch batch, long first, int rows, long count)
        {
            var shape = IsBatched ? [rows, .. Shape[1..]] : Shape;
            ModelLimits.RequireSamples(Where, shape.FirstOrDefault(1), [.. shape.Skip(1)]);
            var values = Samples switch
            {
                null => MakeUp(shape),
                { Reader: null } => Enumerable.Repeat((float)Samples.Constant, Count(shape)).ToArray(),
                _ => Read(first, (int)shape[0], count),
            };
            if (Input.IsText)
                batch.AddTexts(Input.Name, shape, Samples?.Part is { } part ? [.. values.Select(value => part.Texts[(int)value])] : []);
            else
                batch.Add(Input.Name, Input.Type, shape, values);
        }

        private float[] Read(long first, int rows, long count)
        {
            var values = Samples!.Read([.. Enumerable.Range(0, rows).Select(row => (first + row) % count)]);
            if (!Input.IsText && !Input.Type.IsFloat() && Array.FindIndex(values, value => value != MathF.Truncate(value)) is >= 0 and var i)
                throw new InputException(
                    "The model takes integers, but the preprocessed samples are something else.", Where, Printable.Number(values[i]), "whole numbers",
                    Samples.Part is null ? "leave out --scale, --mean and --std for this model" : $"correct {Samples.Part.Name} of {Samples.Reader!.Set.Name}");
            return values;
        }

        /// <summary>Evenly spread over [0, 1) by the golden ratio; for integers 1, which is a token, a mask and an index nearly everywhere.</summary>
        private float[] MakeUp(long[] shape)
        {
            var values = new float[Count(shape)];
            for (var i = 0; i < values.Length; i++)
                values[i] = Input.Type.IsFloat() ? (float)(i * GoldenRatio % 1) : 1;
            return values;
        }

        private static int Count(long[] shape) => (int)shape.Aggregate(1L, (product, size) => product * size);
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Targets;

/// <summary>How a stream of a cache serves as targets: what is read of it, and what can be learned from it.</summary>
/// <param name="stream">A stream of logits or log-probabilities.</param>
internal abstract class TargetForm(CacheStream stream)
{
    /// <summary>The stream.</summary>
    public CacheStream Stream => stream;

    /// <summary>What is read for each sample, as it is stored.</summary>
    public IReadOnlyList<StorageField> Fields { get; } = stream.Storage.Fields(stream);

    /// <summary>Whether every logit is there.</summary>
    protected virtual bool IsDense => true;

    /// <summary>The only temperatures that the targets are right at; <c>null</c>: any.</summary>
    protected virtual IReadOnlyList<double>? Temperatures => null;

    /// <summary>The form of a stream: the table of all storages.</summary>
    /// <exception cref="InputException">The stream holds features.</exception>
    public static TargetForm Of(CacheStream stream) => stream.Kind == StreamKind.Feature
        ? throw new InputException(
            "A term of the objective learns from logits, and the stream holds features.",
            $"stream '{stream.Name}', tensor '{stream.Tensor}'")
        : stream.Storage switch
        {
            Float32 or Float16 or BFloat16 => new DenseForm(stream),
            Int8 => new Int8Form(stream),
            TopK storage => new TopKForm(stream, storage),
            Sampled storage => new SampledForm(stream, storage),
            var other => throw new NotSupportedException($"No targets are made of streams stored as {other.Name}."),
        };

    /// <summary>Checks what was read, as far as libtorch would not.</summary>
    /// <param name="field">The index of one of <see cref="Fields"/>.</param>
    /// <param name="stored">Its values.</param>
    /// <exception cref="CheckFailedException">The cache contradicts itself.</exception>
    public virtual void Check(int field, ReadOnlySpan<byte> stored)
    {
    }

    /// <summary>Makes targets of what was read.</summary>
    /// <param name="fields">One tensor for each of <see cref="Fields"/>, rows × values, in the stored type.</param>
    public abstract TeacherTargets Bind(IReadOnlyList<Tensor> fields);

    /// <summary>Refuses a stream that holds only some of the logits.</summary>
    /// <exception cref="InputException">It does.</exception>
    public void RequireEveryLogit()
    {
        if (!IsDense)
            throw new InputException(
                "A term of the objective needs every logit of the teacher, and the cache holds only some.",
                where: "objective, term 'logit-matching'",
                found: $"stream '{stream.Name}' stored as {stream.Storage.Name}",
                expected: "a stream stored as float32, float16, bfloat16 or int8",
                remedy: "use 'soft', or capture the teacher again with one of these storages");
    }

    /// <summary>Refuses a temperature at which the targets would not be the teacher's.</summary>
    /// <exception cref="InputException">Names the temperatures that the stream holds.</exception>
    public void RequireTemperature(double temperature)
    {
        if (Temperatures is { } held && !held.Contains(temperature))
            throw new InputException(
                "The cache was not captured for a temperature of the objective.",
                where: "objective, term 'soft'",
                found: $"temperature {temperature}",
                expected: $"{string.Join(" or ", held)}, which stream '{stream.Name}' ({stream.Storage.Name}) holds",
                remedy: "use a temperature that it holds, or capture the teacher again for this one");
    }
}

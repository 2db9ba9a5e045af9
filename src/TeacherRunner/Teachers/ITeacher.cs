using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Teachers;

/// <summary>An open teacher: a model, or what one said before.</summary>
internal interface ITeacher : IDisposable
{
    /// <summary>What it gives for every sample: its answer, then further outputs and features.</summary>
    IReadOnlyList<ModelOutput> Outputs { get; }

    /// <summary>Its entry in the manifest of a cache.</summary>
    /// <param name="weight">Its share.</param>
    CachedTeacher Identity(double weight);

    /// <summary>Gives it all for the rows of a run. Thread-safe, each with buffers of its own.</summary>
    /// <param name="run">Which samples, and the samples themselves.</param>
    /// <param name="results">For each output rows × the values that a run gives.</param>
    void Run(RunBuffers run, Memory<float>[] results);
}

/// <summary>A model in a session.</summary>
/// <param name="options">The teacher.</param>
/// <param name="digest">The digest of its file.</param>
/// <param name="session">The session.</param>
/// <param name="set">What it reads.</param>
/// <param name="slot">Which of the ways of preprocessing it is fed with.</param>
internal sealed class ModelTeacher(TeacherOptions options, string digest, OnnxClassifier session, TransferSet set, int slot) : ITeacher
{
    /// <summary>The session.</summary>
    public OnnxClassifier Session => session;

    /// <summary>The samples of a run, as it takes them.</summary>
    public ReadOnlyMemory<float> Samples(RunBuffers run) => run.Samples(slot);

    /// <inheritdoc/>
    public IReadOnlyList<ModelOutput> Outputs => session.Outputs;

    /// <inheritdoc/>
    public CachedTeacher Identity(double weight) => new(
        options.File, digest, session.Input, session.Output.Tensor, session.Output.Kind, weight, options.Preprocessing, options.ClassAxis,
        Inputs: options.Inputs.AreNone ? null : $"{options.Inputs}", Probabilities: options.Probabilities, FurtherAxes: options.FurtherAxes);

    /// <inheritdoc/>
    public void Run(RunBuffers run, Memory<float>[] results) =>
        session.Run(run.Samples(slot), run.Count, row => $"sample {set.FileRow(run.Source(row).Sample)} of {set.Name}", results);

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}

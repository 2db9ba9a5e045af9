using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// An open session that reads from, and writes to, memory of the caller. Several runs may go on at the same time. Thread-safe: who comes too
/// much waits.
/// </summary>
internal sealed class BoundSession : IDisposable
{
    private readonly ModelInput input;
    private readonly string fed;
    private readonly OutputPlan[] plans;
    private readonly string model;
    private readonly RunOptions options = new();
    private readonly BlockingCollection<OrtIoBinding> free = [];
    private readonly OrtIoBinding[] bindings;

    /// <summary>Takes a session over.</summary>
    /// <param name="session">The session, which it disposes of in the end.</param>
    /// <param name="input">The input that is fed.</param>
    /// <param name="fed">Its name in the graph.</param>
    /// <param name="plans">What is read.</param>
    /// <param name="read">The outputs' names, one for each plan.</param>
    /// <param name="runsAtOnce">How many runs may go on at the same time.</param>
    /// <param name="model">The model's name, for messages.</param>
    public BoundSession(
        InferenceSession session, ModelInput input, string fed, OutputPlan[] plans, string[] read, int runsAtOnce, string model)
    {
        (Session, Read, this.input, this.fed, this.plans, this.model) = (session, read, input, fed, plans, model);
        bindings = [.. Enumerable.Range(0, runsAtOnce).Select(_ => Session.CreateIoBinding())];
        Array.ForEach(bindings, free.Add);
    }

    /// <summary>The session.</summary>
    public InferenceSession Session { get; }

    /// <summary>The outputs' names.</summary>
    public string[] Read { get; }

    /// <summary>How many runs may go on at the same time.</summary>
    public int ConcurrentRuns => bindings.Length;

    /// <summary>Runs once.</summary>
    /// <param name="samples">rows × sample elements.</param>
    /// <param name="rows">Samples.</param>
    /// <param name="results">For each plan rows × the values that a run gives.</param>
    /// <exception cref="Core.Errors.InputException">ONNX Runtime failed.</exception>
    public void Run(ReadOnlyMemory<float> samples, int rows, Memory<float>[] results)
    {
        // On the CPU nothing is copied. A device copies when an input is bound, into a buffer that its arena hands out again for every run, and
        // out of it when the run is done.
        var bound = new List<OrtValue>(1 + plans.Length);
        var binding = free.Take();
        try
        {
            bound.Add(Wrap(MemoryMarshal.AsMemory(samples), input.ShapeOf(rows)));
            binding.BindInput(fed, bound[0]);
            for (var i = 0; i < plans.Length; i++)
            {
                bound.Add(Wrap(results[i][..plans[i].Written(rows)], plans[i].ShapeOf(rows)));
                binding.BindOutput(Read[i], bound[^1]);
            }

            binding.SynchronizeBoundInputs();
            Session.RunWithBinding(options, binding);
            binding.SynchronizeBoundOutputs();
        }
        catch (OnnxRuntimeException e)
        {
            throw RunFailure.OfBatch(e, model, rows);
        }
        finally
        {
            bound.ForEach(value => value.Dispose());
            free.Add(binding);
        }

        for (var i = 0; i < plans.Length; i++)
            plans[i].Finish(results[i].Span, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(bindings, binding => binding.Dispose());
        free.Dispose();
        Session.Dispose();
        options.Dispose();
    }

    private static OrtValue Wrap(Memory<float> memory, long[] shape) =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, shape);
}

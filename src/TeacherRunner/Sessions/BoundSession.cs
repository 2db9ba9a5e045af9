using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Onnx;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// An open session that reads from, and writes to, memory of the caller. On the CPU it has one thread, and as many runs may go on at the same
/// time as there are threads to be used; on a GPU one run at a time. Thread-safe: who comes too much waits.
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

    /// <summary>Makes what is planned the outputs of the graph, and opens a session on it.</summary>
    /// <param name="proto">The model, without outputs.</param>
    /// <param name="input">The input that is fed.</param>
    /// <param name="fed">Its name in the graph.</param>
    /// <param name="plans">What is read.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="threads">Threads to be used.</param>
    /// <param name="model">The model's name, for messages.</param>
    public BoundSession(
        ModelProto proto, ModelInput input, string fed, OutputPlan[] plans, ExecutionDevice device, int threads, string model)
    {
        (this.input, this.fed, this.plans, this.model) = (input, fed, plans, model);
        Read = [.. plans.Select(plan => plan.AddTo(proto.Graph))];
        Session = SessionFactory.Open(proto, device, device.IsCuda ? threads : 1, model);
        bindings = [.. Enumerable.Range(0, device.IsCuda ? 1 : threads).Select(_ => Session.CreateIoBinding())];
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
            throw HeadProbe.RunFailed(e, model, rows);
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

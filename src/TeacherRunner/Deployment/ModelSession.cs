using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Deployment;

/// <summary>An input or an output of a model, as ONNX Runtime declares it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its axes, the batch included.</param>
public sealed record SessionTensor(string Name, ElementType Type, IReadOnlyList<Dim> Shape)
{
    /// <summary>Whether it holds texts, whatever the type says.</summary>
    public bool IsText { get; init; }
}

/// <summary>A model file in an ONNX Runtime session, opened as a program that ships it would: an ONNX file or one in ORT format.</summary>
public sealed class ModelSession : IDisposable
{
    private readonly InferenceSession session;
    private readonly string name;

    private ModelSession(InferenceSession session, string name, string provider)
    {
        (this.session, this.name, Provider) = (session, name, provider);
        Inputs = [.. session.InputNames.Select(input => Describe(input, session.InputMetadata[input]))];
        // Maps and sequences are made of tensors that other outputs give, too; of a model that gives nothing else, the first is named.
        var tensors = session.OutputNames.Where(output => session.OutputMetadata[output].IsTensor).ToArray();
        Outputs = [.. (tensors.Length > 0 ? tensors : session.OutputNames).Select(output => Describe(output, session.OutputMetadata[output]))];
    }

    /// <summary>Whether it was read from a file in ONNX Runtime's own format.</summary>
    internal bool IsOrtFormat { get; private init; }

    /// <summary>What must be fed.</summary>
    public IReadOnlyList<SessionTensor> Inputs { get; }

    /// <summary>What it gives as tensors; maps are left out, if there is anything else.</summary>
    public IReadOnlyList<SessionTensor> Outputs { get; }

    /// <summary>Where it runs: <c>cpu</c> or <c>cuda</c>.</summary>
    public string Provider { get; }

    /// <summary>The entries of the model's metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata => session.ModelMetadata.CustomMetadataMap;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device"><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads within an operator.</param>
    /// <param name="brief">Whether it will run seldom, so that optimising the graph would take longer than it saves.</param>
    /// <exception cref="InputException">It is no regular file, no model, or a model with inputs or outputs that are no tensors of numbers or texts.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime cannot run it.</exception>
    public static ModelSession Open(string path, string device = "cpu", int threads = 1, bool brief = false) =>
        Open(RunnableModel.Read(path), Path.GetFileName(path), device, threads, brief);

    /// <summary>The same for a file that was read and validated.</summary>
    /// <param name="model">As <see cref="RunnableModel.Read"/> gives it.</param>
    /// <param name="name">The model's name, for messages.</param>
    /// <param name="device"><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads within an operator.</param>
    /// <param name="brief">Whether it will run seldom.</param>
    internal static ModelSession Open(RunnableModel model, string name, string device, int threads, bool brief)
    {
        var where = ExecutionDevice.Resolve(device);
        return new(SessionFactory.Open(model, where, threads, name, brief), name, where.Provider) { IsOrtFormat = model.IsOrtFormat };
    }

    /// <summary>Opens a model in memory on the CPU, as it stands: nothing is optimised.</summary>
    /// <inheritdoc cref="Open(string, string, int, bool)"/>
    internal static ModelSession Of(ModelProto model, string name)
    {
        var where = ExecutionDevice.Resolve("cpu");
        return new(SessionFactory.Open(model, where, threads: 1, name, brief: true), name, where.Provider);
    }

    /// <summary>Tries a batch once, within the limits of models that nobody has tried yet.</summary>
    /// <param name="batch">The batch.</param>
    /// <exception cref="InputException">It fails, takes too much memory or too long.</exception>
    public void Try(FeedBatch batch)
    {
        using var trial = ModelLimits.Begin(0, batch.Bytes);
        using var run = new RunOptions();
        using var clock = trial.WhenOver(() => run.Terminate = true);
        try
        {
            Run(batch, run).Dispose();
        }
        catch (OnnxRuntimeException e)
        {
            throw ModelLimits.TooLong(name, e);
        }
    }

    /// <summary>Runs a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <returns>The outputs, in order.</returns>
    /// <exception cref="InputException">The model fails on it.</exception>
    internal IDisposableReadOnlyCollection<OrtValue> Run(FeedBatch batch)
    {
        using var run = new RunOptions();
        return Run(batch, run);
    }

    /// <inheritdoc cref="Run(FeedBatch)"/>
    /// <param name="batch">The batch.</param>
    /// <param name="run">What can end it: ONNX Runtime's own exception says then that it did.</param>
    internal IDisposableReadOnlyCollection<OrtValue> Run(FeedBatch batch, RunOptions run)
    {
        try
        {
            return session.Run(run, batch.Names, batch.Values, [.. Outputs.Select(output => output.Name)]);
        }
        catch (OnnxRuntimeException e) when (!run.Terminate && ModelLimits.IsOutOfMemory(e))
        {
            throw ModelLimits.TooMuchMemory(name, e);
        }
        catch (OnnxRuntimeException e) when (!run.Terminate)
        {
            throw RunFailure.OfBatch(e, name, batch.Rows);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private SessionTensor Describe(string tensor, NodeMetadata metadata)
    {
        var (type, isText) = (ElementType.UInt8, metadata.IsTensor && metadata.IsString);
        if (!metadata.IsTensor || !isText && !TensorTypes.TryElementType((int)metadata.ElementDataType, out type))
            throw new UnsupportedModelException(
                "An input or output is no tensor of numbers or texts.", $"'{tensor}' of {name}",
                metadata.IsTensor ? $"{metadata.ElementDataType}" : $"{metadata.OnnxValueType}", "numbers or texts");
        return new(tensor, type, [.. metadata.Dimensions.Zip(metadata.SymbolicDimensions, (size, symbol) =>
            size >= 0 ? new Dim(size) : new Dim(null, symbol.Length > 0 ? symbol : null))]) { IsText = isText };
    }
}

using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>Runs a preprocessing graph over one source after another. Thread-safe.</summary>
internal sealed class PreparationSession : IDisposable
{
    /// <summary>The graph's output: the sample.</summary>
    public const string SampleOutput = "sample";

    /// <summary>The graph's other output, where samples are padded: how much of the sample is content.</summary>
    public const string LengthOutput = "length";

    private readonly InferenceSession session;
    private readonly RunOptions runOptions = new();
    private readonly string input;
    private readonly string[] outputs;

    /// <summary>Opens a session.</summary>
    /// <param name="model">A graph with one input, written by this project.</param>
    /// <param name="type">The type of a sample's elements.</param>
    /// <param name="shape">The shape that every sample must have.</param>
    /// <exception cref="InputException">An operator refuses its settings, for example a damaged vocabulary.</exception>
    public PreparationSession(OnnxModel model, ElementType type, IReadOnlyList<int> shape)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1, // sources run side by side instead
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            EnableCpuMemArena = false, // sources differ in size: an arena would keep the largest of each
            EnableMemoryPattern = false,
        };
        ExtensionsLibrary.Register(options);
        try
        {
            session = new(model.ToBytes(), options);
        }
        catch (OnnxRuntimeException error)
        {
            throw new InputException(
                "The preprocessing graph is refused.", found: SessionFactory.Explain(error), expected: "files that fit the kind of source",
                remedy: "check the files that preprocessing is made from, such as those of the tokenizer", inner: error);
        }
        (Model, Type, Shape) = (model, type, shape);
        input = model.Proto.Graph.Input[0].Name;
        outputs = [.. model.Proto.Graph.Output.Select(output => output.Name)];
    }

    /// <summary>The graph.</summary>
    public OnnxModel Model { get; }

    /// <summary>The type of a sample's elements.</summary>
    public ElementType Type { get; }

    /// <summary>The shape of a sample.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Prepares a sample from the bytes of a file.</summary>
    /// <exception cref="InputException">They cannot be decoded, or give another shape.</exception>
    public PreparedSample Run(byte[] bytes, string source)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(bytes, [bytes.Length]);
        return Run(value, source);
    }

    /// <summary>Prepares a sample from a text.</summary>
    /// <exception cref="InputException">It cannot be tokenised.</exception>
    public PreparedSample Run(string text, string source)
    {
        using var value = OrtValue.CreateFromStringTensor(new DenseTensor<string>(new[] { text }, [1]));
        return Run(value, source);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        runOptions.Dispose();
        session.Dispose();
    }

    private PreparedSample Run(OrtValue value, string source)
    {
        try
        {
            using var results = session.Run(runOptions, [input], [value], outputs);
            var shape = results[0].GetTensorTypeAndShape().Shape;
            if (!shape.SequenceEqual(Shape.Select(size => (long)size)))
                throw new InputException(
                    "A sample has another shape than the set.", source, Shapes.Format(shape), Shapes.Format(Shape),
                    "is it smaller than the crop? Resize first, or leave it out");
            var values = results[0].GetTensorMutableRawData().ToArray();
            return new(values, results.Count > 1 ? MemoryMarshal.Read<long>(results[1].GetTensorMutableRawData()) : null);
        }
        catch (OnnxRuntimeException error)
        {
            throw new InputException(
                "A source cannot be decoded.", source, SessionFactory.Explain(error),
                remedy: "repair or remove it, or leave out everything damaged with --skip-corrupt", inner: error);
        }
    }
}

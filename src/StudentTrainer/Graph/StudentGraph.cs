using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>A student as it is trained: the file, which stays as it is, and the graph made from it that the executor runs.</summary>
internal sealed class StudentGraph
{
    /// <summary>The newest version of ONNX's operator set that the executor is tested with.</summary>
    public const int NewestOpset = 22;

    private readonly StudentImport options;
    private readonly LogitTrace trace;

    private StudentGraph(OnnxModel file, GraphProto graph, int version, StudentImport options)
    {
        (File, Graph, Version, this.options) = (file, graph, version, options);
        Input = StudentInput.Find(graph);
        trace = LogitTrace.Find(graph, options.Output ?? graph.Output[0].Name, file.Path ?? "student");
    }

    /// <summary>The model as it was given; never changed.</summary>
    public OnnxModel File { get; }

    /// <summary>The graph that is run.</summary>
    public GraphProto Graph { get; }

    /// <summary>The version of ONNX's operator set.</summary>
    public int Version { get; }

    /// <summary>The one input.</summary>
    public StudentInput Input { get; }

    /// <summary>The output that is learned from: the requested one, else the first.</summary>
    public string Output => trace.Output;

    /// <summary>Makes a model ready for training.</summary>
    /// <exception cref="UnsupportedModelException">It has several inputs, or something else that cannot be trained.</exception>
    public static StudentGraph Import(OnnxModel file, StudentImport? options = null)
    {
        options ??= StudentImport.Default;
        var version = (int)(file.Proto.OpsetImport.FirstOrDefault(import => import.Domain is "" or "ai.onnx")?.Version ?? 0);
        if (version > NewestOpset)
            throw new UnsupportedModelException(
                "The student uses a newer operator set than the trainer knows.",
                where: file.Path,
                found: $"operator set {version}",
                expected: $"at most {NewestOpset}",
                remedy: "export the model with an older operator set");
        return new(file, file.Proto.Graph.Clone(), version, options);
    }

    /// <summary>The tensor that losses are computed from: the output, or what its final softmax reads.</summary>
    /// <exception cref="UnsupportedModelException">The output holds probabilities of single classes.</exception>
    public string FindLogits() => trace.Activation != HeadActivation.Sigmoid ? trace.Logits : throw new UnsupportedModelException(
        "The student's output holds probabilities of single classes.",
        where: $"output '{Output}'",
        found: "Sigmoid",
        expected: "logits, or a softmax over classes",
        remedy: "export the student without its last activation");

    /// <summary>Compiles what some tensors depend on.</summary>
    /// <param name="outputs">Outputs or tensors inside the graph.</param>
    /// <exception cref="UnsupportedModelException">Names everything that is not supported, before any work.</exception>
    public StudentProgram Compile(params IReadOnlyList<string> outputs) =>
        new(GraphCompiler.Compile(Graph, Version, outputs, options.Parameters), Input);
}

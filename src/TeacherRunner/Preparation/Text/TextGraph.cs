using Google.Protobuf;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Preparation.Text;

/// <summary>The graph from a text to token ids of one length.</summary>
internal static class TextGraph
{
    /// <summary>Writes the graph.</summary>
    /// <exception cref="InputException">The folder holds no known tokenizer.</exception>
    public static OnnxModel Build(string tokenizer, TextOptions options)
    {
        var (kind, files) = Tokenizer.Open(tokenizer);
        var graph = new GraphWriter();
        var ids = kind.Write(graph, graph.Input("text", DataType.String, 1), options, files);
        var (sample, length) = Padding.ToLength(graph, ids, options.Length, graph.Long(options.PadId ?? PadIdOf(kind, files)));
        graph.Output(PreparationSession.SampleOutput, sample, DataType.Int64, [options.Length]);
        graph.Output(PreparationSession.LengthOutput, length, DataType.Int64, [1]);
        return graph.Build();
    }

    /// <summary>A WordPiece vocabulary has the token: without it no graph is written.</summary>
    private static int PadIdOf(Tokenizer kind, IReadOnlyList<ByteString> files) => kind.Files is ["vocab.txt"] ? Array.IndexOf(Tokenizer.TokensOf(files[0]), Tokenizer.Pad) : 0;
}

using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>A classifier of 4×4 pictures: flatten, then x·W.</summary>
internal static class LinearModel
{
    /// <summary>Writes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="classes">Columns of W.</param>
    /// <param name="weight">Every value of W.</param>
    /// <param name="side">Height and width of the input.</param>
    /// <param name="type">Type of the input.</param>
    /// <param name="activation">The last operator, from the product to the output.</param>
    /// <param name="edit">Any other change.</param>
    public static string Write(
        string path, int classes = Blobs.Classes, float weight = 0.5f, int side = 4, ElementType type = ElementType.Float32,
        string activation = "Identity", Action<ModelProto>? edit = null)
    {
        var features = side * side;
        var graph = new GraphProto
        {
            Name = "linear",
            Input = { ValueInfo.Create("x", type, "N", side, side) },
            Output = { ValueInfo.Create("logits", ElementType.Float32, "N", classes) },
            Initializer = { TensorData.Create("W", Enumerable.Repeat(weight, features * classes).ToArray(), features, classes) },
            Node =
            {
                new NodeProto { OpType = "Flatten", Input = { "x" }, Output = { "flat" } },
                new NodeProto { OpType = "MatMul", Input = { "flat", "W" }, Output = { "product" } },
                new NodeProto { OpType = activation, Input = { "product" }, Output = { "logits" } },
            },
        };
        var model = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } };
        edit?.Invoke(model);
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }

    /// <summary>Moves W into a file of its own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="location">What the model says where it is.</param>
    public static void Externalise(ModelProto model, string location)
    {
        var tensor = model.Graph.Initializer[0];
        tensor.RawData = ByteString.Empty;
        tensor.FloatData.Clear();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
    }
}

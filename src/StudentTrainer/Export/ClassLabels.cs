using System.Globalization;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Adds an output that names the class whose score a student puts first.</summary>
internal static class ClassLabels
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="graph">The student's; changed.</param>
    /// <param name="names">Its names.</param>
    /// <param name="learned">The scores.</param>
    /// <param name="label">What is said of them.</param>
    /// <returns>The tensor that says it.</returns>
    public static string Make(GraphProto graph, GraphNames names, LearnedOutput learned, InterfaceLabel label)
    {
        var scores = learned.Scores;
        if (FloatTypes.Of(graph, scores) != (int)DataType.Float)
            scores = Add("Cast", "scores", [scores], TeacherInterface.Integer("to", (int)DataType.Float));
        string top;
        if (learned.Layout.Classes > 1)
            top = Add("ArgMax", "top", [scores], TeacherInterface.Integer("axis", learned.Layout.ClassAxis + 1), TeacherInterface.Integer("keepdims", 0));
        else
        {
            // Of the second of two classes.
            var holds = Add("Greater", "holds", [scores, Hold(TensorData.Create(names.Take(NameOf("half")), [learned.AreProbabilities ? 0.5f : 0]))]);
            top = Add("Cast", "top", [holds], TeacherInterface.Integer("to", (int)DataType.Int64));
        }

        var said = Add("Gather", "said", [Hold(Classes()), top], TeacherInterface.Integer("axis", 0));
        long[] dims = [.. learned.Layout.Dims.Where((_, axis) => axis != learned.Layout.ClassAxis)];
        if (learned.Layout.Classes > 1 && dims.SequenceEqual(label.Dims))
            return said;
        long[] shape = [-1, .. label.Dims];
        return Add("Reshape", "shaped", [said, Hold(TensorData.Create(names.Take(NameOf("shape")), shape, shape.Length))]);

        string NameOf(string part) => $"{TeacherInterface.Prefix}/{label.Name}.{part}";

        string Hold(TensorProto tensor)
        {
            graph.Initializer.Add(tensor);
            return tensor.Name;
        }

        string Add(string operation, string part, string[] inputs, params AttributeProto[] attributes)
        {
            var made = names.Take(NameOf(part));
            graph.Node.Add(new NodeProto { OpType = operation, Name = made, Input = { inputs }, Output = { made }, Attribute = { attributes } });
            return made;
        }

        TensorProto Classes()
        {
            var (name, count) = (names.Take(NameOf("classes")), label.Classes.Count);
            if (label.IsText == true)
                return new() { Name = name, DataType = (int)DataType.String, Dims = { count }, StringData = { label.Classes.Select(ByteString.CopyFromUtf8) } };
            var numbers = Array.ConvertAll([.. label.Classes], text => long.Parse(text, CultureInfo.InvariantCulture));
            var bytes = new byte[count * label.Type.Size()];
            for (var i = 0; i < count; i++)
                Bytes(numbers[i]).AsSpan(0, label.Type.Size()).CopyTo(bytes.AsSpan(i * label.Type.Size()));
            return TensorData.Create(name, label.Type, bytes, count);
        }

        byte[] Bytes(long number) => label.Type switch
        {
            ElementType.Float16 => BitConverter.GetBytes((Half)number),
            ElementType.Float32 => BitConverter.GetBytes((float)number),
            ElementType.Float64 => BitConverter.GetBytes((double)number),
            _ => BitConverter.GetBytes(number),
        };
    }
}

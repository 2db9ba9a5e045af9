using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>
/// The layer between the student's features and a term: vectors through a matrix, positions through the same matrix each, signals and images
/// through a convolution of single steps or pixels, after means over windows where the student's picture is larger by a whole factor.
/// </summary>
internal static class Projection
{
    /// <summary>Adds it, unless nothing is to be done.</summary>
    /// <param name="graph">Where.</param>
    /// <param name="form"><c>auto</c>, <c>linear</c>, <c>mlp</c>; <c>none</c>: shapes must be equal.</param>
    /// <param name="tensor">The student's features.</param>
    /// <param name="from">Their shape for one sample.</param>
    /// <param name="to">The shape that they get.</param>
    /// <param name="channelAxis">The axis of their channels, the batch being 0.</param>
    /// <param name="name">The name of what the layer gives.</param>
    /// <returns>The tensor that the term reads.</returns>
    /// <exception cref="InputException">No layer leads from one shape to the other; or none is wanted, and the shapes differ.</exception>
    public static string Insert(
        GraphExtension graph, string form, string tensor, IReadOnlyList<long> from, IReadOnlyList<long> to, int channelAxis, string name)
    {
        var isSame = from.SequenceEqual(to);
        if (form == "none" || (isSame && form == "auto"))
            return isSame ? tensor : throw Misfit("A term compares features value by value, and their shapes differ.", "remove 'projector: none'");
        return (from, to) switch
        {
            ([var a], [var b]) => Layers(tensor, a, b, graph.Linear),
            ([var a, _, _], [var b]) => Layers(graph.GlobalMean(tensor, name), a, b, graph.Linear),
            ([var a, var t], [var b, var u]) when channelAxis == 1 && t == u => Layers(tensor, a, b, graph.StepWise),
            ([var t, var a], [var u, var b]) when channelAxis == 2 && t == u => Layers(tensor, a, b, graph.PositionWise),
            ([var a, var h, var w], [var b, var y, var x]) when h == y && w == x => Layers(tensor, a, b, graph.PixelWise),
            ([var a, var h, var w], [var b, var y, var x]) when h % y == 0 && h / y * x == w =>
                Layers(graph.MeanPool(tensor, $"{name}/pool", h / y), a, b, graph.PixelWise),
            _ => throw Misfit("The student's features cannot be projected to the teacher's.", "choose tensors of like resolution"),
        };

        string Layers(string x, long a, long b, Func<string, string, long, long, string> layer)
        {
            if (form != "mlp")
                return layer(x, name, a, b);
            var hidden = Math.Max(a, b);
            return layer(graph.Relu(layer(x, $"{name}/hidden", a, hidden), $"{name}/hidden.relu"), name, hidden, b);
        }

        InputException Misfit(string what, string remedy) => new(
            what, $"tensor '{tensor}' of the student", $"{Shapes.Format(from)} for one sample", $"{Shapes.Format(to)}, the teacher's", remedy);
    }
}

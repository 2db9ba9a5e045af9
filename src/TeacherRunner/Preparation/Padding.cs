namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>Brings sequences to one length.</summary>
internal static class Padding
{
    /// <summary>Cuts a list after some entries, or fills it up.</summary>
    /// <param name="graph">Where.</param>
    /// <param name="list">A tensor of one axis.</param>
    /// <param name="length">The length.</param>
    /// <param name="filler">The name of what fills it up, one value of the list's type.</param>
    /// <returns>The names of the list of that length, and of how much of it is content, int64 [1].</returns>
    public static (string List, string Length) ToLength(GraphWriter graph, string list, int length, string filler)
    {
        var wanted = graph.Longs(length);
        var cut = graph.Node("Slice", [list, graph.Longs(0), wanted]);
        var content = graph.Node("Shape", [cut]);
        var pads = graph.Node("Concat", [graph.Longs(0), graph.Node("Sub", [wanted, content])], GraphWriter.Int("axis", 0));
        return (graph.Node("Pad", [cut, pads, filler]), content);
    }
}

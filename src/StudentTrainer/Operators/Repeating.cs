namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Repeating a tensor along its axes.</summary>
internal static class Repeating
{
    /// <summary>A number of repeats and one axis, both inputs of the data's type.</summary>
    public static Kernel Tile1(NodeContext node)
    {
        var (tiles, axis) = (node.Doubles(1), node.Doubles(2));
        return x =>
        {
            var repeats = new long[x[0].ndim];
            Array.Fill(repeats, 1);
            repeats[(int)axis(x)[0]] = (long)tiles(x)[0];
            return [x[0].repeat(repeats)];
        };
    }

    /// <summary>A number of repeats per axis.</summary>
    public static Kernel Tile6(NodeContext node)
    {
        var repeats = node.Longs(1);
        return x => [x[0].repeat(repeats(x))];
    }
}

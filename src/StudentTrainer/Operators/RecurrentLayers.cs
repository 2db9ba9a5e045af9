namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Recurrent layers: <see cref="RecurrentLayer"/> walks through the time, a <see cref="RecurrentCell"/> takes one step.</summary>
internal static class RecurrentLayers
{
    public static Kernel Rnn(NodeContext node) =>
        new RecurrentLayer(node, states: 1, ["Tanh"], (x, direction, functions) => new RnnCell(x, direction, functions)).Run;

    public static Kernel Gru(NodeContext node)
    {
        var resetsSum = node.Attributes.GetInt("linear_before_reset", 0) != 0;
        return new RecurrentLayer(
            node, states: 1, ["Sigmoid", "Tanh"], (x, direction, functions) => new GruCell(x, direction, functions, resetsSum)).Run;
    }

    public static Kernel Lstm(NodeContext node)
    {
        var coupled = node.Attributes.GetInt("input_forget", 0) != 0;
        return new RecurrentLayer(
            node, states: 2, ["Sigmoid", "Tanh", "Tanh"],
            (x, direction, functions) => new LstmCell(x, direction, functions, coupled)).Run;
    }
}

using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Walks a recurrent cell through time, in one or both directions. The input's part of all steps is one matrix product; the rest is a
/// step each. Inputs: 0 the data [T, N, I], 1 to 3 weights and biases per direction, 4 the lengths, 5 and on the first states.
/// Outputs: the states of all steps [T, directions, N, H], and the last ones [directions, N, H]. With layout 1 N comes first.
/// </summary>
internal sealed class RecurrentLayer
{
    private readonly int states;
    private readonly bool batchFirst;
    private readonly bool readsSteps;
    private readonly long hiddenSize;
    private readonly bool[] backwards;
    private readonly Func<Tensor, Tensor>[][] functions;
    private readonly Func<StepInputs, long, Func<Tensor, Tensor>[], RecurrentCell> createCell;

    /// <summary>Reads the attributes that all recurrent layers have.</summary>
    /// <param name="node">The node.</param>
    /// <param name="states">How many states a cell has.</param>
    /// <param name="defaults">The activation functions of a cell, unless the node names others.</param>
    /// <param name="createCell">Makes the cell of a direction, with its functions.</param>
    public RecurrentLayer(
        NodeContext node, int states, string[] defaults, Func<StepInputs, long, Func<Tensor, Tensor>[], RecurrentCell> createCell)
    {
        (this.states, this.createCell) = (states, createCell);
        hiddenSize = node.Attributes.GetInt("hidden_size", 0); // the weights say it too
        batchFirst = node.Attributes.GetInt("layout", 0) != 0;
        readsSteps = node.IsRead(0);
        var direction = node.Attributes.GetString("direction", "forward");
        backwards = direction switch
        {
            "forward" => [false],
            "reverse" => [true],
            "bidirectional" => [false, true],
            _ => throw node.Unsupported("has an unknown direction", direction, "expected: forward, reverse or bidirectional"),
        };
        functions = [.. RecurrentFunctions.Read(node, defaults, backwards.Length).Chunk(defaults.Length)];
    }

    private long TimeAxis => batchFirst ? 1 : 0;

    /// <summary>Runs all steps.</summary>
    public Tensor[] Run(StepInputs x)
    {
        var lengths = x.Optional(4) is null ? null : x.Longs(4);
        if (hiddenSize != 0 && hiddenSize != x[2].shape[^1])
            throw new ArgumentException($"hidden_size is {hiddenSize}, but the weights have {x[2].shape[^1]} units");
        if (lengths is not null && lengths.Length != x[0].shape[batchFirst ? 0 : 1])
            throw new ArgumentException($"there are {lengths.Length} lengths for {x[0].shape[batchFirst ? 0 : 1]} samples");
        var directions = Enumerable.Range(0, backwards.Length).Select(direction => Run(x, direction, lengths)).ToArray();
        Tensor[] last = [.. Enumerable.Range(0, states).Select(i => Join([.. directions.Select(run => run.Last[i])], TimeAxis))];
        // Where nobody reads the steps, any tensor may stand in their place.
        return [readsSteps ? Join([.. directions.Select(run => stack(run.Steps, TimeAxis))], TimeAxis + 1) : last[0], .. last];
    }

    private (Tensor[] Steps, Tensor[] Last) Run(StepInputs x, int direction, long[]? lengths)
    {
        var cell = createCell(x, direction, functions[direction]);
        var sums = nn.functional.linear(x[0], cell.InputWeights, cell.InputBias).unbind(TimeAxis);
        var steps = new Tensor[sums.Length];
        var state = First(x, direction, x[0].shape[batchFirst ? 0 : 1]);
        var ends = lengths is null ? null : tensor(lengths, device: x[0].device).unsqueeze(1);
        var shortest = lengths?.Min() ?? steps.Length;
        for (var i = 0; i < steps.Length; i++)
        {
            var time = backwards[direction] ? steps.Length - 1 - i : i;
            var next = cell.Step(sums[time], state);
            if (ends is null || time < shortest)
            {
                (state, steps[time]) = (next, next[0]);
                continue;
            }
            var running = ends.Gt(time);
            state = [.. state.Zip(next, (before, after) => where(running, after, before))];
            steps[time] = state[0].mul(running);
        }
        return (steps, state);
    }

    /// <summary>The states before the first step, [N, H] each; those for one sample go for all.</summary>
    private Tensor[] First(StepInputs x, int direction, long samples)
    {
        var size = x[2].shape[2];
        return [.. Enumerable.Range(5, states).Select(input => x.Optional(input) is { } first
            ? first.select(TimeAxis, direction).expand(samples, size)
            : zeros([samples, size], x[0].dtype, x[0].device))];
    }

    private static Tensor Join(Tensor[] directions, long axis) =>
        directions.Length == 1 ? directions[0].unsqueeze(axis) : stack(directions, axis);
}

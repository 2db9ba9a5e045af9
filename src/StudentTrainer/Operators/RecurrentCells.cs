using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>One direction of a recurrent layer, ready for a run. Sums of gates lie side by side: [N, gates · H].</summary>
/// <param name="x">The layer's inputs: 1 are the weights of the input, 2 those of the state, 3 the biases of both.</param>
/// <param name="direction">Which of the directions.</param>
internal abstract class RecurrentCell(StepInputs x, long direction)
{
    /// <summary>[gates · H, I].</summary>
    public Tensor InputWeights { get; } = x[1].select(0, direction);

    /// <summary>[gates · H]; what is added to the input's part of the sums.</summary>
    public abstract Tensor? InputBias { get; }

    /// <summary>[H, gates · H].</summary>
    protected Tensor StateWeights { get; } = x[2].select(0, direction).t();

    /// <summary>[2, gates · H]: of the input, of the state.</summary>
    protected Tensor? Biases { get; } = x.Optional(3)?.select(0, direction).reshape(2, -1);

    /// <summary>One step.</summary>
    /// <param name="sums">The input's part of the sums.</param>
    /// <param name="state">The states before, [N, H] each.</param>
    /// <returns>The states after.</returns>
    public abstract Tensor[] Step(Tensor sums, Tensor[] state);
}

/// <summary>H' = f(sums).</summary>
internal sealed class RnnCell(StepInputs x, long direction, Func<Tensor, Tensor>[] functions) : RecurrentCell(x, direction)
{
    /// <inheritdoc/>
    public override Tensor? InputBias => Biases?.sum(0L);

    /// <inheritdoc/>
    public override Tensor[] Step(Tensor sums, Tensor[] state) => [functions[0](sums.addmm(state[0], StateWeights))];
}

/// <summary>
/// Gates z (keep) and r (reset), then the candidate: H' = (1 − z) · g(candidate) + z · H. The reset gate acts on the state, or on
/// the state's part of the sum (as in cuDNN and libtorch).
/// </summary>
internal sealed class GruCell : RecurrentCell
{
    private readonly Func<Tensor, Tensor>[] functions;
    private readonly bool resetsSum;
    private readonly long size;
    private readonly Tensor gateWeights;
    private readonly Tensor candidateWeights;
    private readonly Tensor? candidateBias;

    public GruCell(StepInputs x, long direction, Func<Tensor, Tensor>[] functions, bool resetsSum)
        : base(x, direction)
    {
        (this.functions, this.resetsSum) = (functions, resetsSum);
        size = StateWeights.shape[0];
        gateWeights = StateWeights.narrow(1, 0, 2 * size);
        candidateWeights = StateWeights.narrow(1, 2 * size, size);
        if (!resetsSum || Biases is null)
        {
            InputBias = Biases?.sum(0L);
            return;
        }
        InputBias = cat([Biases.narrow(1, 0, 2 * size).sum(0L), Biases[0].narrow(0, 2 * size, size)]);
        candidateBias = Biases[1].narrow(0, 2 * size, size);
    }

    /// <inheritdoc/>
    public override Tensor? InputBias { get; }

    /// <inheritdoc/>
    public override Tensor[] Step(Tensor sums, Tensor[] state)
    {
        var gates = functions[0](sums.narrow(1, 0, 2 * size).addmm(state[0], gateWeights)).chunk(2, 1);
        var (keep, reset) = (gates[0], gates[1]);
        var candidate = sums.narrow(1, 2 * size, size);
        candidate = resetsSum ? candidate.Add(reset.mul(Recalled(state[0]))) : candidate.addmm(reset.mul(state[0]), candidateWeights);
        return [functions[1](candidate).lerp(state[0], keep)];
    }

    private Tensor Recalled(Tensor state) =>
        candidateBias is null ? state.mm(candidateWeights) : candidateBias.addmm(state, candidateWeights);
}

/// <summary>
/// Gates i (input), o (output), f (forget), then the candidate c: C' = f · C + i · g(c); H' = o · h(C'). With peepholes the gates see
/// the cell too. Coupled: f = 1 − i.
/// </summary>
internal sealed class LstmCell(StepInputs x, long direction, Func<Tensor, Tensor>[] functions, bool coupled) : RecurrentCell(x, direction)
{
    private readonly Tensor[]? peepholes = x.Optional(7)?.select(0, direction).chunk(3);

    /// <inheritdoc/>
    public override Tensor? InputBias => Biases?.sum(0L);

    /// <inheritdoc/>
    public override Tensor[] Step(Tensor sums, Tensor[] state)
    {
        var (hidden, cell) = (state[0], state[1]);
        sums = sums.addmm(hidden, StateWeights);
        return peepholes is null ? Plain(sums, cell) : Peeping(sums, cell, peepholes);
    }

    private Tensor[] Plain(Tensor sums, Tensor cell)
    {
        var size = cell.shape[1];
        var gates = functions[0](sums.narrow(1, 0, 3 * size)).chunk(3, 1);
        var next = Remember(cell, gates[0], gates[2], sums.narrow(1, 3 * size, size));
        return [gates[1].mul(functions[2](next)), next];
    }

    private Tensor[] Peeping(Tensor sums, Tensor cell, Tensor[] weights)
    {
        var parts = sums.chunk(4, 1);
        var input = functions[0](parts[0].AddCMul(weights[0], cell, 1));
        var forget = functions[0](parts[2].AddCMul(weights[2], cell, 1));
        var next = Remember(cell, input, forget, parts[3]);
        return [functions[0](parts[1].AddCMul(weights[1], next, 1)).mul(functions[2](next)), next];
    }

    private Tensor Remember(Tensor cell, Tensor input, Tensor forget, Tensor candidate) =>
        coupled ? functions[1](candidate).lerp(cell, input.neg().Add(1)) : forget.mul(cell).AddCMul(input, functions[1](candidate), 1);
}

using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Students;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Graph;

public class AutocastTests
{
    private const int Samples = 6;

    public static TheoryData<string> StudentNames => [.. StudentCase.All.Keys];

    /// <summary>
    /// bfloat16 rounds what goes into a product, and what comes out of it. All numbers are multiples of 2^-7 below 4, so that sums are exact
    /// in any order and the formula can be required to the last bit.
    /// </summary>
    [Fact]
    public void Run_OfPerceptron_EqualsFormulaToTheLastBit()
    {
        var (w, b, v, c) = (Coarse(1, 15), Coarse(2, 5), Coarse(3, 10), Coarse(4, 2));
        var x = Coarse(5, Samples * 3);
        var model = new NodeModel(17, "N", 3)
            .Floats("w", w, 3, 5).Floats("b", b, 5).Floats("v", v, 2, 5).Floats("c", c, 2)
            .Node("MatMul", "x w", "p").Node("Add", "p b", "s").Node("Relu", "s", "h").Node("Gemm", "h v c", "y", ("transB", 1)).Build();

        var expected = new float[Samples * 2];
        for (var n = 0; n < Samples; n++)
        {
            var hidden = new double[5];
            for (var j = 0; j < 5; j++)
                hidden[j] = Math.Max(0, Rounded(Enumerable.Range(0, 3).Sum(i => Rounded(x[n * 3 + i]) * Rounded(w[i * 5 + j])) + Rounded(b[j])));
            for (var k = 0; k < 2; k++)
                expected[n * 2 + k] = (float)Rounded(Enumerable.Range(0, 5).Sum(j => hidden[j] * Rounded(v[k * 5 + j])) + Rounded(c[k]));
        }
        using var scope = NewDisposeScope();
        var program = Compile(model);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        var y = program.Run(weights, tensor(x, Samples, 3), training: true)[0];
        Assert.Equal(ScalarType.Float32, y.dtype);
        Assert.Equal(expected, y.detach().data<float>().ToArray());
    }

    /// <summary>The convolution's sums stay exact as above; the logarithm is taken of the rounded sum, but is itself not rounded.</summary>
    [Fact]
    public void Run_OfConvolutionAndSoftmax_RoundsTheOneAlone()
    {
        var (w, x) = (Coarse(6, 3 * 2), Coarse(7, Samples * 2));
        var model = new NodeModel(17, "N", 2, 1, 1).Floats("w", w, 3, 2, 1, 1)
            .Node("Conv", "x w", "p").Node("Flatten", "p", "f").Node("LogSoftmax", "f", "y").Build();
        var expected = new List<double>();
        for (var n = 0; n < Samples; n++)
        {
            var scores = Enumerable.Range(0, 3).Select(k => Rounded(Enumerable.Range(0, 2).Sum(i => Rounded(x[n * 2 + i]) * Rounded(w[k * 2 + i]))));
            expected.AddRange(scores.Select(score => score - Math.Log(scores.Sum(Math.Exp))));
        }
        using var scope = NewDisposeScope();
        var program = Compile(model);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        var y = program.Run(weights, tensor(x, Samples, 2, 1, 1), training: true)[0];
        Near.Equal([.. expected], Array.ConvertAll(y.detach().data<float>().ToArray(), value => (double)value), 1e-6);
    }

    [Fact]
    public void Run_OfWeightThatTwoNodesRead_CastsItOnce()
    {
        var model = new NodeModel(17, "N", 4).Floats("w", Numbers.Uniform(1, 16), 4, 4)
            .Node("MatMul", "x w", "a").Node("Relu", "a", "r").Node("MatMul", "r w", "b").Node("MatMul", "x w", "c").Node("Add", "b c", "y").Build();
        using var scope = NewDisposeScope();
        var program = Compile(model);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        var casts = new List<string>();
        program.Training.Run(weights, [rand(2, 4)], training: true, (step, _) =>
        {
            if (step.Operator.Name.StartsWith("to "))
                casts.Add($"{step.Node.Input[0]} {step.Operator.Name}");
        });
        Assert.Equal(["x to bfloat16", "w to bfloat16", "r to bfloat16", "y to float32"], casts);
    }

    /// <summary>A number in bfloat16 among the inputs of an operator that needs more would be a hole in the table or in the casts.</summary>
    [Theory]
    [MemberData(nameof(StudentNames))]
    public void Run_OfStudent_ComputesInTheTypesOfTheTable(string name)
    {
        using var scope = NewDisposeScope();
        var (program, batch) = Prepare(name);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        var products = 0;
        var y = program.Training.Run(weights, [batch], training: true, (step, slots) =>
        {
            if (step.Operator.Name.StartsWith("to "))
                return;
            var inputs = step.Inputs.Where(slot => slot >= 0).Select(slot => slots[slot]!.dtype).ToArray();
            var result = slots[step.Outputs[0]]!.dtype;
            switch (MixedPrecision.Of(step.Operator))
            {
                case ComputeType.BFloat16 when inputs[0] != ScalarType.Int64: // shapes are computed too
                    Assert.DoesNotContain(ScalarType.Float32, inputs);
                    Assert.Equal(ScalarType.BFloat16, result);
                    products++;
                    break;
                case ComputeType.Float32:
                    Assert.DoesNotContain(ScalarType.BFloat16, inputs.Append(result));
                    break;
            }
        });
        Assert.Equal(ScalarType.Float32, y[0].dtype);
        Assert.True(products > 0);
    }

    /// <summary>
    /// How far rounding to 8 bits turns a gradient depends on the student: 0.2 % in a small transformer, 10 % and more where many kinks of Relu and
    /// statistics of small batches lie in a row. The yardstick is what rounding weights and samples, once, does to the gradient in float32;
    /// mixed precision also rounds what each product gives, forwards and backwards. Seen: 0.04 to 8 times the yardstick.
    /// </summary>
    [Theory]
    [MemberData(nameof(StudentNames))]
    public void Gradients_OfStudent_AreFloat32AndNearThoseOfFloat32(string name)
    {
        using var scope = NewDisposeScope();
        var (program, batch) = Prepare(name);
        var plain = program with { Training = program.Graph };
        var (expected, rounded, mixed) = (Gradients(plain, batch), Gradients(plain, batch, round: true), Gradients(program, batch));
        Assert.All(mixed, gradient => Assert.Equal(ScalarType.Float32, gradient.dtype));
        var (error, yardstick) = (Distance(expected, mixed), Distance(expected, rounded));
        Assert.InRange(error, 1e-5, 12 * yardstick);
    }

    [Fact]
    public void Run_InEvaluation_EqualsFloat32()
    {
        using var scope = NewDisposeScope();
        var (program, batch) = Prepare("resnet8");
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        using var _ = no_grad();
        var plain = program with { Training = program.Graph };
        Assert.Equal(
            plain.Run(weights, batch, training: false)[0].data<float>().ToArray(),
            program.Run(weights, batch, training: false)[0].data<float>().ToArray());
    }

    /// <summary>Dropout left out: its masks are drawn in the type of what it gets.</summary>
    private static (StudentProgram Program, Tensor Batch) Prepare(string name)
    {
        var student = StudentCase.All[name];
        student = student with { Values = [.. student.Values.Where(option => option.Name != "dropout")] };
        var model = student.Build();
        return (Compile(model), StudentCase.Tensor(student.Batch(model, 16), student.BatchShape(16)));
    }

    private static StudentProgram Compile(OnnxModel model)
    {
        var graph = StudentGraph.Import(model);
        return graph.CompileForTraining([graph.Heads[0].Output], mixed: true);
    }

    /// <summary>The gradients of all parameters in one.</summary>
    /// <param name="round">Whether weights and samples are rounded to bfloat16 before; all the rest is float32.</param>
    private static Tensor[] Gradients(StudentProgram program, Tensor batch, bool round = false)
    {
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        if (round)
        {
            using var _ = no_grad();
            foreach (var (_, tensor) in weights.Parameters)
                tensor.copy_(tensor.to(bfloat16));
            batch = batch.is_floating_point() ? batch.to(bfloat16).to(float32) : batch;
        }
        var logits = program.Run(weights, batch, training: true)[0];
        var rows = logits.reshape(-1, logits.shape[^1]);
        rows.log_softmax(1).gather(1, arange(rows.shape[0]).remainder(rows.shape[1]).unsqueeze(1)).mean().neg().backward();
        return [.. weights.Parameters.Select(parameter => parameter.Tensor.grad!)];
    }

    /// <summary>The length of the difference ÷ the length of what was expected.</summary>
    private static double Distance(Tensor[] expected, Tensor[] actual)
    {
        var (wanted, found) = (Flat(expected), Flat(actual));
        return wanted.sub(found).norm().item<float>() / wanted.norm().item<float>();

        static Tensor Flat(Tensor[] tensors) => cat([.. tensors.Select(tensor => tensor.flatten())]);
    }

    private static float[] Coarse(int seed, int count) =>
        Array.ConvertAll(Numbers.Uniform(seed, count, -4, 4), value => MathF.Round(value * 128) / 128);

    /// <summary>To the nearest number of 8 bits, halves to the even one.</summary>
    private static double Rounded(double value)
    {
        if (value == 0)
            return 0;
        var unit = Math.Pow(2, Math.Floor(Math.Log2(Math.Abs(value))) - 7);
        return Math.Round(value / unit, MidpointRounding.ToEven) * unit;
    }
}

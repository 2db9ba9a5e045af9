using System.Buffers;
using System.Numerics.Tensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Threading;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace OnnxKd.StudentTrainer.Cpu;

/// <summary>
/// Σ over positions of KL(softmax(v/T) ‖ softmax(z/T)) and its gradient (softmax(z/T) − softmax(v/T)) ÷ T, a position at a time while it is in the
/// processor's cache. Beside the gradient no memory of the logits' size is needed. Positions are shared out among threads; each position's value is
/// kept and they are added up in order, so that the result does not depend on the number of threads.
/// </summary>
internal sealed class SoftenedDivergence : autograd.SingleTensorFunction<SoftenedDivergence>
{
    /// <summary>Values that are worth a thread of their own.</summary>
    private const int ValuesPerThread = 1 << 12;

    /// <inheritdoc/>
    public override string Name => nameof(SoftenedDivergence);

    /// <summary>Whether it can be done: float32 and a float type of the teacher on the CPU, of a size that a span can have.</summary>
    public static bool Suits(Tensor student, Tensor teacher) =>
        student.device_type == DeviceType.CPU && teacher.device_type == DeviceType.CPU && !teacher.requires_grad
        && student.dtype == float32 && TypeOf(teacher) is not null && student.ndim == 2 && student.numel() is > 0 and <= int.MaxValue / sizeof(float)
        && student.shape.AsSpan().SequenceEqual(teacher.shape);

    /// <summary>Computes it.</summary>
    /// <param name="student">z, positions × classes.</param>
    /// <param name="teacher">v, positions × classes.</param>
    /// <param name="temperature">T.</param>
    public static Tensor Of(Tensor student, Tensor teacher, double temperature) => apply(student, new Target(teacher, temperature));

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (student, target) = (((Tensor)vars[0]).contiguous(), (Target)vars[1]);
        var gradient = empty_like(student);
        var sum = Sum(student, target, gradient);
        ctx.save_for_backward([gradient]);
        return tensor((float)sum);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
        [ctx.get_saved_variables()[0].mul(grad_output), null!];

    private static double Sum(Tensor student, Target target, Tensor gradient)
    {
        var (rows, classes) = ((int)student.shape[0], (int)student.shape[1]);
        var teacher = target.Teacher.contiguous();
        var (own, stored, slopes) = (new HostRows(student), new HostRows(teacher), new HostRows(gradient));
        var type = TypeOf(teacher)!.Value;
        var values = new double[rows];
        var parts = (int)Math.Clamp(student.numel() / ValuesPerThread, 1, Math.Min(rows, get_num_threads()));
        Parts.Run(parts, parts, part =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(2 * classes);
            for (var row = (int)((long)rows * part / parts); row < (int)((long)rows * (part + 1) / parts); row++)
            {
                var teacherRow = scratch.AsSpan(0, classes);
                Elements.ToSingle(stored.Bytes(row), type, teacherRow);
                own.Floats(row).CopyTo(slopes.Floats(row));
                values[row] = Row(slopes.Floats(row), teacherRow, scratch.AsSpan(classes, classes), target.Temperature);
            }
            ArrayPool<float>.Shared.Return(scratch);
        });
        GC.KeepAlive((student, teacher, gradient));
        return values.Sum();
    }

    /// <summary>A position's divergence.</summary>
    /// <param name="student">The logits; become the gradient.</param>
    /// <param name="teacher">The logits; overwritten.</param>
    /// <param name="difference">As long; overwritten.</param>
    /// <param name="temperature">T.</param>
    private static double Row(Span<float> student, Span<float> teacher, Span<float> difference, double temperature)
    {
        Soften(student, temperature);
        Soften(teacher, temperature);
        TensorPrimitives.Subtract(teacher, student, difference);
        var (own, target) = (Exponentials(student), Exponentials(teacher));
        var divergence = OrderedSums.Dot(teacher, difference) / target - Math.Log(target) + Math.Log(own);
        TensorPrimitives.Multiply(teacher, (float)(-1 / (temperature * target)), teacher);
        TensorPrimitives.MultiplyAdd(student, (float)(1 / (temperature * own)), teacher, student);
        return divergence;
    }

    /// <summary>Divides by T and moves the largest value to 0: no exponential overflows, and their sum is 1 or more.</summary>
    private static void Soften(Span<float> row, double temperature)
    {
        TensorPrimitives.Multiply(row, (float)(1 / temperature), row);
        TensorPrimitives.Subtract(row, TensorPrimitives.Max<float>(row), row);
    }

    private static double Exponentials(Span<float> row)
    {
        TensorPrimitives.Exp<float>(row, row);
        return OrderedSums.Sum(row);
    }

    private static ElementType? TypeOf(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Float32 => ElementType.Float32,
        ScalarType.Float16 => ElementType.Float16,
        ScalarType.BFloat16 => ElementType.BFloat16,
        _ => null,
    };

    private sealed record Target(Tensor Teacher, double Temperature);

    /// <summary>The positions of a contiguous tensor where they lie: libtorch's memory does not move, so any thread can use it.</summary>
    private readonly unsafe struct HostRows
    {
        private readonly byte* first;
        private readonly int length;

        public HostRows(Tensor tensor)
        {
            var bytes = tensor.bytes;
            length = bytes.Length / (int)tensor.shape[0];
            fixed (byte* address = bytes)
                first = address;
        }

        public Span<byte> Bytes(int row) => new(first + (long)row * length, length);

        public Span<float> Floats(int row) => new(first + (long)row * length, length / sizeof(float));
    }
}

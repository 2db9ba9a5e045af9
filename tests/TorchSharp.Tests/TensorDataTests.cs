using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.TorchSharp.Tests;

public class TensorDataTests
{
    [Fact]
    public void Tensor_FromArray_RoundTripsEveryType()
    {
        using var scope = NewDisposeScope();
        RoundTrip([true, false, true], ScalarType.Bool, tensor([true, false, true]));
        RoundTrip<byte>([0, 7, 255], ScalarType.Byte, tensor(new byte[] { 0, 7, 255 }));
        RoundTrip<sbyte>([-128, 7, 127], ScalarType.Int8, tensor(new sbyte[] { -128, 7, 127 }));
        RoundTrip<short>([-3, 7], ScalarType.Int16, tensor(new short[] { -3, 7 }));
        RoundTrip([int.MinValue, 7], ScalarType.Int32, tensor(new[] { int.MinValue, 7 }));
        RoundTrip([long.MaxValue, -7], ScalarType.Int64, tensor(new[] { long.MaxValue, -7 }));
        RoundTrip([(Half)1.5, (Half)(-2)], ScalarType.Float16, tensor(new[] { (Half)1.5, (Half)(-2) }));
        RoundTrip([1.5f, float.PositiveInfinity], ScalarType.Float32, tensor(new[] { 1.5f, float.PositiveInfinity }));
        RoundTrip([1e300, -0.5], ScalarType.Float64, tensor(new[] { 1e300, -0.5 }));

        static void RoundTrip<T>(T[] values, ScalarType type, Tensor tensor) where T : unmanaged
        {
            Assert.Equal(type, tensor.dtype);
            Assert.Equal(values, tensor.data<T>().ToArray());
        }
    }

    [Fact]
    public void Tensor_FromArray_CopiesIt()
    {
        var source = new[] { 1f, 2f };
        using var copy = tensor(source);
        source[0] = 9;
        Expect.Close(copy, [1, 2]);
    }

    [Fact]
    public void Tensor_WithDimensions_TakesThatShape()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([2, 3], tensor(new float[6], [2, 3]).shape);
        Assert.Equal([3, 1, 2], tensor(new List<int> { 1, 2, 3, 4, 5, 6 }, 3, 1, 2).shape);
        Assert.Equal([2, 2], tensor(new long[,] { { 1, 2 }, { 3, 4 } }).shape);
        Assert.Equal([], tensor(3.5).shape);
        Assert.Equal(ScalarType.Int64, tensor(new[] { 1.7, 2.2 }, ScalarType.Int64).dtype);
        Assert.True(tensor(new[] { 1f }, requires_grad: true).requires_grad);
        Assert.Contains("[2, 2]", Assert.Throws<ArgumentException>(() => tensor(new float[5], [2, 2])).Message);
        Assert.Equal([0, 4], tensor(Array.Empty<float>(), [0, 4]).shape);
    }

    [Fact]
    public void FromArray_OfAnyRank_KeepsShapeAndOrder()
    {
        var array = new float[2, 3, 1];
        array[1, 0, 0] = 5;
        using var result = from_array(array);
        Assert.Equal([2, 3, 1], result.shape);
        Expect.Close(result, [0, 0, 0, 5, 0, 0]);
    }

    [Fact]
    public void FromBuffer_WithOffset_ReadsBytesAsElements()
    {
        var bytes = new[] { 1f, 2f, 3f, 4f }.SelectMany(BitConverter.GetBytes).ToArray();
        using var scope = NewDisposeScope();
        Expect.Close(frombuffer(bytes, ScalarType.Float32), [1, 2, 3, 4]);
        Expect.Close(frombuffer(bytes, ScalarType.Float32, count: 2, offset: 1), [2, 3]);
    }

    [Fact]
    public void Data_OfView_FollowsTheStrides()
    {
        using var scope = NewDisposeScope();
        var matrix = arange(12).reshape(3, 4);
        var view = matrix.t()[TensorIndex.Slice(1, 4, 2)];
        Assert.False(view.is_contiguous());

        long[] expected = [1, 5, 9, 3, 7, 11];
        Assert.Equal(expected, view.data<long>().ToArray());
        Assert.Equal(expected, view.data<long>());
        Assert.Equal(expected, view.contiguous().data<long>().ToArray());
        Assert.Equal(7, view.data<long>()[1, 1]);
        Assert.Equal(7, view.data<long>()[4]);
        Assert.Equal(expected, view.data<long>().ToNDArray().Cast<long>());

        view.data<long>().CopyFrom([0, 0], tensorIndex: 1);
        Assert.Equal([0, 1, 2, 3, 4, 0, 6, 7, 8, 0, 10, 11], matrix.data<long>().ToArray());
    }

    [Fact]
    public void Data_AsAnotherType_IsRefused()
    {
        using var x = ones(2);
        Assert.Contains("Float32", Assert.Throws<ArgumentException>(() => x.data<double>()).Message);
        Assert.Throws<ArgumentException>(() => x.item<float>());
        Assert.Throws<IndexOutOfRangeException>(() => x.data<float>()[2]);
    }

    [Fact]
    public void Item_OfOneElement_ReadsItAsItsTypeOnly()
    {
        using var x = tensor(3.25f).reshape(1, 1);
        Assert.Equal(3.25f, x.item<float>());
        Assert.Throws<ArgumentException>(() => x.item<double>());
        Assert.Equal(3.25, x.ToScalar().ToDouble());
        Assert.Equal(3, (int)x);
        Assert.Equal(ScalarType.Int64, tensor(5).ToScalar().Type);
        Assert.True((bool)tensor(true));
    }

    [Fact]
    public void Bytes_OfContiguousTensor_AreItsMemory()
    {
        using var x = zeros(2);
        x.bytes = BitConverter.GetBytes(1f).Concat(BitConverter.GetBytes(2f)).ToArray();
        Expect.Close(x, [1, 2]);
        x.bytes.Clear();
        Expect.Close(x, [0, 0]);
        Assert.Throws<ArgumentException>(() => x.bytes = new byte[7]);
        using var view = ones(2, 3).t();
        Assert.Throws<NotImplementedException>(() => view.bytes.Length);
    }

    [Fact]
    public void Properties_DescribeTheTensor()
    {
        using var scope = NewDisposeScope();
        var x = zeros([2, 3, 4], ScalarType.Int16);
        Assert.Equal((3L, 24L, 2L, ScalarType.Int16), (x.Dimensions, x.numel(), x.ElementSize, x.dtype));
        Assert.Equal([12, 4, 1], x.stride());
        Assert.Equal((4L, 3L), (x.stride(1), x.size(-2)));
        Assert.Equal(8, x[0, 2].storage_offset());
        Assert.Equal("[2x3x4], type = Int16, device = cpu", x.ToString());
        Assert.True(x.is_integral() && !x.is_floating_point() && x.is_cpu() && !x.is_cuda);
        Assert.True(zeros(2).Equals(zeros(2)));
        Assert.False(zeros(2).Equals(zeros(3)));
    }

    [Fact]
    public void Conversion_BetweenTypes_FollowsLibtorch()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { -1.7f, 0f, 2.5f });
        Assert.Equal([-1, 0, 2], x.@int().data<int>().ToArray());
        Assert.Equal([true, false, true], x.@bool().data<bool>().ToArray());
        Assert.Equal([(Half)(-1.7f), (Half)0, (Half)2.5f], x.half().data<Half>().ToArray());
        Assert.Equal(ScalarType.BFloat16, x.bfloat16().dtype);
        Assert.Equal(ScalarType.Float64, x.type_as(zeros(1, ScalarType.Float64)).dtype);
        Assert.Equal(ScalarType.Float32, result_type(x, tensor(new[] { 1L })));
        Assert.Equal(ScalarType.Int64, promote_types(ScalarType.Int32, ScalarType.Int64));
    }
}

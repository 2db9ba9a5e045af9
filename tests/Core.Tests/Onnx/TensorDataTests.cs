using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Tests.Onnx;

public class TensorDataTests
{
    /// <summary>The values 1 and 2 (1 and 0 for bool) in the typed field that ONNX prescribes for each type.</summary>
    public static TheoryData<DataType, TensorProto> TypedFields => new()
    {
        { DataType.Float, new() { FloatData = { 1, 2 } } },
        { DataType.Double, new() { DoubleData = { 1, 2 } } },
        { DataType.Int64, new() { Int64Data = { 1, 2 } } },
        { DataType.Int32, new() { Int32Data = { 1, 2 } } },
        { DataType.Int16, new() { Int32Data = { 1, 2 } } },
        { DataType.Int8, new() { Int32Data = { 1, 2 } } },
        { DataType.Uint16, new() { Int32Data = { 1, 2 } } },
        { DataType.Uint8, new() { Int32Data = { 1, 2 } } },
        { DataType.Float16, new() { Int32Data = { 0x3C00, 0x4000 } } },
        { DataType.Bfloat16, new() { Int32Data = { 0x3F80, 0x4000 } } },
        { DataType.Uint32, new() { Uint64Data = { 1, 2 } } },
        { DataType.Uint64, new() { Uint64Data = { 1, 2 } } },
    };

    [Theory]
    [MemberData(nameof(TypedFields))]
    public void ToFloats_TypedField_IsRead(DataType type, TensorProto tensor)
    {
        tensor.DataType = (int)type;
        tensor.Dims.Add(2);

        Assert.Equal([1f, 2f], tensor.ToFloats());
    }

    [Theory]
    [MemberData(nameof(TypedFields))]
    public void ToFloats_SameValuesAsRawData_AreRead(DataType type, TensorProto tensor)
    {
        tensor.DataType = (int)type;
        tensor.Dims.Add(2);
        var raw = new TensorProto { DataType = (int)type, Dims = { 2 }, RawData = ByteString.CopyFrom(tensor.RawBytes()) };

        Assert.Equal([1f, 2f], raw.ToFloats());
    }

    [Fact]
    public void ToLongs_NegativeNarrowIntegers_KeepTheirSign()
    {
        Assert.Equal([-1L, -128L], new TensorProto { DataType = (int)DataType.Int8, Dims = { 2 }, Int32Data = { -1, -128 } }.ToLongs());
        Assert.Equal([-2L], TensorData.Create("t", ElementType.Int16, [0xFE, 0xFF], 1).ToLongs());
        Assert.Equal([1L, 0L], new TensorProto { DataType = (int)DataType.Bool, Dims = { 2 }, Int32Data = { 1, 0 } }.ToLongs());
    }

    [Fact]
    public void ToFloats_RawLittleEndian_IsReadAsTheSpecificationSays() =>
        Assert.Equal(
            [1.5f, -2f],
            new TensorProto
            {
                DataType = (int)DataType.Float, Dims = { 2 }, RawData = ByteString.CopyFrom(0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0),
            }.ToFloats());

    [Fact]
    public void ToFloats_ScalarAndEmpty_HaveOneAndNoValue()
    {
        Assert.Equal([3f], TensorData.Create("s", [3f]).ToFloats());
        Assert.Empty(TensorData.Create("e", ReadOnlySpan<float>.Empty, 0, 4).ToFloats());
    }

    [Fact]
    public void SetFloats_TensorWithTypedData_UsesRawDataOnly()
    {
        var tensor = new TensorProto { Name = "t", DataType = (int)DataType.Float, Dims = { 2 }, FloatData = { 1, 2 } };

        tensor.SetFloats([3, 4, 5, 6], [2, 2]);

        Assert.Empty(tensor.FloatData);
        Assert.Equal([2L, 2L], tensor.Dims);
        Assert.Equal([0, 0, 0x40, 0x40], tensor.RawData.ToByteArray()[..4]);
        Assert.Equal([3, 4, 5, 6], tensor.ToFloats());
    }

    [Fact]
    public void SetFloats_WrongNumberOfValues_Throws() =>
        Assert.Throws<ArgumentException>(() => TensorData.Create("t", [1f, 2f], 2).SetFloats([1, 2, 3]));

    [Fact]
    public void ToLongs_WrongType_NamesTheTensor() =>
        Assert.Contains("'f'", Assert.Throws<InputException>(() => TensorData.Create("f", [1f], 1).ToLongs()).Message);

    [Fact]
    public void RawBytes_TextTensor_IsUnsupported() =>
        Assert.Contains("STRING", Assert.Throws<UnsupportedModelException>(
            () => new TensorProto { Name = "s", DataType = (int)DataType.String, Dims = { 1 } }.RawBytes().Length).Message);

    [Fact]
    public void ToDataType_EveryElementType_RoundTrips() =>
        Assert.All(Enum.GetValues<ElementType>(), type =>
        {
            Assert.True(TensorTypes.TryElementType(type.ToDataType(), out var back));
            Assert.Equal(type, back);
        });
}

using System.Buffers.Binary;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Tests.Safetensors;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_FileWrittenByHand_ReadsTypesShapesAndValues()
    {
        var path = Write(
            """
            {"__metadata__":{"made":"by hand"},
            "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
            "b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}
            """,
            [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 200]);

        using var file = SafetensorsFile.Open(path);

        Assert.Equal("by hand", file.Metadata["made"]);
        Assert.Equal([1f, -2f], file.ToFloats("a"));
        Assert.Equal([200f], file.ToFloats("b"));
        Assert.Empty(file.Tensors["b"].Shape);
        Assert.Equal([0x3F, 0, 0], file.Bytes("a", 3, 3).ToArray());
    }

    [Fact]
    public void Open_DataThatIsNotAligned_IsRead()
    {
        var path = Write(
            """{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}} """,
            [7, 0, 0, 0x80, 0x3F]);

        using var file = SafetensorsFile.Open(path);

        Assert.Equal([1f], file.ToFloats("f"));
    }

    [Fact]
    public void Write_TwoTensors_GivesTheBytesOfTheFormat()
    {
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(
            stream,
            [
                SafetensorsTensor.FromBytes("s", ElementType.UInt8, new byte[] { 1, 2, 3 }, 3),
                SafetensorsTensor.From("w", new[] { 1f }, 1, 1),
            ],
            new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" });

        const string Header =
            """{"__metadata__":{"a":"1","b":"2"},"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"""
            + "\"s\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[4,7]}}";
        var padded = Encoding.UTF8.GetBytes(Header.PadRight((Header.Length + 7) / 8 * 8));
        Assert.Equal([(byte)padded.Length, 0, 0, 0, 0, 0, 0, 0, .. padded, 0, 0, 0x80, 0x3F, 1, 2, 3], stream.ToArray());
    }

    [Fact]
    public void Write_EveryType_IsReadBack()
    {
        static byte[] TwoElements(ElementType type) => [.. Enumerable.Range(1, 2 * type.Size()).Select(i => (byte)i)];
        SafetensorsWriter.Write(
            folder["all"],
            Enum.GetValues<ElementType>().Select(type => SafetensorsTensor.FromBytes(type.Name(), type, TwoElements(type), 2)));

        using var file = SafetensorsFile.Open(folder["all"]);

        foreach (var type in Enum.GetValues<ElementType>())
        {
            var entry = file.Tensors[type.Name()];
            Assert.Equal(type, entry.Type);
            Assert.Equal(0, entry.Offset % type.Size());
            Assert.Equal(TwoElements(type), file.Bytes(type.Name()).ToArray());
        }
    }

    [Fact]
    public void Write_EmptyAndNoTensors_AreReadBack()
    {
        SafetensorsWriter.Write(folder["none"], []);
        SafetensorsWriter.Write(folder["empty"], [SafetensorsTensor.From("e", Array.Empty<float>(), 0, 3)]);

        using var none = SafetensorsFile.Open(folder["none"]);
        using var empty = SafetensorsFile.Open(folder["empty"]);
        Assert.Empty(none.Tensors);
        Assert.Equal([0L, 3L], empty.Tensors["e"].Shape);
        Assert.Empty(empty.ToFloats("e"));
    }

    [Fact]
    public void Write_WrongInput_ThrowsAndLeavesNoFile()
    {
        var tensor = SafetensorsTensor.From("a", new[] { 1f }, 1);

        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [tensor, tensor]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [tensor with { Name = "__metadata__" }]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["f"], [tensor with { Shape = [2] }]));
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Theory]
    [InlineData("not begin with '{'", """ {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""")]
    [InlineData("not begin with '{'", "[]")]
    [InlineData("not valid JSON", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}""")]
    [InlineData("not valid JSON", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":1}""")]
    [InlineData("type of 'a' is not known", """{"a":{"dtype":"U9","shape":[4],"data_offsets":[0,4]}}""")]
    [InlineData("malformed", """{"a":{"dtype":1,"shape":[4],"data_offsets":[0,4]}}""")]
    [InlineData("malformed", """{"a":{"dtype":"U8","shape":4,"data_offsets":[0,4]}}""")]
    [InlineData("malformed", """{"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}""")]
    [InlineData("malformed", """{"a":{"dtype":"U8","shape":[4.5],"data_offsets":[0,4]}}""")]
    [InlineData("malformed", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[4]}}""")]
    [InlineData("malformed", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[-4,0]}}""")]
    [InlineData("malformed", """{"a":{"dtype":"U8","shape":[4]}}""")]
    [InlineData("malformed", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"more":1}}""")]
    [InlineData("malformed", """{"a":[]}""")]
    [InlineData("metadata is malformed", """{"__metadata__":{"n":1},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""")]
    [InlineData("too large", """{"a":{"dtype":"U8","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""")]
    [InlineData("too large", """{"a":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,4]}}""")]
    [InlineData("outside the file", """{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}""")]
    [InlineData("outside the file", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}""")]
    [InlineData("do not fit its shape", """{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,4]}}""")]
    [InlineData("do not fit its shape", """{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}""")]
    [InlineData("gap before 'a'", """{"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}""")]
    [InlineData("do not fill", """{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""")]
    [InlineData(
        "overlaps", """{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""")]
    [InlineData(
        "gap before 'b'", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""")]
    public void Open_BrokenHeader_IsRefused(string message, string header)
    {
        var path = Write(header, [1, 2, 3, 4]);

        Assert.Contains(message, Assert.Throws<InputException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Theory]
    [InlineData("shorter than", new byte[] { 2, 0, 0, 0, 0, 0, 0 })]
    [InlineData("ends within its header", new byte[] { 3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' })]
    [InlineData("too long", new byte[] { 1, 0xE1, 0xF5, 5, 0, 0, 0, 0, (byte)'{', (byte)'}' })]
    [InlineData("too long", new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, (byte)'{', (byte)'}' })]
    [InlineData("not begin with '{'", new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("not valid JSON", new byte[] { 4, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'"', 0xEF, (byte)'"' })]
    public void Open_BrokenLength_IsRefused(string message, byte[] bytes)
    {
        var path = folder.Write("bad", bytes);

        Assert.Contains(message, Assert.Throws<InputException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void Open_EveryTruncation_IsRefused()
    {
        SafetensorsWriter.Write(folder["whole"], [SafetensorsTensor.From("a", new[] { 1f, 2f }, 2)]);
        var whole = File.ReadAllBytes(folder["whole"]);
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut", whole.AsSpan(0, length));
            Assert.Throws<InputException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void Bytes_OfAnUnknownTensorOrOutside_Throws()
    {
        SafetensorsWriter.Write(folder["f"], [SafetensorsTensor.From("a", new[] { 1f, 2f }, 2)]);
        var file = SafetensorsFile.Open(folder["f"]);

        Assert.Contains("'b'", Assert.Throws<InputException>(() => file.Bytes("b").Length).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("a", 5, 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("a", long.MaxValue, 4).Length);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("a").Length);
    }

    [Fact]
    public void Open_MissingFile_IsRefused() => Assert.Throws<InputException>(() => SafetensorsFile.Open(folder["none"]));

    private string Write(string header, byte[] data)
    {
        var bytes = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        return folder.Write("file", [.. length, .. bytes, .. data]);
    }
}

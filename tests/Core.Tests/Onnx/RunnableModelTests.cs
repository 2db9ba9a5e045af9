using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Tests.Onnx;

/// <summary>What a session of ONNX Runtime is given. A message of some hundred bytes at most stands for the 2 GB of a real one; RunnableModelTests of TeacherRunner runs what comes of it.</summary>
public sealed class RunnableModelTests : IDisposable
{
    private const long Most = 400;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Of_WhatFits_IsOneMessage()
    {
        var model = Load();

        var runnable = RunnableModel.Of(model.Proto, "m.onnx");

        Assert.Null(runnable.Root);
        Assert.Equal(model.Proto, ModelProto.Parser.ParseFrom(runnable.Bytes));
    }

    [Fact]
    public void Of_MoreThanAMessageHolds_LeavesExternalDataWhereItIs()
    {
        var model = Load();
        var before = model.Proto.Clone();

        var runnable = RunnableModel.Of(model.Proto.Clone(), "m.onnx", Most);

        var tensor = ModelProto.Parser.ParseFrom(runnable.Bytes).Graph.Initializer[0];
        Assert.True(tensor.RawData.IsEmpty);
        var entries = tensor.ExternalData.ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.Equal((folder["w.bin"], "4", "800"), (Path.Combine(runnable.Root!, entries["location"]), entries["offset"], entries["length"]));
        Assert.Equal(before, model.Proto);
    }

    [Fact]
    public void Of_MoreThanAMessageHolds_WithoutExternalData_IsRefused()
    {
        var error = Assert.Throws<UnsupportedModelException>(() => RunnableModel.Of(Models.Small(), "m.onnx", most: 8));
        Assert.Contains("too large for one ONNX file", error.Message);
        Assert.Contains("m.onnx", error.Message);
    }

    [Fact]
    public void Of_DataThatWasChangedSince_IsRefused()
    {
        var model = Load();
        folder.Write("w.bin", new byte[840]);

        Assert.Contains("was changed", Assert.Throws<InputException>(() => RunnableModel.Of(model.Proto, "m.onnx", Most)).Message);
    }

    private OnnxModel Load()
    {
        folder.Write("w.bin", MemoryMarshal.AsBytes<float>([.. Enumerable.Range(0, 210).Select(i => (float)i)]).ToArray());
        var proto = Models.External(("location", "w.bin"), ("offset", "4"), ("length", "800"));
        proto.Graph.Initializer[0].Dims[1] = 100;
        return OnnxModel.Load(folder.Write("m.onnx", proto.ToByteArray()));
    }
}

using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Sessions;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

/// <summary>A classifier that gives a map for each sample teaches what its maps say, in the order of their keys.</summary>
public sealed class ZipMapTests : IDisposable
{
    private const int Samples = 5;

    private readonly LinearTeacher teacher = new(features: 6, classes: 3, seed: 4);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Maps_WithNumbersAsKeys_AreColumnsInTheirOrder()
    {
        var path = Write(keys => keys.Ints.AddRange([20, 3, 10]), "classlabels_int64s", AttributeType.Ints);

        var maps = RunMaps(path, value => value.GetTensorDataAsSpan<long>().ToArray());

        Assert.Equal(["3", "10", "20"], OnnxModel.Load(path).Maps.Single().Keys);
        AssertColumns(maps, [3, 10, 20], path);
    }

    [Fact]
    public void Maps_WithTextsAsKeys_AreColumnsInTheirOrder()
    {
        var path = Write(
            keys => keys.Strings.AddRange([ByteString.CopyFromUtf8("dog"), ByteString.CopyFromUtf8("ant"), ByteString.CopyFromUtf8("cat")]),
            "classlabels_strings", AttributeType.Strings);

        AssertColumns(RunMaps(path, value => value.GetStringTensorAsArray()), ["ant", "cat", "dog"], path);
    }

    /// <summary>The probabilities that are learned from, against what ONNX Runtime's own maps say.</summary>
    private void AssertColumns<T>(IReadOnlyList<Dictionary<T, float>> maps, T[] keys, string path)
        where T : notnull
    {
        using var session = OnnxClassifier.Open(OnnxModel.Load(path), [6], device: "cpu");
        var logits = new float[Samples * 3];
        session.Run(teacher.Samples(Samples), Samples, logits);
        Assert.Contains(session.Output.Kind, new[] { StreamKind.Logit, StreamKind.LogProbability });
        Assert.Equal(("probabilities", 3), (session.Interface.Output!.Name, session.Interface.Output.Keys!.Count));
        foreach (var (row, scores) in logits.Chunk(3).Index())
        {
            var sum = scores.Sum(score => Math.Exp(score));
            for (var c = 0; c < 3; c++)
                Assert.Equal(maps[row][keys[c]], Math.Exp(scores[c]) / sum, 5);
        }
    }

    private List<Dictionary<T, float>> RunMaps<T>(string path, Func<OrtValue, T[]> keysOf)
        where T : notnull
    {
        using var session = new InferenceSession(path);
        using var options = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(teacher.Samples(Samples).ToArray(), [Samples, 6]);
        using var results = session.Run(options, ["x"], [input], ["probabilities"]);
        var maps = new List<Dictionary<T, float>>();
        for (var row = 0; row < results[0].GetValueCount(); row++)
        {
            using var map = results[0].GetValue(row, OrtAllocator.DefaultInstance);
            using var keys = map.GetValue(0, OrtAllocator.DefaultInstance);
            using var values = map.GetValue(1, OrtAllocator.DefaultInstance);
            maps.Add(keysOf(keys).Zip(values.GetTensorDataAsSpan<float>().ToArray()).ToDictionary(pair => pair.First, pair => pair.Second));
        }

        return maps;
    }

    private string Write(Action<AttributeProto> keys, string name, AttributeType type)
    {
        var model = teacher.Graph().Node("Softmax", "logits", "probs", ("axis", 1)).BuildProto();
        var attribute = new AttributeProto { Name = name, Type = type };
        keys(attribute);
        model.Graph.Node.Add(new NodeProto { OpType = "ZipMap", Domain = "ai.onnx.ml", Name = "zip", Input = { "probs" }, Output = { "probabilities" }, Attribute = { attribute } });
        model.Graph.Output.Add(new ValueInfoProto
        {
            Name = "probabilities",
            Type = new()
            {
                SequenceType = new()
                {
                    ElemType = new()
                    {
                        MapType = new()
                        {
                            KeyType = (int)(type == AttributeType.Ints ? DataType.Int64 : DataType.String),
                            ValueType = new() { TensorType = new() { ElemType = (int)DataType.Float } },
                        },
                    },
                },
            },
        });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 1 });
        File.WriteAllBytes(folder["zip.onnx"], model.ToByteArray());
        return folder["zip.onnx"];
    }
}

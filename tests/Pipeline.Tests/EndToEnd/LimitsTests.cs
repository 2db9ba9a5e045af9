using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Settings and files beyond what there can be: refused as such, before any work, and never as a defect.</summary>
[Collection(nameof(TinyProject))]
public sealed class LimitsTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("capture.storage={ top-k: 5 }")]
    [InlineData("capture.storage={ sampled: 70000 }")]
    [InlineData("capture.batch-size=2147483647")]
    [InlineData("training.batch-size=2147483647")]
    [InlineData("training.epochs=99999999999")]
    [InlineData("training.schedule={ name: cosine, warmup-epochs: 30 }")]
    [InlineData("student.widths=[2000000000, 2000000000]")]
    [InlineData("data.transfer.rows=3000000000..")]
    [InlineData("data.transfer.samples=.")]
    [InlineData("data.transfer.labels=/dev/zero")]
    public void Run_SettingBeyondWhatThereIs_IsRefusedBeforeTheCapture(string setting)
    {
        var error = Fails(2, project["student.yaml"], "--set", setting);

        Assert.Contains("where:", error);
        AssertNothingCaptured();
    }

    [Fact]
    public void Run_NameThatIsTooLong_IsRefused() => Assert.Contains("name", Fails(2, project["student.yaml"], "--name", new string('n', 300)));

    [Theory]
    [InlineData("metadata", "a key twice")]
    [InlineData("size", "W")]
    [InlineData("input", "lacks an input")]
    [InlineData("folder", "a folder")]
    [InlineData("loop", "runs longer than it may")]
    public void Run_TeacherBeyondWhatThereIs_IsRefused(string kind, string expected)
    {
        var path = folder["m.onnx"];
        if (kind == "folder")
            Directory.CreateDirectory(path);
        else
            LinearModel.Write(path, edit: Edit(kind));

        Assert.Contains(expected, Fails(2, project["student.yaml"], "--teacher", path, "--time-limit", "1"));
    }

    [Fact]
    public void TeacherKinds_TeacherThatNeverEnds_IsNotTriedAgainByTheRun()
    {
        var source = RecipeSource.Load(project.Recipe(TinyProject.StudentRecipe.Replace("teacher.onnx", LinearModel.Write(folder["m.onnx"], edit: Edit("loop")))));
        var usual = ModelLimits.Time;
        ModelLimits.Time = TimeSpan.FromSeconds(1);
        try
        {
            Assert.Throws<LimitException>(() => TeacherKinds.Find(source));
        }
        finally
        {
            ModelLimits.Time = usual;
        }
    }

    [Fact]
    public void Inspect_Folder_SaysThatItIsOne() => Assert.Contains("a folder", Cli.Fails(2, "inspect", folder.Path));

    [Fact]
    public void Run_TeacherThatGives16Bits_IsCaptured()
    {
        var path = LinearModel.Write(folder["half.onnx"], edit: model =>
        {
            var cast = model.Graph.Node[2];
            cast.OpType = "Cast";
            cast.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = (long)TensorProto.Types.DataType.Float16 });
            model.Graph.Output[0].Type.TensorType.ElemType = (int)TensorProto.Types.DataType.Float16;
        });

        Cli.Done("cache", project["student.yaml"], "--runs", folder["runs"], "--teacher", path);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 0)]
    [InlineData(3, 2)]
    public void Run_StudentWithScalesThatFitNothing_IsRefusedBeforeTheCapture(int scales, int axis)
    {
        var student = LinearModel.Write(folder["student.onnx"], edit: model => Quantise(model.Graph, scales, axis));

        var result = Cli.Run("run", project.RecipeOfStudent(student), "--runs", folder["runs"]);

        Assert.Contains(result.ExitCode, new[] { 2, 3 });
        AssertNothingCaptured();
    }

    [Fact]
    public void Run_StudentThatOnnxRuntimeRefuses_IsRefusedBeforeTheCapture()
    {
        // The trainer has no use for the types of tensors inside a graph; ONNX Runtime compares them with those that it infers.
        var student = LinearModel.Write(
            folder["student.onnx"], edit: model => model.Graph.ValueInfo.Add(ValueInfo.Create("product", ElementType.Int64, "N", Blobs.Classes)));

        Assert.Contains("ONNX Runtime refused the model", Fails(2, project.RecipeOfStudent(student)));
        AssertNothingCaptured();
    }

    [Fact]
    public void Run_ShardThatCannotBeRead_IsNamed()
    {
        Cli.Done("cache", project["student.yaml"], "--runs", folder["runs"]);
        var shard = Directory.GetFiles(folder["runs"], "rows-*.safetensors", SearchOption.AllDirectories)[0];
        File.Delete(shard);
        Directory.CreateDirectory(shard);

        Assert.Contains(shard, Fails(4, project["student.yaml"]));
    }

    [Fact]
    public void Inspect_ModelOf100000Tensors_EndsAndCountsThem()
    {
        const int Count = 100_000;
        var model = LinearModel.Write(folder["m.onnx"], edit: model =>
        {
            for (var i = 0; i < Count; i++)
                model.Graph.Initializer.Add(TensorData.Create($"unused{i}", [0f], 1));
        });

        Assert.Contains($"\"parameters\": {Count + 16 * Blobs.Classes}", Cli.Done("inspect", model, "--json", "--time-limit", "60").Output); // machines are busy
    }

    public void Dispose() => folder.Dispose();

    private string Fails(int code, string recipe, params string[] options) => Cli.Fails(code, ["run", recipe, "--runs", folder["runs"], .. options]);

    private void AssertNothingCaptured() =>
        Assert.True(!Directory.Exists(folder["runs"]) || Directory.GetFiles(folder["runs"], "rows-*", SearchOption.AllDirectories).Length == 0);

    private static Action<ModelProto> Edit(string kind) => model =>
    {
        var graph = model.Graph;
        switch (kind)
        {
            case "metadata":
                model.MetadataProps.Add([new StringStringEntryProto { Key = "a", Value = "1" }, new StringStringEntryProto { Key = "a", Value = "2" }]);
                break;
            case "size":
                graph.Initializer[0].Dims[0] = 1L << 33;
                break;
            case "input":
                graph.Node[1].Input.RemoveAt(1);
                break;
            case "loop":
                AddEndlessLoop(graph);
                break;
        }
    };

    /// <summary>Adds one in front of the last node that goes round for ever.</summary>
    private static void AddEndlessLoop(GraphProto graph)
    {
        graph.Initializer.Add(TensorData.Create("trips", [long.MaxValue]));
        graph.Initializer.Add(TensorData.Create("on", ElementType.Bool, [1]));
        var body = new GraphProto
        {
            Name = "body",
            Input = { ValueInfo.Create("i", ElementType.Int64), ValueInfo.Create("c", ElementType.Bool), ValueInfo.Create("v", ElementType.Float32, "N", Blobs.Classes) },
            Node = { new NodeProto { OpType = "Identity", Input = { "c" }, Output = { "d" } }, new NodeProto { OpType = "Identity", Input = { "v" }, Output = { "w" } } },
            Output = { ValueInfo.Create("d", ElementType.Bool), ValueInfo.Create("w", ElementType.Float32, "N", Blobs.Classes) },
        };
        graph.Node.Insert(2, new NodeProto
        {
            OpType = "Loop", Input = { "trips", "on", "product" }, Output = { "looped" },
            Attribute = { new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body } },
        });
        graph.Node[3].Input[0] = "looped";
    }

    /// <summary>Puts integers in the place of W, with scales that need not fit.</summary>
    private static void Quantise(GraphProto graph, int scales, int axis)
    {
        graph.Initializer.Clear();
        graph.Initializer.Add(TensorData.Create("Q", ElementType.Int8, new byte[16 * Blobs.Classes], 16, Blobs.Classes));
        graph.Initializer.Add(TensorData.Create("scales", Enumerable.Repeat(0.1f, scales).ToArray(), scales));
        graph.Node.Insert(0, new NodeProto
        {
            OpType = "DequantizeLinear", Input = { "Q", "scales" }, Output = { "W" },
            Attribute = { new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = axis } },
        });
    }
}

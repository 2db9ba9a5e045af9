using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Whatever is wrong with what a user gives: an exit code, and a message that says what, where and what to do.</summary>
[Collection(nameof(TinyProject))]
public sealed class BadInputTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, int, string[]> Teachers => new()
    {
        { "missing", 2, ["A model is missing."] },
        { "text", 2, ["text.onnx", "ONNX"] },
        { "truncated", 2, ["truncated.onnx"] },
        { "external-missing", 2, ["external-missing.onnx", "weights.bin"] },
        { "external-outside", 2, ["external-outside.onnx", "../weights.bin"] },
        { "unknown-operator", 3, ["unknown-operator.onnx", "NoSuchOperator"] },
        { "shape", 2, ["shape does not fit", "[4, 4]", "[5, 5]"] },
        { "type", 2, ["input type does not fit", "bool"] },
        { "classes", 2, ["A label is out of range.", "class 2", "0 to 1 (2 classes)"] },
        { "nan", 2, ["nan.onnx", "sample 0"] },
        { "infinite", 2, ["infinite.onnx", "sample 0"] },
    };

    public static TheoryData<string, string, string[]> Sets => new()
    {
        { "missing.npy", "", ["A data file is missing.", "missing.npy"] },
        { "empty.npy", "", ["A data file is empty.", "empty.npy"] },
        { "other.npy", "text:a photograph", ["other.npy"] },
        { "cut.npy", "cut:train.npy", ["truncated", "cut.npy"] },
        { "idx-ubyte", "bytes:0000080300000003000000040000000401", ["truncated", "idx-ubyte"] },
        { "mislabelled.npy", "bytes:0000080300000003000000040000000401", ["mislabelled.npy"] },
        { "type-idx", "bytes:0000070300000003000000040000000401", ["type-idx"] },
        { "cut.npz", "bytes:504b0304140000000000", ["cut.npz"] },
        { "table.csv", "text:a,b\n1,2\n3\n", ["table.csv"] },
        { "words.csv", "text:a,b\n1,2\n3,x\n", ["words.csv", "x"] },
        { "cut.safetensors", "bytes:ff00000000000000" + "7b7d", ["cut.safetensors"] },
    };

    [Theory]
    [MemberData(nameof(Teachers))]
    public void Run_BadTeacher_IsRefused(string kind, int exitCode, string[] expected)
    {
        var path = WriteTeacher(kind);

        var error = Fails(exitCode, "--teacher", path);

        Assert.All(expected, part => Assert.Contains(part, error));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Run_BadSamples_AreRefused(string name, string content, string[] expected)
    {
        WriteSet(name, content);

        var error = Fails(2, "--samples", folder[name]);

        Assert.All(expected, part => Assert.Contains(part, error));
    }

    [Fact]
    public void Run_LabelOutOfRange_NamesTheSample()
    {
        var labels = Enumerable.Repeat(1L, 90).ToArray();
        labels[41] = 7;
        Npy.Write(folder["labels.npy"], labels, 90);

        var error = Fails(2, "--test-labels", folder["labels.npy"]);

        Assert.All(["A label is out of range.", "sample 41", "class 7", "0 to 2 (3 classes)"], part => Assert.Contains(part, error));
    }

    [Fact]
    public void Run_LabelsThatCountFromOne_SaysSo()
    {
        Npy.Write(folder["labels.npy"], Enumerable.Range(0, 90).Select(i => 1L + i % 3).ToArray(), 90);

        Assert.Contains("labels count from 0, and these from 1", Fails(2, "--test-labels", folder["labels.npy"]));
    }

    [Fact]
    public void Run_NotAsManyLabelsAsSamples_IsRefused()
    {
        Npy.Write(folder["labels.npy"], new long[89], 89);

        Assert.Contains("89", Fails(2, "--test-labels", folder["labels.npy"]));
    }

    [Fact]
    public void Run_TestSamplesOfAnotherShape_AreRefused()
    {
        Npy.Write(folder["wide.npy"], new float[90 * 4 * 5], 90, 4, 5);

        var error = Fails(2, "--test-samples", folder["wide.npy"]);

        Assert.All(["differ in shape", "[4, 5]", "[4, 4]"], part => Assert.Contains(part, error));
    }

    [Fact]
    public void Run_ArchitectureThatDoesNotFitTheSamples_IsRefusedBeforeTheTeacherRuns()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace("architecture: mlp, widths: [8]", "architecture: lenet"));

        var error = Cli.Fails(2, "run", recipe, "--runs", folder["runs"]);

        Assert.All(["too small", "'lenet'", "conv2"], part => Assert.Contains(part, error));
        Assert.Empty(Directory.GetDirectories(folder["runs"], "cache-*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Run_StudentOfOtherClassesThanItsTeacher_IsRefused()
    {
        var student = LinearModel.Write(folder["student.onnx"], classes: 5);
        var recipe = project.RecipeOfStudent(student);

        var error = Cli.Fails(2, "run", recipe, "--runs", folder["runs"]);

        Assert.All(["number of classes", "student [5]", "teacher [3]"], part => Assert.Contains(part, error));
        Assert.Empty(Directory.GetDirectories(folder["runs"], "cache-*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Run_StudentWithAnOperatorThatCannotBeTrained_IsThree()
    {
        var student = LinearModel.Write(folder["student.onnx"], activation: "Atan");
        var recipe = project.RecipeOfStudent(student);

        Assert.Contains("Atan", Cli.Fails(3, "run", recipe, "--runs", folder["runs"]));
        Assert.Empty(Directory.GetDirectories(folder["runs"], "cache-*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("student.onnx", "A model is missing.")]
    [InlineData("teacher.yaml", "ONNX")]
    public void Run_StudentFileThatIsNoModel_IsRefusedBeforeTheTeacherRuns(string file, string expected)
    {
        var error = Cli.Fails(2, "run", project.RecipeOfStudent(file), "--runs", folder["runs"]);

        Assert.All([expected, project[file]], part => Assert.Contains(part, error));
        Assert.Empty(Directory.GetDirectories(folder["runs"], "cache-*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Run_LabelOfTheTestSetOutOfRange_IsRefusedBeforeTheTeacherRuns()
    {
        Npy.Write(folder["labels.npy"], Enumerable.Repeat(7L, 90).ToArray(), 90);

        Assert.Contains("A label is out of range.", Fails(2, "--test-labels", folder["labels.npy"]));
        Assert.Empty(Directory.GetDirectories(folder["runs"], "cache-*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Run_TestSampleThatHoldsNoNumber_IsRefusedBeforeTheTeacherRuns()
    {
        var samples = new float[90 * 4 * 4];
        samples[7 * 16 + 3] = float.NaN;
        Npy.Write(folder["nan.npy"], samples, 90, 4, 4);

        Assert.Contains("nan.npy, sample 7, value 3", Fails(2, "--test-samples", folder["nan.npy"]));
        Assert.Empty(Directory.GetFiles(folder["runs"], "*.safetensors", SearchOption.AllDirectories));
    }

    [Fact]
    public void Run_RunFolderThatCannotBeWritten_IsRefused()
    {
        File.WriteAllText(folder["runs"], "a file where the folder should be");

        Assert.Contains(folder["runs"], Cli.Run("run", project["student.yaml"], "--runs", folder["runs"]).Error);
    }

    [Fact]
    public void Verify_ModelWithAnOperatorThatTheTrainerLacks_IsThree()
    {
        var model = LinearModel.Write(folder["m.onnx"], activation: "Atan");

        Assert.Contains("Atan", Cli.Fails(3, "verify", "--model", model, "--samples", project["test.npy"], "--json"));
    }

    [Fact]
    public void Run_CacheWithOneByteChanged_IsFourAndNothingIsLost()
    {
        Cli.Done("cache", project["student.yaml"], "--runs", folder["runs"]);
        var shard = Directory.GetFiles(folder["runs/student"], "*.safetensors", SearchOption.AllDirectories).First();
        var bytes = File.ReadAllBytes(shard);
        bytes[^5] ^= 1;
        File.WriteAllBytes(shard, bytes);

        var run = Fails(4);
        var verify = Cli.Fails(4, "cache", "verify", Path.GetDirectoryName(shard)!);

        Assert.All([run, verify], error => Assert.Contains(shard, error));
        Assert.Equal(bytes, File.ReadAllBytes(shard));
    }

    [Theory]
    [InlineData("digest", "--teacher", "OTHER")]
    [InlineData("preprocessing.scale", "--scale", "0.5")]
    [InlineData("samples_digest", "--samples", "SAMPLES")]
    public void Run_CacheOfAnotherMaking_IsFourAndNamesTheField(string field, string option, string value)
    {
        Npy.Write(folder["samples.npy"], new float[240 * 4 * 4], 240, 4, 4);
        value = value switch { "OTHER" => LinearModel.Write(folder["other.onnx"]), "SAMPLES" => folder["samples.npy"], _ => value };
        Cli.Done("cache", project["student.yaml"], "--runs", folder["runs"]);
        var own = Directory.GetDirectories(folder["runs/student"], "cache-*").Single();
        Cli.Done("cache", project["student.yaml"], "--runs", folder["runs"], option, value);
        var other = Directory.GetDirectories(folder["runs/student"], "cache-*").Single(f => f != own);
        Directory.Delete(other, recursive: true);
        Directory.Move(own, other);
        File.Delete(Path.Combine(other, "stage.json"));

        var error = Fails(4, option, value);

        Assert.Contains(field, error);
        Assert.True(File.Exists(Path.Combine(other, "manifest.json")));
    }

    [Fact]
    public void CacheInfo_NotACache_IsRefused() =>
        Assert.Contains("not a logit cache", Cli.Fails(2, "cache", "info", folder.Path));

    [Fact]
    public void Evaluate_SecondModelWithoutItsOption_AsksForIt()
    {
        var error = Cli.Fails(2, "evaluate", "--model", project["teacher.onnx"], project["teacher.onnx"], "--samples", project["test.npy"]);

        Assert.All(["A model is in the place of a recipe.", "--model FILE --model FILE"], part => Assert.Contains(part, error));
    }

    [Fact]
    public void Report_NotARun_IsRefused() => Assert.Contains("holds no run", Cli.Fails(2, "report", folder.Path));

    [Theory]
    [InlineData("three,4")]
    [InlineData("0")]
    public void Inspect_BadSampleShape_IsRefused(string shape) =>
        Assert.Contains("3,224,224", Cli.Fails(2, "inspect", project["teacher.onnx"], "--sample-shape", shape));

    [Fact]
    public void Run_CudaThatIsNotThere_IsRefused()
    {
        if (!File.Exists("/dev/nvidiactl"))
            Assert.Contains("CUDA", Fails(2, "--device", "cuda"));
    }

    [Fact]
    public void Run_UnknownDevice_IsRefused() => Assert.Contains("'gpu'", Fails(2, "--device", "gpu"));

    public void Dispose() => folder.Dispose();

    private string Fails(int exitCode, params string[] options) =>
        Cli.Fails(exitCode, ["run", project["student.yaml"], "--runs", folder["runs"], .. options]);

    private string WriteTeacher(string kind)
    {
        var path = folder[$"{kind}.onnx"];
        switch (kind)
        {
            case "missing":
                return path;
            case "text":
                return folder.Write("text.onnx", "this is no model");
            case "truncated":
                LinearModel.Write(path);
                File.WriteAllBytes(path, File.ReadAllBytes(path)[..^40]);
                return path;
            default:
                return kind switch
                {
                    "external-missing" => LinearModel.Write(path, edit: m => LinearModel.Externalise(m, "weights.bin")),
                    "external-outside" => LinearModel.Write(path, edit: m => LinearModel.Externalise(m, "../weights.bin")),
                    "unknown-operator" => LinearModel.Write(path, activation: "NoSuchOperator"),
                    "shape" => LinearModel.Write(path, side: 5),
                    "type" => LinearModel.Write(path, type: ElementType.Bool),
                    "classes" => LinearModel.Write(path, classes: 2),
                    "nan" => LinearModel.Write(path, weight: -1, activation: "Sqrt"),
                    "infinite" => LinearModel.Write(path, weight: 3e38f),
                    _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
                };
        }
    }

    private void WriteSet(string name, string content)
    {
        var (how, what) = content.Split(':', 2) is [var first, var second] ? (first, second) : (content, "");
        if (how == "text")
            folder.Write(name, what);
        else if (how == "bytes")
            File.WriteAllBytes(folder[name], Convert.FromHexString(what));
        else if (how == "cut")
            File.WriteAllBytes(folder[name], File.ReadAllBytes(project[what])[..^1]);
        else if (name.StartsWith("empty", StringComparison.Ordinal))
            File.WriteAllBytes(folder[name], []);
    }
}

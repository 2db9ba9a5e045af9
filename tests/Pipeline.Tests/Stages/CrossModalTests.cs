using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>The teacher reads a sensor with a value for each class, the student noisy pictures of the same things; nobody reads a label.</summary>
public sealed class CrossModalTests : IDisposable
{
    private const int Train = 240;
    private const int Test = 90;

    private const string Recipe = """
        name: cross
        data:
          transfer: { samples: train.npy, ids: train.txt, modalities: { sensor: { samples: sensor.npy, ids: sensor.txt } } }
          validation: { samples: test.npy, labels: test-labels.npy }
          test: { samples: test.npy, labels: test-labels.npy, modalities: { sensor: { samples: sensor-test.npy } } }
        teachers: [ { model: sensor.onnx, modality: sensor } ]
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8] }
        objective: [ soft: { temperature: 1 } ]
        training: { threads: 1, epochs: 30, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        """;

    private readonly TemporaryFolder folder = new();

    public CrossModalTests()
    {
        Blobs.Write(folder.Path, "train", Train, seed: 1);
        Blobs.Write(folder.Path, "test", Test, seed: 2);
        // The sensor's file is in the opposite order. A value is 1 at the class of the sample, which is its row modulo 3.
        var rows = Enumerable.Range(0, Train).Reverse().ToArray();
        Npy.Write(folder["sensor.npy"], Sensor(rows), Train, 2, 2);
        Npy.Write(folder["sensor-test.npy"], Sensor([.. Enumerable.Range(0, Test)]), Test, 2, 2);
        File.WriteAllLines(folder["train.txt"], Enumerable.Range(0, Train).Select(row => $"thing {row}"));
        File.WriteAllLines(folder["sensor.txt"], rows.Select(row => $"thing {row}"));
        LinearModel.Write(folder["sensor.onnx"], side: 2, edit: model =>
            model.Graph.Initializer[0].SetFloats([.. Enumerable.Range(0, 4).SelectMany(value => Enumerable.Range(0, 3).Select(c => value == c ? 4f : 0))]));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_TeacherOfAnotherModality_TeachesByIds()
    {
        var result = Cli.Done("run", folder.Write("cross.yaml", Recipe), "--runs", folder["runs"], "--json");

        Assert.Equal(1, Figures.Of(result, "teacher").GetProperty("accuracy").GetDouble());
        Assert.InRange(Figures.Of(result, "student").GetProperty("accuracy").GetDouble(), 0.9, 1);
        Assert.InRange(Figures.Of(result, "student").GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.DoesNotContain("started", Cli.Done("run", folder["runs/cross/recipe.yaml"], "--runs", folder["runs"]).Error);
        var cache = Directory.GetDirectories(folder["runs/cross"], "cache-*").Single();
        Assert.NotEqual(LogitCache.Open(cache).Identity.SamplesDigest, LogitCache.Open(cache).Identity.Teachers[0].SamplesDigest);
        Assert.Contains("replayed 10 rows", Cli.Done("cache", "verify", cache, "--rows", "10").Output);

        // Other values of the sensor are other teachers' answers.
        Npy.Write(folder["sensor.npy"], Sensor([.. Enumerable.Range(0, Train).Select(_ => 0)]), Train, 2, 2);
        Assert.Contains("cache: started", Cli.Done("cache", folder["cross.yaml"], "--runs", folder["runs"]).Error);
    }

    [Theory]
    [InlineData("modality: sensor }", "modality: camera }", "A teacher reads a modality that a set does not have.")]
    [InlineData("{ samples: sensor.npy, ids: sensor.txt }", "{ samples: sensor-test.npy, ids: sensor.txt }", "Samples and ids differ in number.")]
    [InlineData("{ samples: sensor.npy, ids: sensor.txt }", "{ samples: sensor-test.npy }", "only one has them")]
    [InlineData("batch-size: 50", "batch-size: 50, augmentation: { noise: 0.1 }", "A random view of one modality is no view of another.")]
    [InlineData("sensor: { samples: sensor.npy, ids", "sensor: { labels: sensor.npy, ids", "unknown key")]
    public void Plan_OfWhatDoesNotFit_IsRefusedBeforeAnyWork(string part, string wrong, string says)
    {
        Assert.Contains(says, Cli.Fails(2, "plan", folder.Write("wrong.yaml", Recipe.Replace(part, wrong)), "--runs", folder["runs"]));
        Assert.False(Directory.Exists(folder["runs"]));
    }

    [Fact]
    public void Plan_SampleWithoutPartner_NamesIt()
    {
        File.WriteAllLines(folder["sensor.txt"], File.ReadAllLines(folder["sensor.txt"]).Select(id => id == "thing 17" ? "thing x" : id));
        Assert.Contains("'thing 17'", Cli.Fails(2, "plan", folder.Write("cross.yaml", Recipe), "--runs", folder["runs"]));
    }

    [Fact]
    public void Plan_UnlabelledTestWithoutTheModality_SaysWhatToAdd()
    {
        var recipe = Recipe.Replace("test: { samples: test.npy, labels: test-labels.npy, modalities: { sensor: { samples: sensor-test.npy } } }", "test: { samples: test.npy }");
        Assert.Contains("add it: modalities: { sensor:", Cli.Fails(2, "plan", folder.Write("cross.yaml", recipe), "--runs", folder["runs"]));
    }

    private static float[] Sensor(int[] rows) => [.. rows.SelectMany(row => Enumerable.Range(0, 4).Select(value => value == row % 3 ? 1f : 0))];
}

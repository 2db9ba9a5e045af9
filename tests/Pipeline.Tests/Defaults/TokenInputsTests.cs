using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>Token ids and their mask under names that nobody expects: what the teacher does with them tells.</summary>
public sealed class TokenInputsTests : IDisposable
{
    private const int Length = 6;
    private const int Samples = 300;

    private readonly TemporaryFolder folder = new();

    public TokenInputsTests()
    {
        MaskedSum.Write(folder["ids.onnx"]);
        var model = OnnxModel.Load(folder["ids.onnx"]);
        foreach (var (old, name) in new[] { ("ids", "tok"), ("mask", "valid") })
        {
            model.Proto.Graph.Input.Single(input => input.Name == old).Name = name;
            foreach (var node in model.Proto.Graph.Node)
                for (var i = 0; i < node.Input.Count; i++)
                    node.Input[i] = node.Input[i] == old ? name : node.Input[i];
        }
        model.Save(folder["teacher.onnx"]);
        var random = new Random(3);
        long[] valid = [.. Enumerable.Range(0, Samples * Length).Select(i => i % Length <= i / Length % Length ? 1L : 0)];
        long[] ids = [.. valid.Select(mark => mark * random.Next(1, MaskedSum.Known))];
        Npy.Write(folder["tok.npy"], ids, Samples, Length);
        Npy.Write(folder["valid.npy"], valid, Samples, Length);
        Npy.Write(folder["other.npy"], valid, Samples, Length);
        Npy.Write(folder["padding.npy"], [.. valid.Select(mark => 1 - mark)], Samples, Length);
        Npy.Write(folder["flags.npy"], [.. valid.Select(_ => (long)random.Next(2))], Samples, Length);
        Npy.Write(folder["first.npy"], [.. valid.Select((_, i) => i % Length == 0 ? 1L : 0)], Samples, Length);
        var graph = model.Proto.Graph;
        graph.Node.Single(node => node.OpType == "Cast").Output[0] = "marks";
        graph.Initializer.Add(TensorData.Create("one", [1f]));
        graph.Node.Insert(2, new Onnx.NodeProto { OpType = "Sub", Input = { "one", "marks" }, Output = { "floats" } });
        model.Save(folder["inverted.onnx"]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_OfAMaskOfAnotherName_TrainsATransformerThatReadsIt()
    {
        var run = Cli.Done("run", Recipe("tok: tok.npy, valid: valid.npy"), "--quick", "--runs", folder["runs"], "--threads", "1", "--json");

        Assert.Contains("architecture transformer-tiny", run.Error);
        Assert.Contains("with mask 'valid'", run.Error);
        Assert.Contains("mask: valid", File.ReadAllText(folder["runs/tokens/recipe.yaml"]));
        Assert.Equal(["tok", "valid"], OnnxModel.Load(folder["runs/tokens/student.onnx"]).Proto.Graph.Input.Select(input => input.Name));
    }

    /// <summary>The same texts with a mask of padding train the same student as with a mask of what counts.</summary>
    [Fact]
    public void Run_OfAMaskThatIsOneWhereThereIsPadding_TrainsWhatTheOtherMaskTrains()
    {
        string Figures(string name, string recipe, out string error)
        {
            var run = Cli.Done("run", recipe, "--name", name, "--quick", "--runs", folder["runs"], "--threads", "1", "--json");
            error = run.Error;
            using var json = System.Text.Json.JsonDocument.Parse(run.Output);
            return $"{json.RootElement.GetProperty("models")[0].GetProperty("transfer")}";
        }

        var right = Figures("counted", Recipe("tok: tok.npy, valid: valid.npy"), out _);
        var inverted = Figures("padded", Recipe("tok: tok.npy, valid: padding.npy", model: "inverted.onnx"), out var error);

        Assert.Contains("where 'valid' is 1, positions are padding and count in no loss and no figure", error);
        Assert.Contains("padding: valid", File.ReadAllText(folder["runs/padded/recipe.yaml"]));
        Assert.Equal(right, inverted);
    }

    /// <summary>A name is believed until the ids beside it say the contrary.</summary>
    [Theory]
    [InlineData("valid.npy", "where 'attention_mask' is 0, positions count in no loss")]
    [InlineData("flags.npy", "where 'attention_mask' is 0, positions count in no loss")]
    [InlineData("first.npy", "where 'attention_mask' is 0, positions count in no loss")]
    [InlineData("padding.npy", "where 'attention_mask' is 1, positions are padding")]
    public void Plan_OfAMaskByName_ReadsItAsTheSamplesHaveIt(string file, string expected) => Assert.Contains(
        expected, Cli.Done("plan", Recipe($"tok: tok.npy, attention_mask: {file}", "inputs: { valid: attention_mask }, kind: classes"), "--quick", "--runs", folder["runs"]).Error);

    /// <summary>Flags beside the ids, or the mark of the first token, are no mask, for text is where they are 0 and where they are 1.</summary>
    [Theory]
    [InlineData("flags.npy")]
    [InlineData("first.npy")]
    public void Plan_OfFlags_TakesThemForNoMask(string file)
    {
        var recipe = Recipe($"tok: tok.npy, valid: {file}");
        Assert.Contains("data.transfer.padding", Cli.Fails(2, "plan", recipe, "--quick", "--runs", folder["runs"]));
        var plan = Cli.Done("plan", recipe, "--architecture", "mlp", "--quick", "--runs", folder["runs"]);
        Assert.Contains("valid int64 [6]", plan.Error);
        Assert.DoesNotContain("no loss", plan.Error);
    }

    [Fact]
    public void Run_OfIdsWhoseMaskIsAConstant_TakesThemForTokens()
    {
        var plan = Cli.Done("plan", Recipe("tok: tok.npy", "inputs: { valid: 1 }"), "--quick", "--runs", folder["runs"]);

        Assert.Contains("architecture transformer-tiny", plan.Error);
        Assert.DoesNotContain("student.preprocessing", plan.Error);
    }

    [Fact]
    public void Run_OfIdsBesideTwoThatMayBeMasks_AsksWhichIsOne() => Assert.Contains(
        "data.transfer.mask", Cli.Fails(2, "plan", Recipe("tok: tok.npy, valid: valid.npy, other: other.npy"), "--quick", "--runs", folder["runs"]));

    private string Recipe(string inputs, string teacher = "kind: classes", string model = "teacher.onnx") => folder.Write("tokens.yaml", $$"""
        data:
          transfer: { samples: tok.npy, inputs: { {{inputs}} } }
        teachers: [ { model: {{model}}, {{teacher}} } ]
        """);
}

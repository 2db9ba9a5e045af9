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
        long[] ids = [.. Enumerable.Range(0, Samples * Length).Select(_ => (long)random.Next(MaskedSum.Known))];
        long[] valid = [.. Enumerable.Range(0, Samples * Length).Select(i => i % Length <= i / Length % Length ? 1L : 0)];
        Npy.Write(folder["tok.npy"], ids, Samples, Length);
        Npy.Write(folder["valid.npy"], valid, Samples, Length);
        Npy.Write(folder["other.npy"], valid, Samples, Length);
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

    private string Recipe(string inputs, string teacher = "kind: classes") => folder.Write("tokens.yaml", $$"""
        data:
          transfer: { samples: tok.npy, inputs: { {{inputs}} } }
        teachers: [ { model: teacher.onnx, {{teacher}} } ]
        """);
}

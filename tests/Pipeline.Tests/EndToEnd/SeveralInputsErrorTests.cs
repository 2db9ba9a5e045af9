using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Samples and recipes that do not fit a model's inputs are refused, with what to add.</summary>
public sealed class SeveralInputsErrorTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void InputThatIsNotThere_ListsBothSidesAndTheLineToAdd()
    {
        var error = Cli.Fails(2, "run", "--teacher", Repository.Field("string-and-columns", "titanic.onnx"), "--samples", Repository.Field("bert-inputs", "enc.npz"), "--runs", folder["runs"], "--quick");
        Assert.Contains("tensors input_ids, attention_mask, token_type_ids", error);
        Assert.Contains("age float [N, 1], fare float [N, 1], sex string [N, 1]; missing: age, fare, sex", error);
        Assert.Contains("data.transfer.inputs: { age: FILE", error);

        error = Cli.Fails(
            2, "run", "--teacher", Repository.Field("bert-inputs", "bert2.onnx"), "--student", Repository.Field("bert-inputs", "bert2.onnx"), "--samples", Repository.Field("bert-inputs", "enc.npz"), "--set",
            "data.transfer.inputs=[input_ids, attention_mask, token_type_ids]", "--runs", folder["runs"]);
        Assert.Contains("'token_type_ids' among", error);
        Assert.Contains("inputs of the models: input_ids, attention_mask", error);

        error = Cli.Fails(2, "run", "--teacher", Repository.Field("bert-inputs", "bert3.onnx"), "--samples", Repository.Field("bert-inputs", "ids.npy"), "--runs", folder["runs"], "--quick");
        Assert.Contains("one tensor without a name for 3 inputs", error);
    }

    [Fact]
    public void NumbersWhereAModelTakesTexts_AreTextsAsTheyAreWritten()
    {
        var table = folder.Write("t.csv", "sex\n1\n0\n1\n");
        var seen = Cli.Run( // no text that this teacher knows, so that there is nothing to learn
            "run", "--teacher", Repository.Field("string-and-columns", "str.onnx"), "--samples", table,
            "--kind", "values", "--runs", folder["runs"], "--epochs", "1", "--batch-size", "2", "--lr", "0.01", "--threads", "1", "--no-baseline").Error;
        Assert.Contains("sex text []", seen);
        Assert.Contains("the teacher says the same for all samples", seen);
    }

    [Theory]
    [InlineData("inputs: { a: \"#\" }", "FILE, FILE#KEY or #KEY")]
    [InlineData("inputs: { a: { file: x } }", "unknown key")]
    [InlineData("inputs: [x, x]", "one name")]
    [InlineData("inputs: [sex], mask: m", "none of the samples' inputs")]
    [InlineData("mask: m", "no named inputs")]
    [InlineData("inputs: [sex], samples-key: sex", "beside inputs")]
    [InlineData("inputs: { a: \"#sez\" }", "did you mean 'sex'?")]
    public void RecipeWithWrongInputs_SaysWhatIsWrong(string inputs, string expected)
    {
        var recipe = folder.Write("r.yaml", $$"""
            data: { transfer: { samples: {{Repository.Field("string-and-columns", "t.csv")}}, labels: {{Repository.Field("string-and-columns", "t.csv")}}, labels-key: label, {{inputs}} } }
            student: { architecture: mlp }
            training: { epochs: 1, batch-size: 8, optimizer: { learning-rate: 0.1 } }
            """);
        Assert.Contains(expected, Cli.Fails(2, "plan", recipe, "--runs", folder["runs"]));
    }
}

using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Samples with named inputs that a model does not take: every set is looked at before the teacher runs, and the error names file, sample, input and position.</summary>
public sealed class WrongInputsTests : IDisposable
{
    private const int Samples = 24;
    private const int Length = 4;
    private const int Known = MaskedSum.Known;

    private static readonly string[] sets = ["transfer", "validation", "test"];

    private readonly TemporaryFolder folder = new();

    public WrongInputsTests() => MaskedSum.Write(folder["teacher.onnx"]);

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("test")]
    [InlineData("validation")]
    [InlineData("transfer")]
    public void IdBeyondTheTeachersTable_IsNamedBeforeTheTeacherRuns(string set)
    {
        var wrong = Ids();
        wrong[7 * Length + 2] = Known;
        var error = Fails(set, ids: wrong);
        Assert.Contains($"{set}-ids.npy, sample 7, input 'ids', position 2", error);
        Assert.Contains($"found:    {Known}", error);
        Assert.Contains($"0 to {Known - 1}: input 'ids' of teacher.onnx looks up {Known} rows ('table')", error);
    }

    [Fact]
    public void IdBeyondTheStudentsVocabulary_SaysWhichKeyToRaise()
    {
        var error = Fails("test", ids: null, "--set", "student.vocabulary=6");
        Assert.Contains("input 'input/ids' of student 'student' looks up 6 rows", error);
        Assert.Contains("set student.vocabulary to 7 or more", error);
    }

    [Theory]
    [InlineData(0.5f, "values other than 0 and 1", "found:    0.5")]
    [InlineData(2f, "values other than 0 and 1", "found:    2")]
    [InlineData(float.NaN, "not a finite number", "found:    NaN")]
    public void MaskOfSomethingElse_IsNamedBeforeTheTeacherRuns(float value, string what, string found)
    {
        float[] right = [.. Mask().Select(mark => (float)mark)], wrong = [.. right];
        wrong[5 * Length + 1] = value;
        Npy.Write(folder["right.npy"], right, Samples, Length);
        Npy.Write(folder["wrong.npy"], wrong, Samples, Length);
        var error = Fails("test", ids: null, [.. sets.SelectMany(set => new[] { "--set", $"data.{set}.inputs.mask={folder[set == "test" ? "wrong.npy" : "right.npy"]}" })]);
        Assert.Contains("wrong.npy, sample 5, input 'mask', position 1", error);
        Assert.Contains(what, error);
        Assert.Contains(found, error);
    }

    [Fact]
    public void MaskOfAnotherLength_IsNamedWithTheIds()
    {
        Npy.Write(folder["short.npy"], Enumerable.Repeat(1L, Samples * 3).ToArray(), Samples, 3);
        var error = Fails("transfer", ids: null, "--set", $"data.transfer.inputs.mask={folder["short.npy"]}");
        Assert.Contains("A mask is not as long as what it masks", error);
        Assert.Contains("found:    3 positions", error);
        Assert.Contains("4, one for each token of 'ids'", error);
    }

    [Fact]
    public void InputsOfDifferentLengths_AreNamedInPlaceOfABatchSize()
    {
        // What is no mask is not held against the ids by itself: the model fails on both together.
        Npy.Write(folder["short.npy"], Enumerable.Repeat(1L, Samples * 3).ToArray(), Samples, 3);
        var error = Fails(
            "transfer", ids: null, ["--architecture", "mlp", .. sets.SelectMany(set => new[] { "--set", $"data.{set}.inputs.mask={folder["short.npy"]}", "--set", $"data.{set}.mask=none" })]);
        Assert.Contains("does not run on inputs of these lengths together", error);
        Assert.Contains("one length of axis 'T', which is 4 in 'ids' and 3 in 'mask'", error);
        Assert.DoesNotContain("batch size", error);
    }

    [Fact]
    public void InputOfAnotherCount_IsNamed()
    {
        Npy.Write(folder["few.npy"], Enumerable.Repeat(1L, 20 * Length).ToArray(), 20, Length);
        var error = Fails("test", ids: null, "--set", $"data.test.inputs.mask={folder["few.npy"]}");
        Assert.Contains("input 'mask' (", error);
        Assert.Contains("24 and 20 samples", error);
    }

    [Fact]
    public void Commands_OnModelsAlone_LookAtSamplesToo()
    {
        var wrong = Ids();
        wrong[2] = Known + 5;
        Npy.Write(folder["wrong.npy"], wrong, Samples, Length);
        Npy.Write(folder["mask.npy"], Mask(), Samples, Length);
        string[] data = ["--set", $"data.transfer.inputs={{ ids: {folder["wrong.npy"]}, mask: {folder["mask.npy"]} }}"];
        foreach (var line in new string[][] { ["evaluate", "--model", folder["teacher.onnx"], .. data], ["verify", "--model", folder["teacher.onnx"], .. data] })
            Assert.Contains("wrong.npy, sample 0, input 'ids', position 2", Cli.Fails(2, line));
    }

    /// <summary>Runs with one set that is wrong, and what else is said.</summary>
    private string Fails(string set, long[]? ids, params string[] more)
    {
        foreach (var name in sets)
        {
            Npy.Write(folder[$"{name}-ids.npy"], name == set && ids is not null ? ids : Ids(), Samples, Length);
            Npy.Write(folder[$"{name}-mask.npy"], Mask(), Samples, Length);
        }
        string[] inputs = [.. sets.SelectMany(name => new[]
        {
            "--set", $"data.{name}.inputs={{ ids: {folder[$"{name}-ids.npy"]}, mask: {folder[$"{name}-mask.npy"]} }}",
        })];
        var error = Cli.Fails(
            2, ["run", "--runs", folder["runs"], "--teacher", folder["teacher.onnx"], "--kind", "classes", "--threads", "1", "--epochs", "1", "--lr", "0.01", "--no-baseline", .. inputs, .. more]);
        Assert.DoesNotContain("rows of logits", error); // before the teacher ran
        return error;
    }

    private static long[] Ids() => [.. Enumerable.Range(0, Samples * Length).Select(i => (long)(i * 5 % 7))];

    private static long[] Mask() => [.. Enumerable.Range(0, Samples * Length).Select(i => i % Length <= i / Length % Length ? 1L : 0)];
}

using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Loop;

public sealed class StepMemoryTests : IDisposable
{
    // The three scores of a sample, in float32; that it is flattened before takes nothing.
    private const int BytesOfASample = 12;

    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    [Fact]
    public void Require_OfABatchThatFits_Passes() => Require(batchSize: 32, memory: 32 * BytesOfASample);

    [Fact]
    public void Require_OfABatchThatIsTooLarge_SaysWhatASampleTakesAndWhichBatchWouldFit()
    {
        var error = Assert.Throws<InputException>(() => Require(batchSize: 33, memory: 32 * BytesOfASample)).Message;

        Assert.Contains("training.batch-size", error);
        Assert.Contains("33 samples, of which each takes 12 bytes", error);
        Assert.Contains("set it to 16 or less", error);
    }

    [Fact]
    public void Require_OfASampleThatDoesNotFitAlone_SaysThatTheStudentIsAtFault() =>
        Assert.Contains("halves large samples earlier", Assert.Throws<InputException>(() => Require(batchSize: 1, memory: BytesOfASample - 1)).Message);

    private void Require(int batchSize, long memory)
    {
        using var team = Team.Assemble([new(LearnerOptions.Only, Toy.Linear(), StudentImport.Default, Toy.Soft)], toy.Data, toy.Cache.Streams, Toy.Options, CPU);
        StepMemory.Require(team.Learners, toy.Transfer.SampleShape, batchSize, memory);
    }
}

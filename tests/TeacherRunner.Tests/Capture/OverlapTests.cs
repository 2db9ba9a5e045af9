using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.TeacherRunner.Tests.Capture;

public class OverlapTests
{
    [Fact]
    public void Run_ManyBatches_ArriveInOrderThroughAFixedNumberOfBuffers()
    {
        var (created, next) = (0, 0);
        var written = new List<int>();

        Overlap.Run(
            () =>
            {
                created++;
                return new int[1];
            },
            buffer => (buffer[0] = next++) < 1000,
            buffer => buffer[0] *= 2,
            buffer => written.Add(buffer[0]),
            CancellationToken.None);

        Assert.Equal(Enumerable.Range(0, 1000).Select(i => 2 * i), written);
        Assert.InRange(created, 2, 8);
    }

    [Fact]
    public void Run_NothingToRead_Ends() =>
        Overlap.Run(() => new object(), _ => false, _ => Assert.Fail(), _ => Assert.Fail(), CancellationToken.None);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_AStageThrows_ThatErrorComesOutAndAllStagesEnd(int failing)
    {
        var error = Assert.Throws<InvalidDataException>(() => Overlap.Run(
            () => new int[1], _ => Stage(0), _ => Stage(1), _ => Stage(2), CancellationToken.None));
        Assert.Equal($"stage {failing}", error.Message);

        bool Stage(int stage) => stage == failing ? throw new InvalidDataException($"stage {stage}") : true;
    }

    [Fact]
    public void Run_Cancelled_StopsAndKeepsWhatWasWritten()
    {
        using var source = new CancellationTokenSource();
        var written = 0;

        Assert.ThrowsAny<OperationCanceledException>(() => Overlap.Run(
            () => new int[1],
            _ => true,
            _ => { },
            _ =>
            {
                if (++written == 10)
                    source.Cancel();
            },
            source.Token));

        Assert.InRange(written, 10, 11);
    }
}

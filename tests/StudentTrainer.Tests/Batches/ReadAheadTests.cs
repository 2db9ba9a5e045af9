using OnnxKd.StudentTrainer.Batches;

namespace OnnxKd.StudentTrainer.Tests.Batches;

public class ReadAheadTests
{
    [Fact]
    public void Take_EveryItem_ComesInOrder()
    {
        using var ahead = new ReadAhead<int>(i => i * i, 500);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => i * i), Enumerable.Range(0, 500).Select(_ => ahead.Take()));
    }

    [Fact]
    public void Take_AnItem_OnlyThenTheNextIsBegun()
    {
        var begun = 0;
        using var next = new SemaphoreSlim(0);
        using var ahead = new ReadAhead<int>(
            i =>
            {
                Interlocked.Increment(ref begun);
                next.Release();
                return i;
            }, 5);

        Assert.True(next.Wait(TimeSpan.FromSeconds(30)));
        Thread.Sleep(50);
        Assert.Equal(1, Volatile.Read(ref begun)); // its buffer is still the one of item 1's predecessor
        Assert.Equal(0, ahead.Take());
        Assert.True(next.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal(2, Volatile.Read(ref begun));
    }

    [Fact]
    public void Take_AnItemThatCouldNotBeMade_ThrowsItsErrorAfterTheItemsBefore()
    {
        using var ahead = new ReadAhead<int>(i => i < 2 ? i : throw new InvalidDataException("row 2"), 5);

        Assert.Equal([0, 1], new[] { ahead.Take(), ahead.Take() });
        Assert.Equal("row 2", Assert.Throws<InvalidDataException>(() => ahead.Take()).Message);
    }

    [Fact]
    public void Dispose_WhileAnItemIsBeingMade_WaitsForItAndDropsIt()
    {
        var ended = false;
        using (new ReadAhead<int>(
            i =>
            {
                Thread.Sleep(100);
                ended = true;
                throw new InvalidDataException("nobody asked");
            }, 5))
        {
        }

        Assert.True(ended);
    }
}

using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Tests.Terminal;

public class LineBoardTests
{
    private readonly StringWriter output = new() { NewLine = "\n" };

    [Fact]
    public void Lines_OfATerminal_AreWrittenOverBelowWhatStays()
    {
        var board = Board();
        var (whole, one, two) = (board.Open(), board.Open(isNested: true), board.Open(isNested: true));
        whole.Show("sweep 0/2");
        one.Show("  a 1/9");
        two.Show("  b 1/9, and a long remark");
        board.Note("something to know");
        two.Show("  b 2/9");
        whole.Show("sweep 1/2");

        Assert.Equal(["something to know", "sweep 1/2", "  a 1/9", "  b 2/9"], Screen.Of(output.ToString()));

        one.Dispose();
        Assert.Equal(["something to know", "sweep 1/2", "  b 2/9"], Screen.Of(output.ToString()));
        two.Dispose();
        whole.Dispose();
        Assert.Equal(["something to know"], Screen.Of(output.ToString()));
    }

    [Fact]
    public void Lines_OfATerminalThatIsLow_AreTheFirst()
    {
        var board = new LineBoard(output, live: true, columns: () => 80, rows: () => 3, nests: true);
        foreach (var name in new[] { "sweep", "a", "b", "c" })
            board.Open().Show(name);

        Assert.Equal(["sweep", "a"], Screen.Of(output.ToString()));
    }

    [Fact]
    public void Lines_WiderThanTheTerminal_AreCut()
    {
        var board = new LineBoard(output, live: true, columns: () => 10, rows: () => 9, nests: true);
        board.Open().Show(new string('x', 50));
        board.Open().Show(new string('y', 50));

        Assert.Equal([new string('x', 9), new string('y', 9)], Screen.Of(output.ToString()));
    }

    [Fact]
    public void Lines_OfATerminalWithoutACursor_AreOne()
    {
        var board = new LineBoard(output, live: true, columns: () => 80, rows: () => 9, nests: false);
        board.Open().Show("sweep");
        board.Open(isNested: true).Show("a");

        Assert.DoesNotContain('\u001b', output.ToString());
        Assert.Equal(["sweep"], Screen.Of(output.ToString()));
    }

    [Fact]
    public void Lines_Elsewhere_AreThoseOfTheWholeAlone()
    {
        var board = new LineBoard(output, live: false);
        var (whole, one) = (board.Open(), board.Open(isNested: true));
        whole.Show("sweep 0/2");
        one.Show("a 1/9");
        whole.Show("sweep 1/2");

        Assert.Equal("sweep 0/2\nsweep 1/2\n", output.ToString());
    }

    [Fact]
    public void Lines_WithControlCharacters_MoveNothing()
    {
        Board().Open().Show("a\u001b[2Ab\rc");

        Assert.DoesNotContain("\u001b[2A", output.ToString());
        Assert.Single(Screen.Of(output.ToString()));
    }

    private LineBoard Board() => new(output, live: true, columns: () => 80, rows: () => 24, nests: true);
}

using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>
/// The last lines of a terminal, which are written over while work goes on: one, or several below each other. Elsewhere, and where a terminal cannot
/// move its cursor, lines of those below the first are not shown. Thread-safe.
/// </summary>
/// <param name="output">Where it is written.</param>
/// <param name="live">Whether it is a terminal.</param>
/// <param name="columns">How wide the terminal is; default: what it says.</param>
/// <param name="rows">How high it is; default: what it says.</param>
/// <param name="nests">Whether the cursor can move up; default: by the variable TERM, or on Windows the terminal that is known to.</param>
internal sealed class LineBoard(TextWriter output, bool live, Func<int>? columns = null, Func<int>? rows = null, bool? nests = null)
{
    private const string Escape = "\u001b";

    private readonly TextWriter raw = TerminalWriter.Raw(output);
    private readonly Lock gate = new();
    private readonly List<BoardLine> lines = [];
    private readonly bool isHigh = nests ?? (OperatingSystem.IsWindows() ? Variable("WT_SESSION") is not null : Variable("TERM") is not (null or "dumb"));
    private int[] drawn = [];

    /// <summary>Whether lines are written over.</summary>
    public bool IsLive => live;

    /// <summary>A line below those that there are; nothing is shown yet.</summary>
    /// <param name="isNested">Whether it is for terminals alone.</param>
    public BoardLine Open(bool isNested = false)
    {
        lock (gate)
        {
            var line = new BoardLine(this, isNested);
            lines.Add(line);
            return line;
        }
    }

    /// <summary>Writes a line that stays, above those that are written over.</summary>
    /// <param name="text">The line.</param>
    /// <param name="instead">A line that ends with it.</param>
    public void Note(string text, BoardLine? instead = null)
    {
        lock (gate)
        {
            if (instead is not null)
                instead.Text = "";
            Draw([]);
            output.WriteLine(text);
            Draw(Visible());
            output.Flush();
        }
    }

    /// <summary>Leaves what is shown where it is: what is written next begins a line of its own.</summary>
    public void Leave()
    {
        lock (gate)
        {
            if (drawn.Length > 0)
                output.WriteLine();
            drawn = [];
            foreach (var line in lines)
                line.Text = "";
        }
    }

    /// <summary>Shows a line.</summary>
    public void Show(BoardLine line, string text)
    {
        lock (gate)
        {
            line.Text = text;
            if (live)
                Draw(Visible());
            else if (!line.IsNested)
                output.WriteLine(text);
            output.Flush();
        }
    }

    /// <summary>Removes a line.</summary>
    public void Close(BoardLine line)
    {
        lock (gate)
        {
            lines.Remove(line);
            if (live && line.Text.Length > 0)
                Draw(Visible());
            output.Flush();
        }
    }

    private string[] Visible()
    {
        if (!live)
            return [];
        string[] all = [.. lines.Select(line => line.Text).Where(text => text.Length > 0)];
        var most = !isHigh ? 1 : (rows?.Invoke() ?? Ask(() => Console.WindowHeight)) is > 1 and var height ? height - 1 : all.Length;
        return [.. all.Take(most).Select(Fit)];
    }

    private void Draw(string[] next)
    {
        if (drawn.Length <= 1 && next.Length <= 1)
        {
            var (before, text) = (drawn.FirstOrDefault(), next.FirstOrDefault(""));
            if (before > 0 || text.Length > 0)
            {
                raw.Write('\r');
                output.Write(text.PadRight(before));
            }
            if (before > 0 && text.Length == 0)
                raw.Write('\r');
        }
        else
        {
            raw.Write(drawn.Length > 1 ? $"{Escape}[{drawn.Length - 1}A\r" : "\r");
            for (var i = 0; i < next.Length; i++)
            {
                output.Write(next[i]);
                raw.Write($"{Escape}[K{(i < next.Length - 1 ? "\n" : "")}");
            }
            if (next.Length < drawn.Length)
                raw.Write($"{Escape}[J");
        }
        drawn = [.. next.Select(line => line.Length)];
    }

    /// <summary>A line that wrapped could not be written over.</summary>
    private string Fit(string line)
    {
        line = Printable.Escape(line);
        var width = columns?.Invoke() ?? Ask(() => Console.WindowWidth);
        return width > 1 && line.Length >= width ? line[..(width - 1)] : line;
    }

    private static int Ask(Func<int> size)
    {
        try
        {
            return size();
        }
        catch (Exception error) when (error is IOException or PlatformNotSupportedException)
        {
            return 0; // it does not say
        }
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

/// <summary>One of a board's lines.</summary>
/// <param name="board">The board.</param>
/// <param name="isNested">Whether it is for terminals alone.</param>
internal sealed class BoardLine(LineBoard board, bool isNested) : IDisposable
{
    /// <summary>Whether it is for terminals alone.</summary>
    public bool IsNested => isNested;

    /// <summary>What it shows, which is the board's to change; empty: nothing.</summary>
    internal string Text { get; set; } = "";

    /// <summary>Shows a text in its place.</summary>
    public void Show(string text) => board.Show(this, text);

    /// <summary>Removes it.</summary>
    public void Dispose() => board.Close(this);
}

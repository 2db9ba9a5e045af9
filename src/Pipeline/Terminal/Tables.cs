using Spectre.Console;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>Tables in the output: with lines on a terminal, in plain ASCII elsewhere.</summary>
internal static class Tables
{
    private const int Widest = 400;

    /// <summary>How they are drawn.</summary>
    public static TableBorder Border(OutputStyle style) => style.Terminal ? TableBorder.Rounded : TableBorder.Ascii2;

    /// <summary>Writes one.</summary>
    public static void Render(Table table, TextWriter output, bool terminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(TerminalWriter.Raw(output)),
        });
        // A narrow window wraps the line; Spectre would break words inside cells.
        console.Profile.Width = Math.Max(console.Profile.Width, Widest);
        console.Write(table);
    }
}

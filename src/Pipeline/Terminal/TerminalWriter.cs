using System.Text;
using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>
/// What everything is written through. A terminal, pipe or disk that takes no more is no reason to stop the work: what cannot be written is
/// dropped. Control characters, which come from names in files, are escaped. Thread-safe.
/// </summary>
internal sealed class TerminalWriter : TextWriter
{
    private readonly TextWriter inner;
    private readonly bool escapes;
    private readonly Lock gate;
    private readonly TerminalWriter? owner;

    private TerminalWriter(TextWriter inner, TerminalWriter? owner = null)
    {
        (this.inner, this.owner, escapes) = (inner, owner, owner is null);
        gate = owner?.gate ?? new();
        CoreNewLine = inner.NewLine.ToCharArray();
    }

    /// <summary>Why something could not be written; <c>null</c>: all was.</summary>
    public Exception? Failure { get; private set; }

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <summary>Wraps a writer, unless it is one of these.</summary>
    public static TerminalWriter Wrap(TextWriter writer) => writer as TerminalWriter ?? new(writer);

    /// <summary>The way past escaping, for control sequences of this program.</summary>
    public static TextWriter Raw(TextWriter writer) => writer is TerminalWriter { owner: null } wrapped ? new TerminalWriter(wrapped.inner, wrapped) : writer;

    /// <inheritdoc/>
    public override void Write(char value) => Write(value.ToString());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    /// <inheritdoc/>
    public override void Write(string? value)
    {
        if (!string.IsNullOrEmpty(value))
            Try(() => inner.Write(escapes ? Printable.Escape(value) : value));
    }

    /// <inheritdoc/>
    public override void WriteLine() => Try(inner.WriteLine);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Try(() => inner.WriteLine(escapes ? Printable.Escape(value ?? "") : value));

    /// <inheritdoc/>
    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        lock (gate)
        {
            try
            {
                write();
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or UnauthorizedAccessException)
            {
                (owner ?? this).Failure ??= error;
            }
        }
    }
}

using System.Text;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>Stands in for a stream that the caller has closed: nothing can be written.</summary>
internal sealed class ClosedWriter : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <inheritdoc/>
    /// <exception cref="IOException">Always.</exception>
    public override void Write(char value) => throw new IOException("it is closed");
}

namespace OnnxKd.Pipeline.Tests.Terminal;

/// <summary>A clock that a test moves.</summary>
internal sealed class FakeClock : TimeProvider
{
    private double seconds;

    public override long TimestampFrequency => 1000;

    public void Advance(double by) => seconds += by;

    public override long GetTimestamp() => (long)(seconds * 1000);
}

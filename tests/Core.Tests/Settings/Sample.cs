using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Tests.Settings;

/// <summary>A type with settings of every form.</summary>
internal record Sample
{
    [Setting("how often", AtLeast = 1, AtMost = 9)]
    public int Count { get; init; } = 3;

    [Setting("how much", Above = 0)]
    public double? Share { get; init; }

    [Setting("which", Words = ["first", "last"])]
    public string Word { get; init; } = "first";

    [Setting("sizes", AtLeast = 1)]
    public IReadOnlyList<int> Sizes { get; init; } = [4];

    [Setting("moments", AtLeast = 0, Below = 1)]
    public IReadOnlyList<double> Moments { get; init; } = [];

    [Setting("ends", Above = 0, AtMost = 1)]
    public Interval Ends { get; init; } = new(0.5, 1);

    [Setting("shape")]
    public Shape Shape { get; init; } = new Round { Radius = 2 };

    [Setting("mode", Words = ["by-hand", "by-machine"])]
    public Mode Mode { get; init; } = Mode.Machine;

    [Setting("how many at once", AtLeast = 1, Null = "auto", IsOutsideKey = true)]
    public int? Threads { get; init; }

    [Setting("what it is called")]
    public required string Title { get; init; }

    /// <summary>Not declared, and so no setting.</summary>
    public int Hidden { get; init; } = 7;
}

/// <summary>Settings that extend others.</summary>
internal sealed record Extended : Sample
{
    [Setting("one more", Key = "extra-key")]
    public bool Extra { get; init; }
}

internal enum Mode
{
    Hand,
    Machine,
}

/// <summary>One of two kinds.</summary>
internal abstract record Shape
{
    public static KindTable Kinds { get; } = new(("round", typeof(Round)), ("square", typeof(Square)), ("oblong", typeof(Oblong)));
}

internal sealed record Round : Shape
{
    [Setting("radius", Above = 0)]
    public double Radius { get; init; } = 1;
}

internal abstract record Cornered : Shape;

internal sealed record Square : Cornered;

internal sealed record Oblong(
    [property: Setting("height", AtLeast = 1, IsRequired = true)] int Height, [property: Setting("width", AtLeast = 1)] int Width) : Cornered
{
    internal Oblong()
        : this(1, 8)
    {
    }
}

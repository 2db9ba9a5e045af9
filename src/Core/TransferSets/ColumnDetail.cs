using System.Globalization;

namespace OnnxKd.Core.TransferSets;

/// <summary>What rounding to float32 takes from a column of 64-bit floats: a time of 1.7e9 seconds is up to 64 seconds off.</summary>
internal sealed class ColumnDetail
{
    /// <summary>How many rows are looked at.</summary>
    public const int MostRows = 4096;

    // What is left may tell samples apart as well; a column that is all but constant tells nothing.
    private const double LargestShare = 1e-4;
    private const double Noise = 1e-10;

    private double least = double.PositiveInfinity;
    private double most = double.NegativeInfinity;
    private double worst;
    private (double Value, string Row) at;

    /// <summary>How far apart the column's smallest and largest numbers are.</summary>
    private double Spread => most - least;

    /// <summary>Counts a number of the column.</summary>
    public void Add(double value) => (least, most) = (Math.Min(least, value), Math.Max(most, value));

    /// <summary>Looks at what float32 makes of a number.</summary>
    /// <param name="exact">The number.</param>
    /// <param name="row">Where it is, for messages: <c>line 3</c>.</param>
    public void Look(double exact, string row)
    {
        if (!double.IsFinite(exact) || Math.Abs(exact - (float)exact) is var error && error <= worst)
            return;
        (worst, at) = (error, (exact, row));
    }

    /// <summary>What is lost; <c>null</c>: nothing that matters.</summary>
    /// <param name="column">The column's name, or its place.</param>
    public LostDetail? Lost(string column) => double.IsFinite(worst) && worst > LargestShare * Spread && Spread > Noise * Math.Max(Math.Abs(least), Math.Abs(most))
        ? new(column, at.Row, at.Value, Spread)
        : null;

    /// <summary>What is lost of an array; <c>null</c>: nothing that matters, or it holds no 64-bit floats.</summary>
    /// <param name="stored">The array.</param>
    /// <param name="places">Some of its rows.</param>
    public static LostDetail? Find(StoredTensor stored, IEnumerable<long> places)
    {
        if (stored.Type != Tensors.ElementType.Float64)
            return null;
        var values = stored.RowBytes / sizeof(double);
        ColumnDetail[] columns = [.. Enumerable.Range(0, values).Select(_ => new ColumnDetail())];
        var buffer = new byte[stored.RowBytes];
        foreach (var place in places)
        {
            var row = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(stored.Rows(place, buffer));
            for (var i = 0; i < row.Length; i++)
            {
                columns[i].Add(row[i]);
                columns[i].Look(row[i], $"sample {place}");
            }
        }

        return columns.Select((column, i) => column.Lost($"{i}")).FirstOrDefault(lost => lost is not null);
    }
}

/// <summary>A column whose numbers float32 does not tell apart as 64-bit floats do.</summary>
/// <param name="Column">The column's name, or its place in a sample.</param>
/// <param name="Row">Where a number of it is, for messages.</param>
/// <param name="Value">The number.</param>
/// <param name="Spread">How far apart the column's smallest and largest numbers are.</param>
internal sealed record LostDetail(string Column, string Row, double Value, double Spread)
{
    /// <summary>The named input that it is, or belongs to; <c>null</c>: samples have no names, or it is not known.</summary>
    public string? Part { get; init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value:R} ({Row}) is read as {(double)(float)Value:R}; the column spans {Spread:G3}");
}

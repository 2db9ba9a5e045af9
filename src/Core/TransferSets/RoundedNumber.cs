using System.Globalization;

namespace OnnxKd.Core.TransferSets;

/// <summary>A whole number of a table that float32 does not hold.</summary>
/// <param name="Column">The column's name, or its index.</param>
/// <param name="Row">Where it is, for messages: <c>line 3</c>.</param>
/// <param name="Text">As it is written.</param>
/// <param name="Value">As it was read.</param>
internal sealed record RoundedNumber(string Column, string Row, string Text, float Value)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text} ({Row}) is read as {(double)Value:0}");
}

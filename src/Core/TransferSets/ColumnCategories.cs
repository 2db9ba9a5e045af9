namespace OnnxKd.Core.TransferSets;

/// <summary>What the texts of a table's column stand for. The order is the teacher's: which number it learned for which text, only its maker knows.</summary>
/// <param name="Column">The column: its name, or its index from 0.</param>
/// <param name="Texts">The texts, as they are written, in the order of their numbers, from 0.</param>
/// <param name="IsOneHot">Whether a field becomes a value for each text, 1 for its own and 0 for the others; else it becomes its text's number.</param>
public sealed record ColumnCategories(string Column, IReadOnlyList<string> Texts, bool IsOneHot = false)
{
    /// <summary>How many values a field becomes.</summary>
    internal int Width => IsOneHot ? Texts.Count : 1;

    /// <summary>The place of a text in the list; −1: it is not there.</summary>
    internal int IndexOf(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < Texts.Count; i++)
            if (text.SequenceEqual(Texts[i]))
                return i;
        return -1;
    }

    /// <summary>The values of a text's place.</summary>
    internal void Write(int index, Action<float> write)
    {
        if (!IsOneHot)
            write(index);
        else
            for (var i = 0; i < Texts.Count; i++)
                write(i == index ? 1 : 0);
    }

    /// <summary>The names of the values.</summary>
    /// <param name="column">The column's name.</param>
    internal IEnumerable<string> Names(string column) => IsOneHot ? Texts.Select(text => $"{column}={text}") : [column];

    /// <inheritdoc/>
    public bool Equals(ColumnCategories? other) => other is not null && (Column, IsOneHot) == (other.Column, other.IsOneHot) && Texts.SequenceEqual(other.Texts);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Column, Texts.Count, IsOneHot);

    /// <summary>For messages: <c>color: red, green (one-hot)</c>.</summary>
    public override string ToString() => $"{Column}: {string.Join(", ", Texts)}{(IsOneHot ? " (one-hot)" : "")}";
}

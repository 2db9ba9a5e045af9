using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Tensors of several files, one after the other.</summary>
internal sealed class JoinedTensor : StoredTensor
{
    private readonly TensorFile[] parts;
    private readonly long[] firstRows;

    private JoinedTensor(string path, TensorFile[] parts)
        : base(path, parts[0].Type, [parts.Sum(part => part.Shape[0]), .. parts[0].Shape.Skip(1)])
    {
        this.parts = parts;
        (Columns, ValueNames, Categories) = (parts[0].Columns, parts[0].ValueNames, parts[0].Categories);
        (Fillers, FillersOfValues) = (parts[0].Fillers, parts[0].FillersOfValues);
        (IsTable, HasRowNames, LeftOut) = (parts[0].IsTable, parts[0].HasRowNames, parts[0].LeftOut);
        Decimal = parts.Select(part => part.Decimal).FirstOrDefault(sign => sign is not null);
        LostDetails = [.. parts.SelectMany(part => part.LostDetails).DistinctBy(lost => lost.Column)];
        Rounded = [.. parts.SelectMany(part => part.Rounded).DistinctBy(number => number.Column)];
        firstRows = new long[parts.Length];
        for (var i = 1; i < parts.Length; i++)
            firstRows[i] = firstRows[i - 1] + parts[i - 1].Shape[0];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<FileStatus> Statuses => [.. parts.SelectMany(part => part.Statuses)];

    /// <summary>Joins files, in their order.</summary>
    /// <param name="path">What stands for them, for messages.</param>
    /// <param name="files">Opened one by one.</param>
    /// <exception cref="InputException">They differ in type or in the shape of a row.</exception>
    public static JoinedTensor Open(string path, IEnumerable<TensorFile> files)
    {
        var opened = new List<TensorFile>();
        try
        {
            foreach (var file in files)
            {
                opened.Add(file);
                RequireAlike(opened[0], file);
            }

            return new(path, [.. opened]);
        }
        catch
        {
            opened.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public override void ReadRows(long firstRow, Span<byte> destination)
    {
        var found = Array.BinarySearch(firstRows, firstRow);
        for (var part = found < 0 ? ~found - 1 : found; !destination.IsEmpty; part++)
        {
            var row = firstRow - firstRows[part];
            var length = (int)Math.Min(destination.Length, (parts[part].Shape[0] - row) * RowBytes);
            parts[part].ReadRows(row, destination[..length]);
            destination = destination[length..];
            firstRow = firstRows[part] + parts[part].Shape[0];
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => Array.ForEach(parts, part => part.Dispose());

    private static void RequireAlike(TensorFile first, TensorFile other)
    {
        if (!other.Columns.SequenceEqual(first.Columns))
            throw new InputException(
                "Tables of one set differ in their columns.", other.Path, string.Join(", ", other.Columns), $"{string.Join(", ", first.Columns)}, as in {first.Path}",
                "name the columns that all have: table.features");
        if (other.Type != first.Type || !other.Shape.Skip(1).SequenceEqual(first.Shape.Skip(1)))
            throw new InputException(
                "Files of one set do not fit together.", other.Path, Describe(other), $"{Describe(first)}, as in {first.Path}",
                "convert them, or name fewer files");

        static string Describe(TensorFile file) => $"{file.Type.Name()} {Shapes.Format([.. file.Shape.Skip(1)])} in each row";
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Reports;
using OnnxKd.TeacherRunner.Preparation;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>The graph from texts, pictures or sounds to a run's samples, such as a tokenizer, where <c>prepare</c> made them: it ships beside the student.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Digest">What it must be.</param>
internal sealed record ShippedPreparation(string Path, string Digest)
{
    /// <summary>Its name beside the student.</summary>
    public const string FileName = PreparedSet.PreprocessFile;

    private const string LengthOutput = PreparationSession.LengthOutput;

    /// <summary>Whether it is still where the samples are.</summary>
    public bool IsThere => File.Exists(Path);

    /// <summary>Finds the one that made a set.</summary>
    /// <param name="set">The set.</param>
    /// <returns><c>null</c>: the set was not prepared, was drawn, or several graphs made it.</returns>
    public static ShippedPreparation? Of(TransferSetOptions set)
    {
        var found = FilesOf(set).Select(file => (Graph: System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file))!, FileName), Set: PreparedSources.SetOf(file)))
            .Where(made => made.Set?.PreprocessDigest is not null).DistinctBy(made => made.Set!.PreprocessDigest).ToArray();
        return found is [var only] ? new(only.Graph, only.Set!.PreprocessDigest!) : null;
    }

    /// <summary>Refuses one that is not what made the samples.</summary>
    /// <exception cref="CheckFailedException">It was changed.</exception>
    public void RequireIntact()
    {
        if (IsThere && Hashing.Sha256OfFile(Path) is var found && found != Digest)
            throw new CheckFailedException(
                "A file of a prepared set was changed.", Path, $"SHA-256 {found}", $"SHA-256 {Digest}, as {PreparedSet.ManifestFile} says",
                "prepare the set again: this graph would ship with the student, and makes other samples than it learned from");
    }

    /// <summary>What a card says of it.</summary>
    /// <param name="set">The set that it made.</param>
    /// <param name="graph">The student's graph, to whose inputs its samples go.</param>
    public CardPreparation Card(TransferSetOptions set, GraphIndex graph)
    {
        var (own, made) = (OnnxModel.Load(Path).Proto.Graph, set.Inputs.All.Where(input => PreparedSources.SetOf(input.File ?? set.Samples) is not null));
        return new(
            FileName, own.Input[0].Name, own.Input[0].DataTypeOf() == (int)DataType.String, own.Output.Any(output => output.Name == LengthOutput),
            [.. made.Where(input => graph.Inputs.Any(taken => taken.Name == input.Name)).Select(input => (input.Name, input.IsOfLengths))]);
    }

    private static IEnumerable<string> FilesOf(TransferSetOptions set) =>
        (set.Inputs.AreNone ? [set.Samples] : set.Inputs.All.Select(input => input.File ?? set.Samples)).Where(file => file.Length > 0).Distinct();
}

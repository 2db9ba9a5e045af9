using System.Diagnostics.CodeAnalysis;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Opens the files of a set, and checks that they belong together.</summary>
internal static class SetOpening
{
    /// <inheritdoc cref="TransferSet.Open(TransferSetOptions, SampleShape?)"/>
    public static TransferSet Open(TransferSetOptions options, SampleShape? like)
    {
        ArgumentNullException.ThrowIfNull(options);
        RequireFile(options, "labels", options.LabelsKey, options.Labels);
        RequireFile(options, "lengths", options.LengthsKey, options.Lengths);
        RequireFile(options, "groups", options.GroupsKey, options.Groups);
        if (options is { Groups: not null, Labels: null })
            throw new InputException(
                "Groups say among which samples those with the same label are sought, and there are no labels.", options.Groups, remedy: "set labels, or remove groups");
        var samples = PackedTensor.OpenSamples(options, like);
        SampleLabels? labels = null;
        try
        {
            var stored = samples.Shape[0];
            var count = options.Count ?? stored - options.First;
            if (options.First < 0 || count < 1 || count > stored - options.First)
                throw new InputException(
                    "The rows to use lie outside a set.",
                    where: samples.Path,
                    found: $"rows {options.First}..{options.First + options.Count}",
                    expected: $"a part of 0..{stored}: there are {stored} rows",
                    remedy: "correct 'rows', or leave it out to use all");
            labels = options.Labels is null ? null : SampleLabels.Open(options, stored, options.First, count);
            var lengths = options.Lengths is null ? null : SampleLengths.Read(options, samples.Shape, options.First, count);
            var texts = options.Texts is null ? [] : SampleTexts.Read(options.Texts, options.First, count);
            var groups = options.Groups is null ? null : SampleGroups.Read(options, stored, options.First, count);
            long[]? kept = null;
            if (options.Classes is not null)
            {
                kept = RequireOneLabelEach(labels, options).Rows(labels.Held, samples.Path);
                (labels, lengths, groups, texts) = (labels.Of(kept), lengths?.Of(kept), groups?.Of(kept), texts.Length == 0 ? texts : [.. kept.Select(row => texts[row])]);
            }
            var rows = kept is null ? new SampleRows(samples, options.First, count) : new(samples, [.. kept.Select(row => options.First + row)]);
            var set = new TransferSet(rows, labels, lengths, texts, options.First) { Groups = groups };
            foreach (var (name, modality) in options.Modalities.ByName)
                set.Add(name, OpenModality(options, labels, stored, count, kept, name, modality));
            return set;
        }
        catch
        {
            samples.Dispose();
            labels?.Dispose();
            throw;
        }
    }

    private static void RequireFile(TransferSetOptions options, string what, string? key, string? file)
    {
        if (key is not null && file is null)
            throw new InputException(
                $"A key of {what} is given, but no file of {what}.", options.Samples, $"{what}-key '{key}'", remedy: $"set {what} to the file that holds them (it may be the file of samples)");
    }

    private static ClassSelection RequireOneLabelEach([NotNull] SampleLabels? labels, TransferSetOptions options) =>
        options.Classes!.Problem is { } problem ? throw new InputException(
            "It is not clear which classes are used.", options.Samples, problem, "either keep or drop, with classes")
        : labels is { Shape.Count: 0 } ? options.Classes
        : throw new InputException(
            "Samples are to be chosen by their class, and it is not known.", options.Samples, labels is null ? "no labels" : "labels for each position",
            "one label for each sample", "set labels, or leave classes out");

    private static TransferSet OpenModality(TransferSetOptions options, SampleLabels? labels, long stored, long count, long[]? kept, string name, TransferSetOptions modality)
    {
        var file = PackedTensor.OpenSamples(modality, like: null);
        try
        {
            var places = SampleJoin.Rows(options, options.First, count, stored, name, modality, file.Shape[0]);
            return new TransferSet(new(file, kept is null ? places : [.. kept.Select(row => places[row])]), labels, null, [], options.First, isModality: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

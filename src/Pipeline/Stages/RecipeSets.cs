using OnnxKd.Core.Errors;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Preparation;

namespace OnnxKd.Pipeline.Stages;

/// <summary>The open sets of a recipe.</summary>
internal sealed class RecipeSets : IDisposable
{
    private const int MostTexts = 5;

    private readonly TransferSetOptions transfer;

    private RecipeSets(TransferSetOptions options)
    {
        transfer = options;
        Transfer = OpenIntact(options);
    }

    /// <summary>What the student learns from.</summary>
    public TransferSet Transfer { get; }

    /// <summary>What is evaluated each epoch.</summary>
    public TransferSet? Validation { get; private set; }

    /// <summary>What the final figures are measured on; <c>null</c>: no figures.</summary>
    public TransferSet? Test { get; private set; }

    /// <summary>The first set with a label for each sample, which can tell what a teacher's output holds; <c>null</c>: there is none.</summary>
    public TransferSet? Labelled => Array.Find([Transfer, Validation, Test], set => set?.Labels.Length > 0);

    /// <summary>What the classes of a recogniser stand for; <c>null</c> where no texts are known.</summary>
    public CtcAlphabet? Alphabet { get; private set; }

    /// <summary>What the exported student is verified on: the test set, else the validation set, else the transfer set.</summary>
    public TransferSet Verification => Test ?? Validation ?? Transfer;

    /// <summary>Opens and checks every set; known ones that are not there are fetched first.</summary>
    /// <param name="data">The sets.</param>
    /// <param name="note">Told what is fetched.</param>
    /// <param name="token">Stops that.</param>
    /// <exception cref="InputException">A file is missing or damaged, or the sets' samples differ in shape.</exception>
    public static RecipeSets Open(DataOptions data, Action<string> note, CancellationToken token)
    {
        TransferSetOptions?[] all = [data.Transfer, data.Validation, data.Test];
        DataSetStore.Require(note, token, all.Concat(all.SelectMany(set => set?.Modalities.ByName.Values ?? [])));
        var sets = new RecipeSets(data.Transfer);
        foreach (var said in SetNotes.Of(sets.Transfer))
            note(said);
        if (sets.Transfer.SampleShape is { Parts.Count: > 0 } named)
            note($"samples of named inputs: {named}{(named.Mask is { } mask ? $"; where '{mask}' is {(named.MarksPadding ? "1, positions are padding and" : "0, positions")} count in no loss and no figure" : "")}");
        try
        {
            sets.Validation = data.Validation is null ? null : sets.OpenAlike(data.Validation);
            sets.Test = data.Test is null ? null : sets.OpenAlike(data.Test);
            foreach (var set in new[] { sets.Validation, sets.Test }.OfType<TransferSet>())
            {
                sets.NoteNewTexts(set, note);
                if (set.LeftOut.Count > 0)
                    note($"{set.Name}: columns that {sets.Transfer.Name} does not have are left out: {string.Join(", ", set.LeftOut)}");
            }
            sets.Alphabet = data.Alphabet is null ? null : CtcAlphabet.Load(data.Alphabet);
            data.Preprocessing.Validate(sets.Transfer.SampleShape);
            return sets;
        }
        catch
        {
            sets.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Checks the values of all sets: most are read after work that would be lost. Whether those of the transfer set are finite is checked as they are read.
    /// </summary>
    /// <param name="uses">The models that read them.</param>
    /// <param name="token">Stops between reads.</param>
    /// <exception cref="InputException">One is no finite number, or none that a model takes.</exception>
    public void RequireTaken(IReadOnlyList<SampleUse> uses, CancellationToken token)
    {
        foreach (var set in new[] { Transfer, Validation, Test }.OfType<TransferSet>())
            if (SampleChecks.Of(set, uses) is var checks && (checks.AreAny || set != Transfer))
                checks.Require(token);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Transfer.Dispose();
        Validation?.Dispose();
        Test?.Dispose();
    }

    /// <summary>What no student could learn on it takes for unknown.</summary>
    private void NoteNewTexts(TransferSet set, Action<string> note)
    {
        foreach (var (own, known) in set.SampleShape.Parts.Zip(Transfer.SampleShape.Parts))
            if (own.Texts.Except(known.Texts).ToArray() is { Length: > 0 } unknown)
                note($"{set.Name}: input '{own.Name}' holds texts that {Transfer.Name} does not, which a student cannot tell apart: "
                    + Printable.Some([.. unknown.Select(text => $"'{text}'")], MostTexts));
    }

    private TransferSet OpenAlike(TransferSetOptions options)
    {
        var set = OpenIntact(options, Transfer);
        if (ClassesOf(options) is { } classes && ClassesOf(transfer) is { } others && !classes.SequenceEqual(others))
        {
            set.Dispose();
            throw new InputException(
                "The sets' classes differ, so that their labels do not mean the same.", options.Labels, Printable.Some(classes, MostTexts), $"{Printable.Some(others, MostTexts)}, as in {transfer.Labels}",
                $"prepare it again with the other's classes: onnxkd prepare ... --classes {ShellWord.Of(Path.GetDirectoryName(transfer.Labels)!)}; what an embedding tells apart is compared within the test set, so that only that one needs labels");
        }

        if (Difference(set.SampleShape, Transfer.SampleShape) is { } differs)
        {
            set.Dispose();
            throw new InputException(
                "The sets' samples have different inputs.", options.Samples, differs, $"{Transfer.SampleShape}, as in {Transfer.Name}", "name the same inputs in both: inputs");
        }

        if (set.Columns.Count > 0 && Transfer.Columns.Count > 0 && !set.Columns.SequenceEqual(Transfer.Columns))
        {
            set.Dispose();
            throw new InputException(
                "The sets' tables differ in their columns.", options.Samples, string.Join(", ", set.Columns),
                $"{string.Join(", ", Transfer.Columns)}, as in {Transfer.Name}", $"name the columns in both: table: {{ features: [{string.Join(", ", Transfer.Columns.Select(YamlWord.Of))}] }}");
        }

        if (set.SampleShape.SequenceEqual(Transfer.SampleShape))
            return set;
        var shape = Shapes.Format(set.SampleShape);
        set.Dispose();
        throw new InputException(
            "The sets' samples differ in shape.", options.Samples, shape,
            $"{Shapes.Format(Transfer.SampleShape)}, as in {Transfer.Name}", "use sets that belong together");
    }

    /// <summary>The names of the classes, where labels are those of a prepared set that knows them.</summary>
    private static IReadOnlyList<string>? ClassesOf(TransferSetOptions options) => options.Labels is { } labels ? PreparedSources.SetOf(labels)?.Classes : null;

    private static string? Difference(SampleShape found, SampleShape expected) =>
        IsMaskedLike(found, expected) && found.Parts.Select(part => $"{part}").SequenceEqual(expected.Parts.Select(part => $"{part}"))
            ? null
            : $"{(found.Parts.Count == 0 ? "one tensor " : "")}{found}{(IsMaskedLike(found, expected) ? "" : $", {(found.MarksPadding ? "padding" : "mask")} '{found.Mask}'")}";

    private static bool IsMaskedLike(SampleShape found, SampleShape expected) => found.Mask == expected.Mask && found.MarksPadding == expected.MarksPadding;

    private static TransferSet OpenIntact(TransferSetOptions options, TransferSet? other = null)
    {
        var set = other is null ? TransferSet.Open(options) : TransferSet.Open(options, other);
        try
        {
            PreparedSet.RequireIntact(options.Samples, () => DigestOfAll(set, options));
            foreach (var modality in options.Modalities.ByName.Values)
                PreparedSet.RequireIntact(modality.Samples, () => DigestOfAll(null, modality));
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    private static string DigestOfAll(TransferSet? set, TransferSetOptions options)
    {
        if (set is not null && options is { First: 0, Count: null, Classes: null, Inputs.AreNone: true })
            return set.SamplesDigest;
        using var all = TransferSet.Open(new() { Samples = options.Samples, SamplesKey = options.SamplesKey });
        return all.SamplesDigest;
    }
}

using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Students;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>Preprocessing that is fitted to the samples, where a student has none of its own.</summary>
/// <param name="source">The recipe.</param>
/// <param name="note">Told what is chosen, a line each.</param>
/// <param name="token">Stops the reading of samples.</param>
internal sealed class PreprocessingDefaults(RecipeSource source, Action<string> note, CancellationToken token)
{
    private const string FitWord = "fit";
    private const int MostNames = 8;

    /// <summary>Fits the preprocessing of a student and writes it under the student.</summary>
    /// <param name="student">The student's section of the recipe; changed.</param>
    /// <param name="kind">What the samples are.</param>
    /// <param name="set">The samples that it is fitted to.</param>
    /// <exception cref="OnnxKdException">The set or the student's file cannot be read.</exception>
    public void Fit(YamlMappingNode student, SampleKind kind, TransferSet set)
    {
        var architecture = student.Find("architecture")?.ToString();
        var model = student.Find("model") is { } file ? OnnxModel.Load(Path.GetFullPath(file.ToString(), source.Folder)) : null;
        var own = model is null ? null : OwnScale.Find(model);
        var preprocessing = own is not null || model is null && IsOfTokens(student, architecture) ? Preprocessing.None : Standardisation.Fit(set, AxisFor(architecture, kind, set), token);
        var written = preprocessing.IsNone ? new YamlScalarNode("none") : DataSection.WritePreprocessing(preprocessing);
        student.Children[new YamlScalarNode(StudentSection.PreprocessingKey)] = source.Remember(written, RecipeDefaults.Origin);
        if (own is not null)
            note($"chosen: student.preprocessing none, for {Path.GetFileName(model!.Path)} takes samples as they are: {own}; student.preprocessing says otherwise");
        if (!preprocessing.IsNone)
            note($"chosen: student.preprocessing {Describe(preprocessing)}, fitted to {set.Count:#,0} samples; the exported file has it inside");
        if (preprocessing.Log is { } log)
            note($"their values spread over orders of magnitude, or a few are far from all others, so that the student takes logarithms of them (student.preprocessing.log): "
                + NamesOf([.. log.Unit.Index().Where(unit => unit.Item > 0).Select(unit => unit.Index)], set));
        foreach (var far in (preprocessing.IsNone ? [] : FarValues.Find(set)).Take(MostNames))
            note(string.Create(CultureInfo.InvariantCulture, $"{NamesOf([far.Channel], set)} has values far from all others ({far.Far:g4}, where half of them lie between {far.Low:g4} and {far.High:g4}): "
                + $"correct them if they stand for a missing value"));
        if (Standardisation.ConstantChannels(preprocessing) is [_, ..] constant)
            note($"the same in all samples, so that the student ignores {(constant.Count > 1 ? "them" : "it")}: {NamesOf(constant, set)}");
    }

    private static string NamesOf(IReadOnlyList<int> channels, TransferSet set)
    {
        var names = channels.Take(MostNames).Select(channel =>
            set.SampleShape.PartOf(channel) is { } part ? $"input '{part.Name}'"
            : set.ValueNames.Count > channel ? $"column '{set.ValueNames[channel]}'" : $"channel {channel}");
        return string.Join(", ", channels.Count > MostNames ? names.Append("…") : names);
    }

    /// <summary>The axis that gets a mean for each of its indices: the features of tables and sequences, the channels of pictures.</summary>
    private static int? AxisFor(string? architecture, SampleKind kind, TransferSet set) => set.SampleShape.Count switch
    {
        0 => null,
        1 when kind == SampleKind.Signal => null,
        1 => 0,
        2 when kind == SampleKind.Signal => SignalLayout.Of(set.SampleShape)!.Value.IsChannelsLast ? 1 : 0,
        2 => kind == SampleKind.Sequence || architecture is not null && Architectures.ReadsSequences(architecture) ? 1 : null,
        _ => SampleKinds.ChannelAxis(set.SampleShape),
    };

    /// <summary>Whether a student's section asks for preprocessing that is fitted.</summary>
    public static bool IsAskedFor(YamlNode? student) => student.Find(StudentSection.PreprocessingKey) is YamlScalarNode { Value: FitWord };

    private static bool IsOfTokens(YamlMappingNode student, string? architecture) =>
        architecture is not null && Architectures.IsKnown(architecture) && Architectures.TakesTokens(architecture, student.Find("vocabulary") is not null);

    /// <summary>
    /// Whether preprocessing is to be fitted: it was asked for, or nothing is said and the student has no weights yet. What a file or a stage was
    /// trained with is theirs.
    /// </summary>
    /// <param name="student">The student's section of the recipe.</param>
    /// <param name="byDefault">Whether it is fitted where the student does not say.</param>
    public static bool IsUnfitted(YamlMappingNode student, bool byDefault) => student.Find(StudentSection.PreprocessingKey) switch
    {
        YamlScalarNode { Value: FitWord } => true,
        null => byDefault && student.Find("stage") is null && (student.Find("model") is null || student.Find("init") is YamlScalarNode { Value: "fresh" })
            && !StudentDefaults.IsUnnamed(student),
        _ => false,
    };

    private static string Describe(Preprocessing preprocessing)
    {
        if (preprocessing.Mean.Count == 1)
            return $"mean {preprocessing.Mean[0]:g4}, std {preprocessing.Std[0]:g4}";
        // Channels that are ignored have numbers that stand for that.
        int[] told = [.. Enumerable.Range(0, preprocessing.Mean.Count).Except(Standardisation.ConstantChannels(preprocessing))];
        return $"of {preprocessing.Mean.Count} channels" + (told.Length == 0 ? "" : $": means {told.Min(i => preprocessing.Mean[i]):g4} to {told.Max(i => preprocessing.Mean[i]):g4}, stds {told.Min(i => preprocessing.Std[i]):g4} to {told.Max(i => preprocessing.Std[i]):g4}");
    }
}

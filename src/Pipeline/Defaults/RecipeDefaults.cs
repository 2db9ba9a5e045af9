using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Students.Layers;
using OnnxKd.StudentTrainer.Terms;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>
/// Fills in what a recipe leaves to us and what only the data can decide: the student, its preprocessing, its training. What is chosen becomes part of
/// the recipe, as if the user had written it: so it is in the resolved recipe, in every key, and can be pinned. Nothing that is given is changed.
/// </summary>
internal sealed class RecipeDefaults
{
    private const string Origin = "default";
    private const string Fit = "fit";
    private const long QuickRows = 10_000;
    private const int MostNames = 8;

    private readonly RecipeSource source;
    private readonly Action<string> note;
    private readonly CancellationToken token;

    private RecipeDefaults(RecipeSource source, Action<string> note, CancellationToken token) => (this.source, this.note, this.token) = (source, note, token);

    /// <summary>Fills in a recipe.</summary>
    /// <param name="source">The recipe; changed.</param>
    /// <param name="isQuick">Whether a first look is enough: few steps, at most 10,000 samples.</param>
    /// <param name="note">Told what is chosen, a line each.</param>
    /// <param name="token">Stops the reading of samples.</param>
    /// <exception cref="OnnxKdException">A set or the teacher cannot be read.</exception>
    public static void Fill(RecipeSource source, bool isQuick, Action<string> note, CancellationToken token) =>
        new RecipeDefaults(source, note, token).Fill(isQuick);

    private void Fill(bool isQuick)
    {
        var root = source.Root;
        var stages = Find(root, "stages") as YamlMappingNode;
        YamlMappingNode?[] unfitted =
        [
            Find(root, "student") as YamlMappingNode,
            .. StudentsOf(Find(root, "learners")),
            .. (stages?.Children.Values ?? []).SelectMany(stage => StudentsOf(Find(Find(stage, "train"), "learners"))),
            .. (stages?.Children.Values ?? []).Select(stage => Find(Find(stage, "train"), "student") as YamlMappingNode),
        ];
        var ownSamples = Find(Find(root, "data"), "preprocessing") is null;
        var students = unfitted.OfType<YamlMappingNode>().Where(student => IsUnfitted(student, ownSamples)).ToArray();
        var training = Find(root, "training");
        var isPartial = stages is null && (training is null || training is YamlMappingNode map && (Find(map, "epochs") is null || Find(map, "optimizer") is null));
        var lacksStudent = stages is null && Find(root, "learners") is null && (Find(root, "student") is null || IsUnnamed(Find(root, "student")));
        var ofText = unfitted.OfType<YamlMappingNode>().Where(LacksVocabulary).ToArray();
        if (!(isQuick || isPartial || lacksStudent || students.Length > 0 || ofText.Length > 0) || Find(root, "data") is null)
            return;

        if (isQuick)
            LimitRows();
        var data = RecipeFile.ReadData(source);
        DataSetStore.Require(note, token, data.Transfer, data.Validation, data.Test);
        using var set = TransferSet.Open(data.Transfer);
        var teacher = RecipeFile.ReadCapture(source).Teachers.FirstOrDefault(options => options.Model.Length > 0);
        var model = teacher is null ? null : OnnxModel.Load(teacher.Model);
        var reading = model is null ? null : ReadingModel.Of(model, teacher!.Inputs);
        var kind = SampleKinds.Of(set, data.Transfer.Lengths is not null, reading);
        if (stages is null)
            ObjectiveOverride.ApplyDefault(source, () => TeacherKinds.FindAll(source));
        if (lacksStudent)
        {
            if (kind != SampleKind.Tokens && set.SampleShape.Parts.FirstOrDefault(part => reading?.Lookups.Contains(part.Name) == true && part.IsRowOfNames) is { } ids)
                throw new InputException(
                    "The samples are token ids, and it is not clear what stands beside them.", $"{set.Name}, input '{ids.Name}'", $"{set.SampleShape}",
                    "ids, a mask and the kinds of tokens, of one length", "say which is the mask: data.transfer.mask: NAME; what says of which kind a token is, is called token_type_ids; or name a student");
            ChooseStudent(kind, set, data, model, teacher?.Pooling is not null);
            if (ownSamples || Find(Find(root, "student"), StudentSection.PreprocessingKey) is YamlScalarNode { Value: Fit })
                students = [.. students.Append((YamlMappingNode)Find(root, "student")!).Where(student => IsUnfitted(student, ownSamples)).Distinct()];
        }

        foreach (var student in ofText.Where(student => kind == SampleKind.Tokens || Architectures.TakesTokens(Find(student, "architecture")!.ToString(), hasVocabulary: false)))
            ChooseVocabulary(student, set, data, teacher?.Modality is null ? model : null);
        foreach (var student in students)
            FitPreprocessing(student, kind, set);
        if (isQuick && stages is null)
            ShortenTraining(set.Count);
        if (isPartial || isQuick && stages is null)
            ChooseTraining(set.Count, isQuick);
    }

    private static IEnumerable<YamlMappingNode?> StudentsOf(YamlNode? learners) =>
        (learners as YamlMappingNode)?.Children.Values.Select(learner => Find(learner, "student") as YamlMappingNode) ?? [];

    /// <summary>A first look needs no more samples, and no second student.</summary>
    private void LimitRows()
    {
        if (Find(source.Root, "baseline") is not null)
            source.Set("baseline", "false", Origin);
        if (Find(source.Root, "data") is not YamlMappingNode section || Find(section, "transfer") is not YamlMappingNode transfer || Find(transfer, "rows") is not null)
            return;
        var data = RecipeFile.ReadData(source);
        DataSetStore.Require(note, token, data.Transfer);
        using var set = TransferSet.Open(data.Transfer);
        if (set.Count <= QuickRows)
            return;
        source.Set("data.transfer.rows", $"0..{QuickRows}", Origin);
        note($"chosen: the first {QuickRows:#,0} of {set.Count:#,0} samples, for a first look");
    }

    /// <summary>Named or chosen, a student of text knows the ids that its teacher does.</summary>
    private void ChooseVocabulary(YamlMappingNode student, TransferSet set, DataOptions data, OnnxModel? teacher)
    {
        using var sets = new OpenSets(set, data);
        var vocabulary = StudentDefaults.Vocabulary(sets.All, teacher);
        student.Children[new YamlScalarNode(StudentDefaults.VocabularyKey)] = source.Remember(new YamlScalarNode($"{vocabulary}"), Origin);
        note($"chosen: student.{StudentDefaults.VocabularyKey} {vocabulary}, for {Find(student, "architecture")}");
    }

    private void ChooseStudent(SampleKind kind, TransferSet set, DataOptions data, OnnxModel? teacher, bool isPooled)
    {
        using var sets = new OpenSets(set, data);
        var chosen = StudentDefaults.Choose(kind, sets.All, teacher, isPooled, () => TeacherKinds.Find(source) == OutputKind.Detector);
        foreach (var given in chosen.Children.Keys.Where(key => Find(Find(source.Root, "student"), key.ToString()) is not null).ToArray())
            chosen.Children.Remove(given);
        foreach (var (key, value) in chosen.Children)
            source.Set($"student.{key}", value, Origin);
        note($"chosen: student {Flow(chosen)}, for {kind.ToString().ToLowerInvariant()} samples{(kind == SampleKind.Tokens && set.SampleShape.Mask is { } mask ? $" with mask '{mask}'" : "")}");
    }

    private void FitPreprocessing(YamlMappingNode student, SampleKind kind, TransferSet set)
    {
        var architecture = Find(student, "architecture")?.ToString();
        var model = Find(student, "model") is { } file ? OnnxModel.Load(Path.GetFullPath(file.ToString(), source.Folder)) : null;
        var own = model is null ? null : OwnScale.Find(model);
        var preprocessing = own is not null || model is null && IsOfTokens(student, architecture) ? Preprocessing.None : Standardisation.Fit(set, AxisFor(architecture, kind, set), token);
        var written = preprocessing.IsNone ? new YamlScalarNode("none") : DataSection.WritePreprocessing(preprocessing);
        student.Children[new YamlScalarNode(StudentSection.PreprocessingKey)] = source.Remember(written, Origin);
        if (own is not null)
            note($"chosen: student.preprocessing none, for {Path.GetFileName(model!.Path)} takes samples as they are: {own}; student.preprocessing says otherwise");
        if (!preprocessing.IsNone)
            note($"chosen: student.preprocessing {Describe(preprocessing)}, fitted to {set.Count:#,0} samples; the exported file has it inside");
        foreach (var far in FarValues.Find(set, preprocessing).Take(MostNames))
            note(string.Create(CultureInfo.InvariantCulture, $"{NamesOf([far.Channel], set)} has values far from all others ({far.Far:g4}, where half of them lie between {far.Low:g4} and {far.High:g4}), which decide its scale: "
                + $"correct them if they stand for a missing value, or give student.preprocessing yourself"));
        if (Standardisation.ConstantChannels(preprocessing) is [_, ..] constant)
            note($"the same in all samples, so that the student ignores {(constant.Count > 1 ? "them" : "it")}: {NamesOf(constant, set)}");
    }

    private static string NamesOf(IReadOnlyList<int> channels, TransferSet set)
    {
        var names = channels.Take(MostNames).Select(channel =>
            set.SampleShape.Parts.FirstOrDefault(part => channel >= part.Offset && channel < part.Offset + part.Elements) is { } part ? $"input '{part.Name}'"
            : set.ValueNames.Count > channel ? $"column '{set.ValueNames[channel]}'" : $"channel {channel}");
        return string.Join(", ", channels.Count > MostNames ? names.Append("…") : names);
    }

    /// <summary>The length that the file gives a training is that of the real one.</summary>
    private void ShortenTraining(long samples)
    {
        if (source.Find("training.epochs") is not { IsGiven: false } written || !int.TryParse(written.Value, out var epochs)
            || source.Find("training.batch-size") is not { } size || !int.TryParse(size.Value, out var batchSize) || batchSize < 1
            || TrainingDefaults.Epochs(batchSize, IsConvolutional(), samples, isQuick: true) is var fewer && fewer >= epochs)
            return;
        source.Set("training.epochs", $"{fewer}", "--quick");
        note($"chosen: training epochs {fewer} in place of the recipe's {epochs}, for a first look");
        ShortenedTraining.Fit(source, note);
    }

    private void ChooseTraining(long samples, bool isQuick)
    {
        if (Find(source.Root, "training") is not YamlMappingNode given)
            source.Set("training", given = new YamlMappingNode(), Origin);
        var chosen = TrainingDefaults.Choose(given, IsConvolutional(), IsDetector(), samples, isQuick);
        foreach (var (key, value) in chosen)
            source.Set($"training.{key}", YamlTree.Map((key, value)).Children.Single().Value, Origin);
        if (chosen.Count > 0)
            note($"chosen: training {string.Join(", ", chosen.Select(entry => $"{entry.Key} {Flow(YamlTree.Map((entry.Key, entry.Value)).Children.Single().Value)}"))}");
    }

    private bool IsDetector() => Find(source.Root, "objective") is YamlSequenceNode terms && terms.OfType<YamlMappingNode>().SelectMany(term => term.Children.Keys)
        .Any(name => Term.Kinds.Find(name.ToString())?.IsSubclassOf(typeof(DetectorTerm)) == true);

    private bool IsConvolutional() => Find(source.Root, "student") switch
    {
        YamlMappingNode student when Find(student, "architecture") is { } name => TrainingDefaults.IsConvolutional(name.ToString()),
        YamlMappingNode student when Find(student, "model") is { } file => TrainingDefaults.IsConvolutional(OnnxModel.Load(Path.GetFullPath(file.ToString(), source.Folder))),
        _ => false,
    };

    /// <summary>The axis that gets a mean for each of its indices: the features of tables and sequences, the channels of pictures.</summary>
    private static int? AxisFor(string? architecture, SampleKind kind, TransferSet set) => set.SampleShape.Count switch
    {
        0 => null,
        1 => 0,
        2 when kind == SampleKind.Signal => 0,
        2 => kind == SampleKind.Sequence || architecture is "bilstm" or "bigru" ? 1 : null,
        _ => SampleKinds.ChannelAxis(set.SampleShape),
    };

    private static bool IsOfTokens(YamlMappingNode student, string? architecture) =>
        architecture is not null && Architectures.IsKnown(architecture) && Architectures.TakesTokens(architecture, Find(student, "vocabulary") is not null);

    /// <summary>
    /// Whether preprocessing is to be fitted: it was asked for, or nothing is said and the student has no weights yet. What a file or a stage was
    /// trained with is theirs.
    /// </summary>
    private static bool IsUnfitted(YamlMappingNode student, bool byDefault) => Find(student, StudentSection.PreprocessingKey) switch
    {
        YamlScalarNode { Value: Fit } => true,
        null => byDefault && Find(student, "stage") is null && (Find(student, "model") is null || Find(student, "init") is YamlScalarNode { Value: "fresh" })
            && !IsUnnamed(student),
        _ => false,
    };

    /// <summary>Whether a student is a built-in one that can be of text, and nothing says how many token ids there are.</summary>
    private static bool LacksVocabulary(YamlMappingNode student) => Find(student, StudentDefaults.VocabularyKey) is null && Find(student, "architecture")?.ToString() is { } name
        && Architectures.IsKnown(name) && Architectures.OptionsOf(name).Any(option => option.Name == StudentDefaults.VocabularyKey);

    private static bool IsUnnamed(YamlNode? student) =>
        student is YamlMappingNode map && Find(map, "architecture") is null && Find(map, "model") is null && Find(map, "stage") is null;

    private static string Describe(Preprocessing preprocessing)
    {
        if (preprocessing.Mean.Count == 1)
            return $"mean {preprocessing.Mean[0]:g4}, std {preprocessing.Std[0]:g4}";
        // Channels that are ignored have numbers that stand for that.
        int[] told = [.. Enumerable.Range(0, preprocessing.Mean.Count).Except(Standardisation.ConstantChannels(preprocessing))];
        return $"of {preprocessing.Mean.Count} channels" + (told.Length == 0 ? "" : $": means {told.Min(i => preprocessing.Mean[i]):g4} to {told.Max(i => preprocessing.Mean[i]):g4}, stds {told.Min(i => preprocessing.Std[i]):g4} to {told.Max(i => preprocessing.Std[i]):g4}");
    }

    private static string Flow(YamlNode value) => value switch
    {
        YamlMappingNode map => string.Join(", ", map.Children.Select(entry => $"{entry.Key} {Flow(entry.Value)}")),
        YamlSequenceNode list => $"[{string.Join(", ", list.Select(Flow))}]",
        _ => value.ToString(),
    };

    private static YamlNode? Find(YamlNode? node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    /// <summary>The transfer set, and those beside it.</summary>
    private sealed class OpenSets(TransferSet transfer, DataOptions data) : IDisposable
    {
        private readonly TransferSet[] others =
            [.. new[] { data.Validation, data.Test }.OfType<TransferSetOptions>().Select(options => TransferSet.Open(options, transfer))];

        public IReadOnlyList<TransferSet> All => [transfer, .. others];

        public void Dispose() => Array.ForEach(others, set => set.Dispose());
    }
}

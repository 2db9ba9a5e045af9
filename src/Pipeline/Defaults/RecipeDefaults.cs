using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.TeacherRunner.Preparation;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>
/// Fills in what a recipe leaves to us and what only the data can decide: the student, its preprocessing, its training. What is chosen becomes part of
/// the recipe, as if the user had written it: so it is in the resolved recipe, in every key, and can be pinned. Nothing that is given is changed.
/// </summary>
internal sealed class RecipeDefaults
{
    /// <summary>What errors say of the origin of a value that was chosen.</summary>
    public const string Origin = "default";

    private const long QuickRows = 10_000;

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
        var stages = root.Find("stages") as YamlMappingNode;
        YamlMappingNode?[] unfitted =
        [
            root.Find("student") as YamlMappingNode,
            .. StudentsOf(root.Find("learners")),
            .. (stages?.Children.Values ?? []).SelectMany(stage => StudentsOf(stage.Find("train").Find("learners"))),
            .. (stages?.Children.Values ?? []).Select(stage => stage.Find("train").Find("student") as YamlMappingNode),
        ];
        var ownSamples = root.Find("data").Find("preprocessing") is null;
        var students = unfitted.OfType<YamlMappingNode>().Where(student => PreprocessingDefaults.IsUnfitted(student, ownSamples)).ToArray();
        var training = root.Find("training");
        var isPartial = stages is null && (training is null || training is YamlMappingNode map && (map.Find("epochs") is null || map.Find("optimizer") is null));
        var lacksStudent = stages is null && root.Find("learners") is null && (root.Find("student") is null || StudentDefaults.IsUnnamed(root.Find("student")));
        var ofText = unfitted.OfType<YamlMappingNode>().Where(LacksVocabulary).ToArray();
        if (!(isQuick || isPartial || lacksStudent || students.Length > 0 || ofText.Length > 0) || root.Find("data") is null)
            return;

        if (isQuick)
            LimitRows();
        var data = RecipeFile.ReadData(source);
        DataSetStore.Require(note, token, data.Transfer, data.Validation, data.Test);
        using var set = TransferSet.Open(data.Transfer);
        var teacher = RecipeFile.ReadCapture(source).Teachers.FirstOrDefault(options => options.Model.Length > 0);
        var model = teacher is null ? null : SharedModels.Load(teacher.Model);
        var reading = model is null ? null : ReadingModel.Of(model, teacher!.Inputs);
        var kind = SampleKinds.Of(set, data.Transfer.Lengths is not null, PreparedSources.SetOf(data.Transfer.Samples)?.Kind == "audio", reading);
        if (ownSamples && teacher is not null && PictureScale.NoteOf(set, kind, teacher, model!) is { } unscaled)
            note(unscaled);
        if (stages is null)
            ObjectiveOverride.ApplyDefault(source, () => TeacherKinds.FindAll(source));
        if (lacksStudent)
        {
            ChooseStudent(kind, set, data, model, reading, teacher?.Pooling is not null);
            if (ownSamples || PreprocessingDefaults.IsAskedFor(root.Find("student")))
                students = [.. students.Append((YamlMappingNode)root.Find("student")!).Where(student => PreprocessingDefaults.IsUnfitted(student, ownSamples)).Distinct()];
        }

        foreach (var student in ofText.Where(student => kind == SampleKind.Tokens || Architectures.TakesTokens(student.Find("architecture")!.ToString(), hasVocabulary: false)))
            ChooseVocabulary(student, set, data, teacher?.Modality is null ? model : null);
        var preprocessing = new PreprocessingDefaults(source, note, token);
        foreach (var student in students)
            preprocessing.Fit(student, kind, set);
        if (isQuick && stages is null)
            ShortenTraining(set.Count);
        if (isPartial || isQuick && stages is null)
            ChooseTraining(new(IsConvolutional(), IsDetector(), kind == SampleKind.Tokens, set.Count, isQuick));
    }

    private static IEnumerable<YamlMappingNode?> StudentsOf(YamlNode? learners) =>
        (learners as YamlMappingNode)?.Children.Values.Select(learner => learner.Find("student") as YamlMappingNode) ?? [];

    /// <summary>A first look needs no more samples, and no second student.</summary>
    private void LimitRows()
    {
        if (source.Root.Find("baseline") is not null)
            source.Set("baseline", "false", Origin);
        if (source.Root.Find("data") is not YamlMappingNode section || section.Find("transfer") is not YamlMappingNode transfer || transfer.Find("rows") is not null)
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
        note($"chosen: student.{StudentDefaults.VocabularyKey} {vocabulary}, for {student.Find("architecture")}");
    }

    private void ChooseStudent(SampleKind kind, TransferSet set, DataOptions data, OnnxModel? teacher, ReadingModel? reading, bool isPooled)
    {
        if (kind != SampleKind.Tokens && set.SampleShape.Parts.FirstOrDefault(part => reading?.Lookups.Contains(part.Name) == true && part.IsRowOfNames) is { } ids)
            throw new InputException(
                "The samples are token ids, and it is not clear what stands beside them.", $"{set.Name}, input '{ids.Name}'", $"{set.SampleShape}",
                "ids, a mask and the kinds of tokens, of one length", "say which is the mask: data.transfer.mask: NAME, or where 1 is padding data.transfer.padding: NAME; what says of which kind a token is, is called token_type_ids; or name a student that reads any inputs: student.architecture: mlp");
        using var sets = new OpenSets(set, data);
        var chosen = StudentDefaults.Choose(kind, sets.All, teacher, isPooled, () => TeacherKinds.FindAnswer(source));
        foreach (var given in chosen.Children.Keys.Where(key => source.Root.Find("student").Find(key.ToString()) is not null).ToArray())
            chosen.Children.Remove(given);
        foreach (var (key, value) in chosen.Children)
            source.Set($"student.{key}", value, Origin);
        note($"chosen: student {Flow(chosen)}, for {kind.ToString().ToLowerInvariant()} samples{(kind == SampleKind.Tokens && set.SampleShape.Mask is { } mask ? $" with mask '{mask}'{(set.SampleShape.MarksPadding ? ", where 1 is padding" : "")}" : "")}");
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

    private void ChooseTraining(TrainingCase of)
    {
        if (source.Root.Find("training") is not YamlMappingNode given)
            source.Set("training", given = new YamlMappingNode(), Origin);
        var chosen = TrainingDefaults.Choose(given, of);
        foreach (var (key, value) in chosen)
            source.Set($"training.{key}", YamlTree.Map((key, value)).Children.Single().Value, Origin);
        if (chosen.Count > 0)
            note($"chosen: training {string.Join(", ", chosen.Select(entry => $"{entry.Key} {Flow(YamlTree.Map((entry.Key, entry.Value)).Children.Single().Value)}"))}");
    }

    private bool IsDetector() => source.Root.Find("objective") is YamlSequenceNode terms && terms.OfType<YamlMappingNode>().SelectMany(term => term.Children.Keys)
        .Any(name => Term.Kinds.Find(name.ToString())?.IsSubclassOf(typeof(DetectorTerm)) == true);

    private bool IsConvolutional() => source.Root.Find("student") switch
    {
        YamlMappingNode student when student.Find("architecture") is { } name => Architectures.IsConvolutional(name.ToString()),
        YamlMappingNode student when student.Find("model") is { } file => TrainingDefaults.IsConvolutional(OnnxModel.Load(Path.GetFullPath(file.ToString(), source.Folder))),
        _ => false,
    };

    /// <summary>Whether a student is a built-in one that can be of text, and nothing says how many token ids there are.</summary>
    private static bool LacksVocabulary(YamlMappingNode student) => student.Find(StudentDefaults.VocabularyKey) is null && student.Find("architecture")?.ToString() is { } name
        && Architectures.IsKnown(name) && Architectures.OptionsOf(name).Any(option => option.Name == StudentDefaults.VocabularyKey);

    private static string Flow(YamlNode value) => value switch
    {
        YamlMappingNode map => string.Join(", ", map.Children.Select(entry => $"{entry.Key} {Flow(entry.Value)}")),
        YamlSequenceNode list => $"[{string.Join(", ", list.Select(Flow))}]",
        _ => value.ToString(),
    };

    /// <summary>The transfer set, and those beside it.</summary>
    private sealed class OpenSets : IDisposable
    {
        private readonly List<TransferSet> others = [];

        public OpenSets(TransferSet transfer, DataOptions data)
        {
            try
            {
                foreach (var options in new[] { data.Validation, data.Test }.OfType<TransferSetOptions>())
                    others.Add(TransferSet.Open(options, transfer));
            }
            catch
            {
                Dispose();
                throw;
            }

            All = [transfer, .. others];
        }

        public IReadOnlyList<TransferSet> All { get; }

        public void Dispose() => others.ForEach(set => set.Dispose());
    }
}

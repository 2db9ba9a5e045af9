using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The keys <c>teachers</c> and <c>capture</c>.</summary>
internal static class TeachersSection
{
    /// <summary>The key of a teacher's file.</summary>
    public const string Model = "model";

    /// <summary>What inputs are fed with otherwise than by name; a student has the same key.</summary>
    public const string Inputs = "inputs";

    private const string Signals = "signals";
    private const string Probabilities = "probabilities";
    private const string Scores = "scores";
    private const string Boxes = "boxes";
    private const string Objectness = "objectness";
    private const string Background = "background";
    private const string Pooling = "pooling";
    private const string Preprocessed = "preprocessing";

    private static readonly string[] OfSignals = ["validation-signals", "test-signals"];

    /// <summary>Reads the list of teachers.</summary>
    /// <param name="value">The list.</param>
    /// <param name="preprocessing">The data's, for teachers that have none of their own and read what the student reads.</param>
    public static IReadOnlyList<TeacherOptions> ReadTeachers(RecipeValue value, Preprocessing preprocessing) => value.List(entry =>
    {
        var teacher = SettingsSection.Read<TeacherOptions>(entry.RequireKeys(Model));
        if (entry.Has(Model) == teacher.IsRecorded)
            throw entry.Error(
                "A teacher is a model, or what one said.", teacher.IsRecorded ? $"both {Model} and {Signals}" : $"neither {Model} nor {Signals}", $"one of {Model}, stage and {Signals}",
                teacher.IsRecorded ? "remove one" : "add it");
        if (teacher.Pooling is not null && (teacher.IsRecorded || teacher.ClassAxis is not null))
            throw entry.Find(Pooling)!.Error(
                "Only a model's states of tokens are pooled, over the axis of the tokens.", $"{Pooling} beside {(teacher.IsRecorded ? Signals : "class-axis")}", remedy: teacher.IsRecorded ? "pool what is recorded, or name the model" : "remove class-axis");
        if (!teacher.IsRecorded)
        {
            if (Array.Find(OfSignals, entry.Has) is { } useless)
                throw entry.Find(useless)!.Error("A model answers of every set itself.", useless, remedy: $"remove it, or '{Model}'");
            return entry.Has(Preprocessed) ? teacher : teacher with { Preprocessing = teacher.Modality is null ? preprocessing : Preprocessing.None };
        }

        if (entry.Find(Preprocessed) is { } given)
            throw given.Error("What a teacher said does not depend on preprocessing any more.", remedy: "remove it");
        // Each file has a name, which is reason enough to keep what it holds.
        var known = teacher.Outputs.Concat(teacher.Features).Select(tapped => tapped.Tensor).Append(teacher.Output ?? teacher.Signals.Files[0].Name).ToHashSet();
        var others = teacher.Signals.Files.Select(file => file.Name).OfType<string>().Where(name => !known.Contains(name));
        return teacher with { Features = [.. teacher.Features, .. others.Select(name => new TappedTensor(name, name))] };
    });

    /// <summary>Reads how they are captured.</summary>
    /// <param name="value">The options, if there are any.</param>
    /// <param name="teachers">The teachers.</param>
    /// <param name="seed">The recipe's.</param>
    public static CaptureOptions ReadCapture(RecipeValue? value, IReadOnlyList<TeacherOptions> teachers, ulong seed)
    {
        var capture = value is null ? new() { Teachers = [] } : SettingsSection.Read<CaptureOptions>(value);
        return capture with { Teachers = teachers, Seed = seed };
    }

    /// <summary>Writes one teacher.</summary>
    /// <param name="teacher">The options.</param>
    /// <param name="file">How the model's path is written.</param>
    public static YamlNode WriteTeacher(TeacherOptions teacher, Func<string, string> file) =>
        Relevant(teacher, SettingsSection.Write(teacher, path => path.Length == 0 && teacher.IsRecorded ? path : file(path)));

    /// <summary>Writes what of one teacher decides its scores.</summary>
    /// <param name="teacher">The options.</param>
    /// <param name="digest">The model's.</param>
    public static YamlNode WriteTeacherKey(TeacherOptions teacher, string digest) =>
        Relevant(teacher, SettingsSection.Write(teacher, _ => digest, forKey: true));

    /// <summary>Leaves out what is of the other sort of teacher.</summary>
    private static YamlMappingNode Relevant(TeacherOptions teacher, YamlMappingNode written)
    {
        string[] open =
        [
            .. teacher.Probabilities is null && !teacher.IsRecorded ? [Probabilities] : Array.Empty<string>(),
            .. teacher.Pooling is null ? [Pooling] : Array.Empty<string>(),
            .. teacher.Scores is null ? [Scores] : Array.Empty<string>(),
            .. teacher.Boxes is null ? [Boxes] : Array.Empty<string>(),
            .. teacher.Objectness is null ? [Objectness] : Array.Empty<string>(),
            .. teacher.Background is null ? [Background] : Array.Empty<string>(),
        ];
        foreach (var key in (teacher.IsRecorded ? [Model, Preprocessed] : OfSignals).Concat(open))
            written.Children.Remove(new YamlScalarNode(key));
        return written;
    }

    /// <summary>Writes how they are captured.</summary>
    /// <param name="capture">The options.</param>
    /// <param name="forKey">Whether what cannot change the cache is left out.</param>
    public static YamlNode WriteCapture(CaptureOptions capture, bool forKey = false) => SettingsSection.Write(capture, forKey: forKey);
}

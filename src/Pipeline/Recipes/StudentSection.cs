using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Students;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>student</c>: a file, or a built-in architecture with its options.</summary>
internal static class StudentSection
{
    private static readonly IReadOnlyList<Setting> FileKeys = SettingSchema.Of(typeof(StudentImport)).Settings;

    /// <summary>The student's own preprocessing.</summary>
    public const string PreprocessingKey = "preprocessing";

    private static readonly SettingForm Parameters = SettingForms.Find(typeof(ParameterOverrides))!;

    private static readonly Setting Outputs = SettingSchema.Of(typeof(StudentImport))["outputs"]!;

    /// <summary>Reads it.</summary>
    public static StudentSource Read(RecipeValue value)
    {
        // The architecture decides which keys are known.
        var named = value.IsMap ? value.Entries().FirstOrDefault(entry => entry.Key.Text() == "architecture").Value : null;
        var options = named is null ? FileKeys : Architectures.OptionsOf(Name(named));
        var map = value.Map(["model", "architecture", .. options.Select(option => option.Name).Append(Outputs.Name).Distinct(), "parameters", "attachments", PreprocessingKey]);
        var preprocessing = map.Read(PreprocessingKey, null, ReadPreprocessing);
        var attachments = map.Read<IReadOnlyList<Attachment>>("attachments", [], v => v.IsNone ? [] : v.List(ReadAttachment));
        var parameters = map.Read("parameters", ParameterOverrides.None, v => (ParameterOverrides)Parameters.Read(v));
        if (map.Find("model") is { } model)
            return named is null
                ? new(null, model.File(), SettingsSection.Read<StudentImport>(map) with { Parameters = parameters })
                {
                    Attachments = attachments, Preprocessing = preprocessing,
                }
                : throw value.Error(
                    "A student is either a file or a built-in architecture.", "both model and architecture", remedy: "remove one");
        var student = new StudentOptions { Architecture = map.Require("architecture").Text() };
        foreach (var option in options)
        {
            if (map.Find(option.Name) is { } given)
                student.Values[option.Name] = SettingsSection.Read(option, given);
        }
        var outputs = map.Read(Outputs.Name, [], given => (IReadOnlyList<TappedTensor>)SettingsSection.Read(Outputs, given)!);
        return new(student, null, new() { Parameters = parameters, Outputs = outputs }) { Attachments = attachments, Preprocessing = preprocessing };
    }

    /// <summary>Writes it, with every option of the architecture.</summary>
    /// <param name="student">The options.</param>
    /// <param name="model">What stands for the model's file: its path, or its digest.</param>
    public static YamlNode Write(StudentSource student, string? model)
    {
        var values = student.Architecture is { } architecture
            ? Architectures.Resolve(architecture).Append((Outputs, student.Import.Outputs))
            : FileKeys.Select(option => (option, option.Get(student.Import)));
        return YamlTree.Map(
        [
            ("model", model),
            ("architecture", student.Architecture?.Architecture),
            .. values.Select(entry => (entry.Item1.Name, SettingsSection.Write(entry.Item1, entry.Item2))),
            ("parameters", Parameters.Write(student.Import.Parameters, null)),
            ("attachments", student.Attachments.Count == 0
                ? null
                : student.Attachments.Select(attachment => SettingsSection.WriteNamed(Attachment.Kinds, attachment))),
            (PreprocessingKey, student.Preprocessing is { } own ? own.IsNone ? "none" : DataSection.WritePreprocessing(own) : null),
        ]);
    }

    private static Attachment ReadAttachment(RecipeValue value) =>
        (Attachment)SettingsSection.ReadNamed(Attachment.Kinds, value, "An attachment");

    /// <summary>Numbers, or none; <c>fit</c> was replaced by numbers when the recipe was resolved.</summary>
    private static Preprocessing? ReadPreprocessing(RecipeValue value) =>
        value.IsNone ? Preprocessing.None
        : value.IsMap ? SettingsSection.Read<Preprocessing>(value)
        : throw value.OutOfRange("fit, none, or scale, mean and std");

    private static string Name(RecipeValue value) =>
        Architectures.IsKnown(value.Text()) ? value.Text() : value.OneOf([.. Architectures.Names]);
}

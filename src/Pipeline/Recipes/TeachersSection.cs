using OnnxKd.Core.Preparation;
using OnnxKd.TeacherRunner.Capture;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The keys <c>teachers</c> and <c>capture</c>.</summary>
internal static class TeachersSection
{
    /// <summary>Reads the list of teachers.</summary>
    /// <param name="value">The list.</param>
    /// <param name="preprocessing">The data's, for teachers that have none of their own.</param>
    public static IReadOnlyList<TeacherOptions> ReadTeachers(RecipeValue value, Preprocessing preprocessing) => value.List(entry =>
    {
        var teacher = SettingsSection.Read<TeacherOptions>(entry);
        return entry.Has("preprocessing") ? teacher : teacher with { Preprocessing = preprocessing };
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
    public static YamlNode WriteTeacher(TeacherOptions teacher, Func<string, string> file) => SettingsSection.Write(teacher, file);

    /// <summary>Writes what of one teacher decides its scores.</summary>
    /// <param name="teacher">The options.</param>
    /// <param name="digest">The model's.</param>
    public static YamlNode WriteTeacherKey(TeacherOptions teacher, string digest) => SettingsSection.Write(teacher, _ => digest, forKey: true);

    /// <summary>Writes how they are captured.</summary>
    /// <param name="capture">The options.</param>
    /// <param name="forKey">Whether what cannot change the cache is left out.</param>
    public static YamlNode WriteCapture(CaptureOptions capture, bool forKey = false) => SettingsSection.Write(capture, forKey: forKey);
}

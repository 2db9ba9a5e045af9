using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>training</c>: the student's, and the baseline's, which starts from the student's.</summary>
internal static class TrainingSection
{
    /// <summary>Reads the student's training.</summary>
    public static TrainingOptions Read(RecipeValue value, ulong seed) => SettingsSection.Read<TrainingOptions>(value) with { Seed = seed };

    /// <summary>Reads what differs from other options.</summary>
    public static TrainingOptions Override(RecipeValue value, TrainingOptions options) =>
        SettingsSection.Read(value, options) with { Seed = options.Seed };

    /// <summary>Writes it.</summary>
    /// <param name="training">The options.</param>
    /// <param name="forKey">Whether what cannot change the student is left out.</param>
    public static YamlNode Write(TrainingOptions training, bool forKey = false) => SettingsSection.Write(training, forKey: forKey);
}

using OnnxKd.Core.Settings;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>training</c>: the student's, and the baseline's, which starts from the student's.</summary>
internal static class TrainingSection
{
    /// <summary>Reads the student's training.</summary>
    public static TrainingOptions Read(RecipeValue value, ulong seed) => SettingsSection.Read<TrainingOptions>(RequireOwn(value)) with { Seed = seed };

    /// <summary>Reads what differs from other options.</summary>
    public static TrainingOptions Override(RecipeValue value, TrainingOptions options) =>
        SettingsSection.Read(RequireOwn(value), options) with { Seed = options.Seed };

    /// <summary>Refuses keys that belong to the optimizer.</summary>
    private static RecipeValue RequireOwn(RecipeValue value)
    {
        foreach (var (key, given) in value.IsMap ? value.Entries() : [])
        {
            var name = key.Text();
            string[] owners = [.. OptimizerOptions.Kinds.Names.Where(kind => SettingSchema.Of(OptimizerOptions.Kinds.Find(kind)!)[name] is not null)];
            if (owners.Length > 0 && SettingSchema.Of(typeof(TrainingOptions))[name] is null)
                throw key.Error(
                    "A recipe has a key of the optimizer in another place.", name, $"it under 'optimizer', whose name is one of {string.Join(", ", owners)}",
                    $"write it under training.optimizer: optimizer: {YamlWord.Map(("name", owners[^1]), (name, given.IsMap || given.IsList || given.IsNone ? "VALUE" : given.Text()))}");
        }
        return value;
    }

    /// <summary>Writes it.</summary>
    /// <param name="training">The options.</param>
    /// <param name="forKey">Whether what cannot change the student is left out.</param>
    public static YamlNode Write(TrainingOptions training, bool forKey = false) => SettingsSection.Write(training, forKey: forKey);
}

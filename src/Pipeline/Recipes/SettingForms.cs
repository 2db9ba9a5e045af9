using System.Globalization;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How recipes write values of settings that are neither numbers, words and lists nor settings of their own.</summary>
internal static class SettingForms
{
    private static readonly Dictionary<Type, SettingForm> Table = new()
    {
        { typeof(WeightSchedule), new(ReadWeight, value => WriteWeight((WeightSchedule)value)) },
        { typeof(Augmentation), new(value => AugmentationSection.Read(value, 0), value => AugmentationSection.Write((Augmentation)value)) },
        { typeof(Preprocessing), new(DataSection.ReadPreprocessing, value => DataSection.WritePreprocessing((Preprocessing)value)) },
    };

    /// <summary>The form of a type; <c>null</c> if it has none of its own.</summary>
    public static SettingForm? Find(Type type) => Table.GetValueOrDefault(type);

    /// <summary>A number, or epochs and weights: <c>{ 0: 1, 10: 0.5 }</c>.</summary>
    private static WeightSchedule ReadWeight(RecipeValue value)
    {
        if (!value.IsMap)
            return WeightSchedule.Constant(value.Number(NumberRange.AtLeast(0)));
        var points = value.Entries()
            .Select(entry => (entry.Key.Number(NumberRange.AtLeast(0)), entry.Value.Number(NumberRange.AtLeast(0))))
            .OrderBy(point => point.Item1).ToArray();
        return points.Length > 0 ? new(points) : throw value.OutOfRange("at least one epoch with its weight");
    }

    private static object WriteWeight(WeightSchedule weight) => weight.Points is [(0, var constant)]
        ? constant
        : YamlTree.Line([.. weight.Points.Select(p => (p.Epoch.ToString(CultureInfo.InvariantCulture), (object?)p.Weight))]);
}

/// <summary>How a value is read and written.</summary>
/// <param name="Read">Reads it.</param>
/// <param name="Write">Writes it.</param>
internal sealed record SettingForm(Func<RecipeValue, object> Read, Func<object, object?> Write);

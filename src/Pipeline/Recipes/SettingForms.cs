using System.Globalization;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How recipes write values of settings that are neither numbers, words and lists nor settings of their own.</summary>
internal static class SettingForms
{
    private static readonly Dictionary<Type, SettingForm> Table = new()
    {
        { typeof(WeightSchedule), new(ReadWeight, value => WriteWeight((WeightSchedule)value)) },
        { typeof(Augmentation), new(AugmentationSection.Read, value => AugmentationSection.Write((Augmentation)value)) },
        { typeof(ParameterOverrides), new(ReadParameters, value => WriteParameters((ParameterOverrides)value)) },
        { typeof(IReadOnlyList<TappedTensor>), new(ReadTapped, value => WriteTapped((IReadOnlyList<TappedTensor>)value)) },
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

    private static ParameterOverrides ReadParameters(RecipeValue value)
    {
        if (value.IsNone)
            return ParameterOverrides.None;
        var map = value.Map("include", "exclude");
        return new(Patterns("include"), Patterns("exclude"));

        IReadOnlyList<string> Patterns(string key) => map.Read(key, [], v => v.OneOrMore(pattern => pattern.Text()));
    }

    private static object? WriteParameters(ParameterOverrides parameters) => parameters.Include.Count + parameters.Exclude.Count == 0
        ? null
        : YamlTree.Line(
            ("include", parameters.Include.Count > 0 ? parameters.Include : null),
            ("exclude", parameters.Exclude.Count > 0 ? parameters.Exclude : null));

    /// <summary>A list of tensors, or a mapping of stream: tensor.</summary>
    private static IReadOnlyList<TappedTensor> ReadTapped(RecipeValue value) => value.IsMap
        ? [.. value.Entries().Select(entry => new TappedTensor(entry.Value.Text(), entry.Key.Text()))]
        : value.OneOrMore(tensor => new TappedTensor(tensor.Text()));

    private static object? WriteTapped(IReadOnlyList<TappedTensor> tapped) => tapped.Count == 0 ? null
        : tapped.All(t => t.Stream is not null) ? YamlTree.Line([.. tapped.Select(t => (t.Stream!, (object?)t.Tensor))])
        : tapped.Select(t => t.Tensor).ToArray();
}

/// <summary>How a value is read and written.</summary>
/// <param name="Read">Reads it.</param>
/// <param name="Write">Writes it; <c>null</c>: it is left out.</param>
internal sealed record SettingForm(Func<RecipeValue, object> Read, Func<object, object?> Write);

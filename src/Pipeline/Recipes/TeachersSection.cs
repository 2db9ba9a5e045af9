using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The keys <c>teachers</c> and <c>capture</c>.</summary>
internal static class TeachersSection
{
    private const string Auto = "auto";

    private static readonly (string Name, Combination Value)[] Combinations =
    [
        ("mean-of-probabilities", Combination.MeanOfProbabilities),
        ("mean-of-logits", Combination.MeanOfLogits),
        ("none", Combination.Single),
    ];

    private static readonly (string Name, Precision Value)[] Precisions = [("fp32", Precision.Fp32), ("fp16", Precision.Fp16)];

    /// <summary>Reads the list of teachers.</summary>
    /// <param name="value">The list.</param>
    /// <param name="preprocessing">The data's, for teachers that have none of their own.</param>
    public static IReadOnlyList<TeacherOptions> ReadTeachers(RecipeValue value, Preprocessing preprocessing) => value.List(teacher =>
    {
        var map = teacher.Map("model", "name", "output", "class-axis", "outputs", "features", "weight", "preprocessing");
        return new TeacherOptions
        {
            Model = map.Require("model").File(),
            Name = map.Read("name", null, v => v.Text()),
            Output = map.Read("output", null, v => v.Text()),
            ClassAxis = map.Read("class-axis", (int?)null, v => v.WholeNumber(int.MinValue)),
            Outputs = map.Read("outputs", [], ReadTapped),
            Features = map.Read("features", [], ReadTapped),
            Weight = map.Read("weight", 1, v => v.Number(NumberRange.Above(0))),
            Preprocessing = map.Read("preprocessing", preprocessing, DataSection.ReadPreprocessing),
        };
    });

    /// <summary>Reads how they are captured.</summary>
    /// <param name="value">The options, if there are any.</param>
    /// <param name="teachers">The teachers.</param>
    /// <param name="seed">The recipe's.</param>
    /// <param name="channelAxis">The axis of channels of the data's samples.</param>
    public static CaptureOptions ReadCapture(
        RecipeValue? value, IReadOnlyList<TeacherOptions> teachers, ulong seed, int channelAxis)
    {
        var defaults = new CaptureOptions { Teachers = teachers, Seed = seed };
        if (value?.Map(
            "batch-size", "combination", "storage", "feature-storage", "views", "augmentation", "precision", "device", "threads") is not { } map)
            return defaults;
        return defaults with
        {
            BatchSize = map.Read("batch-size", defaults.BatchSize, v => v.Is(Auto) ? null : v.WholeNumber(1)),
            Combination = map.Read("combination", defaults.Combination, v => Choose(v, Combinations)),
            Storage = map.Read("storage", defaults.Storage, StorageSection.Read),
            FeatureStorage = map.Read("feature-storage", defaults.FeatureStorage, StorageSection.ReadDense),
            Views = map.Read("views", defaults.Views, v => v.WholeNumber(1)),
            Augmentation = map.Read("augmentation", defaults.Augmentation, v => AugmentationSection.Read(v, channelAxis)),
            Precision = map.Read("precision", defaults.Precision, v => Choose(v, Precisions)),
            Device = map.Read("device", defaults.Device, v => v.Text()),
            Threads = map.Read("threads", defaults.Threads, v => v.IsNone ? null : v.WholeNumber(1)),
        };
    }

    /// <summary>Writes one teacher.</summary>
    /// <param name="teacher">The options.</param>
    /// <param name="model">What stands for the model: its path, or its digest.</param>
    public static YamlNode WriteTeacher(TeacherOptions teacher, string model) => YamlTree.Map(
        ("model", model),
        ("name", teacher.Name),
        ("output", teacher.Output),
        ("class-axis", teacher.ClassAxis),
        ("outputs", WriteTapped(teacher.Outputs)),
        ("features", WriteTapped(teacher.Features)),
        ("weight", teacher.Weight),
        ("preprocessing", DataSection.WritePreprocessing(teacher.Preprocessing)));

    /// <summary>Writes how they are captured.</summary>
    public static YamlNode WriteCapture(CaptureOptions capture) => YamlTree.Map(
        ("batch-size", capture.BatchSize ?? (object)Auto),
        ("combination", NameOf(capture.Combination, Combinations)),
        ("storage", StorageSection.Write(capture.Storage)),
        ("feature-storage", StorageSection.Write(capture.FeatureStorage)),
        ("views", capture.Views),
        ("augmentation", AugmentationSection.Write(capture.Augmentation)),
        ("precision", NameOf(capture.Precision, Precisions)),
        ("device", capture.Device),
        ("threads", capture.Threads));

    /// <summary>A list of tensors, or a mapping of stream: tensor.</summary>
    private static IReadOnlyList<TappedTensor> ReadTapped(RecipeValue value) => value.IsMap
        ? [.. value.Entries().Select(entry => new TappedTensor(entry.Value.Text(), entry.Key.Text()))]
        : value.OneOrMore(tensor => new TappedTensor(tensor.Text()));

    private static object? WriteTapped(IReadOnlyList<TappedTensor> tapped) => tapped.Count == 0 ? null
        : tapped.All(t => t.Stream is not null) ? YamlTree.Line([.. tapped.Select(t => (t.Stream!, (object?)t.Tensor))])
        : tapped.Select(t => t.Tensor).ToArray();

    private static T Choose<T>(RecipeValue value, (string Name, T Value)[] table)
    {
        var name = value.OneOf([.. table.Select(entry => entry.Name)]);
        return Array.Find(table, entry => entry.Name == name).Value;
    }

    private static string NameOf<T>(T value, (string Name, T Value)[] table) =>
        Array.Find(table, entry => EqualityComparer<T>.Default.Equals(entry.Value, value)).Name;
}

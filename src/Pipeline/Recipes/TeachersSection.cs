using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.TeacherRunner.Capture;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The keys <c>teachers</c> and <c>capture</c>.</summary>
internal static class TeachersSection
{
    private const string MeanOfProbabilities = "mean-of-probabilities";
    private const string MeanOfLogits = "mean-of-logits";

    /// <summary>Reads the list of teachers.</summary>
    /// <param name="value">The list.</param>
    /// <param name="preprocessing">The data's, for teachers that have none of their own.</param>
    public static IReadOnlyList<TeacherOptions> ReadTeachers(RecipeValue value, Preprocessing preprocessing) => value.List(teacher =>
    {
        var map = teacher.Map("model", "output", "weight", "preprocessing");
        return new TeacherOptions
        {
            Model = map.Require("model").File(),
            Output = map.Read("output", null, v => v.Text()),
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
        if (value?.Map("batch-size", "combination", "views", "augmentation", "device", "threads") is not { } map)
            return defaults;
        return defaults with
        {
            BatchSize = map.Read("batch-size", defaults.BatchSize, v => v.WholeNumber(1)),
            Combination = map.Read("combination", defaults.Combination, v =>
                v.OneOf(MeanOfProbabilities, MeanOfLogits) == MeanOfLogits ? Combination.MeanOfLogits : Combination.MeanOfProbabilities),
            Views = map.Read("views", defaults.Views, v => v.WholeNumber(1)),
            Augmentation = map.Read("augmentation", defaults.Augmentation, v => AugmentationSection.Read(v, channelAxis)),
            Device = map.Read("device", defaults.Device, v => v.Text()),
            Threads = map.Read("threads", defaults.Threads, v => v.IsNone ? null : v.WholeNumber(1)),
        };
    }

    /// <summary>Writes one teacher.</summary>
    /// <param name="teacher">The options.</param>
    /// <param name="model">What stands for the model: its path, or its digest.</param>
    public static YamlNode WriteTeacher(TeacherOptions teacher, string model) => YamlTree.Map(
        ("model", model),
        ("output", teacher.Output),
        ("weight", teacher.Weight),
        ("preprocessing", DataSection.WritePreprocessing(teacher.Preprocessing)));

    /// <summary>Writes how they are captured.</summary>
    public static YamlNode WriteCapture(CaptureOptions capture) => YamlTree.Map(
        ("batch-size", capture.BatchSize),
        ("combination", capture.Combination == Combination.MeanOfLogits ? MeanOfLogits : MeanOfProbabilities),
        ("views", capture.Views),
        ("augmentation", AugmentationSection.Write(capture.Augmentation)),
        ("device", capture.Device),
        ("threads", capture.Threads));
}

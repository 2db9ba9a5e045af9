using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Mappings in which a stage stands where a file could: <c>{ stage: assistant }</c> in place of <c>{ model: FILE }</c>.</summary>
internal static class StageValues
{
    private const string Stage = "stage";
    private const string Model = "model";

    /// <summary>The stage that a mapping names; <c>null</c> if it names none.</summary>
    /// <param name="value">A teacher, a student or a cache.</param>
    /// <param name="kind">What is needed of the stage.</param>
    public static StageReference? Find(RecipeValue value, ArtifactKind kind)
    {
        if (value.Find(Stage) is not { } stage)
            return null;
        return value.Find(Model) is null && value.Find("signals") is null
            ? new(stage.Text(), kind, stage)
            : throw value.Error("A model is either a file or what a stage makes.", "stage and a file", remedy: "remove one");
    }

    /// <summary>The capture that a mapping names, and its teachers: of each sample as it is, for what is said of samples is compared and joined.</summary>
    /// <param name="step">The entry that needs it.</param>
    /// <param name="value">The mapping.</param>
    public static (StageReference Reference, TeachersOptions Teachers) RequireCapture(StepReading step, RecipeValue value)
    {
        var reference = Find(value, ArtifactKind.Cache) ?? throw value.Error("A cache is what a stage makes.", expected: "{ stage: NAME }");
        if (step.Before.OfType<CaptureStep>().FirstOrDefault(entry => entry.Name == reference.Name) is not { } capture)
            throw reference.Place.Error("A stage is not known, or captures nothing.", $"'{reference.Name}'", "an entry of kind capture above this one");
        var options = capture.Teachers.Capture;
        return options.Views == 1 && options.Augmentation.IsNone ? (reference, capture.Teachers) : throw reference.Place.Error(
            "Specialists need what a generalist says of each sample as it is.", $"'{reference.Name}': {options.Views} views, augmentation {options.Augmentation}",
            "one view, and no augmentation", "write capture: { views: 1, augmentation: none } in that stage");
    }

    /// <summary>The same mapping for a reader that knows files alone.</summary>
    public static RecipeValue AsFile(RecipeValue value) => value.Renamed(Stage, Model);

    /// <summary>The opposite, for what is written.</summary>
    public static YamlMappingNode AsStage(YamlNode written)
    {
        var renamed = new YamlMappingNode();
        foreach (var (key, value) in ((YamlMappingNode)written).Children)
            renamed.Add(key.ToString() == Model ? new YamlScalarNode(Stage) : key, value);
        return renamed;
    }
}

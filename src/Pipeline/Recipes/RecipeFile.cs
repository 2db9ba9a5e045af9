using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Losses;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Capture;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A recipe as a YAML file.</summary>
internal static class RecipeFile
{
    private const int LongestName = 100;

    private static readonly string[] Keys =
        ["name", "seed", "data", "teachers", "capture", "student", "objective", "training", "baseline"];

    /// <summary>Reads a recipe and checks all that can be told without opening other files.</summary>
    /// <exception cref="InputException">Names the place, the key, what was found and what was expected.</exception>
    public static Recipe Read(RecipeSource source)
    {
        var map = Root(source);
        var data = ReadData(source);
        var training = TrainingSection.Read(map.Require("training"), ReadSeed(map), data.Preprocessing.ChannelAxis);
        var recipe = new Recipe
        {
            Name = map.Find("name") is { } name ? ReadName(name) : DefaultName(source.FileName),
            Seed = ReadSeed(map),
            Data = data,
            Capture = ReadCapture(source),
            Student = StudentSection.Read(map.Require("student")),
            Objective = ObjectiveSection.Read(map.Require("objective")),
            Training = training,
            Baseline = map.Read("baseline", null, v => ReadBaseline(v, training, data.Preprocessing.ChannelAxis)),
        };
        RecipeRules.Check(recipe, map);
        return recipe;
    }

    /// <summary>Reads the sets alone, for commands that need nothing else.</summary>
    public static DataOptions ReadData(RecipeSource source) => DataSection.Read(Root(source).Require("data"));

    /// <summary>Reads the teachers and how they are captured alone.</summary>
    public static CaptureOptions ReadCapture(RecipeSource source)
    {
        var map = Root(source);
        var preprocessing = ReadData(source).Preprocessing;
        var teachers = map.Read("teachers", [], v => v.IsNone ? [] : TeachersSection.ReadTeachers(v, preprocessing));
        return TeachersSection.ReadCapture(map.Find("capture"), teachers, ReadSeed(map), preprocessing.ChannelAxis);
    }

    /// <summary>The recipe with every default spelt out; reading the text in that folder gives the same recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">Where the text will stand; paths are written relative to it.</param>
    public static string Write(Recipe recipe, string folder) => Write(recipe, path => Path.GetRelativePath(folder, path));

    /// <summary>The same, with file names in place of paths: the text does not depend on where the files lie.</summary>
    public static string WriteWithoutPaths(Recipe recipe) => Write(recipe, path => Path.GetFileName(path));

    private static string Write(Recipe recipe, Func<string, string> file) => YamlTree.Text(YamlTree.Map(
        ("name", recipe.Name),
        ("seed", recipe.Seed),
        ("data", DataSection.Write(recipe.Data, file)),
        ("teachers", recipe.HasTeachers ? recipe.Capture.Teachers.Select(t => TeachersSection.WriteTeacher(t, file(t.Model))) : null),
        ("capture", recipe.HasTeachers ? TeachersSection.WriteCapture(recipe.Capture) : null),
        ("student", StudentSection.Write(recipe.Student, recipe.Student.Model is { } model ? file(model) : null)),
        ("objective", ObjectiveSection.Write(recipe.Objective)),
        ("training", TrainingSection.Write(recipe.Training)),
        ("baseline", recipe.Baseline is { } baseline ? WriteBaseline(baseline) : null)));

    private static ulong ReadSeed(RecipeMap map) => map.Read("seed", 1UL, v => v.Seed());

    private static RecipeMap Root(RecipeSource source) => new RecipeValue(source, "", source.Root).Map(Keys);

    /// <summary>The file's name, as far as it names a folder.</summary>
    private static string DefaultName(string? file) => file is null ? "student" : file.Length <= LongestName ? file : file[..LongestName];

    private static string ReadName(RecipeValue value)
    {
        var name = value.Text();
        return name.Length <= LongestName && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.') && !name.StartsWith('.')
            ? name
            : throw value.OutOfRange($"letters, digits, '-', '_' and '.', at most {LongestName}, because it names a folder");
    }

    private static BaselineOptions? ReadBaseline(RecipeValue value, TrainingOptions training, int channelAxis)
    {
        // A teacher's views replace augmentation in the student's training, and the baseline sees the samples as they are.
        var defaults = new BaselineOptions(ObjectiveSection.HardOnly, training);
        if (!value.IsMap)
            return value.Flag() ? defaults : null;
        var map = value.Map("objective", "training");
        return new(
            map.Read("objective", defaults.Objective, ObjectiveSection.Read),
            map.Read("training", training, v => TrainingSection.Override(v, training, channelAxis)));
    }

    private static YamlNode WriteBaseline(BaselineOptions baseline) => YamlTree.Map(
        ("objective", ObjectiveSection.Write(baseline.Objective)),
        ("training", TrainingSection.Write(baseline.Training)));
}

using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A recipe as a YAML file.</summary>
internal static partial class RecipeFile
{
    /// <summary>The resolved recipe within the folder of its run.</summary>
    public const string ResolvedName = "recipe.yaml";

    private const int LongestName = 100;

    private static readonly string[] Keys =
        ["name", "seed", "data", "teachers", "capture", "student", "learners", "objective", "training", "export", "tracking", "baseline", "stages"];

    /// <summary>Reads a recipe and checks all that can be told without opening other files.</summary>
    /// <param name="source">The recipe.</param>
    /// <param name="kinds">The kinds of stages that there are.</param>
    /// <exception cref="InputException">Names the place, the key, what was found and what was expected.</exception>
    public static Recipe Read(RecipeSource source, IReadOnlyList<StepKind> kinds)
    {
        var map = Root(source);
        var (data, seed) = (ReadData(source), ReadSeed(map));
        var written = map.Find("stages");
        IReadOnlyList<RecipeStage> stages = written is null
            ? [StepSections.ReadTop(new(StageRules.Student, Top(source), map, data, seed, []))]
            : StagesSection.Read(written, map, data, seed, kinds);
        if (written is not null)
            StepSections.CheckTop(map);
        // What the references are worth comes first: of a stage that is not there nothing else can be said.
        var reference = ReadTeachers(source);
        if (written is not null && reference.Stages.FirstOrDefault(stage => stage is not null) is { } stage)
            throw stage.Place.Error(
                "The recipe's own teachers are files.", $"stage: {stage.Name}", remedy: "name the stage in the training that learns from it");
        var final = StageRules.Check(stages, !reference.IsEmpty);
        if (map.Read("baseline", null, v => BaselineSection.Read(v, final)) is { } baseline)
            StageRules.Check(stages = [.. stages, baseline], !reference.IsEmpty);
        var recipe = new Recipe
        {
            Name = map.Find("name") is { } name ? ReadName(name) : DefaultName(source.FileName),
            Seed = seed,
            Data = data,
            Stages = stages,
            Final = final,
            NamesStages = written is not null,
            Export = map.Read("export", new(), v => SettingsSection.Read<ExportOptions>(v)),
            Tracking = map.Read("tracking", new(), v => SettingsSection.Read<TrackingOptions>(v)),
            Reference = reference.IsEmpty ? final.Teachers : reference,
        };
        RecipeRules.Check(recipe, map);
        return recipe;
    }

    /// <summary>Reads the sets alone, for commands that need nothing else.</summary>
    public static DataOptions ReadData(RecipeSource source)
    {
        var map = Root(source);
        return source.FileName is null && map.Find("data") is null
            ? throw new InputException("No samples are named.", "command line", remedy: "add --samples FILE, or name a recipe; 'onnxkd init' writes one")
            : DataSection.Read(map.Require("data"));
    }

    /// <summary>Reads the recipe's teachers and how they are captured alone.</summary>
    public static CaptureOptions ReadCapture(RecipeSource source) => ReadTeachers(source).Capture;

    /// <summary>The recipe with every default spelt out; reading the text in that folder gives the same recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">Where the text will stand; paths are written relative to it.</param>
    public static string Write(Recipe recipe, string folder) => Write(recipe, path => Path.GetRelativePath(folder, path), byName: true);

    /// <summary>
    /// The same with file names in place of paths, without threads and devices: what cannot change a model does not change the text.
    /// </summary>
    public static string WriteForKey(Recipe recipe) => Write(recipe.WithoutMachine(), path => Path.GetFileName(path), byName: false);

    /// <summary>Every path that it names: files, folders and patterns of files that are read.</summary>
    public static IReadOnlyList<string> FilesOf(Recipe recipe)
    {
        var files = new List<string>();
        Write(recipe, path => Note(path, files), byName: false);
        return files;
    }

    /// <inheritdoc cref="FilesOf(Recipe)"/>
    public static IReadOnlyList<string> FilesOf(DataOptions data)
    {
        var files = new List<string>();
        DataSection.Write(data, path => Note(path, files), byName: false);
        return files;
    }

    private static string Note(string path, List<string> files)
    {
        files.Add(path);
        return path;
    }

    /// <summary>The run's name where a recipe says none: that of its file, as far as it can be a folder's.</summary>
    /// <param name="file">The file's name without its ending; <c>null</c>: there is no file.</param>
    internal static string DefaultName(string? file)
    {
        if (file is null)
            return StageRules.Student;
        var name = NotInNames().Replace(file, "-").TrimStart('.', '-').TrimEnd('-');
        return name.Length == 0 ? "recipe" : name.Length <= LongestName ? name : name[..LongestName];
    }

    /// <summary>A name that can be a file's.</summary>
    internal static string ReadName(RecipeValue value)
    {
        var name = value.Text();
        return name.Length <= LongestName && !NotInNames().IsMatch(name) && !name.StartsWith('.')
            ? name
            : throw value.OutOfRange($"letters, digits, '-', '_' and '.', at most {LongestName}, because it names a folder");
    }

    private static string Write(Recipe recipe, Func<string, string> file, bool byName)
    {
        var top = recipe.NamesStages ? null : recipe.Final;
        var teachers = recipe.Reference == recipe.Final.Teachers && recipe.NamesStages ? null : recipe.Reference;
        return YamlTree.Text(YamlTree.Map(
            ("name", recipe.Name),
            ("seed", recipe.Seed),
            ("data", DataSection.Write(recipe.Data, file, byName)),
            ("teachers", teachers is { IsEmpty: false } ? teachers.WriteTeachers(file) : null),
            ("capture", teachers is { IsEmpty: false } ? TeachersSection.WriteCapture(teachers.Capture) : null),
            ("learners", top?.WriteLearners(file)),
            ("student", top is { Learners: [var only] } ? only.WriteStudent(file) : null),
            ("objective", top is { Learners: [var alone] } ? ObjectiveSection.Write(alone.Objective) : null),
            ("training", top is null ? null : TrainingSection.Write(top.Training)),
            ("export", recipe.Export == new ExportOptions() ? null : SettingsSection.Write(recipe.Export)),
            ("tracking", recipe.Tracking == new TrackingOptions() ? null : SettingsSection.Write(recipe.Tracking)),
            ("stages", recipe.NamesStages ? WriteStages(recipe, file) : null),
            ("baseline", recipe.Baseline is { } baseline ? BaselineSection.Write(baseline) : null)));
    }

    private static YamlNode WriteStages(Recipe recipe, Func<string, string> file) => YamlTree.Map(
    [
        .. recipe.Stages.Where(stage => stage != recipe.Baseline)
            .Select(stage => (stage.Name, (object?)YamlTree.Map((stage.Kind, stage.Write(file, recipe.Seed))))),
    ]);

    private static TeachersOptions ReadTeachers(RecipeSource source)
    {
        var map = Root(source);
        return StepSections.ReadTeachers(new("", Top(source), map, ReadData(source), ReadSeed(map), []));
    }

    private static ulong ReadSeed(RecipeMap map) => map.Read("seed", 1UL, v => v.Seed());

    private static RecipeValue Top(RecipeSource source) => new(source, "", source.Root);

    private static RecipeMap Root(RecipeSource source) => Top(source).Map(Keys);

    [GeneratedRegex(@"[^\p{L}\p{Nd}._-]+")]
    private static partial Regex NotInNames();
}

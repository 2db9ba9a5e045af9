using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph.Import;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Gives a trained model its provenance. Nothing in the file depends on the time or the place.</summary>
/// <param name="graph">The run.</param>
/// <param name="train">The training.</param>
/// <param name="model">The model's name in it.</param>
internal sealed class ExportStage(RecipeGraph graph, TrainStage train, string model) : Stage($"export-{model}", train.Name, train.Cache?.Name)
{
    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new("export");

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <summary>The model's name.</summary>
    public string Model => model;

    /// <summary>The training that made it.</summary>
    public TrainStage Train => train;

    /// <summary>The output that holds its class scores, and their axis.</summary>
    public StudentImport Import => train.ImportOf(model);

    /// <summary>What its output holds; <c>null</c>: its last operator tells, else it is classes.</summary>
    /// <param name="results">What the stages before made.</param>
    public OutputKind? OutputKindOf(StageResults results) => train.OutputKindOf(model, results);

    /// <summary>What the model is in figures.</summary>
    public string Role { get; } = train.Models.Count == 1 ? graph.Recipe.RoleOf(train.Step) : model;

    /// <summary>The model's file, in the stage's folder and where users look for it.</summary>
    public string File => $"{Role}.onnx";

    /// <inheritdoc/>
    public override IReadOnlyList<Publication> Publications => [new(File, File)];

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results)
    {
        var inputs = new StageInputs().Add("model", results[train.Name].Record.Outputs[train.FileOf(model)].Sha256).Add("file", File);
        foreach (var (key, value) in Sources(results))
            inputs.Add($"metadata.{key}", value);
        return inputs;
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.OfThisProgram();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var exported = OnnxModel.Load(work.Results[train.Name][train.FileOf(model)]);
        Provenance.Write(
            exported,
            Sources(work.Results).Where(entry => entry.Value is not null).ToDictionary(entry => Provenance.Prefix + entry.Key, entry => entry.Value!));
        exported.Save(Path.Combine(work.Folder, File));
    }

    private IEnumerable<(string Key, string? Value)> Sources(StageResults results)
    {
        var (trained, cache) = (results[train.Name].Record, train.Cache);
        return
        [
            ("recipe_sha256", Hashing.Sha256(RecipeFile.WriteForKey(graph.Recipe))),
            ("seed", $"{train.Step.Training.Seed}"),
            ("teacher_sha256", cache is null ? null : string.Join(' ', cache.TeacherDigests(results))),
            ("cache_sha256", cache is null ? null : LogitCache.DigestOf(results[cache.Name].Folder)),
            ("samples_sha256", graph.Sets.Transfer.SamplesDigest),
            ("preprocessing", YamlTree.Text(DataSection.WritePreprocessing(graph.Recipe.Data.Preprocessing)).TrimEnd()),
            ("training_sha256", trained.Key),
            ("kind", OutputKindOf(results)?.Word()),
            .. trained.Versions.Select(version => ($"version.{version.Key}", (string?)version.Value)),
        ];
    }
}

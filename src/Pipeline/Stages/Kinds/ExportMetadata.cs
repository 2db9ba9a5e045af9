using System.Globalization;
using System.Text.Json;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>What an exported file's metadata say: what it was made from, and how its outputs are read.</summary>
/// <param name="graph">The run.</param>
/// <param name="stage">The export.</param>
/// <param name="maker">The stage that made the model.</param>
internal sealed class ExportMetadata(RecipeGraph graph, ExportStage stage, TrainedStage maker)
{
    private readonly TrainStage train = maker.Trained;

    /// <summary>What is known before the file is made; it is part of the stage's key.</summary>
    /// <param name="results">What the stages before made.</param>
    public IEnumerable<(string Key, string? Value)> Sources(StageResults results)
    {
        var (trained, cache, set) = (results[train.Name].Record, train.Cache, graph.Sets.Transfer);
        return
        [
            ("recipe_sha256", Hashing.Sha256(RecipeFile.WriteForKey(graph.Recipe.With(train.Step.Name, train.Training(results))))),
            ("seed", $"{train.Step.Training.Seed}"),
            ("teacher_sha256", cache is null ? null : string.Join(' ', cache.TeacherDigests(results))),
            ("cache_sha256", cache is null ? null : LogitCache.DigestOf(results[cache.Name].Folder)),
            ("samples_sha256", set.SamplesDigest),
            ("preprocessing", Text(stage.Preprocessing)),
            ("preprocessing_inside", stage.Inside.IsNone ? null : Text(stage.Inside)),
            .. TableMetadata.Write(set),
            ("preparation_sha256", stage.Preparation?.Digest),
            ("classes", Names(graph.Recipe.Data.Transfer.Table.Classes)),
            ("training_sha256", trained.Key),
            ("kind", stage.ImportOf(results).Kind?.Word()),
            ("boxes", DetectorOf(results)?.Boxes.ToString().ToLowerInvariant()),
            ("objectness", DetectorOf(results)?.HasObjectness.ToString().ToLowerInvariant()),
            ("background", DetectorOf(results)?.Background?.ToString().ToLowerInvariant()),
            .. maker.Provenance(results),
            .. trained.Versions.Select(version => ($"version.{version.Key}", (string?)version.Value)),
        ];

        static string? Names(IReadOnlyList<string> names) => names.Count == 0 ? null : JsonSerializer.Serialize(names);
        static string Text(Preprocessing preprocessing) => YamlTree.Text(DataSection.WritePreprocessing(preprocessing)).TrimEnd();
    }

    /// <summary>All that is written into the file, by its keys there.</summary>
    /// <param name="exported">The file's model.</param>
    /// <param name="offered">The interface that it has; <c>null</c>: its own.</param>
    /// <param name="results">What the stages before made.</param>
    public Dictionary<string, string> Of(OnnxModel exported, ModelInterface? offered, StageResults results)
    {
        (string Key, string? Value)[] entries = [("class_axis", DetectorAxis(offered?.Output, results)), ("outputs", Heads(exported, offered, results)), ("inputs", InputMetadata.Write(stage.Feeds, exported.Proto.Graph)), .. Sources(results)];
        return entries.Where(entry => entry.Value is not null).ToDictionary(entry => Provenance.Prefix + entry.Key, entry => entry.Value!);
    }

    /// <summary>The axis of a detector head's columns, for which there is no convention; <c>null</c>: it is no detector, or they are the last axis.</summary>
    private string? DetectorAxis(InterfaceOutput? offered, StageResults results) => DetectorOf(results) is null
        ? null
        : (offered is null ? stage.ImportOf(results).ClassAxis : offered.NamedAxis)?.ToString(CultureInfo.InvariantCulture);

    /// <summary>What the file says of the outputs that it learned, where it gives several; <c>null</c>: it has one.</summary>
    private string? Heads(OnnxModel exported, ModelInterface? offered, StageResults results)
    {
        var (import, learned) = (stage.ImportOf(results), LogitTrace.FloatOutputs(exported.Proto.Graph));
        if (learned.Length < 2)
            return null;
        var streams = train.Cache is { } cache ? CaptureStage.Streams(results[cache.Name]) : [];
        return HeadMetadata.Write([.. import.Apart().Select((own, i) =>
        {
            var (name, given) = (i == 0 ? CacheStream.Answer : import.Outputs[i - 1].Name, offered?.Outputs.ElementAtOrDefault(i));
            var detector = (i == 0 ? streams.FirstOrDefault() : streams.FirstOrDefault(stream => stream.Name == name))?.Detector;
            return new DescribedHead(given?.Name ?? own.Output ?? learned[0], name, own.Kind ?? OutputKind.Classes)
            {
                ClassAxis = given is null ? own.ClassAxis : given.NamedAxis, Scores = given is null ? own.Scores : given.Scores, Boxes = detector?.Boxes, Objectness = detector?.HasObjectness, Background = detector?.Background,
            };
        })]);
    }

    private DetectorForm? DetectorOf(StageResults results) => train.Cache is { } cache ? CaptureStage.Answer(results[cache.Name]).Detector : null;
}

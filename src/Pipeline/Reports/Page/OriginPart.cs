using System.Xml.Linq;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Stages;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>How a run was made: the command that makes it again, and by digests what it was made from.</summary>
internal static class OriginPart
{
    // What the records of stages call the digests of files that the run was given.
    private static readonly (string Stage, string Input, string Meaning)[] Given =
    [
        ("train", "samples", "samples, transfer set"), ("train", "labels", "labels, transfer set"), ("train", "lengths", "lengths, transfer set"),
        ("train", "validation-samples", "samples, validation set"), ("train", "validation-labels", "labels, validation set"),
        ("evaluate", "samples", "samples, test set"), ("evaluate", "labels", "labels, test set"), ("evaluate", "lengths", "lengths, test set"),
        ("evaluate", "groups", "groups, test set"), ("evaluate", "texts", "texts, test set"), ("evaluate", "alphabet", "alphabet"),
        ("train", "cache", "cache (its manifest)"), ("export", "metadata.recipe_sha256", "recipe"),
    ];

    /// <summary>The part.</summary>
    /// <param name="models">The models, as far as there are figures.</param>
    /// <param name="stages">The records of the stages.</param>
    /// <param name="recipe">The resolved recipe.</param>
    /// <param name="replay">How it is made again.</param>
    public static IEnumerable<object> Write(IEnumerable<ModelMetrics> models, IReadOnlyList<StageRecord> stages, string recipe, Replay replay)
    {
        yield return new XElement("h2", "How it was made");
        yield return new XElement("p",
            "Again with ", new XElement("code", replay.Command), " in ", replay.Folder is { } folder ? new XElement("code", Html.Text(folder)) : "this folder",
            // The page of a setting is that of the same run elsewhere.
            replay.Folder is null ? new object[] { " (a sweep's setting: ", new XElement("code", (replay with { Depth = RunFolder.DeepestResults }).Command), ")" } : null,
            "; what is done is found, and the same inputs give the same bytes.");
        (string, string)[] digests =
        [
            .. models.Where(model => model.Sha256 is not null).Select(model => (FiguresPart.Name(model), model.Sha256!)),
            .. Given.SelectMany(given => stages.Where(stage => stage.Stage.Split('-')[0] == given.Stage).Select(stage => stage.Inputs.GetValueOrDefault(given.Input)).OfType<string>()
                .Distinct().Select(digest => (given.Meaning, digest))),
        ];
        if (digests.Length > 0)
            yield return Html.Table([["what", "SHA-256"], .. digests.Select(digest => (IReadOnlyList<string>)[digest.Item1, digest.Item2])]);
        if (stages.Count > 0)
            yield return Html.Table(
            [
                ["stage", "seconds", "versions"],
                .. stages.Select(stage => (IReadOnlyList<string>)
                    [stage.Stage, Html.Number(stage.WallSeconds), string.Join(", ", stage.Versions.Select(version => $"{version.Key} {version.Value}"))]),
            ]);
        var machines = stages.Where(stage => stage.Machine is not null).GroupBy(stage => stage.Machine!).ToArray();
        foreach (var machine in machines)
            yield return Html.Note($"{(machines.Length == 1 ? "Machine" : string.Join(", ", machine.Select(stage => stage.Stage)))}: {machine.Key}.");
        if (recipe.Length == 0)
            yield break;
        yield return new XElement("h3", "Recipe");
        yield return new XElement("pre", Html.Text(recipe));
    }
}

using System.Xml.Linq;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>How students differ from their teacher: how closely they follow it, which classes they mix up, and on which samples they are behind.</summary>
internal static class ComparisonPart
{
    /// <summary>The part; nothing, if nothing was compared.</summary>
    public static IEnumerable<object> Write(RunStory story) =>
        [.. Closeness(story), .. Calibration(story), .. Detailed(story).SelectMany(model => Model(model, story))];

    /// <summary>What the teacher taught, on samples that were learned from and on others.</summary>
    private static IEnumerable<object> Closeness(RunStory story)
    {
        var known = story.Metrics.Models.Select(model => (Name: model.Role!, Figures: model))
            .Concat(story.Metrics.Models.SelectMany(model => model.Outputs ?? NoOutputs, (model, output) => (Name: $"{model.Role}, output {output.Key}", Figures: output.Value)))
            .Where(model => model.Figures.Transfer is not null).ToArray();
        if (known.Length == 0)
            yield break;
        yield return new XElement("h2", "Closeness to the teacher");
        var columns = Columns.Where(column => known.Any(model => column.Of(model.Figures.Transfer!) is not null)).ToArray();
        yield return Html.Table(
        [
            ["model", .. columns.SelectMany(column => new[] { $"{column.Name}, transfer set", $"{column.Name}, test set" })],
            .. known.Select(model => (IReadOnlyList<string>)
            [
                model.Name,
                .. columns.SelectMany(column => new[] { Show(column, model.Figures.Transfer!), Show(column, Measuring.Closeness.Of(model.Figures, 0)) }),
            ]),
        ]);
        yield return Html.Note(
            $"Transfer set: {Html.Count(known[0].Figures.Transfer!.Samples)} of the samples that were learned from, as the teacher saw them. A student that follows it much "
            + "better there than on the test set would gain from more samples, or more views of them.");

        static string Show((string Name, Func<Closeness, double?> Of) column, Closeness closeness) => column.Of(closeness) is { } value
            ? column.Name == Agreement ? Html.Share(value) : Html.Number(value)
            : "";
    }

    private static readonly Dictionary<string, ModelMetrics> NoOutputs = [];

    private const string Agreement = "agreement";

    private static readonly (string Name, Func<Closeness, double?> Of)[] Columns =
        [(Agreement, c => c.Agreement), ("KL", c => c.Kl), ("MSE", c => c.Mse), ("cosine", c => c.Cosine)];

    /// <summary>Whether models are as often right as they say.</summary>
    private static IEnumerable<object> Calibration(RunStory story)
    {
        var known = story.Details.Models.Where(model => model.Reliability.Count > 0).Take(Charts.LineColors - 1).ToArray();
        if (known.Length == 0)
            yield break;
        string[] names = [.. known.Select(model => $"{model.Role}, ECE {Html.Number(story.Metrics.Models.First(figures => figures.Role == model.Role).Ece ?? 0)}")];
        yield return new XElement("h2", "Calibration");
        yield return Charts.Reliability(
            "reliability", Html.Text($"Share of right answers against their mean probability, in bins: {string.Join("; ", names)}. On the diagonal both are equal."),
            [.. known.Zip(names, (model, name) => new Curve(Html.Text(name), [.. model.Reliability.Select(bin => (bin.Confidence, (double?)bin.Accuracy))]))]);
        yield return Html.Note("Points below the diagonal: surer than right. ECE is the mean distance from it; a bin weighs as many samples as it has.");
    }

    private static IEnumerable<ModelDetails> Detailed(RunStory story) => story.Details.Models
        .Where(model => model.Role != Recipes.StageRules.Baseline && (model.Classes > 0 || model.Samples.Count > 0));

    private static IEnumerable<object> Model(ModelDetails model, RunStory story)
    {
        yield return new XElement("h2", Html.Text($"Where {model.Role} and teacher differ"));
        if (model.Pairs.Count > 0)
            yield return Pairs(model, story.Gallery);
        if (model.Changes.Count > 0)
            yield return Changes(model, story.Gallery);
        if (model.Samples.Count == 0)
            yield break;
        yield return new XElement("p", model.Samples[0].Class is null
            ? "Test samples on which it is furthest behind the teacher:"
            : "Test samples of the classes that lost most, which the teacher knows:");
        yield return new XElement("div", new XAttribute("class", "samples"), model.Samples.Select(gap => Sample(gap, story.Gallery)));
    }

    private static XElement Pairs(ModelDetails model, SampleGallery gallery)
    {
        if (model.Classes > ModelDetails.MostClasses)
            return Html.Table(
            [
                ["teacher says", $"{model.Role} says", "how often"],
                .. model.Pairs.Select(pair => (IReadOnlyList<string>)[gallery.NameOf(pair.Teacher), gallery.NameOf(pair.Model), Html.Count(pair.Rows)]),
            ]);
        var counts = model.Pairs.ToDictionary(pair => (pair.Teacher, pair.Model), pair => pair.Rows);
        return Html.Matrix(
            $"what the teacher says, in rows, and what {model.Role} says, in columns", $"teacher ↓ {model.Role} →",
            [.. Enumerable.Range(0, model.Classes).Select(gallery.NameOf)], (row, column) => counts.GetValueOrDefault((row, column)));
    }

    private static XElement Changes(ModelDetails model, SampleGallery gallery) => Html.Table(
    [
        [model.Pairs.Count > 0 ? "class" : "label", "of", "teacher right", $"{model.Role} right", "change"],
        .. model.Changes.Select(change => (IReadOnlyList<string>)
        [
            gallery.NameOf(change.Class), Html.Count(change.Rows), Html.Share((double)change.Teacher / change.Rows), Html.Share((double)change.Model / change.Rows),
            Html.Share((double)(change.Model - change.Teacher) / change.Rows),
        ]),
    ]);

    private static XElement Sample(SampleGap gap, SampleGallery gallery)
    {
        var sample = gallery.Samples.GetValueOrDefault(gap.Row);
        var name = Html.Text(sample?.Name ?? $"row {gap.Row}");
        var text = gap.Text ?? sample?.Text;
        return new XElement("figure",
            sample?.Picture is { } picture ? new XElement("img", new XAttribute("alt", $"the picture of {name}"), Html.Source("image/png", picture)) : null,
            sample?.Sound is { } sound ? new XElement("audio", new XAttribute("controls", ""), new XAttribute("aria-label", $"the sound of {name}"), Html.Source("audio/wav", sound), "") : null,
            text is null ? null : new XElement("blockquote", Html.Text(text)),
            gap.Read is null ? null : new XElement("blockquote", "read: ", Html.Text(gap.Read)),
            new XElement("figcaption", $"{name}: {Html.Text(Said(gap, gallery))}"));
    }

    private static string Said(SampleGap gap, SampleGallery gallery) => gap switch
    {
        { Class: { } right, Said: { } said } => $"{gallery.NameOf(right)}, said {gallery.NameOf(said)}; the probability of {gallery.NameOf(right)} is {Html.Share(gap.Gap)} lower",
        { Read: not null } => $"{gap.Gap:0} more edits",
        _ => $"{Html.Number(gap.Gap)} behind",
    };
}

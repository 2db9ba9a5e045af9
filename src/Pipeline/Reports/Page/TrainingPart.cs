using System.Xml.Linq;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>What each training minimised, and its curves.</summary>
internal static class TrainingPart
{
    private const string Weight = "weight";
    private const string Temperature = "temperature";

    /// <summary>The part; nothing, if nothing was trained.</summary>
    public static IEnumerable<object> Write(IReadOnlyList<TrainingStory> trainings)
    {
        if (trainings.Count > 0)
            yield return new XElement("h2", "Training");
        foreach (var (index, training) in trainings.Index())
        {
            yield return new XElement("h3", Html.Text(training.Role));
            if (training.Objective.Count > 0)
                yield return Terms(training);
            foreach (var chart in Scheduled(training, index).Concat(training.Epochs.Count > 0 ? Curves(training, index) : []))
                yield return chart;
        }
    }

    /// <summary>What is minimised: a row for each term.</summary>
    private static XElement Terms(TrainingStory training) => Html.Table(
    [
        ["term", Weight, Temperature, "other settings"],
        .. Named(training).Select(term => (IReadOnlyList<string>)
        [
            term.Name, Shown(term.Term, Weight) ?? "", Shown(term.Term, Temperature) ?? "",
            string.Join(", ", SettingsOf(term.Term).Where(setting => setting.Name is not (Weight or Temperature) && !Equals(setting.Get(term.Term), setting.Default))
                .Select(setting => $"{setting.Name} {setting.Describe(setting.Get(term.Term))}")),
        ]),
    ], training.Role);

    /// <summary>What changes with the epochs.</summary>
    private static IEnumerable<XElement> Scheduled(TrainingStory training, int index) => Named(training)
        .SelectMany(term => SettingsOf(term.Term), (term, setting) => (term.Name, setting, Value: setting.Get(term.Term) as EpochSchedule))
        .Where(entry => entry.Value is { Points.Count: > 1 })
        .GroupBy(entry => entry.setting.Name)
        .Select(group => Charts.OverEpochs(
            $"{group.Key}{index}", $"The {group.Key} of {string.Join(", ", group.Select(entry => entry.Name))} over epochs: {string.Join("; ", group.Select(entry => entry.Value))}.",
            group.Key, [.. group.Select(entry => new Curve(Html.Text(entry.Name), [.. Enumerable.Range(0, training.Epochs.Count + 1).Select(epoch => ((double)epoch, (double?)entry.Value!.At(epoch)))]))]));

    private static IEnumerable<XElement> Curves(TrainingStory training, int index)
    {
        var (role, epochs) = (Html.Text(training.Role), training.Epochs);
        yield return Charts.OverEpochs(
            $"loss{index}", $"Loss of {role} over {epochs.Count} epochs, whole and term by term; it ends at {Html.Number(epochs[^1].Loss)}.", "loss",
            [Curve("whole", e => e.Loss), .. epochs[0].Terms.Keys.Where(_ => epochs[0].Terms.Count > 1).Select(term => Curve(term, e => e.Terms.GetValueOrDefault(term)))],
            spansOrders: true);
        yield return Charts.OverEpochs(
            $"rate{index}", $"Learning rate of {role} over epochs, from {Html.Number(epochs[0].LearningRate)} to {Html.Number(epochs[^1].LearningRate)}.",
            "learning rate", [Curve("learning rate", e => e.LearningRate)]);
        foreach (var (number, (name, of)) in Measured(epochs).Where(figure => epochs.Any(e => figure.Of(e) is not null)).Index())
            yield return Charts.OverEpochs(
                $"measured{index}-{number}", $"{name} of {role} on the validation set over epochs; it ends at {Html.Number(of(epochs[^1]) ?? double.NaN)}.",
                $"validation {name}", [Curve($"validation {name}", of)]);

        Curve Curve(string name, Func<EpochEvent, double?> value) =>
            new(Html.Text(name), [.. epochs.Select(e => ((double)e.Epoch, value(e)))]);
    }

    /// <summary>What is measured on the validation set after each epoch: of the first output, then of each further one.</summary>
    public static IEnumerable<(string Name, Func<EpochEvent, double?> Of)> Measured(IEnumerable<EpochEvent> epochs) =>
    [
        ("errors", e => e.Errors), ("NLL", e => e.Nll), ("agreement", e => e.Agreement), ("MSE", e => e.Mse), ("R2", e => e.RSquared), ("cosine", e => e.Cosine),
        .. epochs.SelectMany(e => e.Outputs?.Keys ?? []).Distinct().SelectMany(output => OfOutputs.Select(figure => (
            $"{figure.Name} of {Html.Text(output)}", (Func<EpochEvent, double?>)(e => e.Outputs?.GetValueOrDefault(output) is { } own ? figure.Of(own) : null)))),
    ];

    private static readonly (string Name, Func<OutputEvent, double?> Of)[] OfOutputs =
        [("agreement", o => o.Agreement), ("MSE", o => o.Mse), ("R2", o => o.RSquared), ("cosine", o => o.Cosine)];

    /// <summary>Terms by the names that they have in the events.</summary>
    private static IEnumerable<(string Name, Term Term)> Named(TrainingStory training) => training.Objective.Select((term, i) =>
        (training.Epochs.Count > 0 && training.Epochs[0].Terms.Count == training.Objective.Count ? training.Epochs[0].Terms.Keys.ElementAt(i) : term.Name, term));

    private static IReadOnlyList<Setting> SettingsOf(Term term) => SettingSchema.Of(term.GetType()).Settings;

    private static string? Shown(Term term, string name) => SettingSchema.Of(term.GetType())[name] is { } setting ? setting.Describe(setting.Get(term)) : null;
}

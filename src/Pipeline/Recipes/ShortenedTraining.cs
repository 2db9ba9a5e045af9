using System.Globalization;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>A training that the command line makes shorter than its recipe's warm-up: the warm-up takes the share of it that the recipe gave it.</summary>
internal static class ShortenedTraining
{
    private const string Epochs = "training.epochs";
    private const string Warmup = "training.schedule.warmup-epochs";

    /// <summary>Shortens the warm-up, where an option leaves no room for it and none names it.</summary>
    /// <param name="source">The recipe; changed.</param>
    /// <param name="note">Told what is changed.</param>
    public static void Fit(RecipeSource source, Action<string> note)
    {
        if (source.Find(Epochs) is not { IsGiven: true } given || source.Find(Warmup) is not { IsGiven: false } written
            || Number(given.Value) is not { } epochs || Number(written.Value) is not { } warmup || Number(source.Replaced(Epochs)) is not { } before || warmup < epochs || warmup >= before)
            return;
        var shorter = Math.Round(warmup * epochs / before, 4);
        source.Set(Warmup, shorter.ToString(CultureInfo.InvariantCulture), "a shorter training");
        note(string.Create(CultureInfo.InvariantCulture, $"warm-up: {shorter} of {epochs} epochs, as the recipe has {warmup} of {before} ({Warmup})"));
    }

    private static double? Number(string? text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
}

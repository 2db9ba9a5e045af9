using System.Collections.Concurrent;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Randomness;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>Draws lines of text: a transfer set whose texts are known.</summary>
public static class RenderedTextPreparation
{
    /// <summary>The folder, within the set's, of the lines in held-out fonts.</summary>
    public const string HeldOutFolder = "held-out";

    /// <summary>Draws both sets.</summary>
    /// <param name="wordFile">A text file that words are taken from; <c>null</c>: random strings only.</param>
    /// <param name="lines">What is drawn.</param>
    /// <param name="options">Where to, and how.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="token">Stops between lines; the same call goes on from there, in the set in progress.</param>
    /// <returns>The set, and the one in held-out fonts if there is one.</returns>
    /// <exception cref="InputException">An option or a font is wrong, or a font is not installed.</exception>
    public static IReadOnlyList<PreparationResult> Run(
        string? wordFile, RenderedTextOptions lines, PrepareOptions options, IProgress<StageProgress>? progress, CancellationToken token)
    {
        lines.Validate();
        if (lines.Characters && wordFile is not null)
            throw new InputException("Text cannot be rendered with these options.", "--characters", $"--words {wordFile}", "characters of --alphabet", "leave one of the options out");
        var texts = new LineTexts(lines, wordFile is null ? [] : LineTexts.ReadWords(wordFile));
        var words = wordFile is null ? "" : SourceFolder.StampOf(wordFile);
        string[] fonts = [.. lines.Fonts.Select(FontFiles.Find)];
        string[] heldOut = lines.HeldOutCount == 0 ? [] : [.. lines.HeldOutFonts.Select(FontFiles.Find)];
        var heldOutFolder = Path.Combine(options.Output, HeldOutFolder);
        var set = Draw(fonts, lines.Count, 0, options);
        if (heldOut.Length > 0)
            return [set, Draw(heldOut, lines.HeldOutCount, 1, options with { Output = heldOutFolder })];
        PreparedSet.Remove(heldOutFolder); // an earlier run's, which does not belong to the new lines
        return [set];

        PreparationResult Draw(string[] paths, int count, uint round, PrepareOptions where)
        {
            var renderers = new ConcurrentBag<LineRenderer>();
            var stamp = string.Join(' ', paths.Select(SourceFolder.StampOf).Prepend(words));
            try
            {
                var items = Enumerable.Range(0, count).Select(id =>
                {
                    var random = new CounterRandom(lines.Seed, RandomPurpose.Rendering, (ulong)id, round);
                    var font = random.NextInt32(0, paths.Length);
                    return new SourceItem(Path.GetFileName(paths[font]), null, () => One(renderers, paths, random, font), stamp);
                });
                var sources = new SourceList(
                    "rendered-text", "lines", items, count, new(lines.Classes.Count > 0, Lengths: !lines.Characters), lines.Classes.Count > 0 ? lines.Classes : null);
                int[] shape = [3, lines.Height, lines.Width];
                return new Preparer(where, progress, token).Run(sources, lines.Type, shape, lines, preprocess: null);
            }
            finally
            {
                foreach (var renderer in renderers)
                    renderer.Dispose();
            }
        }

        PreparedSample One(ConcurrentBag<LineRenderer> renderers, string[] paths, CounterRandom random, int font)
        {
            if (!renderers.TryTake(out var renderer))
                renderer = new(lines, texts, paths);
            try
            {
                return renderer.Draw(random, font);
            }
            finally
            {
                renderers.Add(renderer);
            }
        }
    }
}

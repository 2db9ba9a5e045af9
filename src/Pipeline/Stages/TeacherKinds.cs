using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Finds what a recipe's first teacher gives, before there is an objective.</summary>
internal static class TeacherKinds
{
    /// <summary>The kind of its answer; <c>null</c>: something is wrong or missing, which the run itself will say better.</summary>
    /// <param name="source">The recipe, without an objective.</param>
    /// <exception cref="LimitException">The teacher asks for more than it may have.</exception>
    public static OutputKind? Find(RecipeSource source) => FindAll(source) is [var first, ..] ? first.Kind : null;

    /// <summary>The kinds of its answer, and of the streams that further outputs of the student learn from; none: something is wrong or missing.</summary>
    /// <param name="source">The recipe, without an objective.</param>
    /// <exception cref="LimitException">The teacher asks for more than it may have.</exception>
    public static IReadOnlyList<(string Stream, OutputKind Kind)> FindAll(RecipeSource source)
    {
        try
        {
            var capture = RecipeFile.ReadCapture(source);
            if (capture.Teachers.Count == 0)
                return [];
            var further = FurtherOutputs(source);
            if (further.Length == 0 && capture.Teachers[0].Kind is { } named)
                return [(CacheStream.Answer, named)];
            return [.. LookAt(source, capture).Where((stream, i) => i == 0 || further.Contains(stream.Name)).Select(stream => (stream.Name, stream.Kind.Output()!.Value))];
        }
        catch (OnnxKdException error) when (error is not LimitException)
        {
            return [];
        }
    }

    /// <summary>The stream of its answer, as it would be captured; <c>null</c>: something is wrong or missing, which the run itself will say better.</summary>
    /// <param name="source">The recipe.</param>
    /// <exception cref="LimitException">The teacher asks for more than it may have.</exception>
    public static CacheStream? FindAnswer(RecipeSource source)
    {
        try
        {
            var capture = RecipeFile.ReadCapture(source);
            return capture.Teachers.Count == 0 ? null : LookAt(source, capture)[0];
        }
        catch (OnnxKdException error) when (error is not LimitException)
        {
            return null;
        }
    }

    private static IReadOnlyList<CacheStream> LookAt(RecipeSource source, CaptureOptions capture)
    {
        var data = RecipeFile.ReadData(source);
        using var set = TransferSet.Open(data.Transfer);
        using var test = data.Test is null ? null : TransferSet.Open(data.Test, set);
        return CacheCapture.LookAt(set, capture with { Teachers = [capture.Teachers[0]], Labelled = test });
    }

    private static string[] FurtherOutputs(RecipeSource source) => Find(Find(source.Root, "student"), "outputs") switch
    {
        YamlMappingNode map => [.. map.Children.Keys.Select(name => name.ToString())],
        YamlSequenceNode list => [.. list.Select(name => name.ToString())],
        { } only => [only.ToString()],
        null => [],
    };

    private static YamlNode? Find(YamlNode? node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
}

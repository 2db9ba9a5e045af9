using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>Fills in the named inputs of a recipe's sets, from what its models take and its files hold, before anything opens them.</summary>
internal static class InputDefaults
{
    private const string Origin = "default";

    private static readonly string[] sets = ["transfer", "validation", "test"];

    /// <summary>Fills them in, where models have several inputs and a set does not name any.</summary>
    /// <param name="source">The recipe; changed.</param>
    /// <exception cref="OnnxKdException">A file cannot be read, or does not hold what a model takes.</exception>
    public static void Fill(RecipeSource source)
    {
        if (source.Root.Find("data") is not YamlMappingNode data
            || !sets.Any(name => data.Find(name) is YamlMappingNode set && set.Find("set") is null && set.Find("samples-key") is null))
            return;
        // Models may be large: they are read only for files that can feed several inputs.
        var options = RecipeFile.ReadData(source);
        TransferSetOptions?[] all = [options.Transfer, options.Validation, options.Test];
        var mayBeNamed = Array.Exists(all, set => set is not null && (!set.Inputs.AreNone || InputChoice.MayFeedSeveral(set)));
        if (mayBeNamed)
            FillFeeds(source);
        RequireUsed(source, all);
        if (!mayBeNamed)
            return;
        var models = Models(source);
        foreach (var (name, set) in sets.Zip(all))
        {
            if (set is null)
                continue;
            var chosen = InputChoice.MayFeedSeveral(set) ? InputChoice.Choose(set, models, $"data.{name}") : set;
            if (chosen.Inputs != set.Inputs)
                source.Set($"data.{name}.{InputsSection.Key}", InputsSection.Write(chosen.Inputs, path => path)!, Origin);
            if (!chosen.Table.Texts.SequenceEqual(set.Table.Texts))
                source.Set($"data.{name}.table.texts", new YamlSequenceNode(chosen.Table.Texts.Select(text => new YamlScalarNode(text))), Origin);
            if (chosen.SamplesKey != set.SamplesKey)
                source.Set($"data.{name}.samples-key", new YamlScalarNode(chosen.SamplesKey), Origin);
            all[Array.IndexOf(sets, name)] = chosen;
        }
        FillMasks(source, all, models);
    }

    /// <summary>What the transfer set says, or its samples, holds for the other sets too: one without padding would say nothing.</summary>
    private static void FillMasks(RecipeSource source, TransferSetOptions?[] all, IReadOnlyList<ReadingModel> models)
    {
        if (all[0] is not { } transfer)
            return;
        var found = InputChoice.WithMask(transfer, models);
        foreach (var (name, set) in sets.Zip(all))
            if (set is { Mask: null, Padding: null } && set.Inputs.All.Any(input => input.Name == (found.Padding ?? found.Mask)))
                source.Set($"data.{name}.{MaskChoice.KeyOf(found)}", new YamlScalarNode(found.Padding ?? found.Mask), Origin);
    }

    /// <summary>What students of ours say in their files of inputs that are no samples, where the recipe says nothing.</summary>
    private static void FillFeeds(RecipeSource source)
    {
        var models = source.Root.Find("teachers") is YamlSequenceNode teachers ? teachers.Children.OfType<YamlMappingNode>().ToList() : [];
        if (source.Root.Find("student") is YamlMappingNode student)
            models.Add(student);
        foreach (var model in models.Where(model => model.Find(TeachersSection.Inputs) is null))
            if (model.Find(TeachersSection.Model) is YamlScalarNode { Value: { Length: > 0 } file } && FeedsIn(Path.GetFullPath(file, source.Folder)) is { AreNone: false } feeds)
                model.Children[source.Remember(new YamlScalarNode(TeachersSection.Inputs), Origin)] =
                    source.Remember(YamlTree.Line([.. feeds.All.Select(feed => (feed.Input, (object?)feed.Text))]), Origin);
    }

    private static InputFeeds FeedsIn(string path)
    {
        try
        {
            return InputMetadata.Of(SharedModels.Load(path).Proto);
        }
        catch (OnnxKdException)
        {
            return InputFeeds.None; // refused where it is used, which says more
        }
    }

    /// <summary>An input that nobody reads is a slip, where all models are files: built-in students read what there is.</summary>
    private static void RequireUsed(RecipeSource source, IEnumerable<TransferSetOptions?> sets)
    {
        if (source.Root.Find("student").Find("model") is null || source.Root.Find("stages") is not null || source.Root.Find("learners") is not null)
            return;
        foreach (var set in sets.OfType<TransferSetOptions>().Where(set => !set.Inputs.AreNone))
            InputChoice.RequireUsed(set, Models(source));
    }

    /// <summary>The models that read the sets: teachers of the recipe that are files, and its student, if it is one.</summary>
    private static IReadOnlyList<ReadingModel> Models(RecipeSource source)
    {
        var teachers = source.Root.Find("teachers") is null ? [] : RecipeFile.ReadCapture(source).Teachers.Where(teacher => teacher.Model.Length > 0 && teacher.Modality is null)
            .Select(teacher => (teacher.Model, teacher.Inputs)).ToList();
        if (source.Root.Find("student").Find("model") is YamlScalarNode { Value: { Length: > 0 } file })
            teachers.Add((Path.GetFullPath(file, source.Folder), Feeds(source.Root.Find("student").Find("inputs"))));
        return [.. teachers.Select(model => Load(model.Item1, model.Item2)).OfType<ReadingModel>()];
    }

    /// <summary>What cannot be read is refused where it is used, which says more.</summary>
    private static ReadingModel? Load(string path, InputFeeds feeds)
    {
        try
        {
            return ReadingModel.Of(SharedModels.Load(path), feeds);
        }
        catch (OnnxKdException)
        {
            return null;
        }
    }

    private static InputFeeds Feeds(YamlNode? node) => node is YamlMappingNode map
        ? new([.. map.Children.Select(entry => InputFeed.Parse(entry.Key.ToString(), entry.Value.ToString()))])
        : InputFeeds.None;
}

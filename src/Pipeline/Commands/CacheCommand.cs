using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache RECIPE</c>: up to the logit cache; and what can be asked of a cache.</summary>
internal sealed class CacheCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();
    private readonly ProfileArgument profile = new();
    private readonly PartArgument part = new();

    /// <summary>Declares the command.</summary>
    public CacheCommand()
        : base(
            "cache",
            "Captures the teachers' logits over the transfer set. An interrupted capture goes on.",
            "onnxkd cache recipes/mnist.yaml",
            "onnxkd cache recipes/mnist.yaml --part 2/4",
            "onnxkd cache verify runs/mnist/cache-1a2b3c4d",
            "onnxkd cache info runs/mnist/cache-1a2b3c4d --json")
    {
        recipe.AddTo(this);
        part.AddTo(this);
        profile.AddTo(this);
        Does((parsed, stdout, stderr, token) =>
        {
            using var recording = profile.Start(parsed);
            Run(recipe.Read(parsed, stderr, token), part.Read(parsed), stdout, stderr, token);
        });
        Add(new CacheVerifyCommand());
        Add(new CacheInfoCommand());
        Add(new CacheMergeCommand());
        Add(new CacheImportCommand());
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <summary>Runs it.</summary>
    /// <param name="options">The recipe.</param>
    /// <param name="part">The share of the rows to capture; <c>null</c>: all.</param>
    /// <param name="stdout">Where the folder is named.</param>
    /// <param name="stderr">Where progress is told.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">The recipe has no teachers, or its inputs are wrong.</exception>
    public static void Run(RecipeRun options, CachePart? part, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        if (options.Recipe.Stages.OfType<TrainStep>().All(step => step.Teachers.IsEmpty))
            throw new InputException("There is no teacher to capture.", remedy: "add teachers to the recipe, or --teacher");
        FileList.Write(stdout, options.Style, part is { } share ? RunPart(share) : RunAll());

        (string, string?)[] RunAll()
        {
            using var work = options.Open(stderr, token);
            var captures = OfTransferSet(work.Stages);
            var results = work.Run(captures);
            return [.. captures.Select(capture => (capture.Name, (string?)results[capture.Name].Folder))];
        }

        (string, string?)[] RunPart(CachePart share)
        {
            var reporter = new StageReporter(stderr, options.Style.Live);
            using var graph = RecipeGraph.Open(options.Recipe, StageKinds.All, reporter.Note, token);
            var folder = RecipeWork.FolderOf(options.Recipe, options.Runs);
            Directory.CreateDirectory(folder);
            RecipeWork.WriteRecipe(options.Recipe, folder);
            var runner = new StageRunner(folder, reporter);
            var captures = OfTransferSet(graph.Stages.Stages).Where(capture => capture.Needs.Count == 0);
            return [.. captures.Select(capture => (capture.Name, (string?)capture.RunPart(runner, share, token)))];
        }
    }

    private static CaptureStage[] OfTransferSet(IEnumerable<Stage> stages) =>
        [.. stages.OfType<CaptureStage>().Where(capture => capture.FolderName == CaptureStage.Transfer)];
}

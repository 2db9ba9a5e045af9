using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Pipeline.Stages;
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
            Run(recipe.Read(parsed), part.Read(parsed), stdout, stderr, token);
        });
        Add(new CacheVerifyCommand());
        Add(new CacheInfoCommand());
        Add(new CacheMergeCommand());
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
        if (!options.Recipe.HasTeachers)
            throw new InputException("There is no teacher to capture.", remedy: "add teachers to the recipe, or --teacher");
        FileList.Write(stdout, options.Style, ("cache", part is { } share ? RunPart(share) : RunAll()));

        string RunAll()
        {
            using var distillation = options.Open(stderr, token);
            return distillation.Cache()!.Folder;
        }

        string RunPart(CachePart share)
        {
            var reporter = new StageReporter(stderr, options.Style.Live);
            using var sets = RecipeSets.Open(options.Recipe.Data, reporter.Note, token);
            var folder = Distillation.FolderOf(options.Recipe, options.Runs);
            Directory.CreateDirectory(folder);
            Distillation.WriteRecipe(options.Recipe, folder);
            var runner = new StageRunner(folder, reporter);
            return CaptureStage.RunPart(runner, Distillation.CacheName, sets.Transfer, options.Recipe.Capture with { Part = share }, token);
        }
    }
}

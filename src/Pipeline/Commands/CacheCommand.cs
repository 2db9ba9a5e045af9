using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache RECIPE</c>: up to the logit cache; and what can be asked of a cache.</summary>
internal sealed class CacheCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    /// <summary>Declares the command.</summary>
    public CacheCommand()
        : base(
            "cache",
            "Captures the teachers' logits over the transfer set. An interrupted capture goes on.",
            "onnxkd cache recipes/mnist.yaml",
            "onnxkd cache verify runs/mnist/cache-1a2b3c4d",
            "onnxkd cache info runs/mnist/cache-1a2b3c4d --json")
    {
        recipe.AddTo(this);
        Does((parsed, stdout, stderr, token) => Run(recipe.Read(parsed), stdout, stderr, token));
        Add(new CacheVerifyCommand());
        Add(new CacheInfoCommand());
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">The recipe has no teachers, or its inputs are wrong.</exception>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var distillation = options.Open(stderr, token);
        var cache = distillation.Cache()
            ?? throw new InputException("There is no teacher to capture.", remedy: "add teachers to the recipe, or --teacher");
        FileList.Write(stdout, options.Style, ("cache", cache.Folder));
    }
}

using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Terminal;
using Spectre.Console;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd init</c>: a commented recipe for the user's files.</summary>
internal sealed class InitCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<string> output = new("--output", "-o") { Description = "The recipe to write.", DefaultValueFactory = _ => "recipe.yaml" };

    /// <summary>Declares the command.</summary>
    public InitCommand()
        : base(
            "init",
            "Writes a commented recipe for your files, after looking at them. On a terminal it asks for what is not given. Nothing is overwritten.",
            "onnxkd init",
            "onnxkd init -o mine.yaml --teacher big.onnx --samples images.npy --labels labels.npy")
    {
        Add(output);
        recipe.AddOptionsTo(this);
        Does((parsed, stdout, stderr, token) =>
        {
            var asks = ((OutputConfiguration)parsed.InvocationConfiguration).ErrorIsTerminal && !Console.IsInputRedirected;
            Run(asks ? Complete(parsed, AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(TerminalWriter.Raw(stderr)) })) : parsed, GlobalOptions.Style(parsed), stdout, stderr, token);
        });
    }

    /// <summary>The command line with the answers to what it leaves open.</summary>
    /// <exception cref="InputException">Something is in the recipe's place; nothing is asked.</exception>
    public ParseResult Complete(ParseResult parsed, IAnsiConsole console)
    {
        RequireFree(parsed.GetValue(output)!);
        var words = parsed.Tokens.Select(token => token.Value).ToArray();
        return parsed.RootCommandResult.Command.Parse([.. words, .. new InitQuestions(console).Ask(words.ToHashSet())]);
    }

    /// <summary>Writes the recipe.</summary>
    /// <exception cref="OnnxKdException">Something is in its place, or the files do not make a run.</exception>
    public void Run(ParseResult parsed, OutputStyle style, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var path = parsed.GetValue(output)!;
        RequireFree(path);
        if (!recipe.NamesTeachers(parsed))
            throw new InputException("A recipe needs a teacher.", "--teacher", "none", "an ONNX file", "name it; 'onnxkd init' asks for it on a terminal");
        var made = recipe.ReadNamed(parsed, RecipeFile.DefaultName(Path.GetFileNameWithoutExtension(path)), stderr, token);
        RunPlan.Of(made, "runs", new(stderr, live: false), token); // a recipe that cannot run is of no use
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        AtomicFile.WriteAllText(path, RecipeText.Write(made, folder, RecipeText.FactsOf(made)));
        FileList.Write(stdout, style, ("recipe", path));
        stderr.WriteLine($"next: onnxkd run {ShellWord.Of(path)}");
    }

    private static void RequireFree(string path)
    {
        if (Path.Exists(path))
            throw new InputException("The recipe would replace a file.", "--output", path, "a name that is free", "choose another name: -o NAME.yaml");
    }
}

using System.CommandLine;
using OnnxKd.Pipeline.Deployment;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd train-setting RECIPE</c>: what a sweep starts for each setting that it trains beside others; it ends when its standard input does.</summary>
internal sealed class TrainSettingCommand : Command
{
    private readonly RecipeArguments recipe = new();
    private readonly Option<string> results = new(SettingProcesses.ResultsOption) { Required = true };
    private readonly Option<string> sweep = new(SettingProcesses.SweepOption) { Required = true };
    private readonly Option<int?> until = new(SettingProcesses.UntilOption);

    /// <summary>Declares the command.</summary>
    public TrainSettingCommand()
        : base(SettingProcesses.Command, "Trains one setting of a sweep.")
    {
        Hidden = true;
        recipe.AddTo(this);
        Add(results);
        Add(sweep);
        Add(until);
        SetAction((parsed, token) =>
        {
            Run(
                recipe.Read(parsed, TextWriter.Null, token), parsed.GetValue(results)!, parsed.GetValue(sweep)!, parsed.GetValue(until), parsed.InvocationConfiguration.Output,
                OwnProcess.UntilInputEnds(token));
            return Task.FromResult(0);
        });
    }

    private static void Run(RecipeRun options, string results, string sweep, int? until, TextWriter output, CancellationToken token)
    {
        using var work = RecipeWork.Open(options.Recipe, options.Runs, ProgressLine.Reporter(output), token, results, sharesFolder: true, sweep);
        if (until is { } epoch)
            work.TrainUntil(options.Recipe.Final, epoch);
        else
            work.RunToModels();
    }
}

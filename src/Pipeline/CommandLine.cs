using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Commands;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline;

/// <summary>The command line: the table of commands, and the one place where errors become exit codes.</summary>
internal static class CommandLine
{
    /// <summary>Runs a command.</summary>
    /// <param name="args">The words after the program's name.</param>
    /// <param name="configuration">Where it writes.</param>
    /// <param name="token">Cancelled by Ctrl+C.</param>
    /// <returns>The exit code, one of <see cref="ExitCode"/>.</returns>
    public static async Task<int> InvokeAsync(string[] args, OutputConfiguration configuration, CancellationToken token)
    {
        var (stdout, stderr) = (TerminalWriter.Wrap(configuration.Output), TerminalWriter.Wrap(configuration.Error));
        (configuration.Output, configuration.Error) = (stdout, stderr);
        var verbose = false;
        ParseResult? parsed = null;
        try
        {
            DescriptorLimit.Require();
            parsed = CreateRoot().Parse(args);
            verbose = parsed.GetValue(GlobalOptions.Verbose);
            if (UnknownOptions(parsed).Length > 0 || parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
                throw BadUsage(parsed);
            if (parsed.Tokens.Any(word => word.Type == TokenType.Argument && word.Value.Length == 0))
                throw new InputException("A value on the command line is empty.", found: "\"\"", remedy: $"give a value, or leave its option out; see '{HelpOf(parsed)}'");
            GlobalOptions.SetLimits(parsed);
            var code = await parsed.InvokeAsync(configuration, token);
            stdout.Flush();
            return stdout.Failure is { } lost && code == 0 ? throw new MachineException(
                "The result could not be written to stdout.", found: lost.Message, remedy: "what was made on disk is complete; run the command again to see it", inner: lost) : code;
        }
        catch (Exception error)
        {
            var goesOn = parsed?.CommandResult.Command is ExampleCommand command && command.GoesOn(parsed);
            var code = Explain(error, goesOn, verbose, stderr);
            // A sweep stops when the machine refuses, and goes on when it is the setting: its processes tell the two apart.
            return (int)(parsed?.CommandResult.Command is TrainSettingCommand && code == ExitCode.BadInput && error is not (InputException or LimitException) ? ExitCode.Failure : code);
        }
    }

    /// <summary>The table of commands.</summary>
    public static RootCommand CreateRoot()
    {
        var root = new RootCommand("Distils ONNX models into small ONNX models: teachers, logit cache, student, verified student.onnx.")
        {
            GlobalOptions.Json,
            GlobalOptions.Verbose,
            GlobalOptions.Quiet,
            GlobalOptions.MemoryLimit,
            GlobalOptions.TimeLimit,
            new InitCommand(),
            new RunCommand(),
            new SweepCommand(),
            new TrainSettingCommand(),
            new PlanCommand(),
            new InspectCommand(),
            new DataCommand(),
            new PrepareCommand(),
            new CacheCommand(),
            new TrainCommand(),
            new ExportCommand(),
            new VerifyCommand(),
            new EvaluateCommand(),
            new AdjustBiasCommand(),
            new ReportCommand(),
            new BenchmarkCommand(),
            new ConvertCommand(),
            new JoinCommand(),
            new PcaCommand(),
            new OperatorsCommand(),
            new SettingsCommand(),
            new CompletionCommand(),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    /// <summary>Words that are meant as options but are none; the parser takes the first of them for an argument.</summary>
    public static string[] UnknownOptions(ParseResult parsed) =>
    [
        .. parsed.Tokens.Where(token => token.Type == TokenType.Argument).Select(token => token.Value)
            .Where(word => word.StartsWith("--", StringComparison.Ordinal)),
    ];

    private static InputException BadUsage(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var known = command.Subcommands.Concat<Symbol>(command.Options).Concat(command.Parents.SelectMany(p => ((Command)p).Options))
            .Select(symbol => symbol.Name).ToArray();
        var unknown = UnknownOptions(parsed) is { Length: > 0 } options ? options : parsed.UnmatchedTokens;
        var nearest = unknown.Select(word => Suggestions.Nearest(word, known)).FirstOrDefault(name => name is not null);
        var help = HelpOf(parsed);
        return new(
            unknown.Count > 0 ? $"The command line has an unknown word: {string.Join(' ', unknown)}." : parsed.Errors[0].Message,
            remedy: nearest is not null ? $"did you mean '{nearest}'?" : $"see '{help}'");
    }

    private static string HelpOf(ParseResult parsed)
    {
        var words = new List<string> { "--help" };
        for (CommandResult? result = parsed.CommandResult; result is { Command: not RootCommand }; result = result.Parent as CommandResult)
            words.Insert(0, result.Command.Name);
        return $"onnxkd {string.Join(' ', words)}";
    }

    private static ExitCode Explain(Exception error, bool goesOn, bool verbose, TextWriter stderr)
    {
        // Tasks wrap what went wrong in them.
        var cause = Causes(error).FirstOrDefault(each => each is IOException && (DiskErrors.IsFull(each) || DiskErrors.IsOutOfDescriptors(each) || DiskErrors.IsReadOnly(each)));
        var (code, message) = (error is OnnxKdException ? error : cause ?? error) switch
        {
            OnnxKdException known => (known.ExitCode, $"error: {known.Message}"),
            OperationCanceledException => (ExitCode.Cancelled, goesOn
                ? "stopped; what was done is saved, and the same command goes on from there"
                : "stopped; nothing was changed"),
            IOException descriptors when DiskErrors.IsOutOfDescriptors(descriptors) =>
                (ExitCode.BadInput, Say("Too many files are open.", "raise the limit (ulimit -n 4096), then run the same command again; finished work is kept")),
            IOException full when DiskErrors.IsFull(full) =>
                (ExitCode.BadInput, Say("The disk is full.", "free some space, then run the same command again; finished work is kept")),
            IOException readOnly when DiskErrors.IsReadOnly(readOnly) =>
                (ExitCode.BadInput, Say(readOnly.Message, "choose a folder that you may write")),
            UnauthorizedAccessException => (ExitCode.BadInput, Say(error.Message, "check who may read and write there")),
            IOException => (ExitCode.Failure, Say(error.Message, "check the disk and the paths, then run the same command again; finished work is kept")),
            _ => (ExitCode.Failure, Say(error.Message, "run it again with --verbose for details; this may be a defect of onnxkd")),
        };
        stderr.WriteLine(message);
        if (verbose)
            stderr.WriteLine(error);
        return code;

        static IEnumerable<Exception> Causes(Exception error) =>
            error is AggregateException several ? several.InnerExceptions.SelectMany(Causes).Prepend(error)
            : error.InnerException is { } inner ? Causes(inner).Prepend(error) : [error];

        static string Say(string what, string remedy) => $"error: {what}\n  to do:    {remedy}";
    }
}

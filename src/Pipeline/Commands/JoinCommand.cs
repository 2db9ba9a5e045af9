using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.TeacherRunner.Conversion;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd join FILE...</c>: models behind one another as one file.</summary>
internal sealed class JoinCommand : ExampleCommand
{
    private readonly Argument<string[]> models = new("FILE")
    {
        Description = "ONNX files in the order in which they run.", Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> output = new("--output", "-o") { Description = "The file to write.", Required = true };

    private readonly Option<bool> force = new("--force") { Description = "Let --output replace any file that is not read, not only one that onnxkd wrote." };

    private readonly Option<string?> resize = new("--resize")
    {
        Description = "First resize pictures, [N, channels, height, width] or [N, height, width] of any size, to this one: height and width (224,224).", HelpName = "H,W",
    };

    private readonly Option<bool> reverseChannels = new("--reverse-channels") { Description = "First reverse the channels of pictures: for models that take blue, green, red." };

    /// <summary>Declares the command.</summary>
    public JoinCommand()
        : base(
            "join",
            "Puts models behind one another, as one file: a teacher whose preprocessing is an ONNX file of its own, or that takes larger pictures than the student.",
            "onnxkd join preprocess.onnx big.onnx -o teacher.onnx",
            "onnxkd join --resize 224,224 --reverse-channels big.onnx -o teacher.onnx")
    {
        Add(models);
        Add(output);
        Add(force);
        Add(resize);
        Add(reverseChannels);
        Does((parsed, stdout, _, _) => Run(parsed, stdout));
    }

    private void Run(ParseResult parsed, TextWriter stdout)
    {
        var (paths, target) = (parsed.GetValue(models)!, parsed.GetValue(output)!);
        ExportTarget.Require(target, paths, [], parsed.GetValue(force));
        var chain = paths.Select(OnnxModel.Load).ToList();
        if (parsed.GetValue(reverseChannels))
            chain.Insert(0, ModelJoin.ReverseChannels(chain[0]));
        if (PrepareArguments.WholeNumbers(parsed, resize) is { Length: > 0 } size)
            chain.Insert(0, size is [> 0 and var height, > 0 and var width]
                ? ModelJoin.Resize(chain[0], height, width)
                : throw new InputException("That is not a size.", resize.Name, string.Join(',', size), "height and width: 224,224"));
        if (chain.Count < 2)
            throw new InputException("There is nothing to join.", found: "one file", expected: "two or more, or --resize, or --reverse-channels", remedy: "name the files in the order in which they run");
        var joined = ModelJoin.Of(chain, OperatorReference.Names);
        using (ModelSession.Of(joined.Proto, Path.GetFileName(target)))
            joined.Save(target);
        if (GlobalOptions.Style(parsed).Json)
            stdout.Write(CanonicalJson.Serialize(new JoinedModel(target, joined.ContentDigest, paths, new FileInfo(target).Length)));
        else
            stdout.WriteLine($"{Printable.Escape(string.Join(" + ", paths.Select(Path.GetFileName)))} -> {Printable.Escape(target)} ({FileSize.Format(new FileInfo(target).Length)})");
    }

    /// <summary>What was written.</summary>
    private sealed record JoinedModel(string Model, string Sha256, IReadOnlyList<string> Of, long Bytes);
}

using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Commands;

/// <summary>The options that say what an inspected model would be used with: those of <c>run</c>, by the same names and read by the same code.</summary>
internal sealed class InspectArguments
{
    private readonly Option<string?> samples = new("--samples")
    {
        Description = "Samples of the model: it is tried on the first of them, and their labels (--labels) can tell what its output holds where nothing else does.",
    };

    private readonly Option<string?> labels = new("--labels") { Description = "The labels of the samples." };
    private readonly Option<string?> output = new("--output") { Description = "The tensor that would be learned from: an output, or one inside the graph." };
    private readonly Option<string?> outputs = new("--outputs") { Description = "Outputs that one student would learn, as run --outputs has them: age=values,gender." };
    private readonly Option<string?> kind = new("--kind") { Description = "What the output holds: classes, labels, values, embedding or detector; found by default." };
    private readonly Option<string?> probabilities = new("--probabilities") { Description = "Whether scores behind no activation are probabilities (true) or logits (false); found by default." };
    private readonly Option<string?> pooling = new("--pooling") { Description = "Of states of tokens: mean or first makes one embedding for a text of them." };
    private readonly Option<string?> scale = new("--scale") { Description = "Factor on stored values, for example 1/255." };
    private readonly Option<string?> mean = new("--mean") { Description = "Subtracted after scaling." };
    private readonly Option<string?> std = new("--std") { Description = "Divided by after that." };

    private readonly Option<string[]> set = new("--set")
    {
        Description = "Any key of a recipe's data or teachers, for example --set data.transfer.labels-key=class.", HelpName = "KEY=VALUE",
    };

    /// <summary>Declares them on a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { samples, labels, output, outputs, kind, probabilities, pooling, scale, mean, std, set })
            command.Add(option);
    }

    /// <summary>Reads them, and opens the samples.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model's file.</param>
    /// <param name="teacher">The model as a run would read it.</param>
    /// <returns>The samples; <c>null</c>: none are named.</returns>
    /// <exception cref="InputException">An option is wrong, or the samples cannot be read.</exception>
    public TransferSet? Open(ParseResult parsed, string model, out TeacherOptions teacher)
    {
        var (source, file) = (RecipeSource.Empty(), parsed.GetValue(samples));
        source.Set("teachers", new YamlSequenceNode(YamlTree.Map((TeachersSection.Model, Path.GetFullPath(model)), ("output", parsed.GetValue(output)))), "MODEL");
        source.Set("data.transfer.samples", new YamlScalarNode(file is null ? "none" : Path.GetFullPath(file)), samples.Name);
        if (parsed.GetValue(labels) is { } of)
            source.Set("data.transfer.labels", new YamlScalarNode(Path.GetFullPath(of)), labels.Name);
        foreach (var option in new[] { scale, mean, std })
            if (parsed.GetValue(option) is { } number)
                source.Set($"data.preprocessing{option.Name.Replace("--", ".")}", number, option.Name);
        if (parsed.GetValue(outputs) is { } names)
            TeacherArguments.SetOutputs(source, names, outputs.Name);
        if (parsed.GetValue(kind) is { } word)
            TeacherArguments.SetKind(source, word, kind.Name);
        if (parsed.GetValue(probabilities) is { } flag)
            TeacherArguments.SetProbabilities(source, flag, probabilities.Name);
        if (parsed.GetValue(pooling) is { } pool)
            TeacherArguments.SetPooling(source, pool, pooling.Name);
        RecipeArguments.Assign(source, parsed.GetValue(set) ?? [], set.Name);
        if (file is not null)
            InputDefaults.Fill(source);
        teacher = RecipeFile.ReadCapture(source).Teachers[0];
        return file is null ? null : TransferSet.Open(RecipeFile.ReadData(source).Transfer);
    }
}

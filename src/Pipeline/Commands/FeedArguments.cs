using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Deployment;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Commands;

/// <summary>The options that say what a model is fed with, whatever its inputs.</summary>
internal sealed class FeedArguments
{
    private readonly Option<string[]> samples = new("--samples")
    {
        Description = "Samples: FILE with a tensor or column for each input, or INPUT=FILE or INPUT=FILE#KEY for each; for what is no sample INPUT=NUMBER.", HelpName = "FILE",
    };

    private readonly Option<string[]> axes = new("--axis")
    {
        Description = "Length of an axis that the model leaves open, by its name, or as INPUT.INDEX=LENGTH.", HelpName = "NAME=LENGTH",
    };

    private readonly KeyOption[] preprocessing = KeyOption.OfPreprocessing();

    /// <summary>Declares them on a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(samples);
        command.Add(axes);
        foreach (var key in preprocessing)
            command.Add(key.Option);
    }

    /// <summary>Reads them; no file is opened.</summary>
    /// <exception cref="InputException">One is not what it must be.</exception>
    public FeedOptions Read(ParseResult parsed)
    {
        var source = RecipeSource.Empty();
        source.Set("data.transfer.samples", "any", samples.Name);
        foreach (var key in preprocessing)
            key.Apply(parsed, source);
        return new(
            [.. (parsed.GetValue(samples) ?? []).Select(ReadFile)], (parsed.GetValue(axes) ?? []).Select(ReadAxis).ToDictionary(),
            RecipeFile.ReadData(source).Preprocessing);
    }

    /// <summary>The same options as words, for another process.</summary>
    public IEnumerable<string> Words(ParseResult parsed) =>
    [
        .. (parsed.GetValue(samples) ?? []).SelectMany(text => new[] { samples.Name, text }),
        .. (parsed.GetValue(axes) ?? []).SelectMany(text => new[] { axes.Name, text }),
        .. preprocessing.Where(key => parsed.GetValue(key.Option) is not null).SelectMany(key => new[] { key.Name, parsed.GetValue(key.Option)! }),
    ];

    private static SampleFile ReadFile(string text)
    {
        if (File.Exists(text) || text.Split('=', 2) is not [{ Length: > 0 } input, { Length: > 0 } file])
            return new(null, text);
        if (!File.Exists(file) && InputFeed.Parse(input, file) is { From: null } number)
            return new(input, file, Constant: number.Constant);
        return !File.Exists(file) && file.LastIndexOf('#') is > 0 and var mark && mark < file.Length - 1 ? new(input, file[..mark], file[(mark + 1)..]) : new(input, file);
    }

    private KeyValuePair<string, long> ReadAxis(string text) =>
        text.LastIndexOf('=') is > 0 and var at && long.TryParse(text[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length > 0
            ? new(text[..at], length)
            : throw new InputException("The length of an axis is not given.", axes.Name, $"'{text}'", "NAME=LENGTH, for example sequence=128");
}

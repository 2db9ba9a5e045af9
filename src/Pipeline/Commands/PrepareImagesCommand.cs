using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Preparation.Images;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd prepare images FOLDER</c>.</summary>
internal sealed class PrepareImagesCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER")
    {
        Description = "A folder of JPEG and PNG files, one folder per class or none.",
    };

    private readonly Option<string?> resize = new("--resize")
    {
        Description = "Length of the shorter side (256), or height and width (224,224).",
    };

    private readonly Option<string?> crop = new("--crop")
    {
        Description = "What is cut from the middle: one length, or height and width; default: all, or a square of the shorter side.",
    };

    private readonly Option<string?> interpolation = new("--interpolation") { Description = "nearest, linear (default) or cubic." };

    private readonly Option<bool> noAntialias = new("--no-antialias") { Description = "Do not smooth images that get smaller." };

    private readonly Option<int> channels = new("--channels")
    {
        Description = "3 for red, green and blue, or 1 for grey.", DefaultValueFactory = _ => 3,
    };

    private readonly Option<string?> type = new("--type")
    {
        Description = "float32 (default), or uint8: a quarter of the size, not normalised.",
    };

    private readonly Option<string?> scale = new("--scale") { Description = "Factor on pixels from 0 to 255; default 1/255." };

    private readonly Option<string?> mean = new("--mean") { Description = "Subtracted after scaling: one number, or one a channel." };

    private readonly Option<string?> std = new("--std") { Description = "Divided by after that: one number, or one a channel." };

    private readonly Option<string?> layout = new("--layout") { Description = "chw (default) or hwc." };

    private readonly Option<string?> maxMegapixels = new("--max-megapixels")
    {
        Description = "The most pixels of an image, in millions; larger ones count as damaged; default 100.",
    };

    private readonly Option<bool> unlabelled = new("--unlabelled") { Description = "Folders are not classes." };

    private readonly PrepareArguments common = new();

    /// <summary>Declares the command.</summary>
    public PrepareImagesCommand()
        : base(
            "images",
            "Decodes, resizes, crops and normalises a folder of images.",
            "onnxkd prepare images photos -o prepared --resize 256 --crop 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
            "onnxkd prepare images lines -o prepared --resize 48,192 --type uint8 --skip-corrupt")
    {
        Add(folder);
        foreach (var option in new Option[]
            { resize, crop, interpolation, noAntialias, channels, type, scale, mean, std, layout, maxMegapixels, unlabelled })
            Add(option);
        common.AddTo(this);
        Does(Run);
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <exception cref="InputException">An option or an image is wrong.</exception>
    private void Run(ParseResult parsed, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var ((options, progress), style) = (common.Begin(parsed, stderr), GlobalOptions.Style(parsed));
        PrepareCommand.Write(ImagePreparation.Run(parsed.GetValue(folder)!, ReadImages(parsed), options, progress, token), style, stdout);
    }

    private ImageOptions ReadImages(ParseResult parsed)
    {
        var defaults = new ImageOptions();
        return defaults with
        {
            Unlabelled = parsed.GetValue(unlabelled),
            Resize = PrepareArguments.WholeNumbers(parsed, resize),
            Crop = PrepareArguments.WholeNumbers(parsed, crop),
            Interpolation = PrepareArguments.OneOf<Interpolation>(parsed, interpolation) ?? defaults.Interpolation,
            Antialias = !parsed.GetValue(noAntialias),
            Channels = parsed.GetValue(channels),
            Type = PrepareArguments.OneOf(parsed, type, ElementType.Float32, ElementType.UInt8) ?? defaults.Type,
            Scale = PrepareArguments.Number(parsed, scale) ?? defaults.Scale,
            Mean = PrepareArguments.Numbers(parsed, mean) ?? defaults.Mean,
            Std = PrepareArguments.Numbers(parsed, std) ?? defaults.Std,
            MaxMegapixels = PrepareArguments.Number(parsed, maxMegapixels) ?? defaults.MaxMegapixels,
            Layout = PrepareArguments.OneOf<ImageLayout>(parsed, layout) ?? defaults.Layout,
        };
    }
}

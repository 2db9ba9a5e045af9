namespace OnnxKd.Benchmarks.Support;

/// <summary>A teacher of ImageNet's scale and images for it, as files, for trying a whole run where no data are.</summary>
internal static class SyntheticFiles
{
    /// <summary>Where they are.</summary>
    public sealed record Result(string Teacher, string Images, int Rows);

    /// <summary>Options: <c>--folder</c> to write to; <c>--rows</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var folder = arguments.Text("folder", null) ?? throw new UsageException("--folder is missing");
        var rows = arguments.Number("rows", 2048);
        arguments.RefuseTheRest();
        Directory.CreateDirectory(folder);
        var result = new Result(Path.Combine(folder, "resnet50.onnx"), Path.Combine(folder, "images-idx4-ubyte"), rows);
        SyntheticResNet.Build().Save(result.Teacher);
        SyntheticImages.Write(result.Images, rows, 3, 224, 224);
        return result;
    }
}

using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Writes a trained model where its user looks for it, with what it was made from in its metadata.</summary>
internal static class ExportStage
{
    /// <summary>Exports; a file that is the same already is left alone. Nothing in it depends on the time or the place.</summary>
    /// <param name="trainFolder">The finished training.</param>
    /// <param name="target">The file to write.</param>
    /// <param name="provenance">What else to say.</param>
    public static void Run(string trainFolder, string target, IEnumerable<(string Key, string? Value)> provenance)
    {
        var model = OnnxModel.Load(Path.Combine(trainFolder, TrainStage.ModelFile));
        var record = StageRecord.Find(trainFolder)!;
        foreach (var (key, value) in provenance.Append(("training_sha256", record.Key)))
            if (value is not null)
                model.SetMetadata($"onnxkd.{key}", value);
        foreach (var (library, version) in record.Versions)
            model.SetMetadata($"onnxkd.version.{library}", version);
        if (!File.Exists(target) || Hashing.Sha256OfFile(target) != Hashing.Sha256(model.ToBytes()))
            model.Save(target);
    }
}

using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Export;

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
        var entries = provenance.Append(("training_sha256", record.Key))
            .Concat(record.Versions.Select(version => ($"version.{version.Key}", (string?)version.Value)))
            .Where(entry => entry.Item2 is not null);
        Provenance.Write(model, entries.ToDictionary(entry => Provenance.Prefix + entry.Item1, entry => entry.Item2!));
        if (!File.Exists(target) || Hashing.Sha256OfFile(target) != model.ContentDigest)
            model.Save(target);
    }
}

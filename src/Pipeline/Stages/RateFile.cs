using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Loop;

namespace OnnxKd.Pipeline.Stages;

/// <summary>The file in which a stage keeps the learning rate that it found.</summary>
internal static class RateFile
{
    private const string Name = "rate.json";

    /// <summary>Writes it.</summary>
    /// <param name="folder">The stage's folder.</param>
    /// <param name="found">What was found.</param>
    public static void Write(string folder, RangeFinding found) => AtomicFile.WriteAllText(Path.Combine(folder, Name), CanonicalJson.Serialize(found));

    /// <summary>The rate that a finished stage found.</summary>
    public static double Read(string folder)
    {
        var file = Path.Combine(folder, Name);
        return CanonicalJson.Deserialize<RangeFinding>(InputFile.ReadAllBytes(file, "A learning rate"), file).LearningRate;
    }

    /// <summary>Whether a folder is that of a finished stage that found one.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, StageRecord.FileName)) && File.Exists(Path.Combine(folder, Name));
}

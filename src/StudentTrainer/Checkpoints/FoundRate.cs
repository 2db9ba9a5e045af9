using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.StudentTrainer.Checkpoints;

/// <summary>The learning rate that was found for a training which leaves it open, beside its checkpoints: on another machine another might be found.</summary>
internal static class FoundRate
{
    private const string FileName = "rate.json";

    /// <summary>The rate that was found before, else one that is found now.</summary>
    /// <param name="folder">The training's; created with the first file.</param>
    /// <param name="identity">Of <see cref="TrainingIdentity.Describe"/>: all that the rate depends on.</param>
    /// <param name="find">Finds it.</param>
    /// <exception cref="CheckFailedException">The file is damaged, or of another training.</exception>
    public static double In(string folder, string identity, Func<double> find)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            var found = find();
            Directory.CreateDirectory(folder);
            AtomicFile.WriteAllText(path, SealedJson.Serialize(new Content(identity, found)));
            return found;
        }

        var content = SealedJson.Read<Content>(path, "A learning rate that was found", "delete the file: the rate is then found again");
        TrainingIdentity.RequireSame(path, content.Training, identity);
        return content.LearningRate;
    }

    private sealed record Content(string Training, double LearningRate);
}

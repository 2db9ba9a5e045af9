using System.Reflection;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.TeacherRunner.Sessions;
using PublicApiGenerator;

namespace OnnxKd.Pipeline.Tests.Library;

/// <summary>What users of the packages can see changes only where somebody means it to: each library's listing lies beside this file.</summary>
public class PublicApiTests
{
    public static TheoryData<string> Libraries => ["OnnxKd.Core", "OnnxKd.TeacherRunner", "OnnxKd.StudentTrainer"];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_OfALibrary_IsWhatItsListingSays(string name)
    {
        var assembly = new[] { typeof(OnnxModel), typeof(OnnxClassifier), typeof(Trainer) }.Select(type => type.Assembly).Single(library => library.GetName().Name == name);
        var listing = Path.Combine(Repository.Root, "tests", "Pipeline.Tests", "Library", "PublicApi", $"{name}.txt");
        var found = assembly.GeneratePublicApi(new() { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n") + "\n";
        var written = Path.Combine(Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "onnxkd-public-api")).FullName, $"{name}.txt");
        File.WriteAllText(written, found);

        var (old, now) = (File.Exists(listing) ? File.ReadAllLines(listing) : [], found.Split('\n'));
        string[] changes = [.. old.Except(now).Select(line => $"- {line}"), .. now.Except(old).Select(line => $"+ {line}")];
        Assert.True(File.Exists(listing) && File.ReadAllText(listing) == found, $"""
            The public API of {name} has changed. If that is meant: cp {written} {listing}
            {string.Join('\n', changes.Take(40))}
            """);
    }
}

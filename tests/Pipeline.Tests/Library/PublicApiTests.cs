using System.Reflection;
using OnnxKd.Pipeline.Tests.Support;
using PublicApiGenerator;

namespace OnnxKd.Pipeline.Tests.Library;

/// <summary>What the packages offer to programs is written down, so that a change of it is meant.</summary>
public class PublicApiTests
{
    private static readonly ApiGeneratorOptions Options = new() { IncludeAssemblyAttributes = false };

    [Theory]
    [InlineData("OnnxKd.Core")]
    [InlineData("OnnxKd.TeacherRunner")]
    [InlineData("OnnxKd.StudentTrainer")]
    public void Package_PublicTypes_AreThoseOfItsListing(string package)
    {
        var approved = Path.Combine(Repository.Root, "tests", "Pipeline.Tests", "Library", "PublicApi", $"{package}.txt");
        var received = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Root, "build", "public-api")).FullName, $"{package}.txt");
        var found = Assembly.Load(package).GeneratePublicApi(Options).ReplaceLineEndings("\n") + "\n";
        File.WriteAllText(received, found);
        string[] before = File.Exists(approved) ? File.ReadAllLines(approved) : [], now = found.Split('\n')[..^1];

        Assert.True(
            before.SequenceEqual(now),
            $"""
            What {package} offers to programs has changed:
            {string.Join('\n', before.Except(now).Select(line => $"- {line}").Concat(now.Except(before).Select(line => $"+ {line}")).Take(40))}
            If it is meant, and nothing that could be internal: cp {received} {approved}
            """);
    }
}

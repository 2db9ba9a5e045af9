using System.Reflection;
using System.Xml.Linq;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Architecture;

/// <summary>Pipeline → { TeacherRunner, StudentTrainer } → Core, and no runtime where it does not belong.</summary>
public class DependencyRuleTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Core"] = [],
        ["TeacherRunner"] = ["Core", "OnnxRuntime"],
        ["StudentTrainer"] = ["Core", "TorchSharp"],
        ["Pipeline"] = ["Core", "TeacherRunner", "StudentTrainer"],
    };

    [Theory]
    [InlineData("Core", "Microsoft.ML.OnnxRuntime", "TorchSharp", "OnnxKd.TeacherRunner", "OnnxKd.StudentTrainer")]
    [InlineData("TeacherRunner", "TorchSharp", "OnnxKd.StudentTrainer")]
    [InlineData("StudentTrainer", "Microsoft.ML.OnnxRuntime", "OnnxKd.TeacherRunner")]
    public void Assembly_References_HoldNoForbiddenName(string project, params string[] forbidden)
    {
        var references = Assembly.Load($"OnnxKd.{project}").GetReferencedAssemblies().Select(a => a.Name!);

        Assert.DoesNotContain(references, name => forbidden.Any(f => name.StartsWith(f, StringComparison.Ordinal)));
    }

    [Fact]
    public void ProjectFiles_References_AreTheAllowedOnes()
    {
        var projects = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories);

        Assert.Equal(Allowed.Keys.Order(), projects.Select(p => Path.GetFileNameWithoutExtension(p)).Order());
        foreach (var project in projects)
        {
            var allowed = Allowed[Path.GetFileNameWithoutExtension(project)];
            var found = XDocument.Load(project).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
            Assert.All(found, reference => Assert.Contains(reference, allowed));
        }
    }

    [Theory]
    [InlineData("TeacherRunner", "TorchSharp")]
    [InlineData("StudentTrainer", "Microsoft.ML.OnnxRuntime")]
    [InlineData("Core", "TorchSharp")]
    [InlineData("Core", "Microsoft.ML.OnnxRuntime")]
    public void Sources_Usings_HoldNoForbiddenNamespace(string project, string forbidden)
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "src", project), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));

        Assert.DoesNotContain(files, file => File.ReadAllText(file).Contains($"using {forbidden}", StringComparison.Ordinal));
    }
}

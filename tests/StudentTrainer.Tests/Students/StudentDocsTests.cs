using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.StudentTrainer.Tests.Students;

/// <summary>Keeps docs/students.md in step with the declarations.</summary>
public class StudentDocsTests
{
    private const string Begin = "<!-- declarations -->\n";
    private const string End = "<!-- end -->\n";

    [Fact]
    public void Page_OfStudents_HoldsEveryDeclaration()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "students.md"));
        var (from, to) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, page.IndexOf(End, StringComparison.Ordinal));
        var declared = Architectures.Reference();
        if (page[from..to] != declared)
            Assert.Fail($"docs/students.md is out of step. Between its two marks belongs:\n{declared}");
    }

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "OnnxKd.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        return folder;
    }
}

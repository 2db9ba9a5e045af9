using System.Globalization;
using System.Text;
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
        var declared = Declarations();
        if (page[from..to] != declared)
            Assert.Fail($"docs/students.md is out of step. Between its two marks belongs:\n{declared}");
    }

    private static string Declarations()
    {
        var text = new StringBuilder();
        foreach (var architecture in Architectures.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## `{architecture.Name}`\n\n{Sentence(architecture)}\n");
            if (architecture.Sizes.Count > 0)
                text.Append('\n');
            foreach (var size in architecture.Sizes)
                text.Append(CultureInfo.InvariantCulture, $"- `{size.Name}`: {string.Join(", ", size.Fixed.Select(Fixed))}\n");
            text.Append("\n| option | takes | default | meaning |\n|---|---|---|---|\n");
            foreach (var option in architecture.Options)
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| `{option.Name}` | {option.Expected} | {Show(option.Default)} | {option.Meaning} |\n");
        }
        return text.ToString();

        static string Sentence(Architecture architecture) =>
            $"{char.ToUpperInvariant(architecture.Meaning[0])}{architecture.Meaning[1..]}. Samples: {architecture.Samples}.";

        static string Fixed((StudentOption Option, object Value) entry) => $"{entry.Option.Name} {Show(entry.Value)}";
    }

    private static string Show(object? value) => value switch
    {
        null => "none",
        IReadOnlyList<int> sizes => $"[{string.Join(", ", sizes)}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "OnnxKd.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        return folder;
    }
}

using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Reports;

/// <summary>Pages in Chromium, checked by Deque's axe, as users of both colour schemes and of screen readers have them.</summary>
[Collection(nameof(TinyProject))]
public sealed partial class ReportInChromiumTests(TinyProject project) : IDisposable
{
    private const string Script = """
        <script src="axe.min.js"></script><script>
        axe.run().then(found => {
          const result = document.createElement('pre');
          result.id = 'axe';
          result.textContent = JSON.stringify({
            dark: matchMedia('(prefers-color-scheme: dark)').matches,
            passes: found.passes.length,
            violations: found.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.html).join(' ')) });
          document.body.appendChild(result);
        });
        </script>
        """;

    private readonly TemporaryFolder folder = new();

    [ChromiumTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Report_InBothColourSchemes_HasNoViolationAndNoMessage(bool isDark)
    {
        Run("one");

        Check("one/report.html", isDark);
    }

    [ChromiumTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void RunsSideBySide_InBothColourSchemes_HaveNoViolationAndNoMessage(bool isDark)
    {
        Run("one");
        Run("two", "--seed", "2");
        Cli.Done("report", folder["one"], folder["two"], "-o", folder["two.html"]);

        Check("two.html", isDark);
    }

    public void Dispose() => folder.Dispose();

    private void Run(string name, params string[] more) => Cli.Done(["run", project["student.yaml"], "--name", name, "--epochs", "3", "--runs", folder.Path, .. more]);

    private void Check(string page, bool isDark)
    {
        Cli.Done("data", "fetch", "axe-core");
        var axed = folder[Path.Combine(Path.GetDirectoryName(page)!, "axed.html")];
        File.Copy(Path.Combine(DataFolder.Current, "axe-core", "axe.min.js"), Path.Combine(Path.GetDirectoryName(axed)!, "axe.min.js"));
        var html = File.ReadAllText(folder[page]);
        File.WriteAllText(axed, html.Replace("</body>", Script + "</body>", StringComparison.Ordinal));

        var (document, console) = Chromium.Open(axed, isDark, folder["profile"]);

        Assert.True(html.Length < 1_500_000, $"{html.Length} bytes");
        Assert.Empty(console);
        var result = JsonDocument.Parse(WebUtility.HtmlDecode(Result().Match(document).Groups[1].Value)).RootElement;
        Assert.Equal(isDark, result.GetProperty("dark").GetBoolean());
        Assert.InRange(result.GetProperty("passes").GetInt32(), 20, 100); // it did look
        Assert.Empty(result.GetProperty("violations").EnumerateArray().Select(rule => rule.GetString()));
    }

    [GeneratedRegex("<pre id=\"axe\">(.*?)</pre>", RegexOptions.Singleline)]
    private static partial Regex Result();
}

using System.Xml.Linq;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Batches;

namespace OnnxKd.Pipeline.Tests.Reports;

public class HtmlReportTests
{
    private static readonly ModelMetrics Teacher = Model("teacher", errors: 50, bytes: 9000) with { Sha256 = new('a', 64) };
    private static readonly ModelMetrics Student = Model("student", errors: 70, bytes: 1000) with { Parity = new(3.8e-6, 1, 1000) };
    private static readonly ModelMetrics Baseline = Model("baseline", errors: 90, bytes: 1000);

    [Fact]
    public void Verdict_StudentHalfway_ClosesHalfOfTheGap()
    {
        var verdict = string.Join(' ', Quality.Verdict(Metrics(Teacher, Student, Baseline)));

        Assert.Contains("closes 50 % of the gap", verdict);
        // Wilson's interval of 70 in 1,000, worked out by hand: centre (0.07 + z²/2000) ÷ (1 + z²/1000), z² = 3.8415.
        Assert.Contains("7.00 % (95 % interval 5.58 % to 8.75 %", verdict);
    }

    [Fact]
    public void Verdict_StudentWorseThanBaseline_SaysThatItDidNotHelp() =>
        Assert.Contains("did not help", string.Join(' ', Quality.Verdict(Metrics(Teacher, Model("student", 95, 1000), Baseline))));

    [Fact]
    public void Verdict_NoTestSet_SaysWhatToAdd() =>
        Assert.Contains("Add data.test", Quality.Verdict(Metrics(Student) with { TestSamples = null }).Single());

    [Fact]
    public void Front_WorseAndLarger_IsNamedWithWhatBeatsIt()
    {
        var large = Model("large", errors: 80, bytes: 5000);
        var (front, dominated) = Quality.For(Metrics(Teacher, Student, Baseline, large))!.Front([Teacher, Student, Baseline, large]);

        Assert.Equal(["teacher", "student"], front.Select(model => model.Role));
        Assert.Equal([("large", "student"), ("baseline", "student")], dominated.Select(pair => (pair.Model.Role, pair.By.Role)));
    }

    [Fact]
    public void Write_Page_IsWellFormedNamesEveryChartAndNeedsNoNetwork()
    {
        var html = HtmlReport.Write(Story("<b>&\u001b[31m"));
        var page = XDocument.Parse(html);

        var charts = page.Descendants().Where(element => element.Name.LocalName == "svg").ToArray();
        var ids = page.Descendants().Attributes("id").Select(id => id.Value).ToArray();
        Assert.Equal(3, charts.Length); // loss, learning rate, sizes
        Assert.All(charts, chart => Assert.Contains(chart.Attribute("aria-labelledby")!.Value, ids));
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.DoesNotContain("rgb(", html);
        Assert.DoesNotContain("\u001b", html);
        Assert.DoesNotContain(page.Descendants().Attributes(), a => a.Name.LocalName is "src" or "href" && a.Value is not "data:,");
        Assert.DoesNotContain("script", page.Descendants().Select(element => element.Name.LocalName));
        Assert.Contains("<b>&\\u001b[31m", page.Descendants("h1").Single().Value);
    }

    [Fact]
    public void Write_Losses_AreDrawnWholeAndTermByTerm()
    {
        var page = XDocument.Parse(HtmlReport.Write(Story("run")));

        var words = page.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value).ToArray();
        Assert.All(["whole", "soft", "hard"], name => Assert.Contains(name, words));
    }

    private static RunStory Story(string name)
    {
        var epochs = Enumerable.Range(1, 4).Select(epoch => new EpochEvent(
            epoch, 0.1, 3.0 / epoch, new Dictionary<string, double> { ["soft"] = 2.0 / epoch, ["hard"] = 1.0 / epoch }, null, null)).ToArray();
        var stage = new StageRecord(
            "train-student", new('0', 64), new Dictionary<string, string>(), new Dictionary<string, StageFile>(),
            new Dictionary<string, string> { ["libtorch"] = "2.10" }, 1.5);
        return new(Metrics(Teacher, Student, Baseline) with { Name = name }, [new("student", epochs)], [stage], $"name: {name}\n");
    }

    private static RunMetrics Metrics(params ModelMetrics[] models) => new("run", 1, 1000, models);

    private static ModelMetrics Model(string role, long errors, long bytes) =>
        new($"{role}.onnx", 100, bytes, 0.1, Errors: errors, Accuracy: 1 - errors / 1000.0, Agreement: 0.9, Nll: 0.1, Ece: 0.01, Role: role);
}

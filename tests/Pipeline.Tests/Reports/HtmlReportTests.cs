using System.Xml.Linq;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Reports.Page;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Tests.Reports;

public class HtmlReportTests
{
    private static readonly ModelMetrics Teacher = Model("teacher", errors: 50, bytes: 9000) with { Sha256 = new('a', 64) };
    private static readonly ModelMetrics Student = Model("student", errors: 70, bytes: 1000) with { Parity = new(3.8e-6, 1, 1000), Transfer = new(64, 0.95, 0.6, 0.02) };
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
    public void Write_Page_IsWellFormedNamesEveryChartAndNeedsNoNetwork()
    {
        var html = HtmlReport.Write(Story("<b>&\u001b[31m"));
        var page = XDocument.Parse(html);

        var charts = page.Descendants().Where(element => element.Name.LocalName == "svg").ToArray();
        var ids = page.Descendants().Attributes("id").Select(id => id.Value).ToArray();
        Assert.Equal(8, charts.Length); // reliability, quality against size and against latency, latency, weights, temperatures, loss, learning rate
        Assert.All(charts, chart => Assert.Contains(chart.Attribute("aria-labelledby")!.Value, ids));
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.DoesNotContain("rgb(", html);
        Assert.DoesNotContain("\u001b", html);
        Assert.DoesNotContain(page.Descendants().Attributes(), a => a.Name.LocalName is "src" or "href" && !a.Value.StartsWith("data:", StringComparison.Ordinal));
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

    [Fact]
    public void Write_Details_ShowsWhatIsMixedUpAndTheSamples()
    {
        var page = XDocument.Parse(HtmlReport.Write(Story("run")));

        var tables = page.Descendants("table").Select(table => table.Descendants("tr").Select(row => string.Join('|', row.Elements().Select(cell => cell.Value)))).ToArray();
        Assert.Contains(tables, rows => rows.SequenceEqual(["teacher ↓ student →|cat (0)|1", "cat (0)|8|2", "1|0|10"]));
        Assert.Contains(tables, rows => rows.SequenceEqual(["class|of|teacher right|student right|change", "cat (0)|10|100.00 %|80.00 %|-20.00 %"]));
        Assert.Contains(tables, rows => rows.SequenceEqual(
            ["model|agreement, transfer set|agreement, test set|KL, transfer set|KL, test set", "student|95.00 %|90.00 %|0.02|"]));
        var sample = page.Descendants("figure").Single();
        Assert.Equal("cats/7.png: cat (0), said 1; the probability of cat (0) is 60.00 % lower", sample.Element("figcaption")!.Value);
        Assert.Equal("the picture of cats/7.png", (string)sample.Element("img")!.Attribute("alt")!);
    }

    [Fact]
    public void Write_Latency_HasPercentilesAgainstThreadsAndBatch()
    {
        var rows = XDocument.Parse(HtmlReport.Write(Story("run"))).Descendants("tr").Select(row => string.Join('|', row.Elements().Select(cell => cell.Value)));

        Assert.Superset(new HashSet<string> { "student|1|1|0.5|0.75|1|2,000", "student|1|8|2|2.5|3|4,000" }, rows.ToHashSet());
    }

    [Fact]
    public void Write_Terms_HaveWeightsOverTimeAndTemperatures()
    {
        var page = XDocument.Parse(HtmlReport.Write(Story("run")));

        Assert.Contains(page.Descendants("tr"), row => row.Elements().Select(cell => cell.Value).SequenceEqual(["soft", "0: 1, 4: 0.5", "0: 3, 2: 1", ""]));
        Assert.Contains(page.Descendants(), element => element.Name.LocalName == "title" && element.Value.Contains("weight of soft over epochs", StringComparison.Ordinal));
        Assert.Contains(page.Descendants(), element => element.Name.LocalName == "title" && element.Value.Contains("temperature of soft over epochs: 0: 3, 2: 1", StringComparison.Ordinal));
    }

    private static RunStory Story(string name)
    {
        var epochs = Enumerable.Range(1, 4).Select(epoch => new EpochEvent(
            epoch, 0.1, 3.0 / epoch, new Dictionary<string, double> { ["soft"] = 2.0 / epoch, ["hard"] = 1.0 / epoch }, null, null)).ToArray();
        var stage = new StageRecord(
            "train-student", new('0', 64), new Dictionary<string, string>(), new Dictionary<string, StageFile>(),
            new Dictionary<string, string> { ["libtorch"] = "2.10" }, 1.5);
        return new(Metrics(Teacher, Student, Baseline) with { Name = name }, 
            [new("student", epochs, [new SoftTerm { Temperature = new([(0, 3), (2, 1)]), Weight = new([(0, 1), (4, 0.5)]) }, new HardTerm()])], [stage], $"name: {name}\n")
        {
            Details = new([
                new("student")
                {
                    Reliability = [new(10, 0.5, 0.4), new(90, 0.9, 0.95)], Classes = 2, Pairs = [new(1, 1, 10), new(0, 0, 8), new(0, 1, 2)],
                    Changes = [new(0, 10, 10, 8)], Samples = [new(7, 0.6) { Class = 0, Said = 1 }],
                },
            ]),
            Latency = new([new("student", 1, 1, new(200, 0.5, 0.75, 1, 0.5)), new("student", 1, 8, new(200, 2, 2.5, 3, 2))]),
            Gallery = new(new Dictionary<long, ShownSample>
            {
                [7] = new("cats/7.png", null, SampleForms.Picture(new float[16], [4, 4], ElementType.UInt8), null),
            }, ["cat"]),
        };
    }

    private static RunMetrics Metrics(params ModelMetrics[] models) => new("run", 1, 1000, models);

    private static ModelMetrics Model(string role, long errors, long bytes) =>
        new($"{role}.onnx") { Parameters = 100, FileBytes = bytes, LatencyMsP50 = 0.1, Errors = errors, Accuracy = 1 - errors / 1000.0, Agreement = 0.9, Nll = 0.1, Ece = 0.01, Role = role };
}

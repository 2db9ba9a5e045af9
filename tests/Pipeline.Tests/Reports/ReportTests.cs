using OnnxKd.Core.Logits;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Tests.Reports;

public class ReportTests
{
    private static readonly RunMetrics Metrics = new(
        "tiny", 1, 10000,
        [
            new("t.onnx") { Parameters = 1_234_567, FileBytes = 4_938_268, LatencyMsP50 = 1.5, Sha256 = "aa", Errors = 50, Accuracy = 0.995, Agreement = 1, Nll = 0.0123456, Ece = 0.005, Role = "teacher", Majority = 0.1135, Kl = 0, ConstantAgreement = 0.114 },
            new("student.onnx") { Parameters = 1000, FileBytes = 4321, LatencyMsP50 = 0.01, Sha256 = "bb", Errors = 71, Accuracy = 0.9929, Agreement = 0.9961, Nll = 0.02, Ece = 0.01, Role = "student", Majority = 0.1135, Kl = 0.01234, Parity = new(3.8e-6, 1, 10000), ConstantAgreement = 0.114 },
        ]);

    [Fact]
    public void Cells_OfModelsOfDifferentKinds_HaveTheFiguresOfEach()
    {
        var cells = FigureTable.Cells([("classes", new ModelMetrics("a.onnx") { Agreement = 0.97 }), ("values", new ModelMetrics("b.onnx") { Kind = OutputKind.Values, Mse = 2, RSquared = 0.5 })]).ToArray();

        Assert.Equal(["model", "agreement", "MSE", "R2"], cells[0]);
        Assert.Equal(["classes", "97.00 %", "-", "-"], cells[1]);
        Assert.Equal("0.5000", cells[2][3]);
    }

    [Fact]
    public void Write_NoTerminal_IsAPlainAsciiTable()
    {
        const string Expected = """
            +---------+--------+----------+----------+-----------+----------+--------+--------+--------+------------+-----------+-------------+
            | model   | errors | accuracy | majority | agreement | constant |     KL |    NLL |    ECE | parameters | file size | latency p50 |
            |---------+--------+----------+----------+-----------+----------+--------+--------+--------+------------+-----------+-------------|
            | teacher |     50 |  99.50 % |  11.35 % |  100.00 % |  11.40 % | 0.0000 | 0.0123 | 0.0050 |  1,234,567 |   4.94 MB |    1.500 ms |
            | student |     71 |  99.29 % |  11.35 % |   99.61 % |  11.40 % | 0.0123 | 0.0200 | 0.0100 |      1,000 |    4.3 kB |    0.010 ms |
            +---------+--------+----------+----------+-----------+----------+--------+--------+--------+------------+-----------+-------------+
            test samples: 10,000; agreement: same top class as the teacher; majority: accuracy of always saying the most frequent label; constant: agreement of always saying the class that the teacher says most often; KL: from the teacher, in nats
            verified in ONNX Runtime on 10,000 samples: logits differ by at most 3.8e-6, same top class on 100.00 %

            """;

        Assert.Equal(Expected, Write(new(Json: false, Terminal: false, Live: false)));
    }

    [Fact]
    public void Write_Json_HasTheNamesOfTheContract()
    {
        using var document = System.Text.Json.JsonDocument.Parse(Write(new(Json: true, Terminal: true, Live: true)));
        var teacher = Support.Figures.Of(document.RootElement, "teacher");

        foreach (var name in new[] { "errors", "accuracy", "agreement", "nll", "ece", "majority", "constant_agreement", "kl", "parameters", "file_bytes", "latency_ms_p50" })
            Assert.True(teacher.TryGetProperty(name, out _), name);
        var parity = Support.Figures.Of(document.RootElement, "student").GetProperty("parity");
        Assert.Equal((3.8e-6, 1), (parity.GetProperty("max_abs").GetDouble(), parity.GetProperty("top1_agreement").GetDouble()));
    }

    [Fact]
    public void Write_Recognisers_HaveColumnsOfTexts()
    {
        var output = new StringWriter { NewLine = "\n" };
        var student = new ModelMetrics("s.onnx") { Parameters = 1000, FileBytes = 4321, LatencyMsP50 = 0.01, Agreement = 0.97, CharacterErrorRate = 0.0312, ExactLines = 0.755, Role = "student" };

        Report.Write(new RunMetrics("ocr", 1, 64, [student]), output, new(Json: false, Terminal: false, Live: false));

        Assert.Contains("| model   |    CER | exact lines | agreement | parameters | file size | latency p50 |", output.ToString());
        Assert.Contains("| student | 3.12 % |     75.50 % |   97.00 % |      1,000 |    4.3 kB |    0.010 ms |", output.ToString());
        Assert.Contains("CER: edits", output.ToString());
    }

    [Fact]
    public void Write_UnknownFigures_AreDashesAndHaveNoColumnsOfTheirOwn()
    {
        var output = new StringWriter();

        Report.Write(new RunMetrics("tiny", 1, 64, [new("t.onnx") { Parameters = 1, FileBytes = 1, LatencyMsP50 = 1, Role = "teacher", Agreement = 1 }, new("s.onnx") { Parameters = 1, FileBytes = 1, LatencyMsP50 = 1, Role = "student" }]), output, new(false, false, false));

        Assert.Contains("| model   | agreement | parameters |", output.ToString());
        Assert.Contains("| student |         - |          1 |", output.ToString());
    }

    [Fact]
    public void Write_WithoutATestSet_ShowsTheTransferSetAndSaysSo()
    {
        var output = new StringWriter();

        Report.Write(new RunMetrics("tiny", 1, null, [new("s.onnx") { Parameters = 1, FileBytes = 1, LatencyMsP50 = 1, Role = "student", Transfer = new(400, 0.98, 0.7, 0.02) }]), output, new(false, false, false));

        Assert.Contains("| student |   98.00 % |  70.00 % | 0.0200 |", output.ToString());
        Assert.Contains("no test set (--test-samples): measured on 400 of the samples that were learned from", output.ToString());
    }

    [Fact]
    public void Rows_Ensemble_ListsItsMembers() => Assert.Equal(
        ["teacher", "  teacher 1", "  teacher 2", "assistant", "teacher of assistant", "  teacher of assistant 1", "student"],
        (Metrics with
        {
            Models =
            [
                .. new[] { "teacher", "teacher 1", "teacher 2", "assistant", "teacher of assistant", "teacher of assistant 1", "student" }
                    .Select(role => Metrics.Student! with { Role = role }),
            ],
        }).Rows().Select(row => row.Name));

    [Fact]
    public void Markdown_Run_IsATableWithNotes()
    {
        var lines = Report.Markdown(Metrics).Split('\n');

        Assert.Equal("# tiny", lines[0]);
        Assert.StartsWith("| model   | errors |", lines[2]);
        Assert.StartsWith("| ------- | -----: |", lines[3]);
        Assert.StartsWith("- test samples", lines[7]);
    }

    private static string Write(OutputStyle style)
    {
        var output = new StringWriter { NewLine = "\n" };
        Report.Write(Metrics, output, style);
        return output.ToString();
    }
}

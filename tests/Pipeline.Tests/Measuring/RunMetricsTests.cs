using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Tests.Measuring;

public class RunMetricsTests
{
    private static readonly ParityMetrics parity = new(0);

    /// <summary>Of students that learned side by side none is the run's; what else was trained on the way is no student of it.</summary>
    [Fact]
    public void RequireUse_OfSeveralStudents_LooksAtEach()
    {
        RunMetrics Of(params string[] dead) => new("mutual", 1, 10,
        [
            .. new[] { "wide", "thin", "assistant" }.Select(role =>
                new ModelMetrics($"{role}.onnx") { Role = role, Parity = parity, Collapse = dead.Contains(role) ? "collapsed: it says the same class for every sample" : null }),
        ])
        {
            Learners = ["wide", "thin"],
        };

        Of().RequireUse();
        Of("assistant").RequireUse();
        var error = Assert.Throws<CheckFailedException>(() => Of("thin").RequireUse());
        Assert.Contains("thin.onnx", error.Message);
        Assert.Contains("thin.onnx has not learned", string.Join('\n', Quality.Verdict(Of("thin"))));
    }

    [Fact]
    public void RequireUse_OfOneStudent_DoesNotLookAtItsBaseline()
    {
        ModelMetrics Model(string role, string? collapse) => new($"{role}.onnx") { Role = role, Parity = parity, Collapse = collapse };
        new RunMetrics("one", 1, 10, [Model("student", null), Model("baseline", "collapsed")]).RequireUse();
        Assert.Throws<CheckFailedException>(() => new RunMetrics("one", 1, 10, [Model("student", "collapsed"), Model("baseline", null)]).RequireUse());
    }
}

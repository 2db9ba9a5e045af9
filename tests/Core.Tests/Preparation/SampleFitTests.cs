using OnnxKd.Core.Preparation;

namespace OnnxKd.Core.Tests.Preparation;

public class SampleFitTests
{
    [Fact]
    public void Find_AxesOfLengthOneAndFlattening_Fit()
    {
        Assert.Equal([28L, 28], SampleFit.Find([28, 28], [28, 28])!);
        Assert.Equal([1L, 28, 28], SampleFit.Find([1, 28, 28], [28, 28])!);
        Assert.Equal([784L], SampleFit.Find([784], [28, 28])!);
        Assert.Equal([28L, 28], SampleFit.Find([28, 28], [784])!);
        Assert.Equal([3L, 48, 320], SampleFit.Find([3, 48, "W"], [3, 48, 320])!);
    }

    [Fact]
    public void Find_AsManyValuesInOtherAxes_IsRefused()
    {
        Assert.Null(SampleFit.Find([3, 32, 32], [32, 32, 3]));
        Assert.Null(SampleFit.Find([14, 56], [28, 28]));
        Assert.Null(SampleFit.Find([783], [28, 28]));
    }
}

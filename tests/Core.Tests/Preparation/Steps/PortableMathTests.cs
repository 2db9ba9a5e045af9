using OnnxKd.Core.Preparation.Steps;

namespace OnnxKd.Core.Tests.Preparation.Steps;

public class PortableMathTests
{
    [Fact]
    public void Log_OfManyNumbers_IsTheLogarithm()
    {
        for (var exponent = -40; exponent <= 40; exponent++)
            for (var mantissa = 1.0; mantissa < 2; mantissa += 1 / 256.0)
                RequireNear(Math.Log(Math.ScaleB(mantissa, exponent)), PortableMath.Log(Math.ScaleB(mantissa, exponent)));
        Assert.Equal(0, PortableMath.Log(1));
    }

    [Fact]
    public void Exp_OfManyNumbers_IsTheExponential()
    {
        for (var x = -30.0; x <= 30; x += 1 / 64.0)
            Assert.Equal(1, PortableMath.Exp(x) / Math.Exp(x), 2e-15);
        Assert.Equal((1, 0, double.PositiveInfinity), (PortableMath.Exp(0), PortableMath.Exp(-1e10), PortableMath.Exp(1e10)));
    }

    [Fact]
    public void SinCos_OfManyAngles_AreSineAndCosine()
    {
        for (var i = -4096; i <= 4096; i++)
        {
            var (sin, cos) = PortableMath.SinCos(i / 2048.0);
            RequireNear(Math.Sin(2 * Math.PI * i / 2048), sin, 2e-15);
            RequireNear(Math.Cos(2 * Math.PI * i / 2048), cos, 2e-15);
        }
        Assert.Equal([(0, 1), (1, 0), (0, -1), (-1, 0)], new[] { 0, 0.25, 0.5, 0.75 }.Select(turns => PortableMath.SinCos(turns)));
    }

    /// <summary>The bits that the same formulas give in another language: a machine that gave others would see other views.</summary>
    [Fact]
    public void Functions_OnAnyMachine_GiveTheseBits()
    {
        double[] values = [PortableMath.Log(0.3), PortableMath.Exp(-1.7), PortableMath.SinCos(0.111).Sin, PortableMath.SinCos(0.111).Cos];

        Assert.Equal(
            [0xbff34378fcbda721, 0x3fc7622c78a98a07, 0x3fe48d556fa53484, 0x3fe8871c579b7bce],
            values.Select(BitConverter.DoubleToUInt64Bits));
    }

    private static void RequireNear(double expected, double found, double tolerance = 5e-16) =>
        Assert.InRange(found - expected, -tolerance * Math.Max(1, Math.Abs(expected)), tolerance * Math.Max(1, Math.Abs(expected)));
}

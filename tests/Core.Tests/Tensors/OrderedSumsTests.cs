using OnnxKd.Core.Tensors;
using OnnxKd.Core.Tests.LogitCaches;

namespace OnnxKd.Core.Tests.Tensors;

public sealed class OrderedSumsTests
{
    /// <summary>Buffers are at another address in every run; a sum's last bits must not be.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(5_003)]
    public void Sums_AtAnyAddress_AreTheSame(int length)
    {
        var values = StoredRows.Random(length, 1);
        var (sums, dots) = (new HashSet<double>(), new HashSet<double>());
        for (var shift = 0; shift < 32; shift++)
        {
            var moved = new float[shift + length];
            values.CopyTo(moved, shift);
            sums.Add(OrderedSums.Sum(moved.AsSpan(shift)));
            dots.Add(OrderedSums.Dot(moved.AsSpan(shift), values));
        }

        Assert.Equal(values.Sum(value => (double)value), Assert.Single(sums), 1e-3);
        Assert.Equal(values.Sum(value => (double)value * value), Assert.Single(dots), 1e-3);
    }
}

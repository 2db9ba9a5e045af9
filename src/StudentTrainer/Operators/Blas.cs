using System.Runtime.InteropServices;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>The matrix product of the OpenBLAS that libtorch has loaded. Within a loop of OpenMP's threads, each call is one thread's.</summary>
internal static unsafe class Blas
{
    private const int RowMajor = 101;
    private const int AsIs = 111;
    private const int Transposed = 112;

    private static readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> Sgemm =
        (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)
        LoadedLibrary.Find("libopenblas.so.0", "cblas_sgemm");

    /// <summary>Whether libtorch multiplies with OpenBLAS.</summary>
    public static bool IsAvailable => Sgemm != null;

    /// <summary>c = a · b, or c = c + a · b.</summary>
    /// <param name="a">m × k.</param>
    /// <param name="b">k × n.</param>
    /// <param name="c">m × n.</param>
    /// <param name="isAdded">Whether the product is added to what is there.</param>
    public static void Multiply(HostMatrix a, HostMatrix b, HostMatrix c, bool isAdded = false)
    {
        if (c.IsTransposed)
            (a, b, c) = (b.Transposed, a.Transposed, c.Transposed);
        fixed (float* pa = a.Values, pb = b.Values, pc = c.Values)
        {
            Sgemm(
                RowMajor, a.IsTransposed ? Transposed : AsIs, b.IsTransposed ? Transposed : AsIs, c.Rows, c.Columns, a.Columns,
                1, pa, a.Stride, pb, b.Stride, isAdded ? 1 : 0, pc, c.Stride);
        }
    }
}

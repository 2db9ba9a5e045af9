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

    /// <summary>c = a · b.</summary>
    /// <param name="transA">Whether a lies column after column.</param>
    /// <param name="transB">Whether b does.</param>
    /// <param name="m">Rows of a and c.</param>
    /// <param name="n">Columns of b and c.</param>
    /// <param name="k">Columns of a, rows of b.</param>
    /// <param name="a">m × k.</param>
    /// <param name="strideA">From one row (column) of a to the next.</param>
    /// <param name="b">k × n.</param>
    /// <param name="strideB">From one row (column) of b to the next.</param>
    /// <param name="c">m × n, contiguous.</param>
    public static void Multiply(
        bool transA, bool transB, int m, int n, int k, ReadOnlySpan<float> a, int strideA, ReadOnlySpan<float> b, int strideB, Span<float> c)
    {
        fixed (float* pa = a, pb = b, pc = c)
            Sgemm(RowMajor, transA ? Transposed : AsIs, transB ? Transposed : AsIs, m, n, k, 1, pa, strideA, pb, strideB, 0, pc, n);
    }
}

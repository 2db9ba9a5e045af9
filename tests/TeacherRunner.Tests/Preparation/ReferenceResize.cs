using OnnxKd.TeacherRunner.Preparation.Images;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>
/// Resizing by the formula: each new pixel is the mean of the old ones around its centre, weighted by a kernel that is stretched where the
/// image gets smaller; weights outside the image are dropped and the others add up to 1.
/// </summary>
internal static class ReferenceResize
{
    public static double[] Run(double[] pixels, int height, int width, int newHeight, int newWidth, Interpolation interpolation)
    {
        var vertical = Weights(height, newHeight, interpolation);
        var horizontal = Weights(width, newWidth, interpolation);
        var result = new double[newHeight * newWidth];
        for (var y = 0; y < newHeight; y++)
            for (var x = 0; x < newWidth; x++)
            {
                double sum = 0;
                for (var i = 0; i < height; i++)
                    for (var j = 0; j < width; j++)
                        sum += vertical[y][i] * horizontal[x][j] * pixels[i * width + j];
                result[y * newWidth + x] = Math.Clamp(sum, 0, 255);
            }
        return result;
    }

    private static double[][] Weights(int size, int newSize, Interpolation interpolation)
    {
        var scale = (double)size / newSize;
        var stretch = Math.Max(scale, 1);
        return
        [
            .. Enumerable.Range(0, newSize).Select(place =>
            {
                var centre = (place + 0.5) * scale;
                double[] weights = [.. Enumerable.Range(0, size).Select(i => interpolation switch
                {
                    Interpolation.Nearest => i == (int)Math.Floor(centre) ? 1 : 0,
                    Interpolation.Linear => Math.Max(0, 1 - Math.Abs((i + 0.5 - centre) / stretch)),
                    _ => Cubic(Math.Abs((i + 0.5 - centre) / stretch)),
                })];
                return weights.Select(weight => weight / weights.Sum()).ToArray();
            }),
        ];
    }

    private static double Cubic(double x) => x switch // Keys (1981), a = -0.5
    {
        < 1 => 1.5 * x * x * x - 2.5 * x * x + 1,
        < 2 => -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2,
        _ => 0,
    };
}

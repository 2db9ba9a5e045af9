namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>Blurs a picture with a Gauss kernel, rows and columns in turn; what lies outside counts as 0.</summary>
internal static class GaussBlur
{
    /// <summary>Blurs in place.</summary>
    /// <param name="pixels">Rows of <paramref name="width"/> pixels.</param>
    /// <param name="width">Columns.</param>
    /// <param name="deviation">The kernel's, in pixels; below 0.05 nothing is done.</param>
    public static void Apply(float[] pixels, int width, double deviation)
    {
        if (deviation < 0.05)
            return;
        var kernel = Kernel(deviation);
        var height = pixels.Length / width;
        for (var row = 0; row < height; row++)
            Line(pixels, row * width, 1, width, kernel);
        for (var column = 0; column < width; column++)
            Line(pixels, column, width, height, kernel);
    }

    /// <summary>Weights by distance, from 0 on; the whole kernel adds up to 1.</summary>
    private static float[] Kernel(double deviation)
    {
        var reach = (int)Math.Ceiling(3 * deviation);
        double[] weights = [.. Enumerable.Range(0, reach + 1).Select(d => Math.Exp(-d * d / (2 * deviation * deviation)))];
        var sum = 2 * weights.Sum() - weights[0];
        return [.. weights.Select(weight => (float)(weight / sum))];
    }

    private static void Line(float[] pixels, int start, int step, int count, float[] kernel)
    {
        var line = new float[count + 2 * (kernel.Length - 1)];
        var middle = kernel.Length - 1;
        for (var i = 0; i < count; i++)
            line[middle + i] = pixels[start + i * step];
        for (var i = 0; i < count; i++)
        {
            var sum = kernel[0] * line[middle + i];
            for (var d = 1; d < kernel.Length; d++)
                sum += kernel[d] * (line[middle + i - d] + line[middle + i + d]);
            pixels[start + i * step] = sum;
        }
    }
}

using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Two networks of PP-OCR as they ship: exported by Paddle, all weights in Constant nodes. 'onnxkd data fetch pp-ocr' fetches them.</summary>
internal static class OcrModels
{
    private const int Height = 48;

    /// <summary>Tells upright lines from those upside down; [N, 3, 48, 192] → [N, 2].</summary>
    public static OnnxModel Classifier() => Load("ch_ppocr_mobile_v2.0_cls_infer.onnx");

    /// <summary>Reads a line, CTC; [N, 3, 48, W] → [N, W ÷ 8, 6625].</summary>
    public static OnnxModel Recogniser() => Load("ch_PP-OCRv4_rec_infer.onnx");

    /// <summary>The shape of a batch of images.</summary>
    public static long[] Shape(int count, int width) => [count, 3, Height, width];

    /// <summary>Dark strokes on a light ground, about as bright and as thick as print.</summary>
    public static float[] Images(int seed, int count, int width)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Grey(random, width)).SelectMany(grey => (float[])[.. grey, .. grey, .. grey])];
    }

    private static float[] Grey(Random random, int width)
    {
        var pixels = new float[Height * width];
        Array.Fill(pixels, 0.8f);
        for (var strokes = random.Next(4, 12); strokes > 0; strokes--)
        {
            var (x, y, direction) = (random.NextDouble() * width, random.NextDouble() * Height, random.NextDouble() * Math.PI);
            var (bend, ink) = (random.NextDouble() * 0.2 - 0.1, (float)random.NextDouble() * 0.6f - 1);
            for (var length = random.Next(10, 30); length > 0; length--)
            {
                (x, y, direction) = (x + Math.Cos(direction), y + Math.Sin(direction), direction + bend);
                for (var dot = 0; dot < 9; dot++)
                {
                    var (column, row) = ((int)x + dot % 3 - 1, (int)y + dot / 3 - 1);
                    if (column >= 0 && column < width && row is >= 0 and < Height)
                        pixels[row * width + column] = ink;
                }
            }
        }
        return pixels;
    }

    private static OnnxModel Load(string file) => OnnxModel.Load(Path.Combine(DataFolder.Of("pp-ocr"), file));
}

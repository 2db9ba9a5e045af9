using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests.Metrics;

/// <summary>Suppression keeps what ONNX's own NonMaxSuppression keeps, in ONNX Runtime.</summary>
public class NonMaximumSuppressionTests
{
    private const int Classes = 3;

    [Theory]
    [InlineData(BoxForm.Xyxy, 1, 0.25, 0.45)]
    [InlineData(BoxForm.Xywh, 2, 0.25, 0.45)]
    [InlineData(BoxForm.Xywh, 3, 0.5, 0.1)]
    [InlineData(BoxForm.Xyxy, 4, 0.0, 0.6)]
    public void Find_KeepsWhatOnnxRuntimeKeeps(BoxForm boxes, int seed, double score, double overlap)
    {
        const int anchors = 120;
        var random = new Random(seed);
        var rows = new float[anchors * (4 + Classes)];
        for (var anchor = 0; anchor < anchors; anchor++)
        {
            var (x, y, w, h) = (Draw(80), Draw(80), 5 + Draw(30), 5 + Draw(30));
            float[] box = boxes == BoxForm.Xyxy ? [x, y, x + w, y + h] : [x, y, w, h];
            box.CopyTo(rows, anchor * (4 + Classes));
            for (var c = 0; c < Classes; c++)
                rows[anchor * (4 + Classes) + 4 + c] = Draw(6) - 3;
        }

        var found = NonMaximumSuppression.Find(rows, 4 + Classes, new(boxes, HasObjectness: false), score, overlap);

        Assert.Equal(Oracle(rows, anchors, boxes, (float)score, (float)overlap).Order(), found.Select(detection => (detection.Class, detection.Anchor)).Order());
        Assert.InRange(found.Count, 10, anchors * Classes - 1);

        float Draw(double most) => (float)(random.NextDouble() * most);
    }

    private static List<(int Class, int Anchor)> Oracle(float[] rows, int anchors, BoxForm form, float score, float overlap)
    {
        const int columns = 4 + Classes;
        var boxes = Enumerable.Range(0, anchors).SelectMany(a => rows[(a * columns)..(a * columns + 4)]).ToArray();
        var scores = Enumerable.Range(0, Classes).SelectMany(c => Enumerable.Range(0, anchors).Select(a => 1 / (1 + MathF.Exp(-rows[a * columns + 4 + c])))).ToArray();
        var graph = new GraphBuilder().Input("boxes", DataType.Float, 1, anchors, 4).Input("scores", DataType.Float, 1, Classes, anchors)
            .Integers("most", anchors).Floats("overlap", [overlap], 1).Floats("score", [score], 1)
            .Node("NonMaxSuppression", "boxes scores most overlap score", "kept", ("center_point_box", form == BoxForm.Xywh ? 1 : 0))
            .Output("kept", DataType.Int64);
        using var session = new InferenceSession(graph.BuildProto().ToByteArray());
        using var options = new RunOptions();
        using var first = OrtValue.CreateTensorValueFromMemory(boxes, [1, anchors, 4]);
        using var second = OrtValue.CreateTensorValueFromMemory(scores, [1, Classes, anchors]);
        using var results = session.Run(options, ["boxes", "scores"], [first, second], ["kept"]);
        return [.. results[0].GetTensorDataAsSpan<long>().ToArray().Chunk(3).Select(kept => ((int)kept[1], (int)kept[2]))];
    }
}

using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>What exporters do to a network for inference: normalisations go into the convolutions before them.</summary>
internal static class Folding
{
    /// <summary>A copy of a model without those BatchNormalizations that follow a convolution without a bias.</summary>
    public static OnnxModel WithoutNormalizations(OnnxModel model)
    {
        var proto = model.Proto.Clone();
        var graph = proto.Graph;
        foreach (var layer in graph.Node.Where(node => node.OpType == "BatchNormalization").ToList())
        {
            var convolution = graph.Node.Single(node => node.Output.Contains(layer.Input[0]));
            Assert.Equal(("Conv", 2), (convolution.OpType, convolution.Input.Count));
            var kernel = graph.Initializer.Single(tensor => tensor.Name == convolution.Input[1]);
            var vectors = layer.Input.Skip(1).Select(name => graph.Initializer.Single(tensor => tensor.Name == name)).ToList();
            var (scale, bias) = (vectors[0].ToFloats(), vectors[1].ToFloats());
            var (mean, variance) = (vectors[2].ToFloats(), vectors[3].ToFloats());
            var epsilon = layer.Attribute.FirstOrDefault(attribute => attribute.Name == "epsilon")?.F ?? 1e-5f;
            var factors = scale.Zip(variance, (s, v) => s / MathF.Sqrt(v + epsilon)).ToArray();
            var perChannel = kernel.ElementCount() / factors.Length;
            kernel.SetFloats([.. kernel.ToFloats().Select((weight, at) => weight * factors[at / perChannel])]);
            vectors[1].SetFloats([.. bias.Select((shift, c) => shift - mean[c] * factors[c])]);

            convolution.Input.Add(vectors[1].Name);
            convolution.Output[0] = layer.Output[0];
            graph.Node.Remove(layer);
            foreach (var vector in vectors.Where(vector => vector != vectors[1]))
                graph.Initializer.Remove(vector);
        }
        return OnnxModel.FromProto(proto);
    }
}

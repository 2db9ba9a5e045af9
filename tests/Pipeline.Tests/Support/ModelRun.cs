using Microsoft.ML.OnnxRuntime;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>Models of several inputs in ONNX Runtime itself.</summary>
internal static class ModelRun
{
    /// <summary>Runs a model on inputs of its own types, each [rows, values].</summary>
    public static float[] Of(string model, string output, int rows, (string Name, Array Values)[] fed)
    {
        using var session = new InferenceSession(model);
        using var options = new RunOptions();
        var values = fed.ToDictionary(input => input.Name, input => Tensor(input.Values, [rows, input.Values.Length / rows]));
        using var results = session.Run(options, values, [output]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static OrtValue Tensor(Array values, long[] shape)
    {
        if (values is long[] integers)
            return OrtValue.CreateTensorValueFromMemory(integers, shape);
        if (values is float[] floats)
            return OrtValue.CreateTensorValueFromMemory(floats, shape);
        var texts = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        foreach (var (i, text) in ((string[])values).Index())
            texts.StringTensorSetElementAt(text.AsSpan(), i);
        return texts;
    }

    /// <summary>The share of rows in which two models give the same class.</summary>
    public static double Agreement(float[] given, float[] taught, int classes) => given.Chunk(classes).Zip(taught.Chunk(classes), Agree).Average();

    /// <summary>1 where two rows of scores have the same largest one, else 0.</summary>
    public static double Agree(float[] own, float[] other) => Array.IndexOf(own, own.Max()) == Array.IndexOf(other, other.Max()) ? 1 : 0;

    /// <summary>The types of a model's inputs, by name.</summary>
    public static Dictionary<string, Type> InputsOf(string model)
    {
        using var session = new InferenceSession(model);
        return session.InputMetadata.ToDictionary(input => input.Key, input => input.Value.ElementType);
    }
}

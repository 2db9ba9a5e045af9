using System.Diagnostics;
using Onnx;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>One-line descriptions of Debian's packages, as word ids, and which of the largest sections they are in, which naive Bayes says as teacher.</summary>
internal static class Descriptions
{
    private const int Length = 12;
    private const int Vocabulary = 3_000;
    private const int Sections = 10;
    private const int Count = 8_000;

    /// <summary>Reads the index of packages on this machine.</summary>
    /// <param name="name">The case.</param>
    /// <param name="hasMask">Whether the teacher takes a mask beside the ids.</param>
    /// <exception cref="UsageException">There is none.</exception>
    public static FirstTryCase Make(string name, bool hasMask = false)
    {
        var packages = Packages();
        string[] sections = [.. packages.CountBy(package => package.Section).OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).Take(Sections).Select(entry => entry.Key)];
        var known = packages.Where(package => sections.Contains(package.Section)).ToArray();
        new Random(5).Shuffle(known);
        known = known[..Math.Min(Count, known.Length)];
        var words = known.SelectMany(package => package.Words).CountBy(word => word).OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Take(Vocabulary - 2).Select((entry, i) => (entry.Key, Id: i + 2)).ToDictionary(entry => entry.Key, entry => entry.Id, StringComparer.Ordinal);
        float[] ids = [.. known.SelectMany(package => Enumerable.Range(0, Length).Select(i => i < package.Words.Length ? words.GetValueOrDefault(package.Words[i], 1) : 0f))];
        int[] labels = [.. known.Select(package => Array.IndexOf(sections, package.Section))];
        var train = labels.Length * 3 / 4;
        return new(name, NaiveBayes(ids[..(train * Length)], labels[..train], hasMask), [Length], ids[..(train * Length)], ids[(train * Length)..]) { AreTokens = true, HasMask = hasMask };
    }

    private static List<(string Section, string[] Words)> Packages()
    {
        using var process = Process.Start(new ProcessStartInfo("apt-cache", "dumpavail") { RedirectStandardOutput = true })
            ?? throw new UsageException("apt-cache does not start");
        var (found, section) = (new List<(string, string[])>(), "");
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith("Section: ", StringComparison.Ordinal))
                section = line[9..];
            else if (line.StartsWith("Description", StringComparison.Ordinal) && line.IndexOf(": ", StringComparison.Ordinal) is > 0 and var at && !line.StartsWith("Description-md5", StringComparison.Ordinal))
                found.Add((section, line[(at + 2)..].ToLowerInvariant().Split([' ', ',', '.', '(', ')', '/', '-', ':', '"'], StringSplitOptions.RemoveEmptyEntries)));
        }

        process.WaitForExit();
        return found.Count > 0 ? found : throw new UsageException("apt-cache dumpavail lists no packages: run apt-get update first");
    }

    /// <summary>Scores are sums over words of log P(word | section), by counts plus one; padding (0) says nothing.</summary>
    private static OnnxModel NaiveBayes(float[] ids, int[] labels, bool hasMask)
    {
        var counts = new double[Vocabulary * Sections];
        Array.Fill(counts, 1);
        for (var i = 0; i < ids.Length; i++)
            counts[(int)ids[i] * Sections + labels[i / Length]]++;
        var totals = Enumerable.Range(0, Sections).Select(section => Enumerable.Range(1, Vocabulary - 1).Sum(word => counts[word * Sections + section])).ToArray();
        float[] table = [.. counts.Select((count, i) => i < Sections ? 0 : (float)Math.Log(count / totals[i % Sections]))];
        float[] priors = [.. Enumerable.Range(0, Sections).Select(section => (float)Math.Log((1.0 + labels.Count(label => label == section)) / labels.Length))];
        var graph = new GraphProto
        {
            Name = "naive-bayes",
            Input = { ValueInfo.Create(FirstTryCase.Ids, Core.Tensors.ElementType.Int64, "N", Length) },
            Output = { ValueInfo.Create("probabilities", Core.Tensors.ElementType.Float32, "N", Sections) },
            Initializer = { TensorData.Create("table", table, Vocabulary, Sections), TensorData.Create("priors", priors, Sections), TensorData.Create("axis", [1L], 1) },
            Node =
            {
                new NodeProto { OpType = "Gather", Input = { "table", FirstTryCase.Ids }, Output = { "words" } },
                new NodeProto
                {
                    OpType = "ReduceSum", Input = { hasMask ? "kept" : "words", "axis" }, Output = { "sum" }, Attribute = { new AttributeProto { Name = "keepdims", Type = AttributeType.Int, I = 0 } },
                },
                new NodeProto { OpType = "Add", Input = { "sum", "priors" }, Output = { "scores" } }, new NodeProto { OpType = "Softmax", Input = { "scores" }, Output = { "probabilities" } },
            },
        };
        if (hasMask)
        {
            graph.Input.Add(ValueInfo.Create(FirstTryCase.Mask, Core.Tensors.ElementType.Int64, "N", Length));
            graph.Initializer.Add(TensorData.Create("last", [2L], 1));
            NodeProto[] masking =
            [
                new() { OpType = "Cast", Input = { FirstTryCase.Mask }, Output = { "marks" }, Attribute = { new AttributeProto { Name = "to", Type = AttributeType.Int, I = 1 } } },
                new() { OpType = "Unsqueeze", Input = { "marks", "last" }, Output = { "column" } }, new() { OpType = "Mul", Input = { "words", "column" }, Output = { "kept" } },
            ];
            foreach (var (i, node) in masking.Index())
                graph.Node.Insert(1 + i, node);
        }
        return OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
    }
}

using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Onnx;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Commands;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>A kind of file that is attacked.</summary>
/// <param name="Name">Its name in figures.</param>
/// <param name="Originals">Honest files: their endings and bytes.</param>
/// <param name="Mutate">Makes a mutant.</param>
/// <param name="Read">Does with a file what the product does first; gives the exit code, or throws.</param>
internal sealed record AttackTarget(
    string Name, Lazy<IReadOnlyList<(string Ending, byte[] Bytes)>> Originals, Func<byte[], Dice, byte[]> Mutate, Func<string, int> Read)
{
    /// <summary>What a model may run in a case; far below what a case may take.</summary>
    private const string SecondsOfAModel = "2";

    /// <summary>Every kind.</summary>
    public static IReadOnlyList<AttackTarget> All { get; } =
    [
        new("models", new(Models), (bytes, dice) => dice.OneIn(4) ? ByteMutations.Apply(bytes, dice) : ModelMutations.Apply(bytes, dice), Inspect),
        new("recipes", new(Recipes), (bytes, dice) => dice.OneIn(4) ? ByteMutations.Apply(bytes, dice) : TextMutations.Apply(bytes, dice), ReadRecipe),
        new("sets", new(Sets), (bytes, dice) => dice.OneIn(3) ? TextMutations.Apply(bytes, dice) : ByteMutations.Apply(bytes, dice), ReadSet),
    ];

    private static (string, byte[])[] Models()
    {
        (string Name, int[] Shape, (string, object)[] Options)[] built =
        [
            ("mlp", [4, 4], [("widths", (int[])[6, 5])]), ("lenet", [28, 28], []), ("resnet8", [3, 8, 8], []), ("vit", [3, 8, 8], [("patch", 4), ("width", 8), ("depth", 1), ("heads", 2)]),
        ];
        var models = new List<(string, byte[])>();
        foreach (var (name, shape, options) in built.Where(b => Architectures.IsKnown(b.Name)))
        {
            var known = Architectures.OptionsOf(name).Select(option => option.Name).ToHashSet();
            var text = string.Concat(options.Where(o => known.Contains(o.Item1)).Select(o => $", {o.Item1}: {(o.Item2 is int[] list ? $"[{string.Join(',', list)}]" : o.Item2)}"));
            var source = RecipeSource.Empty();
            source.Set("student", $"{{ architecture: {name}{text} }}", "attack");
            var student = StudentSection.Read(new RecipeValue(source, "", source.Root).Map("student").Require("student"));
            models.Add((".onnx", Architectures.Build(student.Architecture!, shape, 3, 1).ToBytes()));
        }
        models.Add((".onnx", Quantised()));
        return [.. models];
    }

    /// <summary>Integer weights with a scale for each column, a branch that is decided, and shape arithmetic.</summary>
    private static byte[] Quantised()
    {
        var graph = new GraphProto
        {
            Name = "quantised",
            Input = { ValueInfo.Create("x", ElementType.Float32, "N", 4, 4) },
            Output = { ValueInfo.Create("y", ElementType.Float32, "N", 3) },
            Initializer =
            {
                TensorData.Create("W", ElementType.Int8, Enumerable.Range(0, 48).Select(i => (byte)i).ToArray(), 16, 3),
                TensorData.Create("scale", [0.1f, 0.2f, 0.3f], 3), TensorData.Create("zero", ElementType.Int8, [0, 0, 0], 3),
                TensorData.Create("shape", [0L, -1L], 2), TensorData.Create("on", ElementType.Bool, [1]), TensorData.Create("b", [0f, 1f, 2f], 3),
            },
            Node =
            {
                new NodeProto { OpType = "Reshape", Input = { "x", "shape" }, Output = { "flat" } },
                new NodeProto
                {
                    OpType = "DequantizeLinear", Input = { "W", "scale", "zero" }, Output = { "weights" },
                    Attribute = { new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 } },
                },
                new NodeProto { OpType = "MatMul", Input = { "flat", "weights" }, Output = { "product" } },
                new NodeProto { OpType = "Sum", Input = { "product", "b" }, Output = { "sum" } },
                new NodeProto { OpType = "If", Input = { "on" }, Output = { "y" }, Attribute = { Branch("then_branch"), Branch("else_branch") } },
            },
        };
        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray();

        static AttributeProto Branch(string name) => new()
        {
            Name = name, Type = AttributeProto.Types.AttributeType.Graph,
            G = new()
            {
                Name = name, Node = { new NodeProto { OpType = "Identity", Input = { "sum" }, Output = { $"{name}/y" } } },
                Output = { ValueInfo.Create($"{name}/y", ElementType.Float32, "N", 3) },
            },
        };
    }

    private static (string, byte[])[] Recipes() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(EndToEnd.CommandLine.Root, "recipes"), "*.yaml").Order(StringComparer.Ordinal).Select(file => (".yaml", File.ReadAllBytes(file))),
    ];

    private static (string, byte[])[] Sets()
    {
        byte[] pixels = [.. Enumerable.Range(0, 6 * 16).Select(i => (byte)(i * 7))];
        byte[] npy = Npy("|u1", "(6, 4, 4)", pixels);
        byte[] header = Encoding.UTF8.GetBytes("""{"samples":{"dtype":"U8","shape":[6,4,4],"data_offsets":[0,96]}}""");
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        using (var entry = archive.CreateEntry("samples.npy").Open())
            entry.Write(npy);
        var csv = "a,b,c,label\n" + string.Concat(Enumerable.Range(0, 6).Select(i => $"{i}.5,{i * 2},-{i}e-2,{i % 3}\n"));
        return
        [
            (".npy", npy), (".npy", Npy("<f4", "(6, 4)", new byte[6 * 4 * 4])), (".npz", zip.ToArray()), (".csv", Encoding.UTF8.GetBytes(csv)),
            (".safetensors", [.. BitConverter.GetBytes((long)header.Length), .. header, .. pixels]),
            ("-ubyte", [0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 0, 4, .. pixels]),
        ];
    }

    private static byte[] Npy(string type, string shape, byte[] values)
    {
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        return [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. values];
    }

    private static int Inspect(string path)
    {
        var configuration = new OutputConfiguration { Output = TextWriter.Null, Error = new StringWriter() };
        var errors = configuration.Error;
        var code = Pipeline.CommandLine.InvokeAsync(
            ["inspect", path, "--json", Core.Limits.ModelLimits.TimeOption, SecondsOfAModel], configuration, CancellationToken.None).GetAwaiter().GetResult();
        return code == 1 ? throw new InvalidOperationException($"{errors}") : code;
    }

    private static int ReadRecipe(string path)
    {
        RecipeFile.Read(RecipeSource.Load(path), StageKinds.All);
        return 0;
    }

    private static int ReadSet(string path)
    {
        using var set = TransferSet.Open(new() { Samples = path });
        var values = new float[set.SampleElements];
        for (var row = 0L; row < Math.Min(set.Count, 100); row++)
            set.Read([row], values);
        return set.SamplesDigest.Length > 0 ? 0 : 1;
    }
}

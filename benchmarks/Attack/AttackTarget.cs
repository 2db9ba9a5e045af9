using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Limits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Commands;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.Benchmarks.Attack;

/// <summary>What is attacked.</summary>
/// <param name="Name">Its name in figures.</param>
/// <param name="Quick">Cases of a quick campaign; 0: it takes too long for one, and is run by its name.</param>
/// <param name="Full">Cases of a whole one.</param>
/// <param name="Begin">Makes honest files in a folder, and gives what makes a case of them.</param>
internal sealed partial record AttackTarget(string Name, int Quick, int Full, Func<string, Func<Dice, AttackCase>> Begin)
{
    // How many times the usual time a model may have at most.
    private const int MostTimes = 16;

    /// <summary>Every kind.</summary>
    public static IReadOnlyList<AttackTarget> All { get; } =
    [
        Files("models", 300, 100_000, Models, (bytes, dice) => dice.OneIn(4) ? ByteMutations.Apply(bytes, dice) : ModelMutations.Apply(bytes, dice), Inspect),
        Files("recipes", 1_000, 10_000, Recipes, (bytes, dice) => dice.OneIn(4) ? ByteMutations.Apply(bytes, dice) : TextMutations.Apply(bytes, dice), ReadRecipe),
        Files("sets", 2_000, 10_000, Sets, (bytes, dice) => dice.OneIn(3) ? TextMutations.Apply(bytes, dice) : ByteMutations.Apply(bytes, dice), ReadSet),
        new("pictures", 200, 2_000, Sources.Pictures),
        new("sounds", 100, 2_000, Sources.Sounds),
        new("flips", 100, 2_000, RunFlips.Begin),
        new("settings", 200, 6_000, SettingValues.Begin),
        new("options", 200, 10_000, OptionValues.Begin),
        new("kills", 0, 1_000, CommandKills.Begin),
    ];

    /// <summary>Mutants of files that a stranger sent.</summary>
    private static AttackTarget Files(
        string name, int quick, int full, Func<(string Ending, byte[] Bytes)[]> originals, Func<byte[], Dice, byte[]> mutate, Func<string, int> read) =>
        new(name, quick, full, folder =>
        {
            var files = originals();
            foreach (var (ending, bytes) in files) // compiles, and fills the pools, before memory is looked at
                read(Write(folder, "honest", ending, bytes));
            return dice =>
            {
                var (ending, bytes) = dice.Of(files);
                var path = Write(folder, "mutant", ending, mutate(bytes, dice));
                return new(ending, () => read(path));
            };
        });

    private static string Write(string folder, string name, string ending, byte[] bytes)
    {
        var path = Path.Combine(folder, name + ending);
        File.WriteAllBytes(path, bytes);
        return path;
    }

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
            (".parquet", File.ReadAllBytes(Path.Combine(EndToEnd.CommandLine.Root, "tests", "Core.Tests", "TransferSets", "Tables", "table.parquet"))), (".arrow", Arrow()),
            ("-ubyte", [0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 0, 4, .. pixels]),
        ];
    }

    /// <summary>A table as Apache's library writes it.</summary>
    private static byte[] Arrow()
    {
        var (numbers, texts) = (new FloatArray.Builder().AppendRange([0.5f, 1.5f, -2]).Build(), new StringArray.Builder().AppendRange(["1", "2", "x"]).Build());
        var schema = new Schema([new Field("a", numbers.Data.DataType, nullable: true), new Field("when", texts.Data.DataType, nullable: true)], null);
        using var stream = new MemoryStream();
        using (var writer = new ArrowFileWriter(stream, schema, leaveOpen: true))
        {
            writer.WriteRecordBatch(new RecordBatch(schema, [numbers, texts], 3));
            writer.WriteEnd();
        }
        return stream.ToArray();
    }

    [GeneratedRegex("unexpected [A-Za-z]+Exception:.*")]
    private static partial Regex UnexpectedException();

    /// <summary>An array as numpy writes it.</summary>
    public static byte[] Npy(string type, string shape, byte[] values)
    {
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        return [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. values];
    }

    /// <summary>Inspects a model, with more time where it was cut off: a busy machine is no fault of the file, and what never ends is not done then either.</summary>
    private static int Inspect(string path)
    {
        var usual = ModelLimits.Time;
        try
        {
            for (var times = 1; ; times *= 4)
                if (TryInspect(path, times * InspectCommand.Time, isLast: times == MostTimes) is { } code)
                    return code;
        }
        finally
        {
            ModelLimits.Time = usual;
        }
    }

    private static int? TryInspect(string path, TimeSpan time, bool isLast)
    {
        var (code, output, refusal) = InProcess.Run("inspect", path, "--json", ModelLimits.TimeOption, FormattableString.Invariant($"{time.TotalSeconds}"));
        if (code == 1)
            throw new InvalidOperationException(refusal);
        if (refusal.Contains("runs longer than it may", StringComparison.Ordinal))
            return isLast ? throw new InvalidOperationException($"something still runs: {refusal}") : null;
        // What ONNX Runtime refuses too is a bad file, whatever we stumbled over.
        return output.Contains("\"teacher\": {\n    \"possible\": true", StringComparison.Ordinal) && UnexpectedException().Match(output) is { Success: true } defect ? throw new InvalidOperationException(defect.Value) : code;
    }

    private static int ReadRecipe(string path)
    {
        RecipeFile.Read(RecipeSource.Load(path), StageKinds.All);
        return 0;
    }

    private static int ReadSet(string path)
    {
        // Of columnar files some columns are no numbers.
        var table = Path.GetExtension(path) is ".parquet" or ".arrow" ? new TableOptions { Features = ["a"] } : new();
        using var set = TransferSet.Open(new() { Samples = path, Table = table });
        var values = new float[set.SampleElements];
        for (var row = 0L; row < Math.Min(set.Count, 100); row++)
            set.Read([row], values);
        return set.SamplesDigest.Length > 0 ? 0 : 1;
    }
}

/// <summary>A case.</summary>
/// <param name="Kind">Of what kind it is, among those of its target.</param>
/// <param name="Run">Does what the product does with it; gives the exit code, or throws.</param>
internal sealed record AttackCase(string Kind, Func<int> Run);

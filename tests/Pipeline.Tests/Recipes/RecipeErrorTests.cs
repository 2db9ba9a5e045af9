using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>Each mistake in a recipe names its line and column, its key, what was found and what was expected.</summary>
public sealed class RecipeErrorTests : IDisposable
{
    private const string Valid = """
        name: tiny
        seed: 1
        data:
          transfer: { samples: a.npy, labels: b.npy }
          preprocessing:
            scale: 1/255
        teachers:
          - model: t.onnx
        capture:
          views: 1
        student:
          architecture: mlp
          widths: [8]
        objective:
          - soft: { temperature: 4, weight: 1 }
        training:
          epochs: 3
          optimizer:
            name: sgd
          keep: last
        baseline: true
        """;

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, string, string[]> Mistakes => new()
    {
        { "name: tiny", "nmae: tiny", [":1:1", "nmae", "one of name, seed, data", "did you mean 'name'?"] },
        { "name: tiny", "name: a/b", [":1:7, name", "'a/b'", "because it names a folder"] },
        { "labels: b.npy }", "labels: b.npy, table: { seperator: ';' } }", ["table", "seperator", "did you mean 'separator'?"] },
        { "labels: b.npy }", "labels: b.npy, table: { separator: ab } }", ["table.separator", "'ab'", "one of"] },
        { "labels: b.npy }", "labels: b.npy, table: { missing: keep } }", ["table.missing", "'keep'", "'drop'"] },
        { "labels: b.npy }", "labels: b.npy, table: { decimal: ',', thousands: ',' } }", ["table", "must differ"] },
        { "labels: b.npy }", "labels: b.npy, table: { classes: [a, b, a] } }", ["table", "twice"] },
        { "name: tiny", "name: [a]", [":1:7, name", "a list of 1", "a text"] },
        { "seed: 1", "seed: -1", [":2:7, seed", "'-1'", "a whole number from 0"] },
        { "seed: 1", "name: again", ["not valid YAML", ":2:1", "Duplicate key name"] },
        { "  views: 1", "  views: 0", [":10:10, capture.views", "'0'", "a whole number from 1"] },
        { "  views: 1", "  views: 1.5", [":10:10, capture.views", "'1.5'"] },
        { "  views: 1", "  views: 4", [":10:3, capture", "Without augmentation all views are alike", "views: 4"] },
        { "  views: 1", "  storage: float8", [":10:12, capture.storage", "one of float32, float16, bfloat16, int8"] },
        { "  views: 1", "  storage: { top-k: 2, sampled: 3 }", ["capture.storage.sampled", "one of top-k, temperatures"] },
        { "  views: 1", "  feature-storage: top-k", ["capture.feature-storage", "one of float32"] },
        { "  views: 1", "  batch-size: many", ["capture.batch-size", "a whole number from 1"] },
        { "  views: 1", "  combination: mean", [":10:16, capture.combination", "one of none, mean-of-probabilities, mean-of-logits"] },
        { "    scale: 1/255", "    scale: 1/0", [":6:12, data.preprocessing.scale", "'1/0'", "a number above 0"] },
        { "    scale: 1/255", "    scale: big", [":6:12, data.preprocessing.scale", "wrong type", "'big'"] },
        { "    scale: 1/255", "    std: 0", [":6:10, data.preprocessing.std", "'0'", "a number above 0"] },
        { "{ samples: a.npy, labels: b.npy }", "{ labels: b.npy }", [":4:13", "no 'data.transfer.samples'", "add it"] },
        { "{ samples: a.npy, labels: b.npy }", "{ samples: a.npy, rows: 5..5 }", ["data.transfer.rows", "'5..5'", "0..50000"] },
        { "{ samples: a.npy, labels: b.npy }", "{ samples: a.npy }", ["Hard labels are needed", "baseline"] },
        { "{ samples: a.npy, labels: b.npy }", "{ samples: a.npy, labels: b.npy, texts: t.jsonl }", ["texts without an alphabet"] },
        { "  preprocessing:\n", "  alphabet: { file: keys.txt }\n  preprocessing:\n", ["an alphabet, and no set with texts"] },
        { "  preprocessing:\n", "  validation: { samples: a.npy, labels: b.npy, texts: t.jsonl }\n  preprocessing:\n", ["data.validation.texts"] },
        { "  - model: t.onnx", "  - modle: t.onnx", [":8:5", "teachers[0].modle", "did you mean 'model'?"] },
        { "  - model: t.onnx", "  model: t.onnx", [":8:3, teachers", "a mapping of keys", "a list"] },
        { "  - model: t.onnx", "  - model: \"t\\0.onnx\"", ["teachers[0].model", "no character is null"] },
        { "  - model: t.onnx", "  - { model: t.onnx, weight: 0 }", ["teachers[0].weight", "a number above 0"] },
        { "architecture: mlp", "architecture: mpl", [":12:17, student.architecture", "one of mlp, cnn", "did you mean 'mlp'?"] },
        { "  widths: [8]", "  widths: [8, x]", ["student.widths[1]", "'x'"] },
        { "  widths: [8]", "  width: [8]", ["student.width", "model, architecture, widths, dropout, category-embedding, outputs, parameters", "did you mean 'widths'?"] },
        { "  widths: [8]", "  widths: [1000001]", ["student.widths", "from 1 to 1000000"] },
        { "  widths: [8]", "  init: fresh", ["student.init", "model, architecture, widths"] },
        { "  widths: [8]", "  parameters: { exlude: w }", ["student.parameters.exlude", "did you mean 'exclude'?"] },
        { "architecture: mlp\n  widths: [8]", "model: s.onnx\n  init: new", ["student.init", "one of keep, fresh"] },
        { "architecture: mlp\n  widths: [8]", "model: s.onnx\n  norm-overlay: yes", ["student.norm-overlay", "true or false, or auto"] },
        { "architecture: mlp", "architecture: vit", ["student.widths", "did you mean 'width'?"] },
        { "  widths: [8]", "  dropout: [1]", ["student.dropout[0]", "from 0 to below 1"] },
        { "temperature: 4", "temperature: 0", [":15:26, objective[0].soft.temperature", "'0'", "a number above 0"] },
        { "temperature: 4", "temprature: 4", ["objective[0].soft.temprature", "did you mean 'temperature'?"] },
        { "weight: 1 }", "weight: -1 }", ["objective[0].soft.weight", "a number from 0 on"] },
        { "temperature: 4", "temperature: { 0: 4, 10: 0 }", ["objective[0].soft.temperature", "'0'", "a number above 0"] },
        { "temperature: 4", "temperature: { 1: 4, 1.0: 2 }", ["objective[0].soft.temperature", "a number above 0, or such at epochs"] },
        { "temperature: 4", "temperature: {}", ["objective[0].soft.temperature", "or such at epochs"] },
        { "weight: 1 }", "weight: { a: 1 } }", ["objective[0].soft.weight", "'a'"] },
        { "- soft: { temperature: 4, weight: 1 }", "- hard: { weight: 1 }", ["The objective does not use the teachers"] },
        { "- soft: { temperature: 4, weight: 1 }", "- soft: {}\n    hard: {}", ["A term of the objective has one name"] },
        { "- soft: { temperature: 4, weight: 1 }", "- sfot: {}", ["did you mean 'soft'?"] },
        { "epochs: 3", "epochs: 0", [":17:11, training.epochs", "a whole number from 1"] },
        { "epochs: 3", "batch-size: 3", [":17:3", "no 'training.epochs'"] },
        { "name: sgd", "name: sdg", [":19:11, training.optimizer.name", "one of sgd, adam, adamw", "did you mean 'sgd'?"] },
        { "name: sgd", "momentum: 1", ["training.optimizer.momentum", "from 0 to below 1"] },
        { "name: sgd", "name: adam\n    momentum: 0.9", ["training.optimizer.momentum", "one of name, learning-rate, weight-decay, beta1"] },
        { "name: sgd", "nesterov: 1", ["training.optimizer.nesterov", "true or false"] },
        { "keep: last", "keep: best", ["need a validation set", "keep: best", "set data.validation"] },
        { "keep: last", "early-stop: { patience: 3 }", ["need a validation set", "early-stop"] },
        { "keep: last", "early-stop: { metric: errors }", ["no 'training.early-stop.patience'"] },
        { "keep: last", "precision: bf16", ["training.precision", "'bf16'", "one of float32, bfloat16"] },
        { "keep: last", "augmentation: { shift: 2 }", ["augmentation belongs to the capture", "capture.augmentation"] },
        { "transfer:", "validation: { samples: a.npy }\n  transfer:", ["a validation set without labels says nothing", "the baseline"] },
        { "baseline: true", "baseline: yes", [":21:11, baseline", "'yes'", "true or false"] },
        { "baseline: true", "baseline: { objective: [ soft: {} ] }", ["The baseline learns without a teacher", "soft"] },
        { "baseline: true", "baseline: { training: { epoch: 3 } }", ["baseline.training.epoch", "did you mean 'epochs'?"] },
        { "baseline: true", "baseline: [", ["not valid YAML", "tiny.yaml:21:11", "not closed", "add the ']'"] },
        { "labels: b.npy }", "labels: b.npy", ["not valid YAML", ":4:13", "not closed", "add the '}'"] },
        { "labels: b.npy }", "labels: b.npy\n  test: { samples: c.npy }", ["not valid YAML", ":4:13", "not closed", "add the '}'"] },
        { "labels: b.npy }", "labels: [b.npy }", ["not valid YAML", ":4:39", "not closed", "add the ']'"] },
        { "  - model: t.onnx", "  - model: *t.onnx", ["not valid YAML", ":8:12", "'*t.onnx'", "in quotes: \"*t.onnx\""] },
        { "  views: 1", "\tviews: 1", ["not valid YAML", ":10:1", "a tab", "indent with spaces"] },
        { "    scale: 1/255", "    scale: 1/255\n\tmean: 0", ["not valid YAML", ":7:1", "a tab", "indent with spaces"] },
        { "{ samples: a.npy, labels: b.npy }", "a.npy", [":4:13, data.transfer", "'a.npy'", "write { samples: a.npy }"] },
        { "  - model: t.onnx", "  - t.onnx", [":8:5, teachers[0]", "'t.onnx'", "write { model: t.onnx }"] },
        { "teachers:\n  - model: t.onnx", "teachers: t.onnx", [":7:11, teachers", "'t.onnx'", "write [{ model: t.onnx }]"] },
        { "labels: b.npy }", "labels: b.npy, table: { missing-texts: [] } }", ["table.missing-texts", "at least one"] },
        { "keep: last", "learning-rate: 0.1", [":20:3, training", "learning-rate", "optimizer: { name: adamw, learning-rate: 0.1 }"] },
        { "keep: last", "momentum: 0.9", ["training", "momentum", "optimizer: { name: sgd, momentum: 0.9 }"] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Read_Mistake_IsNamed(string right, string wrong, string[] expected)
    {
        Assert.Contains(right, Valid);
        var path = folder.Write("tiny.yaml", Valid.Replace(right, wrong));

        var error = Assert.Throws<InputException>(() => RecipeFile.Read(RecipeSource.Load(path), StageKinds.All));

        Assert.Contains(path, error.Message);
        Assert.All(expected, part => Assert.Contains(part, error.Message));
    }

    [Theory]
    [InlineData("teachers:\n  - model: t.onnx\n", "", "The objective needs a teacher")]
    [InlineData("student:\n  architecture: mlp\n  widths: [8]\n", "", "no 'student'")]
    [InlineData("  architecture: mlp\n", "  architecture: mlp\n  model: s.onnx\n", "either a file or a built-in architecture")]
    [InlineData("objective:\n  - soft: { temperature: 4, weight: 1 }\n", "objective: []\n", "at least one term")]
    public void Read_MissingOrContradictoryPart_IsNamed(string right, string wrong, string expected)
    {
        var path = folder.Write("tiny.yaml", Valid.ReplaceLineEndings("\n").Replace(right, wrong));

        var error = Assert.Throws<InputException>(() => RecipeFile.Read(RecipeSource.Load(path), StageKinds.All));

        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a\n- b\n")]
    [InlineData("just a text")]
    public void Load_NoMapping_IsRefused(string text) =>
        Assert.Throws<InputException>(() => RecipeSource.Load(folder.Write("tiny.yaml", text)));

    [Fact]
    public void Read_ValidRecipe_IsAccepted() =>
        Assert.Equal("tiny", RecipeFile.Read(RecipeSource.Load(folder.Write("tiny.yaml", Valid)), StageKinds.All).Name);

    public void Dispose() => folder.Dispose();
}

using System.Text.Json.Serialization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>The file <c>metrics.json</c>: the figures of a run.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="TestSamples">How many samples the figures were measured on; <c>null</c> without a test set.</param>
/// <param name="Models">The models, each with its role: teachers, then students in the recipe's order.</param>
internal sealed record RunMetrics(
    string Name, ulong Seed, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? TestSamples, IReadOnlyList<ModelMetrics> Models)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "metrics.json";

    /// <summary>The roles of students that learned side by side; <c>null</c>: there is one.</summary>
    public IReadOnlyList<string>? Learners { get; init; }

    /// <summary>How the teacher contradicts the test set's labels; <c>null</c>: no more than a teacher does that errs.</summary>
    public string? LabelRemark { get; init; }

    /// <summary>The models that the run is for.</summary>
    public IEnumerable<ModelMetrics> Students() =>
        Learners is null ? new[] { Student }.OfType<ModelMetrics>() : Models.Where(model => model.Role is { } role && Learners.Contains(role));

    /// <summary>Refuses a run of which a student is no better than a constant answer, in any of its outputs.</summary>
    /// <exception cref="CheckFailedException">It is not; names the outputs.</exception>
    public void RequireUse()
    {
        if (Students().FirstOrDefault(model => model.Collapses().Any()) is not { } student)
            return;
        var (collapsed, isWhole) = (student.Collapses(), student.Outputs is null);
        throw new CheckFailedException(
            isWhole ? "The student has not learned." : "The student has not learned every output.", student.Model,
            string.Join("; ", collapsed.Select(found => isWhole ? found.Why : $"{Described(found.Output)}: {found.Why}")), "a student that is better than a constant answer",
            (isWhole ? "" : "give the term of an output that is behind more weight, ")
            + "lower the learning rate or leave it out (auto finds one), leave student.preprocessing out (it is fitted), train longer, or give more or other samples");
    }

    /// <summary>An output of a student, in words.</summary>
    /// <param name="output">The name of a further one; <c>null</c>: the first.</param>
    public static string Described(string? output) => output is null ? "the first output" : $"output '{Printable.Escape(output)}'";

    private const string MemberIndent = "  ";

    /// <summary>The model that the run is for; of students that learn side by side the first.</summary>
    public ModelMetrics? Student => Find(StageRules.Student) ?? Models.FirstOrDefault(model => model.Parity is not null);

    /// <summary>The teacher, or the ensemble.</summary>
    public ModelMetrics? Teacher => Find(StageRules.Teacher);

    /// <summary>The rows of the comparison; the teachers of an ensemble, each alone, are indented. Without a test set the figures are of the transfer set.</summary>
    public IEnumerable<(string Name, ModelMetrics Metrics)> Rows()
    {
        foreach (var model in Models)
        {
            var role = model.Role ?? model.Model;
            var isMember = Models.Any(other => other.Role is { } whole && role.StartsWith($"{whole} ", StringComparison.Ordinal)
                && int.TryParse(role.AsSpan(whole.Length + 1), out _));
            yield return (isMember ? MemberIndent + role : role, TestSamples is null ? model.OnTransfer() : model);
        }
    }

    /// <summary>The names of further outputs that models have.</summary>
    public IEnumerable<string> OutputNames() => Models.SelectMany(model => model.Outputs?.Keys ?? []).Distinct();

    /// <summary>The rows of a further output's comparison.</summary>
    /// <param name="output">Its name.</param>
    public IEnumerable<(string Name, ModelMetrics Metrics)> Rows(string output) =>
        Rows().Where(row => row.Metrics.Outputs?.ContainsKey(output) == true)
            .Select(row => (row.Name, TestSamples is null ? row.Metrics.Outputs![output].OnTransfer() : row.Metrics.Outputs![output]));

    /// <summary>The role of one teacher of an ensemble.</summary>
    /// <param name="ensemble">The ensemble's role.</param>
    /// <param name="index">The teacher's place, from 0.</param>
    public static string MemberOf(string ensemble, int index) => $"{ensemble} {index + 1}";

    private ModelMetrics? Find(string role) => Models.FirstOrDefault(model => model.Role == role);
}

/// <summary>The figures of one model.</summary>
/// <param name="Model">The file's name; for an ensemble, the names.</param>
internal sealed record ModelMetrics(string Model)
{
    /// <summary>Float values in the model; <c>null</c>, as all figures of size, for a teacher whose answers lie on disk.</summary>
    public long? Parameters { get; init; }

    /// <summary>Size of the model, external data included.</summary>
    public long? FileBytes { get; init; }

    /// <summary>Median time of a run at batch 1 with one thread, in milliseconds.</summary>
    public double? LatencyMsP50 { get; init; }

    /// <summary>The model's digest; <c>null</c> for an ensemble.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Test samples whose top class is not the label; of independent labels, decisions that differ from the label.</summary>
    public long? Errors { get; init; }

    /// <summary>1 − errors ÷ samples.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Share of test samples (of their positions, where they have several) with the teacher's top class; of independent labels, of decisions; of detector heads, of what both find: 2 · matched ÷ (teacher's + own).</summary>
    public double? Agreement { get; init; }

    /// <summary>Mean negative log-likelihood of the labels, in nats.</summary>
    public double? Nll { get; init; }

    /// <summary>Expected calibration error, 15 bins.</summary>
    public double? Ece { get; init; }

    /// <summary>Edits from what a recogniser read to the known texts ÷ their characters.</summary>
    public double? CharacterErrorRate { get; init; }

    /// <summary>Share of lines that a recogniser read without an error.</summary>
    public double? ExactLines { get; init; }

    /// <summary><c>teacher</c>, <c>student</c>, <c>baseline</c>, or a stage's name; <c>null</c> outside a run.</summary>
    public string? Role { get; init; }

    /// <summary>How far an exported model is from the trained one; <c>null</c> for others.</summary>
    public ParityMetrics? Parity { get; init; }

    /// <summary>Share of the most frequent label: the accuracy of whoever always says it.</summary>
    public double? Majority { get; init; }

    /// <summary>Mean KL divergence from the teacher's to the model's probabilities, in nats.</summary>
    public double? Kl { get; init; }

    /// <summary>Of the rarer of two unbalanced classes, by the labels, else by the teacher; of detector heads, share of what it finds that the teacher finds.</summary>
    public double? Precision { get; init; }

    /// <summary>Of the same; of detector heads, share of what the teacher finds that it finds.</summary>
    public double? Recall { get; init; }

    /// <summary>Of the same.</summary>
    public double? AveragePrecision { get; init; }

    /// <summary>Why the model is no use, if it answers no better than a constant would.</summary>
    public string? Collapse { get; init; }

    /// <summary>What the model gives; <c>null</c>: classes.</summary>
    public OutputKind? Kind { get; init; }

    /// <summary>Share of the class that the teacher puts first most often (of independent labels, of the decisions that it most often takes): the agreement of whoever always says it; of detector heads that of the best boxes that are the same for every sample.</summary>
    public double? ConstantAgreement { get; init; }

    /// <summary>Of independent labels: mean of the labels' F1, against the known labels, or without any against the teacher's decisions.</summary>
    public double? F1 { get; init; }

    /// <summary>Of maps of classes: mean over classes of intersection ÷ union, against the known labels, or without any against the teacher's classes.</summary>
    public double? MeanOverlap { get; init; }

    /// <summary>Of values: mean squared difference to the teacher's.</summary>
    public double? Mse { get; init; }

    /// <summary>Of values: mean absolute difference to the teacher's.</summary>
    public double? Mae { get; init; }

    /// <summary>Of values: the share of the variance of the teacher's that is explained, mean over columns.</summary>
    public double? RSquared { get; init; }

    /// <summary>The same of each column, where there are several; <c>null</c> in it: the teacher's values do not differ.</summary>
    public IReadOnlyList<double?>? RSquaredByColumn { get; init; }

    /// <summary>Columns of values, or independent labels, of which the model knows no more than a constant answer; <c>null</c>: none, or it cannot be told.</summary>
    public IReadOnlyList<int>? Unlearned { get; init; }

    /// <summary>Of embeddings: mean cosine with the teacher's.</summary>
    public double? Cosine { get; init; }

    /// <summary>Of embeddings: that of the best constant answer, the teacher's mean.</summary>
    public double? ConstantCosine { get; init; }

    /// <summary>Of embeddings: share of the samples whose nearest other sample is the teacher's.</summary>
    public double? NeighbourRecall { get; init; }

    /// <summary>Of embeddings of labelled samples: recall@1, the share of the samples whose nearest other sample has their label.</summary>
    public double? Retrieval { get; init; }

    /// <summary>Whether that other sample is one of another group; <c>null</c>: there are no groups.</summary>
    public bool? IsFromElsewhere { get; init; }

    /// <summary>Of detector heads: mean overlap (intersection ÷ union) of the boxes that both find.</summary>
    public double? BoxOverlap { get; init; }

    /// <summary>The figures of further outputs, by name; <c>null</c>: there are none.</summary>
    public IReadOnlyDictionary<string, ModelMetrics>? Outputs { get; init; }

    /// <summary>How closely it follows its teacher on samples that it learned from; <c>null</c>: not known.</summary>
    public Closeness? Transfer { get; init; }

    /// <summary>Whether it was compared with anything.</summary>
    [JsonIgnore]
    public bool IsMeasured => (Agreement ?? Accuracy ?? Mse ?? Cosine ?? Retrieval ?? CharacterErrorRate) is not null;

    /// <summary>Why its outputs are no use, those that answer no better than a constant would: the first one without a name, then further ones.</summary>
    public IEnumerable<(string? Output, string Why)> Collapses()
    {
        if (Collapse is { } first)
            yield return (null, first);
        foreach (var (name, output) in Outputs ?? new Dictionary<string, ModelMetrics>())
            if (output.Collapse is { } why)
                yield return (name, why);
    }

    /// <summary>What of its outputs it has not learned although it has learned others, a phrase for each output.</summary>
    public IEnumerable<string> UnlearnedColumns() => new (string? Name, ModelMetrics Metrics)[] { (null, this) }
        .Concat((Outputs ?? new Dictionary<string, ModelMetrics>()).Select(output => ((string?)output.Key, output.Value)))
        .Where(output => output.Item2 is { Unlearned.Count: > 0, Collapse: null })
        .Select(output => $"has not learned {(output.Item2.Kind == OutputKind.Labels ? "label" : "column")} {string.Join(", ", output.Item2.Unlearned!)}"
            + $"{(output.Item1 is null ? "" : $" of {RunMetrics.Described(output.Item1)}")} (counted from 0): no better there than a constant answer");

    /// <summary>The same with the figures of the transfer set in place of those of a test set, which there is none of.</summary>
    public ModelMetrics OnTransfer() => Transfer is not { } close ? this : this with
    {
        Agreement = close.Agreement, ConstantAgreement = close.ConstantAgreement, Kl = close.Kl, Mse = close.Mse, RSquared = close.RSquared, Cosine = close.Cosine,
        Precision = close.Precision ?? Precision, Recall = close.Recall ?? Recall, BoxOverlap = close.BoxOverlap ?? BoxOverlap,
    };
}

/// <summary>The exported student in ONNX Runtime beside the trainer's own executor.</summary>
/// <param name="MaxAbs">The largest absolute difference between two logits or values.</param>
/// <param name="Top1Agreement">
/// The share of samples (of their positions, where they have several) with the same top class, or of the same decisions on labels;
/// <c>null</c>: values or embeddings, which decide nothing.
/// </param>
/// <param name="Samples">How many samples were compared.</param>
/// <param name="QuantizationAllowance">What rounding to codes may change a logit by; <c>null</c>: a student of floats.</param>
/// <param name="Kind">What the model gives; <c>null</c>: classes.</param>
/// <param name="StandsInFor">The teacher's file, if the model ran in a session that was written for it; <c>null</c>: it has an interface of its own.</param>
internal sealed record ParityMetrics(
    double MaxAbs, double? Top1Agreement = null, long Samples = 0, double? QuantizationAllowance = null, OutputKind? Kind = null, string? StandsInFor = null)
{
    /// <summary>The same of further outputs, by name; <c>null</c>: there are none.</summary>
    public IReadOnlyDictionary<string, ParityMetrics>? Outputs { get; init; }

    /// <summary>Outputs that name the class of the highest score, as the teacher's do, and did so for every sample; <c>null</c>: there are none.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Outputs of the teacher that the model does not have; <c>null</c>: it has all, or an interface of its own.</summary>
    public IReadOnlyList<string>? Missing { get; init; }

    /// <summary>Inputs, with their shapes, that take samples of one size where the teacher's take others too; <c>null</c>: there are none.</summary>
    public IReadOnlyList<string>? Fixed { get; init; }
}

/// <summary>The figures of models that belong to no run.</summary>
/// <param name="TestSamples">How many samples they were measured on.</param>
/// <param name="Models">The models.</param>
internal sealed record ModelComparison(long TestSamples, IReadOnlyList<ModelMetrics> Models);

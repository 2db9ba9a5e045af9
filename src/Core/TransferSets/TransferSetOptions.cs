namespace OnnxKd.Core.TransferSets;

/// <summary>Where samples, and labels and lengths if there are any, come from.</summary>
public sealed record TransferSetOptions
{
    /// <summary>What the tensor of samples is usually called in a file with names, the first that is there.</summary>
    public static IReadOnlyList<string> UsualSamples { get; } = ["samples", "images", "x", "data"];

    /// <summary>In place of a mask's name: no input is one.</summary>
    public const string NoMask = "none";

    /// <summary>
    /// The file of samples, in a format that is told from its content: IDX, NPY, NPZ, safetensors, Parquet, Arrow or CSV, each raw or gzipped. Every
    /// column of a table that holds neither labels nor lengths is a feature, unless <see cref="Table"/> says otherwise. A pattern such as
    /// <c>parts/*.npy</c> stands for all files that match it, in the ordinal order of their paths (<see cref="Files.FilePattern"/>).
    /// </summary>
    public required string Samples { get; init; }

    /// <summary>
    /// The named inputs that samples consist of, for models with several inputs: tensors of an NPZ or safetensors file, columns of a table, files of their
    /// own. Default: none, samples are one tensor.
    /// </summary>
    public SampleInputs Inputs { get; init; } = SampleInputs.None;

    /// <summary>
    /// The input that says which positions of a sample count (1), and which are padding (0): those count in no loss and no figure; <c>none</c>: there is
    /// none. Default: <c>attention_mask</c>, <c>input_mask</c> or <c>mask</c>, if there is one that has positions.
    /// </summary>
    public string? Mask { get; init; }

    /// <summary>
    /// In place of <see cref="Mask"/>, the input that is 1 (true) where a sample is padded and 0 where a position counts, as PyTorch's <c>key_padding_mask</c> is. Default: none.
    /// </summary>
    public string? Padding { get; init; }

    /// <summary>
    /// The file of labels: one integer class index per sample, or one for each position of a sample ([frames], [height, width]);
    /// <c>null</c> for an unlabelled set. May be the file of samples itself.
    /// </summary>
    public string? Labels { get; init; }

    /// <summary>
    /// The tensor of samples in an NPZ or safetensors file; default: the only tensor, else <c>samples</c>, <c>images</c>, <c>x</c> or
    /// <c>data</c>, else an error.
    /// </summary>
    public string? SamplesKey { get; init; }

    /// <summary>
    /// The tensor of labels in an NPZ or safetensors file, or the label column of a table: its name, its index from 0, or <c>last</c>.
    /// Default: the only one, else <c>labels</c>, <c>label</c>, <c>targets</c>, <c>target</c>, <c>class</c> or <c>y</c>, else an error.
    /// </summary>
    public string? LabelsKey { get; init; }

    /// <summary>
    /// With a label for each position: the label of those whose class is not known; default −1. They count neither in the loss nor in
    /// errors.
    /// </summary>
    public int IgnoreLabel { get; init; } = -1;

    /// <summary>
    /// The file of lengths: how many entries of the padded axis are content, one integer per sample, 0 to the size of the axis;
    /// <c>null</c>: nothing is padded. May be the file of samples itself. For outputs with frames, those of padding do not count.
    /// </summary>
    public string? Lengths { get; init; }

    /// <summary>
    /// The tensor of lengths in an NPZ or safetensors file, or the column of a table. Default: the only one, else <c>lengths</c> or
    /// <c>length</c>, else an error.
    /// </summary>
    public string? LengthsKey { get; init; }

    /// <summary>The axis of a sample that is padded, or negative from the end; default −1: the last.</summary>
    public int LengthsAxis { get; init; } = -1;

    /// <summary>
    /// The file of groups: where each sample comes from (a camera, a speaker, a vendor), one integer per sample, or of a table one text; <c>null</c>: it does not matter. What is found by an
    /// embedding is sought among samples of other groups. May be the file of samples itself.
    /// </summary>
    public string? Groups { get; init; }

    /// <summary>
    /// The tensor of groups in an NPZ or safetensors file, or the column of a table. Default: the only one, else <c>groups</c> or <c>group</c>, else an error.
    /// </summary>
    public string? GroupsKey { get; init; }

    /// <summary>
    /// A file of JSON lines with the <c>id</c> (its row in the file of samples) and the <c>text</c> of each sample, such as the
    /// <c>sources.jsonl</c> of a prepared set: recognisers are measured against them. <c>null</c>: they are not known.
    /// </summary>
    public string? Texts { get; init; }

    /// <summary>
    /// A file that names each sample of the file of samples, in their order: a name a line, or JSON lines with a <c>source</c>, such as the
    /// <c>sources.jsonl</c> of a prepared set, whose name without its ending counts. Modalities are joined by it; <c>null</c>: by row.
    /// </summary>
    public string? Ids { get; init; }

    /// <summary>Other records of the same samples, which a teacher can read in their place; default: none.</summary>
    public SetModalities Modalities { get; init; } = SetModalities.None;

    /// <summary>How tables (CSV, Parquet, Arrow) are read.</summary>
    public TableOptions Table { get; init; } = new();

    /// <summary>
    /// The known set that the files belong to, for whoever fetches it before it is opened; <c>null</c>: they are the user's own.
    /// </summary>
    public KnownPart? Known { get; init; }

    /// <summary>Which of the rows are used, by their labels; <c>null</c>: all.</summary>
    public ClassSelection? Classes { get; init; }

    /// <summary>The first row to use; default 0.</summary>
    public long First { get; init; }

    /// <summary>How many rows to use; default: all from <see cref="First"/> on.</summary>
    public long? Count { get; init; }
}

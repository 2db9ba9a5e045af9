namespace OnnxKd.Core.TransferSets;

/// <summary>Where samples, and labels if there are any, come from.</summary>
public sealed record TransferSetOptions
{
    /// <summary>
    /// The file of samples; its format is told from its content and name: IDX (raw or gzipped), NPY, NPZ, safetensors, CSV (raw or gzipped).
    /// </summary>
    public required string Samples { get; init; }

    /// <summary>The file of labels: one integer class index per sample; <c>null</c> for an unlabelled set. May be the file of samples itself.</summary>
    public string? Labels { get; init; }

    /// <summary>The tensor of samples in an NPZ or safetensors file; default: the only tensor, else <c>samples</c>, <c>images</c>, <c>x</c> or <c>data</c>, else an error.</summary>
    public string? SamplesKey { get; init; }

    /// <summary>The tensor of labels in an NPZ or safetensors file, or the label column of a CSV file.</summary>
    public string? LabelsKey { get; init; }

    /// <summary>The first row to use; default 0.</summary>
    public long First { get; init; }

    /// <summary>How many rows to use; default: all from <see cref="First"/> on.</summary>
    public long? Count { get; init; }
}

using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>The different ways in which teachers want to see the samples: each is read once, however many teachers share it.</summary>
/// <param name="set">The samples.</param>
/// <param name="options">How they are augmented.</param>
internal sealed class SampleSlots(TransferSet set, CaptureOptions options)
{
    private readonly List<SampleReader> readers = [];
    private readonly List<(string? Modality, Preprocessing Preprocessing)> ways = [];

    /// <summary>Values of a sample, for each way.</summary>
    public int[] Elements => [.. readers.Select(reader => reader.Set.SampleElements)];

    /// <summary>The place of a way; a new one if it is not among them.</summary>
    /// <param name="modality">Which record of the samples is read.</param>
    /// <param name="wanted">What is done to it.</param>
    public int Of(string? modality, Preprocessing wanted)
    {
        var slot = ways.FindIndex(way => way.Modality == modality && way.Preprocessing.Equals(wanted));
        if (slot >= 0)
            return slot;
        ways.Add((modality, wanted));
        readers.Add(new(set.Modality(modality), wanted, options.Augmentation, options.Seed));
        return readers.Count - 1;
    }

    /// <summary>Reads the samples of a run, once for each way.</summary>
    public void Read(RunBuffers run)
    {
        for (var slot = 0; slot < readers.Count; slot++)
            run.Read(slot, readers[slot]);
    }
}

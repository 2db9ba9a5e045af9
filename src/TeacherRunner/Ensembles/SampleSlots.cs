using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>The different ways in which teachers want to see the samples: each is read once, however many teachers share it.</summary>
/// <param name="set">The samples.</param>
/// <param name="options">How they are augmented.</param>
internal sealed class SampleSlots(TransferSet set, CaptureOptions options)
{
    private readonly List<SampleReader> readers = [];
    private readonly List<Preprocessing> preprocessings = [];

    /// <summary>How many ways there are.</summary>
    public int Count => readers.Count;

    /// <summary>The place of a way; a new one if it is not among them.</summary>
    public int Of(Preprocessing wanted)
    {
        var slot = preprocessings.FindIndex(p =>
            p.Scale == wanted.Scale && p.ChannelAxis == wanted.ChannelAxis && p.Mean.SequenceEqual(wanted.Mean) && p.Std.SequenceEqual(wanted.Std));
        if (slot >= 0)
            return slot;
        preprocessings.Add(wanted);
        readers.Add(new(set, wanted, options.Augmentation, options.Seed));
        return readers.Count - 1;
    }

    /// <summary>Reads the samples of a run, once for each way.</summary>
    public void Read(RunBuffers run)
    {
        for (var slot = 0; slot < readers.Count; slot++)
            run.Read(slot, readers[slot]);
    }
}

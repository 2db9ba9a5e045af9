namespace OnnxKd.Core.Specialists;

/// <summary>How many samples are classified rightly, by the number of specialists that have the sample's class. Hinton, Vinyals and Dean (2015), table 4.</summary>
/// <param name="clusters">The classes of each specialist.</param>
internal sealed class SpecialistCoverage(IReadOnlyList<int[]> clusters)
{
    private readonly SortedDictionary<int, (long Samples, long Generalist, long Together)> counts = [];

    /// <summary>Adds a sample.</summary>
    /// <param name="label">Its class; below 0: not known, and the sample does not count.</param>
    /// <param name="generalist">The class that the generalist says.</param>
    /// <param name="together">The class that all say together.</param>
    public void Add(int label, int generalist, int together)
    {
        if (label < 0)
            return;
        var covering = clusters.Count(classes => classes.Contains(label));
        var (samples, byGeneralist, byAll) = counts.GetValueOrDefault(covering);
        counts[covering] = (samples + 1, byGeneralist + (generalist == label ? 1 : 0), byAll + (together == label ? 1 : 0));
    }

    /// <summary>The counts, by the number of specialists.</summary>
    public IReadOnlyList<CoveredSamples> Rows => [.. counts.Select(entry => new CoveredSamples(entry.Key, entry.Value.Samples, entry.Value.Generalist, entry.Value.Together))];
}

/// <summary>The samples whose class a number of specialists have.</summary>
/// <param name="Specialists">How many.</param>
/// <param name="Samples">How many samples.</param>
/// <param name="Generalist">How many of them the generalist classifies rightly.</param>
/// <param name="Together">How many of them all classify rightly together.</param>
internal sealed record CoveredSamples(int Specialists, long Samples, long Generalist, long Together);

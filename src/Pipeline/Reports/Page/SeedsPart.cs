using System.Xml.Linq;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>What runs that differ by their seeds say one by one: how far the gap between baseline and teacher is closed with each.</summary>
internal static class SeedsPart
{
    /// <summary>The part; nothing, if there are no seeds to compare.</summary>
    public static IEnumerable<object> Write(IReadOnlyList<SeedGroup> groups)
    {
        var known = groups.Where(group => group.Quality is not null).ToArray();
        if (known.Length == 0)
            yield break;
        yield return new XElement("h2", "Seed by seed");
        foreach (var group in known)
        {
            yield return new XElement("h3", Html.Text(group.Name));
            yield return Html.Table(
            [
                ["run", "seed", $"{group.Quality} of student", "of baseline", "of teacher", "share of the gap closed"],
                .. group.Runs.Select(run => (IReadOnlyList<string>)[run.Name, $"{run.Seed}", Share(run.Student), Share(run.Baseline), Share(run.Teacher), Share(run.Gap)]),
            ], group.Name);
        }

        static string Share(double? value) => value is { } known ? Html.Share(known) : "";
    }
}

using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Stages;

namespace OnnxKd.Pipeline.Reports;

/// <summary>Which stages figures come from, among those of all settings that share a folder; told by digests, as the records have them.</summary>
internal static class StageTrace
{
    /// <summary>The stages, in the order of the records.</summary>
    /// <param name="evaluation">The one that made the figures.</param>
    /// <param name="all">Every finished one in the folder.</param>
    public static IReadOnlyList<StageRecord> Of(StageRecord evaluation, IReadOnlyList<StageRecord> all)
    {
        if (all.Count(record => record.Outputs.ContainsKey(RunMetrics.FileName)) == 1)
            return all;
        var own = new HashSet<StageRecord> { evaluation };
        for (var before = 0; before < own.Count;)
        {
            before = own.Count;
            string[] wanted = [.. own.SelectMany(record => record.Inputs.Values)];
            own.UnionWith(all.Where(record => record.Outputs.Values.Any(file => wanted.Any(input => input.Contains(file.Sha256, StringComparison.Ordinal)))));
        }
        // What checks a model or writes of it is needed by nothing.
        var made = own.SelectMany(record => record.Outputs.Values).Select(file => file.Sha256).ToHashSet(StringComparer.Ordinal);
        own.UnionWith(all.Where(record => record.Stage.Split('-')[0] is "verify" or "report" && record.Inputs.Values.Any(made.Contains)));
        return [.. all.Where(own.Contains)];
    }
}

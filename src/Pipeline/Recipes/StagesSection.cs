namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>stages</c>: a mapping of names, each with the kind of the stage as its only key.</summary>
internal static class StagesSection
{
    /// <summary>Reads it.</summary>
    /// <param name="value">The mapping.</param>
    /// <param name="top">The recipe's top level.</param>
    /// <param name="data">The sets.</param>
    /// <param name="seed">The recipe's seed.</param>
    /// <param name="kinds">The table of kinds.</param>
    public static IReadOnlyList<RecipeStage> Read(
        RecipeValue value, RecipeMap top, DataOptions data, ulong seed, IReadOnlyList<StepKind> kinds)
    {
        var stages = new List<RecipeStage>();
        foreach (var (key, entry) in value.Entries())
        {
            var name = RecipeFile.ReadName(key);
            if (name == StageRules.Baseline)
                throw key.Error("The baseline follows from the student.", name, remedy: "use the key baseline at the top, or choose another name");
            var map = entry.Map([.. kinds.Select(kind => kind.Name)]);
            var written = entry.IsMap ? entry.Entries().ToArray() : [];
            if (written.Length != 1)
                throw entry.Error("A stage has one kind.", $"{written.Length} kinds", $"one of {Names(kinds)}");
            var kind = kinds.First(kind => kind.Name == written[0].Key.Text());
            if (kind.Read is null)
                throw entry.Error(
                    "A stage of this kind follows from others, and is not written in a recipe.", kind.Name, $"one of {Names(kinds)}",
                    "remove it: each training is exported, verified and measured");
            stages.AddRange(kind.Read(new(name, map.Require(kind.Name), top, data, seed, stages)));
        }
        return stages.Count > 0 ? stages : throw value.OutOfRange("at least one stage, such as 'student: { train: … }'");
    }

    private static string Names(IReadOnlyList<StepKind> kinds) =>
        string.Join(", ", kinds.Where(kind => kind.Read is not null).Select(kind => kind.Name));
}

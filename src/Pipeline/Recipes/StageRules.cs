using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>What must hold between the stages of a recipe.</summary>
internal static class StageRules
{
    /// <summary>The student that the run is for, whose training no other one needs, or that is called so.</summary>
    public const string Student = "student";

    /// <summary>The same student without a teacher.</summary>
    public const string Baseline = "baseline";

    /// <summary>Who the figures' agreement is with.</summary>
    public const string Teacher = "teacher";

    /// <summary>Checks names, references and their order, and finds the training whose model the run is for.</summary>
    /// <param name="stages">The entries, in the recipe's order.</param>
    /// <param name="hasTeachers">Whether the recipe itself has teachers.</param>
    /// <exception cref="Core.Errors.InputException">A name is taken or unknown, a reference leads in a circle or to the wrong kind.</exception>
    public static TrainStep Check(IReadOnlyList<RecipeStage> stages, bool hasTeachers)
    {
        var known = new Dictionary<string, RecipeStage>(StringComparer.Ordinal);
        foreach (var (stage, name) in stages.SelectMany(stage => stage.Provides.Select(name => (stage, name))))
            if (!known.TryAdd(name, stage) || hasTeachers && name == Teacher)
                throw stage.Place.Error(
                    "Two things have one name.", $"'{name}'", "a name of its own",
                    name == Teacher ? "the recipe's teachers have this name in the figures" : "rename one (repeat: and baseline: make names too)");
        foreach (var stage in stages)
            foreach (var need in stage.Needs)
                Require(stages, known, stage, need);
        return Final(stages);
    }

    private static void Require(
        IReadOnlyList<RecipeStage> stages, Dictionary<string, RecipeStage> known, RecipeStage stage, StageReference need)
    {
        if (!known.TryGetValue(need.Name, out var found))
            throw need.Place.Error(
                "A stage is not known.", $"'{need.Name}'", $"one of {string.Join(", ", known.Keys)}",
                Suggestions.Nearest(need.Name, known.Keys) is { } nearest ? $"did you mean '{nearest}'?" : "add it under stages");
        if (Path(known, found, stage.Name, []) is { } path)
            throw need.Place.Error("Stages need each other in a circle.", string.Join(" → ", path.Prepend(stage.Name)), "an order that ends");
        if (found.Makes != need.Kind)
            throw need.Place.Error(
                "A stage does not make what is needed.", $"'{found.Name}' makes a {Word(found.Makes)}", $"a {Word(need.Kind)}",
                need.Kind == ArtifactKind.Model ? "name a stage that trains" : "name a stage that captures");
        var (here, there) = (IndexOf(stages, stage), IndexOf(stages, found));
        if (there > here)
            throw need.Place.Error(
                "A stage needs a later one.", $"'{stage.Name}' needs '{found.Name}'", "what is needed first", $"move '{found.Name}' before it");
    }

    private static string[]? Path(Dictionary<string, RecipeStage> known, RecipeStage from, string to, HashSet<string> seen)
    {
        if (from.Name == to)
            return [to];
        if (!seen.Add(from.Name))
            return null;
        foreach (var need in from.Needs)
            if (known.TryGetValue(need.Name, out var next) && Path(known, next, to, seen) is { } rest)
                return [from.Name, .. rest];
        return null;
    }

    private static TrainStep Final(IReadOnlyList<RecipeStage> stages)
    {
        var trainings = stages.OfType<TrainStep>().Where(stage => stage.Name != Baseline).ToArray();
        if (Array.Find(trainings, stage => stage.Name == Student) is { } student)
            return student;
        var needed = stages.SelectMany(stage => stage.Needs).Select(need => need.Name).ToHashSet();
        var last = trainings.Where(stage => !stage.Provides.Any(needed.Contains)).ToArray();
        return last.Length == 1
            ? last[0]
            : throw stages[0].Place.Error(
                "It is not clear which model the run is for.",
                last.Length == 0 ? "no training" : $"{string.Join(" and ", last.Select(stage => stage.Name))}, which nothing else needs",
                "one training that nothing else needs", $"call one of them '{Student}'");
    }

    private static int IndexOf(IReadOnlyList<RecipeStage> stages, RecipeStage stage) => stages.Index().First(entry => ReferenceEquals(entry.Item, stage)).Index;

    private static string Word(ArtifactKind kind) => kind.ToString().ToLowerInvariant();
}

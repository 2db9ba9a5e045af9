using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>Everything that a run consists of; docs/recipes.md describes the file.</summary>
internal sealed record Recipe
{
    /// <summary>The run's name, and the name of its folder.</summary>
    public required string Name { get; init; }

    /// <summary>Decides initial weights, order, dropout and augmentation.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The sets.</summary>
    public required DataOptions Data { get; init; }

    /// <summary>The trainings and whatever else is done, in the recipe's order; the baseline, if there is one, is the last.</summary>
    public required IReadOnlyList<RecipeStage> Stages { get; init; }

    /// <summary>The training whose model the run is for.</summary>
    public required TrainStep Final { get; init; }

    /// <summary>Whether the recipe names its stages; else they follow from its sections.</summary>
    public required bool NamesStages { get; init; }

    /// <summary>How models are exported.</summary>
    public required ExportOptions Export { get; init; }

    /// <summary>What other tools are told.</summary>
    public TrackingOptions Tracking { get; init; } = new();

    /// <summary>Who models are compared with: the recipe's teachers, else those of the final training; empty: nobody.</summary>
    public required TeachersOptions Reference { get; init; }

    /// <summary>The final student without a teacher, for comparison; <c>null</c>: none.</summary>
    public TrainStep? Baseline => Trainings.FirstOrDefault(step => step.Name == StageRules.Baseline && step != Final);

    /// <summary>The streams that students' further outputs learn from.</summary>
    public IReadOnlyCollection<string> FurtherOutputs =>
        [.. Trainings.SelectMany(step => step.Learners).SelectMany(learner => learner.Student.Import.Outputs).Select(output => output.Name).Distinct()];

    /// <summary>All trainings.</summary>
    public IEnumerable<TrainStep> Trainings => Stages.OfType<TrainStep>();

    /// <summary>The same without what belongs to a machine: threads, devices and tracking, whose effect, where there is one, a cache names itself.</summary>
    public Recipe WithoutMachine()
    {
        var stages = Stages.Select(stage => stage.WithoutMachine()).ToArray();
        return this with
        {
            Stages = stages,
            Final = stages.OfType<TrainStep>().Single(step => step.Name == Final.Name),
            Reference = Reference.WithoutMachine(),
            Tracking = new(),
        };
    }

    /// <summary>The same with other settings of a training.</summary>
    public Recipe With(string name, TrainingOptions training)
    {
        RecipeStage[] stages = [.. Stages.Select(stage => stage is TrainStep step && step.Name == name ? step with { Training = training } : stage)];
        return this with { Stages = stages, Final = stages.OfType<TrainStep>().Single(step => step.Name == Final.Name) };
    }

    /// <summary>What a training is called in figures: the student, or its own name.</summary>
    public string RoleOf(TrainStep step) => step.Name == Final.Name ? StageRules.Student : step.Name;
}

/// <summary>The sets of a recipe.</summary>
/// <param name="Transfer">What the student learns from.</param>
/// <param name="Validation">What is evaluated each epoch, for early stopping and the best checkpoint.</param>
/// <param name="Test">What the final figures are measured on.</param>
/// <param name="Alphabet">What the classes of a recogniser stand for, where texts are known; else <c>null</c>.</param>
/// <param name="Preprocessing">What is done to samples before the student, and teachers that do not say otherwise, see them.</param>
internal sealed record DataOptions(
    TransferSetOptions Transfer, TransferSetOptions? Validation, TransferSetOptions? Test, CtcAlphabetOptions? Alphabet,
    Preprocessing Preprocessing);

/// <summary>The student's graph: a built-in architecture, a file, or what a stage makes.</summary>
/// <param name="Architecture">The built-in one; <c>null</c> with a file.</param>
/// <param name="Model">The ONNX file; <c>null</c> with a built-in architecture, and for what a stage makes.</param>
/// <param name="Import">How the graph becomes a student.</param>
internal sealed record StudentSource(StudentOptions? Architecture, string? Model, StudentImport Import)
{
    /// <summary>The stage that makes the file; <c>null</c>: none does.</summary>
    public StageReference? Stage { get; init; }

    /// <summary>What only training adds to the graph.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>What is done to samples before the student alone sees them; <c>null</c>: the data's.</summary>
    public Preprocessing? Preprocessing { get; init; }
}

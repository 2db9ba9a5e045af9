using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Capture;

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

    /// <summary>The teachers, and how they are captured; without teachers the student learns from labels alone.</summary>
    public required CaptureOptions Capture { get; init; }

    /// <summary>The student's graph.</summary>
    public required StudentSource Student { get; init; }

    /// <summary>What the student is trained for.</summary>
    public required IReadOnlyList<Term> Objective { get; init; }

    /// <summary>How the student is trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The same student without a teacher, for comparison; <c>null</c>: none.</summary>
    public required BaselineOptions? Baseline { get; init; }

    /// <summary>Whether there are teachers.</summary>
    public bool HasTeachers => Capture.Teachers.Count > 0;
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

/// <summary>The student's graph: a built-in architecture, or a file.</summary>
/// <param name="Architecture">The built-in one; <c>null</c> with a file.</param>
/// <param name="Model">The ONNX file; <c>null</c> with a built-in architecture.</param>
/// <param name="Import">How the graph becomes a student.</param>
internal sealed record StudentSource(StudentOptions? Architecture, string? Model, StudentImport Import);

/// <summary>How the baseline is trained.</summary>
/// <param name="Objective">Terms that need no teacher.</param>
/// <param name="Training">The student's training where the recipe does not say otherwise.</param>
internal sealed record BaselineOptions(IReadOnlyList<Term> Objective, TrainingOptions Training);

using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>The students of a training: where their graphs come from, and how these are read.</summary>
/// <param name="graph">The recipe's stages.</param>
/// <param name="step">The entry of the training.</param>
internal sealed class TrainedLearners(RecipeGraph graph, TrainStep step)
{
    /// <summary>Whether a model was built here, and not read from a file.</summary>
    /// <param name="model">Its name.</param>
    public bool IsBuiltIn(string model) => step.LearnerOf(model).Student is var student && student.Model is null
        && (student.Stage is not { } stage || graph.Find(stage) is TrainedStage start && start.Trained.IsBuiltIn(start.LearnerOf(stage.Name)));

    /// <summary>How a student's graph is read: as the recipe says, else as the stage that it starts from does.</summary>
    public StudentImport ImportOf(LearnerEntry learner)
    {
        var (own, start) = (learner.Student.Import, learner.Student.Stage is { } stage ? graph.Find(stage)!.ImportOf(stage.Name) : null);
        // Whoever joins the two outputs of a detector's file must know along which axis, which many files do not declare.
        var axis = own is { Scores: not null, Output: not null, ClassAxis: null } && learner.Student.Model is { } file
            ? DetectorOutputs.AxisOf(graph.Files.SampleDims(file, own, graph.Sets.Transfer.SampleShape))
            : own.ClassAxis;
        // Outputs of a built-in student are called after their streams.
        return own with
        {
            Output = own.Output ?? start?.Output ?? (learner.Student.Architecture is not null && own.Outputs.Count > 0 ? CacheStream.Answer : null),
            ClassAxis = axis ?? start?.ClassAxis,
            Scores = own.Scores ?? (own.Output is null ? start?.Scores : null),
            Outputs = own.Outputs.Count > 0
                ? [.. own.Outputs.Select(output => learner.Student.Architecture is null ? output : new(output.Name, output.Name))]
                : start?.Outputs ?? [],
        };
    }

    /// <summary>A student's graph, with any weights; <c>null</c>: it is known when the stage that it starts from has made it.</summary>
    /// <param name="model">The student's name.</param>
    public OnnxModel? GraphOf(string model) => step.LearnerOf(model).Student switch
    {
        { Stage: { } stage } => (graph.Find(stage) as TrainedStage)?.GraphOf(stage.Name),
        { Model: { } file } source => BehindFront(OnnxModel.Load(file), source),
        var student => BehindFront(Architectures.RequireFit(student.Architecture!, graph.Sets.Transfer.SampleShape), student),
    };

    /// <summary>What the trainer is told of a student. Students of one architecture start from different weights: equal ones would stay equal.</summary>
    /// <param name="learner">The student.</param>
    /// <param name="index">Its place among the students, which its seed depends on.</param>
    /// <param name="import">How its graph is read.</param>
    /// <param name="heads">The outputs that it has if it is built in.</param>
    /// <param name="results">What the stages before made.</param>
    public LearnerOptions Options(LearnerEntry learner, int index, StudentImport import, IReadOnlyList<OutputHead> heads, StageResults results)
    {
        var seed = step.Training.Seed + (ulong)index;
        var student = graph.PathOf(learner.Student.Stage, learner.Student.Model, results) is { } path
            ? OnnxModel.Load(path)
            : OutputHead.Build(columns => Architectures.Build(learner.Student.Architecture!, graph.Sets.Transfer.SampleShape, columns, seed), heads);
        return new(step.NameOf(learner), BehindFront(student, learner.Student), import with { Seed = seed }, learner.Objective) { Attachments = learner.Student.Attachments };
    }

    /// <summary>A student of several inputs is trained behind a front that feeds them all from a row; export takes it away again.</summary>
    private OnnxModel BehindFront(OnnxModel student, StudentSource source) => InputFront.Behind(student, graph.Sets.Transfer.SampleShape, source.Import.Inputs);
}

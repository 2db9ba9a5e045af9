using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>What can be wrong with a student, its terms and what it learns from, found before any work.</summary>
/// <param name="graph">The recipe's stages.</param>
/// <param name="step">The entry of the training.</param>
/// <param name="cache">What is learned from; <c>null</c>: labels alone.</param>
/// <param name="furtherStreams">The streams that further outputs can learn from.</param>
internal sealed class LearnerChecks(RecipeGraph graph, TrainStep step, CacheStage? cache, IReadOnlyList<string> furtherStreams)
{
    private const int MostProbed = 16;
    private const int MostProbedValues = 1 << 22;

    // What students from files with one output give for a sample, and whether its scores are probabilities.
    private readonly Dictionary<string, (IReadOnlyList<int> Shape, bool AreProbabilities)> given = new(StringComparer.Ordinal);

    /// <summary>Checks one student.</summary>
    /// <param name="learner">Its entry.</param>
    /// <param name="import">How its graph is read.</param>
    /// <param name="student">Its graph; <c>null</c>: another stage makes it.</param>
    /// <exception cref="OnnxKdException">Something does not fit.</exception>
    public void Require(LearnerEntry learner, StudentImport import, OnnxModel? student)
    {
        RequireOutputs(import);
        ObjectiveChecks.Require(step.NameOf(learner), learner.Objective, Math.Min(step.Training.BatchSize, graph.Sets.Transfer.Count));
        RequireFit(learner, import);
        RequireTaps(learner, import, student);
        ObjectiveChecks.RequireReaders(step.NameOf(learner), learner.Student.Attachments, Objectives());
        RequireStreams(learner);
        RequireSameClasses(learner, import);
        RequireOutputsForStreams(learner, import);
    }

    /// <summary>Holds terms, and students that were checked, against what the training's cache will hold.</summary>
    /// <exception cref="InputException">A term reads what is not there, or what is of another kind; or a student gives something else than its teachers.</exception>
    public void RequireStreamsFit(IReadOnlyList<CacheStream> streams)
    {
        var outputs = step.Learners.ToDictionary(step.NameOf, learner => (IReadOnlyList<string>)[.. learner.Student.Import.Outputs.Select(output => output.Name)]);
        foreach (var learner in step.Learners)
        {
            LearnerStreams.Require(step.NameOf(learner), learner.Objective, streams, outputs);
            RequireShapeFits(learner, streams);
        }

        RequireProbabilities(streams);
    }

    /// <summary>Refuses students from files whose logits a session would take a softmax of that they do not learn.</summary>
    /// <param name="streams">What the training's cache holds.</param>
    /// <exception cref="InputException">The teacher's scores exclude one another, and a student's file gives logits.</exception>
    public void RequireProbabilities(IReadOnlyList<CacheStream> streams)
    {
        if (streams.FirstOrDefault()?.Detector?.Background is null)
            return;
        foreach (var learner in step.Learners.Where(learner => given.TryGetValue(learner.Name, out var own) && !own.AreProbabilities))
            throw new InputException(
                "The teacher's scores exclude one another, and the student's file gives logits, of which a session would take a softmax that was not learned.", learner.Student.Model, "logits",
                "probabilities, as the teacher gives", "export the student with its softmax, or name the tensor behind that (student.output; of two outputs student.scores)");
    }

    /// <summary>A further output of the teacher that has other classes than the first is nothing that the student's first output could learn.</summary>
    private void RequireOutputsForStreams(LearnerEntry learner, StudentImport import)
    {
        var taught = learner.Objective.SelectMany(term => term.TeachersOutputs(step.NameOf(learner), [.. step.Learners.Select(step.NameOf)]).Select(stream => (term.Name, Stream: stream)));
        foreach (var (term, stream) in taught.Where(each => import.Outputs.All(output => output.Name != each.Stream)))
            if (cache?.DeclaredClassesOfOutput(stream) is { } classes && cache.DeclaredClasses is { } own && classes != own)
                throw new InputException(
                    "A term learns from a further output of the teacher, and the student has no output for it.", $"objective of '{learner.Name}', term '{term}'",
                    $"teacher: {stream}, of {classes} classes; the student's only output has {own}", "an output of the student for each output that it learns",
                    $"add 'outputs: [{stream}]' under student");
    }

    private void RequireFit(LearnerEntry learner, StudentImport import)
    {
        var shape = graph.Sets.Transfer.SampleShape;
        if (learner.Student.Architecture is { } architecture)
            Architectures.RequireFit(architecture, shape);
        if (learner.Student.Model is not { } model)
            return;
        var file = OnnxModel.Load(model);
        var shipped = StudentCheck.Require(InputFront.Behind(file, shape, import.Inputs), import, shape);
        // What ONNX Runtime refuses is found out now, not when the trained student is verified.
        using (var session = StudentSession.Open(shipped, shape, import))
        {
            session.RequireTaken(FewSamples());
            if (session.Outputs is [var only])
                given[learner.Name] = (only.Shape, only.AreProbabilities || file.Proto.MetadataProps.Any(entry => entry.Key == DetectorMetadata.BoxesKey)); // logits of a student of ours are each of a probability
        }
        if (import.Scores is null && graph.Files.DeclaredClasses(model, import.Output, import.ClassAxis) is { } own && cache?.DeclaredClasses is { } taught && own != taught)
            throw new InputException(
                "The student and its teacher differ in the number of classes.", model, $"student [{own}]", $"teacher [{taught}] of {cache.FirstTeacher}",
                "choose a student with as many classes as the teacher");
    }

    /// <summary>Holds a student from a file with one output against the only thing that its teachers give.</summary>
    /// <param name="learner">The student.</param>
    /// <param name="streams">What they give.</param>
    /// <exception cref="InputException">They differ in positions, or in the number of columns.</exception>
    private void RequireShapeFits(LearnerEntry learner, IReadOnlyList<CacheStream> streams)
    {
        if (!given.TryGetValue(learner.Name, out var file) || streams.Where(stream => stream.Kind.Output() is not null).ToArray() is not [var stream]
            || !learner.Objective.Any(term => term.Reads.Any(use => use is { IsTarget: true, IsOutput: true, Path: null, Kind: not SignalKind.Labels }))
            || learner.Objective.Any(term => term.Reads.Any(use => use is { IsTarget: false, IsOutput: true, Path: not null })))
            return;
        var (own, taught) = (file.Shape, stream.StudentShape);
        // Which axis counts the classes of a map may be known only beside its teacher; and two classes are one column as well.
        if (Sizes(own).SequenceEqual(Sizes(taught)) || Sizes(own.SkipLast(1)).SequenceEqual(Sizes(taught.SkipLast(1))) && Math.Max(own[^1], taught[^1]) <= 2)
            return;
        throw new InputException(
            "Teacher and student do not give the same for a sample.", learner.Student.Model,
            $"{Shapes.Format(own)} from the student, {Shapes.Format(taught)} ({stream.Kind.Output()!.Value.Word()}) from the teacher", "equal shapes, the last axis counting classes or columns",
            stream.Kind == StreamKind.Detection ? "of a student whose boxes and scores are two outputs name both (student.output and student.scores)"
                : "choose a student of the same outputs, or name another output (student.output; under a teacher output:)");
    }

    private static IEnumerable<int> Sizes(IEnumerable<int> shape) => shape.Where(size => size > 1).Order();

    /// <summary>Some from all over the transfer set, as the student sees them.</summary>
    private float[] FewSamples()
    {
        var set = graph.Sets.Transfer;
        var rows = Math.Min(set.Count, Math.Clamp(MostProbedValues / set.SampleElements, 1, MostProbed));
        var values = new float[rows * set.SampleElements];
        SampleReader.Of(set, step.PreprocessingOf(graph.Recipe.Data)).Read([.. Enumerable.Range(0, (int)rows).Select(i => i * set.Count / rows)], view: 0, values);
        return values;
    }

    private void RequireOutputs(StudentImport import)
    {
        if (import.Outputs.FirstOrDefault(output => !furtherStreams.Contains(output.Name)) is not { } unknown)
            return;
        throw new InputException(
            "A further output of a student learns from the teacher's stream of its name, and there is none.", "student.outputs", $"'{unknown.Name}'",
            furtherStreams.Count > 0 ? $"one of {string.Join(", ", furtherStreams)}" : "a stream of the teacher: outputs: { NAME: tensor } under teachers",
            Suggestions.Nearest(unknown.Name, furtherStreams) is { } nearest ? $"did you mean '{nearest}'?" : null);
    }

    private void RequireTaps(LearnerEntry learner, StudentImport import, OnnxModel? student)
    {
        if (student is not null)
            LearnerTaps.Require(step.NameOf(learner), student, import, learner.Student.Attachments, Objectives());
    }

    private Dictionary<string, IReadOnlyList<Term>> Objectives() => step.Learners.ToDictionary(step.NameOf, other => other.Objective, StringComparer.Ordinal);

    private void RequireStreams(LearnerEntry learner)
    {
        if (cache?.StreamNames is not { } streams)
            return;
        string[] names = [.. step.Learners.Select(step.NameOf)];
        foreach (var term in learner.Objective)
            if (term.Streams(step.NameOf(learner), names).FirstOrDefault(named => !streams.Contains(named.Stream)) is { Stream: { } unknown, Key: var key })
                throw new InputException(
                    "A term learns from something that is not there.", $"objective of '{learner.Name}', term '{term.Name}'", $"{key}: {unknown}",
                    $"one of {string.Join(", ", streams.Concat(names.Select(name => $"{name}/logits")))}",
                    Suggestions.Nearest(unknown, streams) is { } nearest ? $"did you mean '{nearest}'?" : "capture it: name the tensor under a teacher's 'features' or 'outputs'");
    }

    /// <summary>Of the streams that its first output learns; a further output has a stream of its own.</summary>
    private void RequireSameClasses(LearnerEntry learner, StudentImport import)
    {
        (string Stream, int Classes)[] named =
        [
            .. from term in learner.Objective
               from stream in term.TeachersOutputs(learner.Name, step.LearnerNames)
               where import.Outputs.All(output => output.Name != stream)
               let classes = cache?.DeclaredClassesOf(stream)
               where classes is not null
               select (stream, classes.Value),
        ];
        if (Array.Find(named, entry => entry.Classes != named[0].Classes) is { Stream: not null } other)
            throw new InputException(
                "The teachers that a student learns from have different classes.", $"objective of '{learner.Name}'",
                $"{other.Classes} of '{other.Stream}', {named[0].Classes} of '{named[0].Stream}'", "the same classes, or a map of them",
                "say which is which: capture.classes, and under each teacher 'classes' with an entry for each of its own (docs/methods/several-teachers.md)");
    }
}

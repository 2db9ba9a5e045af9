using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Recorded;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>One open teacher of a capture.</summary>
/// <param name="Teacher">The teacher.</param>
/// <param name="Identity">Its entry in the manifest.</param>
/// <param name="Weight">Its share.</param>
/// <param name="Map">What its classes are among the student's; <c>null</c>: the same.</param>
internal sealed record EnsembleMember(ITeacher Teacher, CachedTeacher Identity, double Weight, ClassMap? Map)
{
    /// <summary>How many classes it gives; <c>null</c>: it gives something else.</summary>
    public int? Classes => Answer.Kind.Output() == OutputKind.Classes ? Answer.Classes : null;

    /// <summary>The student's classes that its columns stand for.</summary>
    public IReadOnlyList<int> Columns => Map?.Columns ?? [.. Enumerable.Range(0, Answer.Classes)];

    private ModelOutput Answer => Teacher.Outputs[0];

    /// <summary>Opens a teacher.</summary>
    /// <param name="teacher">Which.</param>
    /// <param name="weight">Its share.</param>
    /// <param name="set">The samples.</param>
    /// <param name="options">The capture.</param>
    /// <param name="slots">The ways of preprocessing.</param>
    /// <param name="notes">What there is to say of it.</param>
    public static EnsembleMember Open(TeacherOptions teacher, double weight, TransferSet set, CaptureOptions options, SampleSlots slots, List<string> notes)
    {
        var (read, map) = (set.Modality(teacher.Modality), ClassMap.Find(teacher, options.Classes));
        ITeacher open = teacher.IsRecorded
            ? RecordedTeacher.Open(teacher, set)
            : OpenModel(teacher, read, options, isChanged: map is not null || options.Combination != Combination.Single, slots, notes);
        var identity = open.Identity(weight) with { Classes = map?.Classes, SamplesDigest = read == set ? null : read.SamplesDigest };
        var member = new EnsembleMember(open, identity, weight, map);
        if (map is null || member.Classes is not null)
            return member;
        open.Dispose();
        throw new InputException(
            "Only classes of which one is right can be other classes of the student.", $"classes of {teacher.Place}",
            member.Answer.Kind.Output()!.Value.Word(), OutputKind.Classes.Word(), "remove the key, or learn from another output");
    }

    /// <summary>Refuses a teacher that cannot be combined with another one.</summary>
    /// <param name="first">The other one.</param>
    /// <param name="mapped">Whether their classes may differ.</param>
    /// <exception cref="InputException">They give different things.</exception>
    public void RequireLike(EnsembleMember first, bool mapped)
    {
        var (found, expected) = (Answer, first.Answer);
        if (found.Detector is not null)
            throw new InputException(
                "There is no mean of what detectors find: at one anchor each may see something else.", Identity.File, Describe(found), "one detector, or streams apart",
                "keep them apart (combination: none)");
        if (found.Shape.SkipLast(1).SequenceEqual(expected.Shape.SkipLast(1)) && found.Kind.Output() == expected.Kind.Output()
            && (mapped || found.Classes == expected.Classes))
            return;
        throw new InputException(
            "The teachers of an ensemble give different things.", Identity.File, Describe(found), $"{Describe(expected)}, as {first.Identity.File} has",
            "keep them apart (combination: none)");

        static string Describe(ModelOutput output) =>
            output.Positions == 1
                ? output.Kind.Output()!.Value.Count(output.Classes)
                : $"{output.Kind.Output()!.Value.Word()} {Shapes.Format(output.Shape)} (the last axis counts them)";
    }

    private static ModelTeacher OpenModel(
        TeacherOptions teacher, TransferSet read, CaptureOptions options, bool isChanged, SampleSlots slots, List<string> notes)
    {
        var (model, picks) = (SharedModels.Load(teacher.Model), options.Storage as TopK);
        if (model.IsSorted)
            notes.Add($"{teacher.File}: its nodes were out of order, and are sorted");
        if (model.NewerIrVersion is { } version)
            notes.Add($"{teacher.File}: its IR version {version} is newer than ONNX Runtime reads; nothing of it is used, and it is read as {model.Proto.IrVersion}");
        notes.AddRange(model.Maps.Select(map => $"{teacher.File}: '{map.Output}' is a sequence of maps, read as the tensor that they are made of, in the order of their keys"));
        ModelReading[] readings = [.. teacher.Readings.Select((reading, i) => reading.IsFeature ? reading : reading with { Picks = i == 0 && isChanged ? null : picks })];
        var settings = new SessionSettings
        {
            Device = options.Device, Threads = options.Threads, Precision = options.Precision, PicksInSession = options.PicksInSession,
            Known = read.Labels.Length > 0 || options.Labelled is not { } other || !other.SampleShape.SequenceEqual(read.SampleShape) ? read : other,
            KnownPreprocessing = teacher.Preprocessing, Inputs = teacher.Inputs,
        };
        var session = OnnxClassifier.Open(model, read.SampleShape, readings, settings);
        // Fed otherwise than it was trained, it finds nothing, or everything everywhere, and has nothing to teach.
        if (session.Output.Kind == StreamKind.Detection && read.Type == ElementType.UInt8 && teacher.Preprocessing.IsNone
            && new GraphIndex(model.Proto.Graph).Inputs.All(input => TensorTypes.IsFloat(input.DataTypeOf())))
            notes.Add($"{teacher.File}: it is fed with bytes from 0 to 255 as they are; if it takes pixels from 0 to 1, as most detectors do, scale them (--scale 1/255, or preprocessing: scale)");
        return new(teacher, model.Digest, session, read, slots.Of(teacher.Modality, teacher.Preprocessing));
    }
}

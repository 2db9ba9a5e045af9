using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Gives a trained model its provenance. Nothing in the file depends on the time or the place.</summary>
/// <param name="graph">The run.</param>
/// <param name="maker">The stage that made it.</param>
/// <param name="model">The model's name in it.</param>
internal sealed class ExportStage(RecipeGraph graph, TrainedStage maker, string model)
    : Stage($"export-{model}", maker.Name, maker.Trained.Name, maker.Trained.Cache?.Name)
{
    private const string InterfaceFile = "interface.json";

    private readonly TrainStage train = maker.Trained;

    /// <summary>The kind.</summary>
    public static StageKind Definition { get; } = new("export");

    /// <inheritdoc/>
    public override string Kind => Definition.Name;

    /// <inheritdoc/>
    public override ArtifactKind Makes => ArtifactKind.Model;

    /// <summary>The model's name.</summary>
    public string Model => model;

    /// <summary>The training that its weights come from.</summary>
    public TrainStage Train => train;

    /// <summary>The output that holds its class scores, and their axis.</summary>
    public StudentImport Import => maker.ImportOf(model);

    /// <summary>The outputs, with what each holds.</summary>
    /// <param name="results">What the stages before made.</param>
    public StudentImport ImportOf(StageResults results) => maker.ImportOf(model, results);

    /// <summary>What the model is in figures.</summary>
    public string Role { get; } = maker is TrainStage { Step: var step } && step.Name == model ? graph.Recipe.RoleOf(step) : model;

    /// <summary>The model's file, in the stage's folder and where users look for it.</summary>
    public string File => $"{Role}.onnx";

    /// <summary>What is done to samples before the exported file sees them.</summary>
    public Preprocessing Preprocessing => graph.Recipe.Export.Preprocessing switch
    {
        PreprocessingPlace.Inside => Preprocessing.None,
        PreprocessingPlace.Outside => train.Preprocessing,
        _ when Teacher is { } teacher => teacher.Preprocessing,
        _ => train.Step.Learners[0].Student.Preprocessing is null ? train.Preprocessing : Preprocessing.None,
    };

    /// <summary>The teacher whose interface the file has; <c>null</c>: it has its own.</summary>
    public TeacherOptions? Teacher => graph.Recipe.Export.Interface switch
    {
        ExportedInterface.Own => null,
        null when !train.IsBuiltIn(maker.LearnerOf(model)) => null,
        _ => train.Cache?.FirstFile,
    };

    /// <summary>Whether the file takes or gives something else than what was trained.</summary>
    public bool IsChanged => !Inside.IsNone || Fillers is not null || Teacher is not null || HasFront;

    private ExportMetadata Metadata => new(graph, this, maker);

    /// <summary>What the file's inputs are fed with otherwise than by name.</summary>
    public InputFeeds Feeds => Teacher?.Inputs ?? Import.Inputs;

    /// <summary>Whether what was trained has a front, which the file has not.</summary>
    private bool HasFront => graph.Sets.Transfer.SampleShape.Parts.Count > 0 || !Import.Inputs.AreNone;

    /// <summary>What of the training's preprocessing the file does itself.</summary>
    public Preprocessing Inside => train.Preprocessing.Following(Preprocessing);

    /// <summary>What missing values of a table became, at each value of a sample: whoever asks the file may have some. <c>null</c>: nothing, or the file does nothing to samples.</summary>
    private float[]? Fillers => graph.Recipe.Export.Preprocessing == PreprocessingPlace.Outside || graph.Sets.Transfer.SampleShape.Count != 1 ? null : graph.Sets.Transfer.FillerOfValues();

    /// <inheritdoc/>
    public override IReadOnlyList<Publication> Publications =>
        Preparation is { IsThere: true } ? [new(File, File), new(ShippedPreparation.FileName, ShippedPreparation.FileName)] : [new(File, File)];

    /// <summary>Of the student that the run is for: the graph that made its samples; <c>null</c>: none did.</summary>
    public ShippedPreparation? Preparation { get; } =
        maker is TrainStage { Step: var step } && step.Name == graph.Recipe.Final.Name && maker.Models[0] == model ? ShippedPreparation.Of(graph.Recipe.Data.Transfer) : null;

    /// <inheritdoc/>
    public override void Check()
    {
        Preparation?.RequireIntact();
        if (graph.Recipe.Export.Interface == ExportedInterface.Teacher && train.Step.Name == graph.Recipe.Final.Name && Teacher is null)
            throw new InputException("There is no teacher whose interface the student could take.", "export.interface", "teacher", "own, or auto", "name a teacher that is a file");
        if (!IsChanged || train.Step.LearnerOf(maker.LearnerOf(model)).Student.Model is not { } file)
            return;
        var student = OnnxModel.Load(file);
        if (!(Inside.IsNone && Fillers is null) && !HasFront)
            InputPreprocessing.RequirePossible(student, Inside.Log is not null || Fillers is not null);
        if (Teacher is not null)
            TeacherInterface.RequirePossible(student);
    }

    /// <inheritdoc/>
    /// <remarks>Of the student that the run is for.</remarks>
    public override IReadOnlyList<string> Notices => [.. NoticesOfTeacher, .. Preparation is not { IsThere: false } gone ? [] : new[]
    {
        $"{gone.Path} is gone: {ShippedPreparation.FileName}, the graph that made the samples, will not lie beside {File}; prepare the set again to have it",
    }];

    private IReadOnlyList<string> NoticesOfTeacher => train.Step.Name != graph.Recipe.Final.Name || Teacher is not { Pooling: null } teacher ? [] :
    [
        .. MissingOf(teacher).Select(output => $"'{output}' of {Path.GetFileName(teacher.Model)} is no output that {File} will have: a session that asks for it will not run "
            + "(learn it under outputs:, or ask for the others alone)"),
    ];

    /// <summary>Outputs of the teacher that are neither learned nor follow from what is; what cannot be told yet is left out.</summary>
    private IReadOnlyList<string> MissingOf(TeacherOptions teacher)
    {
        var graph = SharedModels.Load(teacher.Model).Given.Graph;
        if (graph.Output.Count <= 1 + Import.Outputs.Count && !LaidBare.IsInner(graph, teacher.Output))
            return [];
        try
        {
            return FindInterface(teacher, Import).Missing;
        }
        catch (OnnxKdException)
        {
            return []; // the capture says better what is wrong
        }
    }

    private ModelInterface FindInterface(TeacherOptions teacher, StudentImport import) => StandIn.FindInterface(
        teacher, [(CacheStream.Answer, import.Kind), .. import.Outputs.Select(output => (output.Name, output.Kind))], SampleReader.Of(graph.Sets.Transfer, teacher.Preprocessing));

    /// <summary>The interface of a finished file; <c>null</c>: its own.</summary>
    public ModelInterface? InterfaceOf(StageResults results) => Teacher is null
        ? null
        : results[Name].Read<ModelInterface>(InterfaceFile);

    /// <summary>How a finished file's outputs are read, each with the name of the stream that it learned from.</summary>
    public IReadOnlyList<(string Name, TeacherOptions Options)> ReadingsOf(StageResults results)
    {
        var (import, offered) = (ImportOf(results), InterfaceOf(results)?.Outputs ?? []);
        return [.. import.Apart().Select((own, i) => (i == 0 ? CacheStream.Answer : import.Outputs[i - 1].Name, Reading(own, offered.ElementAtOrDefault(i))))];

        TeacherOptions Reading(StudentImport own, InterfaceOutput? given) => new()
        {
            Model = results[Name][File], Kind = own.Kind, Preprocessing = Preprocessing, Inputs = Feeds,
            Output = given?.Name ?? own.Output, ClassAxis = given is null ? own.ClassAxis : given.NamedAxis,
            Scores = given is null ? own.Scores : given.Scores,
            Probabilities = given?.Activation == HeadActivation.SigmoidOfScores ? true : null,
        };
    }

    /// <inheritdoc/>
    public override StageInputs Inputs(StageResults results)
    {
        var inputs = new StageInputs().Add("model", results[maker.Name].Record.Outputs[maker.FileOf(model)].Sha256).Add("file", File);
        if (!Inside.IsNone)
            inputs.Add("inside", DataSection.WritePreprocessing(Inside));
        if (Fillers is { } fillers)
            inputs.Add("fillers", string.Join(' ', fillers.Select(filler => filler.ToString("R", CultureInfo.InvariantCulture))));
        if (Teacher is { } teacher)
            inputs.Add("interface", TeachersSection.WriteTeacherKey(teacher, graph.Files.Digest(teacher.Model))).Add("offers", "scores, labels, maps");
        if (IsChanged)
            inputs.Add("sample", Shapes.Format(graph.Sets.Transfer.SampleShape));
        if (Preparation is { IsThere: true } preparation)
            inputs.Add("preparation", preparation.Digest);
        foreach (var (key, value) in Metadata.Sources(results))
            inputs.Add($"metadata.{key}", value);
        return inputs;
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Versions() => ProductVersion.OfThisProgram();

    /// <inheritdoc/>
    public override void Run(StageWork work)
    {
        var exported = OnnxModel.Load(PathOfTrained(work.Results));
        var import = ImportOf(work.Results);
        var offered = Teacher is { } teacher ? FindInterface(teacher, import) : null;
        if (InputFront.IsOn(exported.Proto))
            exported = NamedInputs.Offer(exported, graph.Sets.Transfer.SampleShape, import.Inputs, offered is { TakesParts: true } ? offered.Inputs : null, Inside, Fillers);
        else if (!Inside.IsNone || Fillers is not null)
            exported = InputPreprocessing.PutInside(exported, Inside, graph.Sets.Transfer.SampleShape, Fillers);
        if (offered is not null)
            (exported, offered) = OfferInterface(exported, offered, import, work);
        Provenance.Write(exported, Metadata.Of(exported, offered, work.Results));
        exported.Save(Path.Combine(work.Folder, File));
        if (Preparation is { IsThere: true } preparation)
            using (var made = System.IO.File.OpenRead(preparation.Path))
                AtomicFile.Write(Path.Combine(work.Folder, ShippedPreparation.FileName), made.CopyTo);
    }

    /// <summary>The model before it was exported.</summary>
    /// <param name="results">What the stages before made.</param>
    public string PathOfTrained(StageResults results) => results[maker.Name][maker.FileOf(model)];

    private (OnnxModel Model, ModelInterface Offered) OfferInterface(OnnxModel exported, ModelInterface offered, StudentImport import, StageWork work)
    {
        var shape = graph.Sets.Transfer.SampleShape;
        if (import.Scores is { } scores)
        {
            exported = OnnxModel.FromProto(exported.Proto.Clone());
            var (joined, axis) = DetectorOutputs.Join(exported.Proto.Graph, import.Output, scores, import.ClassAxis, File);
            import = import with { Output = joined, ClassAxis = axis, Scores = null };
        }
        using var own = StudentSession.Open(exported, shape, import with { Inputs = offered.TakesParts ? Feeds : import.Inputs });
        var given = offered.Outputs;
        if (graph.Recipe.Export.Interface is null)
            offered = offered with { Output = Fitting(offered.Output, 0), Others = [.. offered.Others.Select((output, i) => Fitting(output, i + 1))] };
        offered = offered with { Labels = [.. offered.Labels.Where(label => (offered.Outputs[label.Of] is not null || given[label.Of] is null) && label.Fits(own.Layouts[label.Of]))] };
        // A further output that is inside the teacher is none that anybody would look for, and neither is one that only decides something.
        foreach (var (_, kept) in own.Outputs.Index().Where(output => offered.Outputs[output.Index] is null && offered.Labels.All(label => label.Of != output.Index)
            && (output.Index == 0 || given[output.Index] is not null)))
            work.Reporter.Note($"{File} keeps its own output{(own.Outputs.Count > 1 ? $" '{kept.Tensor}'" : "")}: it does not give what {Path.GetFileName(Teacher!.Model)} gives");
        AtomicFile.WriteAllText(Path.Combine(work.Folder, InterfaceFile), CanonicalJson.Serialize(offered));
        var names = import.Apart().Select(each => each.Output ?? exported.Proto.Graph.Output[0].Name);
        return (
            TeacherInterface.Offer(
                exported, [.. names.Zip(own.Outputs, own.Layouts).Select(output => new LearnedOutput(output.First, output.Second.Tensor, output.Third, output.Second.AreProbabilities))], offered, shape),
            offered);

        InterfaceOutput? Fitting(InterfaceOutput? output, int index) => output is not null && TeacherInterface.Fits(own.Layouts[index], output)
            && (!own.Outputs[index].AreProbabilities || TeacherInterface.GivesProbabilities(output)) ? output : null;
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.Pipeline.Tracking;

namespace OnnxKd.Pipeline.Stages;

/// <summary>A step of a run that makes something from inputs that its key names.</summary>
/// <param name="name">Its name, which no other stage of the run has.</param>
/// <param name="needs">The names of the stages whose results it takes.</param>
internal abstract class Stage(string name, params IEnumerable<string?> needs)
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>The stages whose results it takes.</summary>
    public IReadOnlyList<string> Needs { get; } = [.. needs.OfType<string>().Distinct()];

    /// <summary>The name of its kind.</summary>
    public abstract string Kind { get; }

    /// <summary>What it makes.</summary>
    public abstract ArtifactKind Makes { get; }

    /// <summary>What its folders are called before the key. Stages that make the same thing share it, and so its result.</summary>
    public virtual string FolderName => name;

    /// <summary>What it costs, as far as can be told without work.</summary>
    public virtual StageCost Cost => StageCost.Unknown;

    /// <summary>Files of its folder that are put where users look for them.</summary>
    public virtual IReadOnlyList<Publication> Publications => [];

    /// <summary>Checks all that needs no other stage and no runtime, before the first stage of a run begins.</summary>
    /// <exception cref="Core.Errors.OnnxKdException">Something cannot work.</exception>
    public virtual void Check()
    {
    }

    /// <summary>The models that <see cref="Look"/> is about; <c>null</c>: there is nothing to look at yet.</summary>
    public virtual string? LooksAt => null;

    /// <summary>Checks what only a look at models tells, on a few samples: for plans, and for stages that a run comes to later.</summary>
    /// <exception cref="Core.Errors.OnnxKdException">Something cannot work.</exception>
    public virtual void Look()
    {
    }

    /// <summary>What should be known of its result before any work, a sentence each; asked for after the check.</summary>
    public virtual IReadOnlyList<string> Notices => [];

    /// <summary>The models that will read samples for it, and are there before any stage runs.</summary>
    public virtual IEnumerable<SampleUse> Uses => [];

    /// <summary>Everything that decides its result, and nothing else.</summary>
    /// <param name="results">What the stages that it needs made.</param>
    public abstract StageInputs Inputs(StageResults results);

    /// <summary>Other inputs whose result is taken, where it is there already.</summary>
    public virtual IEnumerable<StageInputs> Alternatives(StageResults results) => [];

    /// <summary>Versions of the libraries that run in it; asked for when it has run.</summary>
    public abstract IReadOnlyDictionary<string, string> Versions();

    /// <summary>Does the work, or goes on with what an interrupted run left.</summary>
    public abstract void Run(StageWork work);
}

/// <summary>A stage at work.</summary>
/// <param name="Folder">Where its files go.</param>
/// <param name="Results">What the stages that it needs made.</param>
/// <param name="Reporter">Told what happens.</param>
/// <param name="Token">Stops the work; what is done stays.</param>
/// <param name="Tracker">A server that is told of the run; <c>null</c>: none.</param>
internal sealed record StageWork(string Folder, StageResults Results, StageReporter Reporter, CancellationToken Token, MlflowRun? Tracker = null)
{
    /// <summary>Told how far the work is.</summary>
    public IProgress<StageProgress> Progress => Reporter;
}

/// <summary>What a finished stage made.</summary>
/// <param name="Folder">Where it is.</param>
/// <param name="Record">What is known of it.</param>
internal sealed record StageResult(string Folder, StageRecord Record)
{
    /// <summary>A file that it made.</summary>
    public string this[string file] => Path.Combine(Folder, file);

    /// <summary>The content of a file that it made as JSON.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="CheckFailedException">It is missing, or not as the stage left it.</exception>
    public T Read<T>(string file)
    {
        Record.RequireOutput(Folder, file);
        return CanonicalJson.Deserialize<T>(InputFile.ReadAllBytes(this[file], "A file of a stage"), this[file]);
    }
}

/// <summary>The results of stages, by name.</summary>
internal sealed class StageResults
{
    private readonly Dictionary<string, StageResult> results = new(StringComparer.Ordinal);

    /// <summary>The result of a stage.</summary>
    public StageResult this[string name]
    {
        get => results[name];
        set => results[name] = value;
    }

    /// <summary>Whether a stage has one.</summary>
    public bool Has(string name) => results.ContainsKey(name);
}

/// <summary>What a stage costs.</summary>
/// <param name="Rows">Rows that models run over.</param>
/// <param name="Epochs">Passes over them.</param>
/// <param name="Steps">Updates of weights.</param>
internal sealed record StageCost(long? Rows = null, int? Epochs = null, long? Steps = null)
{
    /// <summary>Nothing can be told.</summary>
    public static StageCost Unknown { get; } = new();
}

/// <summary>A file of a stage that is put where users look for it.</summary>
/// <param name="File">Its name in the stage's folder.</param>
/// <param name="Target">Its name in the folder of results.</param>
/// <param name="IsLink">Whether it can be watched while the stage runs: a link; else a copy, once the stage is finished.</param>
internal sealed record Publication(string File, string Target, bool IsLink = false);

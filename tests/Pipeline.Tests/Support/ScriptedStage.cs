using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>A stage whose one input and whose work a test says.</summary>
internal sealed class ScriptedStage(
    string name, string input = "", Action<string>? work = null, string[]? needs = null, Publication[]? publications = null, string[]? accepts = null)
    : Stage(name, needs ?? [])
{
    public override string Kind => "scripted";

    public override ArtifactKind Makes => ArtifactKind.Figures;

    public override IReadOnlyList<Publication> Publications => publications ?? [];

    public override StageInputs Inputs(StageResults results) => new StageInputs().Add("input", input);

    public override IEnumerable<StageInputs> Alternatives(StageResults results) =>
        (accepts ?? []).Select(accepted => new StageInputs().Add("input", accepted));

    public override IReadOnlyDictionary<string, string> Versions() => new Dictionary<string, string>();

    public override void Run(StageWork at) => work?.Invoke(at.Folder);
}

using OnnxKd.Core.Settings;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>tracking</c>: what other tools are told while a run works. It changes no result, and is in no stage's key.</summary>
internal sealed record TrackingOptions
{
    /// <summary>Event files without anything else in them, <c>scalars</c>.</summary>
    public const string Scalars = "scalars";

    /// <summary>No event files.</summary>
    public const string None = "none";

    /// <summary>What event files for TensorBoard hold; default scalars.</summary>
    [Setting("event files for TensorBoard in `events/tensorboard`: each figure of each epoch; `histograms`: the weights' too", Words = [Scalars, "histograms", None])]
    public string Tensorboard { get; init; } = Scalars;

    /// <summary>The address of an MLflow tracking server; <c>null</c>: what the environment says.</summary>
    [Setting("address of an MLflow tracking server, such as `http://localhost:5000`; default: MLFLOW_TRACKING_URI, else none", Takes = "an http address")]
    public string? Mlflow { get; init; }

    /// <summary>The experiment there; <c>null</c>: what the environment says.</summary>
    [Setting("experiment there; default: MLFLOW_EXPERIMENT_NAME, else `onnxkd`")]
    public string? Experiment { get; init; }
}

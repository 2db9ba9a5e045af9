using System.Net.Http.Headers;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Tracking;

/// <summary>Which MLflow server is told of a run, by the recipe, else by MLflow's own environment variables.</summary>
/// <param name="Address">Its address, with a slash at its end.</param>
/// <param name="Experiment">The experiment that the run belongs to.</param>
internal sealed record MlflowServer(Uri Address, string Experiment)
{
    private const string DefaultExperiment = "onnxkd";

    /// <summary>The server; <c>null</c>: none is named.</summary>
    /// <param name="options">Of the recipe.</param>
    /// <param name="warn">Told of a variable that names a store and no server: it was set for other programs.</param>
    /// <exception cref="InputException">The recipe's address is none.</exception>
    public static MlflowServer? Find(TrackingOptions options, Action<string> warn)
    {
        const string variable = "MLFLOW_TRACKING_URI", expected = "http://HOST:PORT or https://HOST";
        if ((options.Mlflow ?? Variable(variable)) is not { } address)
            return null;
        if (Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
            return new(uri, options.Experiment ?? Variable("MLFLOW_EXPERIMENT_NAME") ?? DefaultExperiment);
        if (options.Mlflow is not null)
            throw new InputException(
                "That is not the address of an MLflow server.", "tracking.mlflow", $"'{address}'", expected, "correct it, or leave it out; 'mlflow server' serves a local store");
        warn($"MLflow is told nothing: {variable} is no server's address ({expected})");
        return null;
    }

    /// <summary>Opens a connection, with the credentials of MLflow's environment variables.</summary>
    /// <param name="timeout">Of each call.</param>
    public HttpClient Connect(TimeSpan timeout)
    {
        var http = new HttpClient { BaseAddress = Address, Timeout = timeout };
        if (Variable("MLFLOW_TRACKING_TOKEN") is { } bearer)
            http.DefaultRequestHeaders.Authorization = new("Bearer", bearer);
        else if (Variable("MLFLOW_TRACKING_USERNAME") is { } user)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Variable("MLFLOW_TRACKING_PASSWORD")}")));
        return http;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

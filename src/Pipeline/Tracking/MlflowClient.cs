using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace OnnxKd.Pipeline.Tracking;

/// <summary>A figure at a step.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Value">Finite.</param>
/// <param name="Step">The epoch.</param>
/// <param name="Time">When it was measured, in milliseconds of Unix time.</param>
internal sealed record TrackedMetric(string Key, double Value, long Step, long Time);

/// <summary>The few calls of an MLflow tracking server's REST interface, version 2.0, that a run needs. Every one throws if it fails.</summary>
/// <param name="http">Sends; its base address is the server's, with a slash at its end.</param>
internal sealed class MlflowClient(HttpClient http)
{
    private const string Api = "api/2.0/mlflow/";
    private const string ParentTag = "mlflow.parentRunId";
    private const string ProxyScheme = "mlflow-artifacts:";

    /// <summary>Finds an experiment, or makes it.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> FindExperiment(string name, CancellationToken token)
    {
        using var found = await http.GetAsync(new Uri($"{Api}experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}", UriKind.Relative), token);
        if (found.StatusCode != HttpStatusCode.NotFound)
            return (await Read(found, token)).GetProperty("experiment").GetProperty("experiment_id").GetString()!;
        return (await Post("experiments/create", new { name }, token)).GetProperty("experiment_id").GetString()!;
    }

    /// <summary>Begins a run.</summary>
    /// <param name="experiment">The experiment's id.</param>
    /// <param name="name">Its name.</param>
    /// <param name="parent">The id of the run that it is a part of; <c>null</c>: none.</param>
    /// <param name="token">Stops it.</param>
    /// <returns>Its id, and where its artifacts belong.</returns>
    public async Task<(string Id, string Artifacts)> CreateRun(string experiment, string name, string? parent, CancellationToken token)
    {
        object[] tags = parent is null ? [] : [new { key = ParentTag, value = parent }];
        var info = (await Post("runs/create", new { experiment_id = experiment, run_name = name, start_time = Now, tags }, token))
            .GetProperty("run").GetProperty("info");
        return (info.GetProperty("run_id").GetString()!, info.GetProperty("artifact_uri").GetString()!);
    }

    /// <summary>Says how a run is: <c>RUNNING</c>, <c>SCHEDULED</c>, <c>FINISHED</c>, <c>FAILED</c>, <c>KILLED</c>.</summary>
    /// <returns>Where its artifacts belong.</returns>
    public async Task<string> SetStatus(string run, string status, CancellationToken token)
    {
        object update = status is "RUNNING" or "SCHEDULED" ? new { run_id = run, status } : new { run_id = run, status, end_time = Now };
        return (await Post("runs/update", update, token)).GetProperty("run_info").GetProperty("artifact_uri").GetString()!;
    }

    /// <summary>Logs figures, settings and marks: at most 1,000 in all, of them 100 settings.</summary>
    public Task Log(
        string run, IEnumerable<TrackedMetric> metrics, IEnumerable<KeyValuePair<string, string>> settings, IEnumerable<KeyValuePair<string, string>> tags, CancellationToken token) =>
        Post(
            "runs/log-batch",
            new
            {
                run_id = run,
                metrics = metrics.Select(metric => new { key = metric.Key, value = metric.Value, timestamp = metric.Time, step = metric.Step }),
                @params = settings.Select(setting => new { key = setting.Key, value = setting.Value }),
                tags = tags.Select(tag => new { key = tag.Key, value = tag.Value }),
            },
            token);

    /// <summary>Whether the server takes artifacts itself; else they go to a store of which it only knows the address.</summary>
    public static bool TakesArtifacts(string artifacts) => artifacts.StartsWith(ProxyScheme, StringComparison.Ordinal);

    /// <summary>Uploads a file.</summary>
    /// <param name="artifacts">Where the run's artifacts belong; the server takes them itself.</param>
    /// <param name="file">The file.</param>
    /// <param name="token">Stops it.</param>
    public async Task Upload(string artifacts, string file, CancellationToken token)
    {
        await using var stream = File.OpenRead(file);
        using var content = new StreamContent(stream);
        var folder = new Uri(artifacts).AbsolutePath.Trim('/');
        using var answer = await http.PutAsync(
            new Uri($"api/2.0/mlflow-artifacts/artifacts/{folder}/{Uri.EscapeDataString(Path.GetFileName(file))}", UriKind.Relative), content, token);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The time, in milliseconds of Unix time.</summary>
    public static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private async Task<JsonElement> Post(string call, object body, CancellationToken token)
    {
        using var answer = await http.PostAsJsonAsync(new Uri(Api + call, UriKind.Relative), body, token);
        return await Read(answer, token);
    }

    private static async Task<JsonElement> Read(HttpResponseMessage answer, CancellationToken token)
    {
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>(token);
    }
}

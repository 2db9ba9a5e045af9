using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace OnnxKd.Pipeline.Tests.Tracking;

/// <summary>Answers the calls of MLflow's REST interface that a run makes, and records what it was sent.</summary>
internal sealed class StandInServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<(string Method, string Path, JsonElement Body)> calls = new();
    private int runs;

    public StandInServer()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        }
        listener.Prefixes.Add(Address + "/");
        listener.Start();
        _ = Task.Run(Serve);
    }

    public string Address { get; }

    /// <summary>How it answers; given the number of the call.</summary>
    public Func<int, HttpStatusCode> Status { get; set; } = _ => HttpStatusCode.OK;

    /// <summary>How long it takes.</summary>
    public TimeSpan Delay { get; set; }

    public IReadOnlyList<(string Method, string Path, JsonElement Body)> Calls => [.. calls];

    public IEnumerable<JsonElement> Bodies(string path) => Calls.Where(call => call.Path == "/api/2.0/mlflow/" + path).Select(call => call.Body);

    /// <summary>The figures that were logged.</summary>
    public IEnumerable<(string Key, double Value, long Step)> Metrics => Bodies("runs/log-batch").SelectMany(body => body.GetProperty("metrics").EnumerateArray())
        .Select(metric => (metric.GetProperty("key").GetString()!, metric.GetProperty("value").GetDouble(), metric.GetProperty("step").GetInt64()));

    public IReadOnlyDictionary<string, string> Settings => Bodies("runs/log-batch").SelectMany(body => body.GetProperty("params").EnumerateArray())
        .ToDictionary(setting => setting.GetProperty("key").GetString()!, setting => setting.GetProperty("value").GetString()!);

    /// <summary>The settings of one run.</summary>
    public IReadOnlyDictionary<string, string> SettingsOf(string run) => Bodies("runs/log-batch").Where(body => body.GetProperty("run_id").GetString() == run)
        .SelectMany(body => body.GetProperty("params").EnumerateArray()).DistinctBy(setting => setting.GetProperty("key").GetString())
        .ToDictionary(setting => setting.GetProperty("key").GetString()!, setting => setting.GetProperty("value").GetString()!);

    /// <summary>What a run's status was last.</summary>
    public string? StatusOf(string run) =>
        Bodies("runs/update").Last(body => body.GetProperty("run_id").GetString() == run).GetProperty("status").GetString();

    public void Dispose() => listener.Close();

    private async Task Serve()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            _ = Task.Run(() => Answer(context));
        }
    }

    private async Task Answer(HttpListenerContext context)
    {
        using var text = new StreamReader(context.Request.InputStream);
        var (path, body) = (context.Request.Url!.AbsolutePath, await text.ReadToEndAsync());
        var isNew = path.EndsWith("runs/create", StringComparison.Ordinal);
        int number;
        lock (calls) // runs are numbered in the order in which they stand there
        {
            calls.Enqueue((context.Request.HttpMethod, path, body.StartsWith('{') ? JsonDocument.Parse(body).RootElement : default));
            number = isNew ? ++runs : runs;
        }
        await Task.Delay(Delay);
        var status = Status(calls.Count);
        context.Response.StatusCode = (int)(status == HttpStatusCode.OK && path.EndsWith("get-by-name", StringComparison.Ordinal) ? HttpStatusCode.NotFound : status);
        var named = body.StartsWith('{') && JsonDocument.Parse(body).RootElement.TryGetProperty("run_id", out var id) ? id.GetString() : null;
        var info = new { run_id = isNew ? $"run{number}" : named, artifact_uri = "mlflow-artifacts:/7/run/artifacts" };
        var answer = path.Split('/')[^1] switch
        {
            "create" when path.Contains("experiments", StringComparison.Ordinal) => JsonSerializer.Serialize(new { experiment_id = "7" }),
            "create" => JsonSerializer.Serialize(new { run = new { info } }),
            "update" => JsonSerializer.Serialize(new { run_info = info }),
            _ => "{}",
        };
        context.Response.ContentType = "application/json";
        await context.Response.OutputStream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer));
        context.Response.Close();
    }
}

using System.Text.Json;
using System.Threading.Channels;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Tracking;

/// <summary>
/// A run as an MLflow server is told of it, from its first epoch on: settings, each epoch's figures, the final ones and the files. Everything is sent
/// from a queue in the background, so that no training waits for it; what cannot be sent is dropped with one warning.
/// </summary>
internal sealed class MlflowRun : IDisposable
{
    private const int LongestValue = 500;
    private const int MostSettings = 100;
    private const int MostMetrics = 1000;
    private const int Tries = 3;
    private const string KeptName = ".mlflow.json";

    private static readonly string[] Artifacts = ["student.onnx", "README.md", "report.html", RunMetrics.FileName, RecipeFile.ResolvedName];

    private readonly MlflowServer server;
    private readonly MlflowSweep? sweep;
    private readonly string folder;
    private readonly string name;
    private readonly string recipe;
    private readonly string identity;
    private readonly Action<string> warn;
    private readonly TimeSpan patience;
    private readonly HttpClient http;
    private readonly MlflowClient client;
    private readonly CancellationTokenSource given = new();
    private readonly Channel<Entry> queue = Channel.CreateUnbounded<Entry>(new() { SingleReader = true });
    private Task? sending;
    private (string Id, string Artifacts) run;

    /// <summary>Prepares; nothing is sent before the first figure.</summary>
    /// <param name="server">Who is told.</param>
    /// <param name="recipe">Of the run.</param>
    /// <param name="folder">Where its results are.</param>
    /// <param name="warn">Told once if something cannot be sent.</param>
    /// <param name="sweep">The sweep that it is a setting of; <c>null</c>: none.</param>
    /// <param name="patience">How long the end of a run waits for what is still in the queue; default 5 s.</param>
    public MlflowRun(MlflowServer server, Recipe recipe, string folder, Action<string> warn, MlflowSweep? sweep = null, TimeSpan? patience = null)
    {
        (this.server, this.sweep, this.folder, this.warn) = (server, sweep, folder, warn);
        name = sweep is null ? recipe.Name : Path.GetFileName(folder);
        (this.recipe, identity) = (RecipeFile.Write(recipe, folder), Hashing.Sha256(RecipeFile.WriteForKey(recipe)));
        this.patience = patience ?? TimeSpan.FromSeconds(5);
        http = server.Connect(this.patience * 2);
        client = new(http);
    }

    private string KeptFile => Path.Combine(folder, KeptName);

    /// <summary>Logs an epoch.</summary>
    /// <param name="training">The training's name.</param>
    /// <param name="epoch">Its figures.</param>
    public void Log(string training, EpochEvent epoch)
    {
        var metrics = epoch.Scalars().Where(figure => double.IsFinite(figure.Value))
            .Select(figure => new TrackedMetric(KeyOf($"{epoch.Learner ?? training}/{figure.Name}"), figure.Value, epoch.Epoch, MlflowClient.Now));
        Send(new([.. metrics], null));
    }

    /// <summary>Logs what the run ended with, if it was ever told of.</summary>
    /// <param name="status"><c>FINISHED</c>, <c>FAILED</c>, <c>KILLED</c>, or <c>SCHEDULED</c> where another process goes on with it.</param>
    public void End(string status)
    {
        if (sending is null && (status != "FINISHED" || Kept() is null))
            return;
        var figures = Path.Combine(folder, RunMetrics.FileName);
        if (status == "FINISHED" && File.Exists(figures))
            Send(new([], token => SendResults(CanonicalJson.Deserialize<RunMetrics>(File.ReadAllBytes(figures), figures), token)));
        Send(new([], async token =>
        {
            await client.SetStatus(run.Id, status, token);
            if (status == "FINISHED")
                File.Delete(KeptFile);
        }));
    }

    /// <summary>Waits a little for what is still to be sent.</summary>
    public void Dispose()
    {
        queue.Writer.TryComplete();
        if (sending is not null && !sending.Wait(patience))
        {
            given.Cancel();
            sending.Wait(patience);
        }
        http.Dispose();
        given.Dispose();
    }

    private void Send(Entry entry)
    {
        sending ??= Task.Run(Work);
        queue.Writer.TryWrite(entry);
    }

    private async Task Work()
    {
        try
        {
            await Try(Begin);
            var waiting = new List<TrackedMetric>();
            await foreach (var entry in queue.Reader.ReadAllAsync(given.Token))
            {
                waiting.AddRange(entry.Metrics);
                // Figures that came while the last call was on its way go together.
                if (entry.Call is null && waiting.Count < MostMetrics / 2 && queue.Reader.TryPeek(out _))
                    continue;
                foreach (var metrics in waiting.Chunk(MostMetrics))
                    await Try(token => client.Log(run.Id, metrics, [], [], token));
                waiting.Clear();
                if (entry.Call is { } call)
                    await Try(call);
            }
        }
        catch (Exception error) // whatever it is, a run goes on without its tracking
        {
            queue.Writer.TryComplete();
            warn(Warning(server, error));
        }
    }

    /// <summary>What is said when something could not be.</summary>
    public static string Warning(MlflowServer server, Exception error) =>
        $"MLflow at {server.Address.GetLeftPart(UriPartial.Authority)} is not told of this run any more: {(error is OperationCanceledException ? "it does not answer in time" : error.Message)}";

    /// <summary>Calls until it succeeds; a server may be busy or start anew.</summary>
    private async Task Try(Func<CancellationToken, Task> call)
    {
        for (var i = 1; ; i++)
        {
            try
            {
                await call(given.Token);
                return;
            }
            catch (HttpRequestException error) when (i < Tries && error.StatusCode is null or >= System.Net.HttpStatusCode.InternalServerError)
            {
                await Task.Delay(patience / 10 * i, given.Token);
            }
        }
    }

    private async Task Begin(CancellationToken token)
    {
        var parent = sweep is null ? null : await sweep.Find(client, server, token);
        var kept = Kept();
        run = kept is { } id ? (id, await client.SetStatus(id, "RUNNING", token)) : await client.CreateRun(await client.FindExperiment(server.Experiment, token), name, parent, token);
        TrackingRecord.Write(KeptFile, new KeptRun(server.Address.ToString(), run.Id, identity));
        if (kept is not null)
            return; // settings that MLflow knows must not change, and those of the machine may have
        foreach (var settings in Settings(recipe).Chunk(MostSettings))
            await client.Log(run.Id, [], settings, [new("onnxkd.folder", folder)], token);
    }

    /// <summary>The server's run that this one goes on with: of the same recipe, which was stopped.</summary>
    private string? Kept()
    {
        var kept = TrackingRecord.Find<KeptRun>(KeptFile);
        return kept is not null && kept.Server == server.Address.ToString() && kept.Recipe == identity ? kept.Run : null;
    }

    private async Task SendResults(RunMetrics metrics, CancellationToken token)
    {
        var figures = metrics.Models.SelectMany(model => JsonSerializer.SerializeToElement(model, CanonicalJson.Options).EnumerateObject()
            .Where(figure => figure.Value.ValueKind == JsonValueKind.Number)
            .Select(figure => new TrackedMetric(KeyOf($"test/{model.Role}/{figure.Name}"), figure.Value.GetDouble(), 0, MlflowClient.Now)));
        await client.Log(run.Id, figures, [], [], token);
        if (MlflowClient.TakesArtifacts(run.Artifacts))
            foreach (var file in Artifacts.Select(file => Path.Combine(folder, file)).Where(File.Exists))
                await client.Upload(run.Artifacts, file, token);
    }

    /// <summary>The values of a recipe by their keys, as in <c>training.epochs</c> and <c>objective.0.soft.temperature</c>.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Settings(string recipe) => Flatten("", YamlText.Parse(recipe, _ => "recipe")!);

    private static IEnumerable<KeyValuePair<string, string>> Flatten(string key, YamlNode node) => node switch
    {
        YamlMappingNode map => map.Children.SelectMany(child => Flatten(Join(key, ((YamlScalarNode)child.Key).Value!), child.Value)),
        YamlSequenceNode list => list.Children.Index().SelectMany(child => Flatten(Join(key, $"{child.Index}"), child.Item)),
        YamlScalarNode { Value: { Length: > 0 } value } => [new(KeyOf(key), value.Length <= LongestValue ? value : value[..LongestValue])],
        _ => [],
    };

    private static string Join(string key, string next) => key.Length == 0 ? next : $"{key}.{next}";

    /// <summary>A name that MLflow takes.</summary>
    public static string KeyOf(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || "_-./ ".Contains(c) ? c : '_'));

    /// <summary>What is to be sent: figures, or something else.</summary>
    private sealed record Entry(IReadOnlyList<TrackedMetric> Metrics, Func<CancellationToken, Task>? Call);

    /// <summary>The file that remembers a run of the server until it is finished.</summary>
    private sealed record KeptRun(string Server, string Run, string Recipe);
}

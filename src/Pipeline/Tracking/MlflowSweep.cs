using OnnxKd.Core.Files;

namespace OnnxKd.Pipeline.Tracking;

/// <summary>
/// A sweep as an MLflow server is told of it: a run whose children are the settings. It is made for the first setting that has something to tell, in whichever
/// process that is trained.
/// </summary>
/// <param name="Folder">The run's folder, which the settings share.</param>
/// <param name="Name">The run's name.</param>
/// <param name="Identity">Tells the sweep from others in that folder.</param>
internal sealed record MlflowSweep(string Folder, string Name, string Identity)
{
    private const string KeptName = ".mlflow-sweep.json";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private string KeptFile => Path.Combine(Folder, KeptName);

    /// <summary>The server's run, which is made if need be.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> Find(MlflowClient client, MlflowServer server, CancellationToken token)
    {
        using var right = FolderLock.Acquire(Path.Combine(Folder, ".mlflow"), Patience, token);
        if (Kept(server) is { } kept)
        {
            await client.SetStatus(kept, "RUNNING", token);
            return kept;
        }
        var (id, _) = await client.CreateRun(await client.FindExperiment(server.Experiment, token), Name, parent: null, token);
        TrackingRecord.Write(KeptFile, new KeptSweep(server.Address.ToString(), id, Identity));
        await client.Log(id, [], [], [new("onnxkd.folder", Folder)], token);
        return id;
    }

    /// <summary>Says how the sweep ended, if the server was told of it.</summary>
    /// <param name="server">Who is told.</param>
    /// <param name="status"><c>FINISHED</c>, <c>FAILED</c> or <c>KILLED</c>.</param>
    /// <param name="varied">The keys that varied, and their values.</param>
    /// <param name="best">The setting that was best; <c>null</c>: not known.</param>
    /// <param name="warn">Told if it cannot be said.</param>
    public void End(MlflowServer server, string status, IEnumerable<KeyValuePair<string, string>> varied, string? best, Action<string> warn)
    {
        if (Kept(server) is not { } id)
            return;
        try
        {
            using var http = server.Connect(Patience);
            var client = new MlflowClient(http);
            Task.Run(async () =>
            {
                await client.Log(
                    id, [], varied.Select(key => new KeyValuePair<string, string>(MlflowRun.KeyOf($"vary.{key.Key}"), key.Value)), best is null ? [] : [new("onnxkd.best", best)], CancellationToken.None);
                await client.SetStatus(id, status, CancellationToken.None);
            }).GetAwaiter().GetResult();
            if (status == "FINISHED")
                File.Delete(KeptFile);
        }
        catch (Exception error) // whatever it is, a sweep ends without its tracking
        {
            warn(MlflowRun.Warning(server, error));
        }
    }

    private string? Kept(MlflowServer server)
    {
        var kept = TrackingRecord.Find<KeptSweep>(KeptFile);
        return kept is not null && kept.Server == server.Address.ToString() && kept.Sweep == Identity ? kept.Run : null;
    }

    /// <summary>The file that remembers the server's run until the sweep is finished.</summary>
    private sealed record KeptSweep(string Server, string Run, string Sweep);
}

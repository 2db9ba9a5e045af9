using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Tracking;

/// <summary>Files that remember a server's run until it is finished.</summary>
internal static class TrackingRecord
{
    /// <summary>Reads one; <c>null</c>: there is none, or it cannot be read. Tracking fails no run: a new run of the server takes its place.</summary>
    public static T? Find<T>(string file)
        where T : class
    {
        try
        {
            return File.Exists(file) ? CanonicalJson.Deserialize<T>(File.ReadAllBytes(file), file) : null;
        }
        catch (Exception error) when (error is OnnxKdException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes one.</summary>
    public static void Write<T>(string file, T record) => AtomicFile.WriteAllText(file, CanonicalJson.Serialize(record));
}

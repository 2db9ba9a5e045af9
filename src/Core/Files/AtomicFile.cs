namespace OnnxKd.Core.Files;

/// <summary>Files that are either whole or absent: written beside, flushed to the disk, renamed.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file through a callback.</summary>
    public static void Write(string path, Action<Stream> write) => throw new NotImplementedException();

    /// <summary>Writes UTF-8 text.</summary>
    public static void WriteAllText(string path, string text) => throw new NotImplementedException();
}

using Microsoft.Win32.SafeHandles;

namespace OnnxKd.Core.Files;

/// <summary>Scratch space on disk for decoded data. It has no name (or loses it on closing), so even a kill leaves nothing.</summary>
internal static class TemporaryFile
{
    /// <summary>Creates the file and fills it through a callback.</summary>
    /// <param name="write">Writes the content.</param>
    /// <param name="folder">Where it lies; default: the system's temporary folder.</param>
    /// <exception cref="Errors.MachineException">The temporary folder is full.</exception>
    public static SafeFileHandle Create(Action<Stream> write, string? folder = null)
    {
        var path = Path.Combine(folder ?? Path.GetTempPath(), $"onnxkd-{Guid.NewGuid():N}{AtomicFile.TemporarySuffix}");
        SafeFileHandle? handle = null;
        try
        {
            DiskErrors.Guard(path, () =>
            {
                // Windows cannot remove an open file; it removes it on closing instead.
                var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
                handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, options);
                if (!OperatingSystem.IsWindows())
                    File.Delete(path);
                using var stream = new BufferedStream(new HandleWriter(handle), 1 << 18);
                write(stream);
            });
            return handle!;
        }
        catch
        {
            handle?.Dispose();
            throw;
        }
    }

    /// <summary>A write-only stream over a handle that it does not own (a FileStream would close it).</summary>
    private sealed class HandleWriter(SafeFileHandle handle) : Stream
    {
        private long position;

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => position;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            RandomAccess.Write(handle, buffer, position);
            position += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

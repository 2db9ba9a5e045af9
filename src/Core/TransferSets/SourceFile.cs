using System.IO.Compression;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.TransferSets;

/// <summary>An open data file, decompressed if it was gzipped (told from its first bytes, not its name).</summary>
internal sealed class SourceFile : IDisposable
{
    // Without this switch .NET takes a truncated gzip or ZIP stream for a complete one.
    static SourceFile() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    private const int BlockBytes = 1 << 20;

    // What a compressed file may unpack to, whatever its content says: text and tables get 5 to 50 times as long.
    private const long FreeBytes = 1 << 30;
    private const long FreeRatio = 200;

    private SourceFile(string path, SafeFileHandle handle)
    {
        Path = path;
        Handle = handle;
        Length = RandomAccess.GetLength(handle);
        Head = new byte[(int)Math.Min(512, Length)];
        handle.ReadWhole(Head, 0);
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    private SafeFileHandle Handle { get; }

    /// <summary>What the file system says about when its content was changed.</summary>
    public FileStatus Status => FileStatus.Of(Handle);

    /// <summary>The number of bytes, decompressed.</summary>
    public long Length { get; }

    /// <summary>Up to 512 bytes from the start, to tell the format.</summary>
    public byte[] Head { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lengthOf">See <see cref="Unpack"/>.</param>
    /// <exception cref="InputException">Missing, empty, unreadable, or broken gzip.</exception>
    public static SourceFile Open(string path, Func<SourceFile, long?> lengthOf)
    {
        var handle = InputFile.OpenHandle(
            path, "A data file", "check the path; if a recipe names it, its first lines may say where its data come from");
        try
        {
            var file = new SourceFile(path, handle);
            if (file.Length == 0)
                throw new InputException("A data file is empty.", where: path, found: "0 bytes", remedy: "fetch or write it again");
            if (file.Head is not [0x1f, 0x8b, ..])
                return file;
            using (file)
                return Decompress(file, lengthOf);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Decoded content: what a callback writes, kept in a nameless temporary file.</summary>
    /// <param name="path">What it was decoded from, for messages.</param>
    /// <param name="write">Writes the decoded bytes.</param>
    public static SourceFile Decode(string path, Action<Stream> write) => new(path, TemporaryFile.Create(write));

    /// <summary>Unpacked content, kept in a nameless temporary file.</summary>
    /// <param name="path">What it is unpacked from, for messages.</param>
    /// <param name="content">Unpacks it.</param>
    /// <param name="packedBytes">How long it is before.</param>
    /// <param name="lengthOf">The whole length that the beginning of the content declares, if its format does.</param>
    /// <param name="checksum">Is given the content.</param>
    /// <exception cref="InputException">It is longer than declared, or far longer than such files get.</exception>
    public static SourceFile Unpack(
        string path, Stream content, long packedBytes, Func<SourceFile, long?> lengthOf, NonCryptographicHashAlgorithm? checksum = null)
    {
        var block = new byte[BlockBytes];
        var count = content.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
        long? declared;
        using (var beginning = Decode(path, output => output.Write(block, 0, count)))
            declared = lengthOf(beginning);
        var most = Math.Max(FreeBytes, packedBytes * FreeRatio);
        if (declared > most)
            throw TooLong(declared.Value);
        return Decode(path, output =>
        {
            for (long total = 0; count > 0; count = content.Read(block))
            {
                total += count;
                if (total > declared)
                    throw new InputException(
                        "A data file is longer than its header says.", path, $"{packedBytes:N0} bytes, unpacked more than {declared:N0}", $"{declared:N0} bytes unpacked",
                        "fetch or write it again");
                if (total > most)
                    throw TooLong(total);
                checksum?.Append(block.AsSpan(0, count));
                output.Write(block, 0, count);
            }
        });

        InputException TooLong(long bytes) => new(
            "A compressed file unpacks to far more than such files do.", path, $"{packedBytes:N0} bytes, unpacked {bytes:N0} or more",
            $"at most {most:N0}", "if it is what it should be, unpack it yourself (numpy.save)");
    }

    /// <summary>Reads from a position until the span is full. Thread-safe.</summary>
    /// <exception cref="InputException">The file ends before.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (Handle.ReadWhole(destination, offset) is var read && read < destination.Length)
            throw new InputException("A data file ends too early.", where: $"{Path}, byte {offset + read}", remedy: "fetch or write it again");
    }

    /// <summary>A new stream over the bytes; the file stays open when it is closed.</summary>
    public Stream OpenStream() => new HandleReader(this);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private static SourceFile Decompress(SourceFile file, Func<SourceFile, long?> lengthOf)
    {
        try
        {
            using var gzip = new GZipStream(file.OpenStream(), CompressionMode.Decompress);
            return Unpack(file.Path, gzip, file.Length, lengthOf);
        }
        catch (InvalidDataException error)
        {
            throw new InputException(
                "A gzipped file is damaged or truncated.", where: file.Path, found: error.Message, remedy: "fetch it again", inner: error);
        }
    }

    /// <summary>A seekable, read-only stream over a handle that it does not own.</summary>
    private sealed class HandleReader(SourceFile file) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => false;
        public override long Length => file.Length;
        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            var read = RandomAccess.Read(file.Handle, buffer, Position);
            Position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

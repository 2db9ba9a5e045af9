using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WriteAllText_ExistingFile_IsReplaced()
    {
        AtomicFile.WriteAllText(folder["f"], "one");
        AtomicFile.WriteAllText(folder["f"], "zwei ü");

        Assert.Equal("zwei ü"u8.ToArray(), File.ReadAllBytes(folder["f"]));
        Assert.Single(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public void Write_CallbackThrows_KeepsTheOldFileAndNothingElse()
    {
        AtomicFile.WriteAllText(folder["f"], "old");

        Assert.Throws<FormatException>(() => AtomicFile.Write(folder["f"], stream =>
        {
            stream.Write("new"u8);
            throw new FormatException();
        }));

        Assert.Equal("old", File.ReadAllText(folder["f"]));
        Assert.Single(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public void Write_MissingFolder_IsAnInputError() =>
        Assert.Contains("does not exist", Assert.Throws<InputException>(() => AtomicFile.WriteAllText(folder["no/f"], "")).Message);

    [Fact]
    public void Write_FileInPlaceOfAFolder_IsNamed()
    {
        File.WriteAllText(folder["a"], "");

        var error = Assert.Throws<InputException>(() => AtomicFile.WriteAllText(folder["a/b/c"], ""));

        Assert.All(["A file is in the place of a folder", $"found:    {folder["a"]}\n"], part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Write_LinkToItself_IsAnInputError()
    {
        File.CreateSymbolicLink(folder["self"], "self");

        Assert.Contains("leads back", Assert.Throws<InputException>(() => AtomicFile.WriteAllText(folder["self/f"], "")).Message);
    }

    [Fact]
    public void Guard_FullDevice_SaysWhichFileAndHowMuch()
    {
        // /dev/full answers every write with "no space left on device".
        var error = Assert.Throws<MachineException>(() => DiskErrors.Guard(
            folder["cache"],
            () =>
            {
                using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
                RandomAccess.Write(full, new byte[10], 0);
            },
            bytes: 10));

        Assert.Equal(ExitCode.BadInput, error.ExitCode);
        Assert.Contains("The disk is full", error.Message);
        Assert.Contains(folder["cache"], error.Message);
        Assert.Contains("10 bytes", error.Message);
    }

    [Fact]
    public void Write_FullDisk_KeepsTheOldFileAndNothingElse()
    {
        var disk = folder["disk"];
        Directory.CreateDirectory(disk);
        if (Run("mount", "-t", "tmpfs", "-o", "size=64k", "none", disk) != 0)
            return; // Mounting needs the rights of an administrator; the test above covers the message.
        try
        {
            var file = Path.Combine(disk, "f");
            AtomicFile.WriteAllText(file, "old");

            var error = Assert.Throws<MachineException>(() => AtomicFile.Write(file, stream => stream.Write(new byte[1 << 20])));

            Assert.Contains(file, error.Message);
            Assert.Equal("old", File.ReadAllText(file));
            Assert.Single(Directory.EnumerateFiles(disk));
        }
        finally
        {
            Run("umount", disk);
        }
    }

    [Fact]
    public void RemoveLeftovers_OfAWriterThatIsGone_AreRemovedAtOnce()
    {
        var left = folder[$"f.{new string('a', 32)}.tmp"];
        File.WriteAllText(left, "half");
        File.WriteAllText(folder["mine.tmp"], "");

        AtomicFile.RemoveLeftovers(folder.Path, of: "g");
        Assert.True(File.Exists(left));
        AtomicFile.RemoveLeftovers(folder.Path, of: "f");

        Assert.Equal([folder["mine.tmp"]], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void RemoveLeftovers_WhileAFileIsWritten_LeavesIt()
    {
        AtomicFile.Write(folder["f"], stream =>
        {
            stream.Write("new"u8);
            AtomicFile.RemoveLeftovers(folder.Path);
            Assert.Single(Directory.GetFiles(folder.Path));
        });

        Assert.Equal("new", File.ReadAllText(folder["f"]));
    }

    [Fact]
    public async Task Write_WhileOthersRemoveLeftovers_AlwaysSucceeds()
    {
        using var stop = new CancellationTokenSource();
        Task[] removers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                AtomicFile.RemoveLeftovers(folder.Path);
        }))];
        for (var i = 0; i < 200; i++)
        {
            AtomicFile.WriteAllText(folder["f"], $"{i}", isDerived: true);
            Assert.Equal($"{i}", File.ReadAllText(folder["f"]));
        }
        await stop.CancelAsync();
        await Task.WhenAll(removers);

        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void TemporaryFile_Written_HasNoName()
    {
        using var handle = TemporaryFile.Create(stream => stream.Write([1, 2, 3]), folder.Path);

        Assert.Empty(Directory.EnumerateFiles(folder.Path));
        Assert.Equal(3, RandomAccess.GetLength(handle));
    }

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}

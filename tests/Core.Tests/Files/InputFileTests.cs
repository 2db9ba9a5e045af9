using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Tests.Files;

public sealed class InputFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void OpenHandle_PipeThatNobodyWritesTo_IsRefusedWithoutWaiting()
    {
        using (var make = Process.Start("mkfifo", [folder["pipe"]]))
            make.WaitForExit();

        var error = Assert.Throws<InputException>(() => InputFile.OpenHandle(folder["pipe"], "A model"));

        Assert.Contains("a named pipe", error.Message);
    }

    [Fact]
    public void OpenHandle_DeviceFolderAndNothing_AreRefusedByName()
    {
        Assert.Contains("a device", Assert.Throws<InputException>(() => InputFile.ReadAllBytes("/dev/zero", "A model")).Message);
        Assert.Contains("a folder", Assert.Throws<InputException>(() => InputFile.ReadAllBytes(folder.Path, "A model")).Message);
        Assert.Contains("A model is missing.", Assert.Throws<InputException>(() => InputFile.ReadAllBytes(folder["no"], "A model")).Message);
    }

    [Fact]
    public void FilesOfAFolder_LinkBackToIt_IsRefused()
    {
        Directory.CreateDirectory(folder["a"]);
        File.WriteAllText(folder["a/1.png"], "x");
        Assert.Single(FolderWalk.Files(folder.Path));
        Directory.CreateSymbolicLink(folder["a/back"], folder.Path);

        var error = Assert.Throws<InputException>(() => FolderWalk.Files(folder.Path).ToList());

        Assert.Contains("leads back", error.Message);
    }

    [Fact]
    public void Write_OntoADevice_IsRefusedAndThroughALinkReplacesItsTarget()
    {
        Assert.Throws<InputException>(() => AtomicFile.WriteAllText("/dev/null", "x"));
        File.WriteAllText(folder["target"], "old");
        File.CreateSymbolicLink(folder["link"], folder["target"]);

        AtomicFile.WriteAllText(folder["link"], "new");

        Assert.Equal("new", File.ReadAllText(folder["target"]));
        Assert.NotNull(new FileInfo(folder["link"]).LinkTarget);
    }

    [Fact]
    public void Acquire_LeftoverOfADeadWriterAndFileOfALivingOne_RemovesTheFirstAlone()
    {
        var (dead, living, other) = (folder[$"a.{Guid.NewGuid():N}.tmp"], folder[$"b.{Guid.NewGuid():N}.tmp"], folder["mine.tmp"]);
        File.WriteAllText(dead, "x");
        File.WriteAllText(other, "x");
        File.SetLastWriteTimeUtc(dead, DateTime.UtcNow.AddHours(-1));
        using var writing = new FileStream(living, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);

        File.SetLastWriteTimeUtc(living, DateTime.UtcNow.AddHours(-1));

        FolderLock.Acquire(folder.Path).Dispose();

        Assert.False(File.Exists(dead));
        Assert.True(File.Exists(living));
        Assert.True(File.Exists(other));
    }

    [Fact]
    public void Escape_ControlCharacters_AreShownInsteadOfObeyed()
    {
        Assert.Equal("a\\u001b[2Jb\\u000d\n\tc\\u202e", Printable.Escape("a\u001b[2Jb\r\n\tc\u202e"));
        Assert.Equal("größe 漢字", Printable.Escape("größe 漢字"));
    }
}

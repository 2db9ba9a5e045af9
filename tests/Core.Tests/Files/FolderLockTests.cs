using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Tests.Files;

public sealed class FolderLockTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Acquire_HeldElsewhere_NamesTheFolderAndTheProcess()
    {
        using var held = FolderLock.Acquire(folder.Path);

        var error = Assert.Throws<InputException>(() => FolderLock.Acquire(folder.Path));

        Assert.Contains(folder.Path, error.Message);
        Assert.Contains($"process {Environment.ProcessId}", error.Message);
    }

    [Fact]
    public void Acquire_AfterDispose_Succeeds()
    {
        FolderLock.Acquire(folder.Path).Dispose();
        FolderLock.Acquire(folder.Path).Dispose();
    }

    [Fact]
    public void Acquire_FilesOfAKilledProcess_AreHarmless()
    {
        File.WriteAllText(folder[".lock"], "");
        File.WriteAllText(folder[".lock.owner"], "1");

        using var held = FolderLock.Acquire(folder.Path);
    }

    [Fact]
    public void Acquire_MissingFolder_IsCreated()
    {
        using var held = FolderLock.Acquire(folder["new/deep"]);

        Assert.True(Directory.Exists(folder["new/deep"]));
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Tests.Files;

/// <summary>What a system says of a file, by its error numbers, which are Linux's.</summary>
public sealed class DiskErrorsTests
{
    private const string Path = "/data/rows.partial";

    [Theory]
    [InlineData(28, "The disk is full.", ExitCode.BadInput)]
    [InlineData(122, "The disk is full.", ExitCode.BadInput)]
    [InlineData(24, "Too many files are open.", ExitCode.BadInput)]
    [InlineData(30, "A file system is read-only.", ExitCode.BadInput)]
    [InlineData(36, "A file's name is too long.", ExitCode.BadInput)]
    [InlineData(5, "A file cannot be written.", ExitCode.BadInput)]
    public void Guard_ErrorOfTheSystem_IsNamedWithTheFile(int number, string expected, ExitCode code)
    {
        var error = Assert.ThrowsAny<OnnxKdException>(() => DiskErrors.Guard(Path, () => throw new IOException("what the system says", number)));

        Assert.StartsWith(expected, error.Message);
        Assert.Contains(Path, error.Message);
        Assert.Equal(code, error.ExitCode);
    }

    [Theory]
    [InlineData(11, true)]
    [InlineData(30, false)]
    [InlineData(24, false)]
    public void IsHeldByAnother_OfAReadOnlyFileSystem_IsFalse(int number, bool expected) =>
        Assert.Equal(expected, DiskErrors.IsHeldByAnother(new IOException("", number)));
}

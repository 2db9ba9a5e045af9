using OnnxKd.Core.Limits;
using OnnxKd.StudentTrainer.Runtime;

namespace OnnxKd.StudentTrainer.Tests.Runtime;

public sealed class LibtorchTests
{
    private const string NoRoom = "Unable to load shared library 'LibTorchSharp'\n/here/libtorch_cpu.so: failed to map segment from shared object";

    [Theory]
    [InlineData(NoRoom, 4L << 30, "4,096 MiB")]
    [InlineData(NoRoom, null, "build again")]
    [InlineData("/here/libtorch_cpu.so: version `GLIBCXX_3.4.32' not found", 4L << 30, "build again")]
    public void Failure_WhereAddressesAreLimited_NamesTheLimit(string message, long? limit, string expected) =>
        Assert.Contains(expected, Libtorch.Failure(new DllNotFoundException(message), limit).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Max address space         8589934592           unlimited            bytes     ", 8589934592)]
    [InlineData("Max address space         unlimited            unlimited            bytes     ", null)]
    [InlineData("Max open files            1024                 4096                 files     ", null)]
    public void Find_OfTheSystemsTable_IsTheSoftLimit(string line, long? expected) => Assert.Equal(expected, ProcessLimit.Find([line], "Max address space"));
}

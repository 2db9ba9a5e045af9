using System.Runtime.InteropServices;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public sealed class TelemetryTests
{
    [Fact]
    public void TeacherRunner_OnceLoaded_HasToldNativeCodeNotToReport()
    {
        _ = ExecutionDevice.Resolve("cpu");

        Assert.Equal("1", Marshal.PtrToStringUTF8(getenv("ORT_DISABLE_TELEMETRY")));
    }

    [DllImport("libc", CharSet = CharSet.Ansi)]
    private static extern nint getenv(string name);
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Keeps ONNX Runtime from reporting on its user. The official Linux libraries from 1.29 on do so unless they are told otherwise: they keep a
/// database in the user's home folder and send names and hashes of the models that are opened.
/// </summary>
internal static partial class Telemetry
{
    private const string Switch = "ORT_DISABLE_TELEMETRY";

    /// <summary>ONNX Runtime looks when its environment is made, so this runs before any code of this assembly does.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Nothing else surely comes before the first use of ONNX Runtime.")]
    internal static void SwitchOff()
    {
        if (Environment.GetEnvironmentVariable(Switch) is not null)
            return; // the user has chosen
        Environment.SetEnvironmentVariable(Switch, "1");
        if (OperatingSystem.IsWindows())
            return;
        try
        {
            setenv(Switch, "1", 0); // what .NET set is a copy that native code does not see
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library of another name: the official libraries that report are for Linux with glibc.
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}

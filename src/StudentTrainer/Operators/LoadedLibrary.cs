using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Entries of libraries that libtorch brought into the process.</summary>
internal static partial class LoadedLibrary
{
    private const int Lazy = 1;
    private const int OnlyIfLoaded = 4;

    /// <summary>The address of an entry; 0 where libtorch uses another library.</summary>
    /// <param name="file">The library, for example <c>libgomp.so.1</c>.</param>
    /// <param name="entry">The entry's name.</param>
    public static nint Find(string file, string entry)
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        get_num_threads(); // loads libtorch
        var library = dlopen(file, Lazy | OnlyIfLoaded);
        return library != 0 && NativeLibrary.TryGetExport(library, entry, out var address) ? address : 0;
    }

    [LibraryImport("libc.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint dlopen(string file, int flags);
}

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Lets a library that was built with GCC 13 load on a system whose libstdc++ is older, such as Debian 12's. Such a library asks for the
/// symbol version GLIBCXX_3.4.32 for the sake of one marker, <c>std::ios_base_library_init()</c>, which nothing calls. The entry in
/// <c>.gnu.version_r</c> that asks for it is marked weak, so that the loader does not insist on it. On a system that has the version, and for
/// a file that is no 64-bit ELF library, nothing is changed; where the library really uses something newer, the build fails and says so.
/// </summary>
public sealed class AcceptOlderLibstdcxx : Task
{
    private const string Runtime = "libstdc++.so.6";
    private const string Marker = "_ZSt21ios_base_library_initv";
    private const int SymbolsOfDynamicLinking = 11;
    private const int NeededVersions = 0x6ffffffe;
    private const int VersionsOfSymbols = 0x6fffffff;
    private const int Weak = 2;

    /// <summary>The library, changed in place: a copy, never the package's own file.</summary>
    [Required]
    public string Library { get; set; }

    /// <summary>The system's libstdc++; empty: the one that this process has loaded.</summary>
    public string SystemLibrary { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        var system = string.IsNullOrEmpty(SystemLibrary) ? LoadedRuntime() : SystemLibrary;
        if (system == null || !IsElf(Library))
            return true;
        var bytes = File.ReadAllBytes(Library);
        var provided = Encoding.ASCII.GetString(File.ReadAllBytes(system));
        var missing = Needs(bytes).Where(need => provided.IndexOf(need.Version + "\0", StringComparison.Ordinal) < 0).ToList();
        if (missing.Count == 0)
            return true;
        foreach (var need in missing)
        {
            var used = UsersOf(bytes, need.Index).Where(symbol => symbol != Marker).ToList();
            if (used.Count > 0)
            {
                Log.LogError(
                    "libstdc++ is too old for TorchSharp. Where: {0}. Found: no version {1}, which {2} needs for {3}. Expected: the libstdc++ of "
                    + "GCC 13 or newer. To do: build on a newer system (Debian 13, Ubuntu 24.04), or install a newer libstdc++6.",
                    system, need.Version, Path.GetFileName(Library), used[0]);
                return false;
            }

            bytes[need.FlagsAt] |= Weak;
        }

        // The same time and size as the package's file, so that the next build sees nothing to copy.
        var written = File.GetLastWriteTimeUtc(Library);
        var temporary = Library + ".new";
        File.WriteAllBytes(temporary, bytes);
        File.Delete(Library);
        File.Move(temporary, Library);
        File.SetLastWriteTimeUtc(Library, written);
        return true;
    }

    /// <summary>.NET's own runtime needs libstdc++ too, so the loader has found it already.</summary>
    private static string LoadedRuntime()
    {
        const string Mappings = "/proc/self/maps";
        return File.Exists(Mappings)
            ? File.ReadLines(Mappings).Select(line => line.Substring(line.LastIndexOf(' ') + 1)).FirstOrDefault(path => Path.GetFileName(path).StartsWith(Runtime, StringComparison.Ordinal))
            : null;
    }

    private static bool IsElf(string path)
    {
        using (var file = File.OpenRead(path))
        {
            var start = new byte[6];
            return file.Read(start, 0, 6) == 6 && start[0] == 0x7f && start[1] == 'E' && start[2] == 'L' && start[3] == 'F'
                && start[4] == 2 && start[5] == 1; // 64 bits, little-endian
        }
    }

    /// <summary>What the library asks of libstdc++ that the loader insists on.</summary>
    private static IEnumerable<Need> Needs(byte[] bytes)
    {
        var needs = Section.OfType(bytes, NeededVersions);
        if (needs == null)
            yield break;
        var strings = Section.At(bytes, needs.Link);
        for (var file = needs.Offset; ;)
        {
            var isRuntime = Text(bytes, strings.Offset + Int(bytes, file + 4)) == Runtime;
            var version = file + Int(bytes, file + 8);
            for (var left = Short(bytes, file + 2); left > 0; left--)
            {
                if (isRuntime && (Short(bytes, version + 4) & Weak) == 0)
                    yield return new Need(Text(bytes, strings.Offset + Int(bytes, version + 8)), Short(bytes, version + 6), version + 4);
                version += Int(bytes, version + 12);
            }

            var next = Int(bytes, file + 12);
            if (next == 0)
                yield break;
            file += next;
        }
    }

    /// <summary>The symbols that carry a version.</summary>
    private static IEnumerable<string> UsersOf(byte[] bytes, int version)
    {
        const int SymbolSize = 24;
        var (symbols, versions) = (Section.OfType(bytes, SymbolsOfDynamicLinking), Section.OfType(bytes, VersionsOfSymbols));
        var strings = Section.At(bytes, symbols.Link);
        for (var i = 0; i < symbols.Size / SymbolSize; i++)
        {
            if ((Short(bytes, versions.Offset + 2 * i) & 0x7fff) == version)
                yield return Text(bytes, strings.Offset + Int(bytes, symbols.Offset + i * SymbolSize));
        }
    }

    private static string Text(byte[] bytes, int at) => Encoding.ASCII.GetString(bytes, at, Array.IndexOf(bytes, (byte)0, at) - at);

    private static int Short(byte[] bytes, int at) => BitConverter.ToUInt16(bytes, at);

    private static int Int(byte[] bytes, int at) => BitConverter.ToInt32(bytes, at);

    private sealed class Need
    {
        public Need(string version, int index, int flagsAt)
        {
            Version = version;
            Index = index;
            FlagsAt = flagsAt;
        }

        public string Version { get; }

        public int Index { get; }

        public int FlagsAt { get; }
    }

    private sealed class Section
    {
        private Section(byte[] bytes, int header)
        {
            Type = Int(bytes, header + 4);
            Offset = checked((int)BitConverter.ToInt64(bytes, header + 24));
            Size = checked((int)BitConverter.ToInt64(bytes, header + 32));
            Link = Int(bytes, header + 40);
        }

        public int Type { get; }

        public int Offset { get; }

        public int Size { get; }

        public int Link { get; }

        public static Section At(byte[] bytes, int index) =>
            new Section(bytes, checked((int)BitConverter.ToInt64(bytes, 40)) + index * Short(bytes, 58));

        public static Section OfType(byte[] bytes, int type) =>
            Enumerable.Range(0, Short(bytes, 60)).Select(index => At(bytes, index)).FirstOrDefault(section => section.Type == type);
    }
}

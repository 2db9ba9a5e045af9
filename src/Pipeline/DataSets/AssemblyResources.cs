using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace OnnxKd.Pipeline.DataSets;

/// <summary>Reads what an assembly holds as resources, without loading it: some packages embed a model there.</summary>
internal static class AssemblyResources
{
    /// <summary>Reads all of them.</summary>
    /// <param name="assembly">The assembly's bytes.</param>
    /// <param name="visit">Told of each: its name and content.</param>
    /// <exception cref="BadImageFormatException">It is no assembly, or damaged.</exception>
    public static void Read(Stream assembly, Action<string, Stream> visit)
    {
        using var bytes = new MemoryStream();
        assembly.CopyTo(bytes);
        bytes.Position = 0;
        using var file = new PEReader(bytes);
        var metadata = file.GetMetadataReader();
        var start = file.PEHeaders.CorHeader?.ResourcesDirectory.RelativeVirtualAddress ?? throw new BadImageFormatException("It holds no resources.");
        foreach (var resource in metadata.ManifestResources.Select(metadata.GetManifestResource).Where(resource => resource.Implementation.IsNil))
        {
            var reader = file.GetSectionData(checked(start + (int)resource.Offset)).GetReader();
            var length = reader.ReadInt32();
            if (length < 0 || length > reader.RemainingBytes)
                throw new BadImageFormatException("A resource ends beyond the file.");
            using var content = new MemoryStream(reader.ReadBytes(length), writable: false);
            visit(metadata.GetString(resource.Name), content);
        }
    }
}

using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Safetensors;
using OnnxKd.TeacherRunner.Preparation;
using OnnxKd.TeacherRunner.Preparation.Images;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>Folders as people have them: labels are those of the classes that are meant, or there are none.</summary>
public sealed class ClassFoldersTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_WhatSystemsLeaveBehind_IsNoClassAndIsCounted()
    {
        Pictures("größe x/1.png", "cat/1.PNG", "cat/._1.png", ".ipynb_checkpoints/1.png", "__MACOSX/cat/2.png", "@eaDir/1.png");
        foreach (var name in new[] { "Thumbs.db", "cat/Thumbs.db", "desktop.ini", "cat/photo.webp", "LICENSE" })
            File.WriteAllText(folder[$"in/{name}"], "x");

        var result = Run();

        Assert.Equal(["cat", "größe x"], result.Set.Classes!);
        Assert.Equal(2, result.Set.Samples);
        Assert.Equal(new Dictionary<string, int> { [""] = 1, [".db"] = 2, [".ini"] = 1, [".webp"] = 1 }, result.PassedOver);
    }

    /// <summary>Without its class every label behind it would be one less.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_FolderWithoutImages_IsRefused(bool hasOtherFiles)
    {
        Pictures("cat/1.png", "dog/1.png");
        Directory.CreateDirectory(folder["in/bear"]);
        if (hasOtherFiles)
            File.WriteAllText(folder["in/bear/1.webp"], "x");

        var error = Refusal();

        Assert.Contains("in/bear", error);
        Assert.Contains("--classes", error);
        Assert.Equal([1, 2], Labels(Run(["bear", "cat", "dog"])));
        Assert.Null(ImagePreparation.Run(folder["in"], new() { Crop = [1], Unlabelled = true }, new(folder["out"]), null, default).Set.Classes);
    }

    [Theory]
    [InlineData("train", "test")]
    [InlineData("Train", "VAL", "Test")]
    [InlineData("train")]
    public void Run_FoldersOfPartsOfASet_AreNoClasses(params string[] parts)
    {
        Pictures([.. parts.SelectMany(part => new[] { $"{part}/cat/1.png", $"{part}/dog/1.png" })]);

        var error = Refusal();

        Assert.Contains("prepare each part by itself", error);
        Assert.Contains("--classes", error);
    }

    [Fact]
    public void Run_NumbersThatTextsHaveInAnotherOrder_AreRefusedUntilTheOrderIsSaid()
    {
        Pictures("2/1.png", "10/1.png", "1/1.png");

        Assert.Contains("as texts 1, 10, 2; as numbers 1, 2, 10", Refusal());
        Assert.Equal([0, 2, 1], Labels(Run(["1", "2", "10"]))); // sources are in the order of texts
    }

    [Theory]
    [InlineData("01", "02", "10")]
    [InlineData("1", "10", "two")]
    public void Run_NumbersInOneOrder_AreClasses(params string[] names)
    {
        Pictures([.. names.Select(name => $"{name}/1.png")]);

        Assert.Equal(names, Run().Set.Classes!);
    }

    [Fact]
    public void Run_ClassesOfAnotherSet_HaveItsLabels()
    {
        Pictures("cat/1.png", "fox/1.png");

        var result = Run(["fox", "dog", "cat"]);

        Assert.Equal(["fox", "dog", "cat"], result.Set.Classes!);
        Assert.Equal([2, 0], Labels(result));
        Assert.Contains("'fox'", Assert.Throws<InputException>(() => Run(["cat", "dog"])).Message);
    }

    [Fact]
    public void Run_FilesOfOtherKindsAlone_SaysWhichThereAre()
    {
        Directory.CreateDirectory(folder["in/cat"]);
        File.WriteAllText(folder["in/cat/1.webp"], "x");

        Assert.Contains("1 .webp", Refusal());
    }

    [Theory]
    [InlineData("fox\r\ncat \n\n")]
    [InlineData("\ufefffox\ncat")]
    public void Names_OfAFile_AreItsLines(string text)
    {
        File.WriteAllText(folder["c.txt"], text);

        Assert.Equal(["fox", "cat"], ClassNames.Read(folder["c.txt"]));
    }

    [Theory]
    [InlineData("fox\n\ncat\n", "no name")]
    [InlineData("fox\ncat\nfox\n", "'fox'")]
    [InlineData("", "no name")]
    public void Names_ThatAreNone_AreRefused(string text, string message)
    {
        File.WriteAllText(folder["c.txt"], text);

        Assert.Contains(message, Assert.Throws<InputException>(() => ClassNames.Read(folder["c.txt"])).Message);
    }

    [Fact]
    public void Names_OfAPreparedSet_AreItsClasses()
    {
        Pictures("cat/1.png", "fox/1.png");
        Run(["fox", "dog", "cat"]);

        Assert.Equal(["fox", "dog", "cat"], ClassNames.Read(folder["out"]));
        Assert.Contains("no prepared set", Assert.Throws<InputException>(() => ClassNames.Read(folder["in"])).Message);
    }

    private void Pictures(params string[] names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[$"in/{name}"])!);
            File.WriteAllBytes(folder[$"in/{name}"], PngFile.Encode(1, 1, 1, [7]));
        }
    }

    private PreparationResult Run(IReadOnlyList<string>? classes = null) =>
        ImagePreparation.Run(folder["in"], new() { Crop = [1] }, new(folder["out"]) { Classes = classes }, null, default);

    private string Refusal() => Assert.Throws<InputException>(() => Run()).Message;

    private static long[] Labels(PreparationResult result)
    {
        using var file = SafetensorsFile.Open(Path.Combine(result.Folder, "samples.safetensors"));
        return MemoryMarshal.Cast<byte, long>(file.Bytes("labels")).ToArray();
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.TeacherRunner.Ensembles;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Tests.Ensembles;

public class ClassMapTests
{
    private static readonly ClassList Animals = new(4, ["cat", "dog", "bird", "fish"]);

    [Fact]
    public void Find_NamesAndIndices_MeanTheSame()
    {
        var byName = Find(Animals, "bird", "none", "cat");
        Assert.Equal([2, null, 0], byName.Classes);
        Assert.Equal([0, 2], byName.Columns);
        Assert.Equal(byName.Classes, Find(Animals, "2", "none", "0").Classes);
        Assert.Equal(byName.Classes, Find(new(4, []), "2", "none", "0").Classes);
    }

    /// <summary>The teacher's three classes are the student's 2, none and 0: of (5, 6, 7) and (1, 2, 3) stay (7, 5) and (3, 1).</summary>
    [Fact]
    public void Apply_OtherOrderAndAClassTooMany_KeepsTheStudentsInTheirOrder()
    {
        float[] rows = [5, 6, 7, 1, 2, 3];
        Assert.Equal(4, Find(Animals, "bird", "none", "cat").Apply(rows));
        Assert.Equal([7, 5, 3, 1], rows[..4]);
    }

    /// <summary>Two breeds are one class: its probability is their sum.</summary>
    [Fact]
    public void Apply_SeveralClassesThatAreOne_AddsTheirProbabilities()
    {
        float[] row = [MathF.Log(0.1f), MathF.Log(0.6f), MathF.Log(0.3f)];
        Assert.Equal(2, Find(Animals, "cat", "dog", "cat").Apply(row));
        Near.Equal([Math.Log(0.4), Math.Log(0.6)], row[..2], 1e-6);
    }

    [Theory]
    [InlineData("bard", "did you mean 'bird'?")]
    [InlineData("4", "an index below 4")]
    [InlineData("-1", "one of cat, dog, bird, fish")]
    public void Find_ClassThatTheStudentLacks_IsRefused(string name, string says) =>
        Assert.Contains(says, Assert.Throws<InputException>(() => Find(Animals, "cat", name)).Message);

    [Fact]
    public void Find_WithoutTheStudentsClasses_SaysWhatToAdd() =>
        Assert.Contains("add capture.classes", Assert.Throws<InputException>(() => Find(null, "cat", "dog")).Message);

    [Fact]
    public void Find_OfOneClassAlone_IsRefused() =>
        Assert.Contains("fewer than two", Assert.Throws<InputException>(() => Find(Animals, "cat", "none")).Message);

    [Theory]
    [InlineData(Combination.MeanOfProbabilities, false, "The teachers have different classes.")]
    [InlineData(Combination.MeanOfProbabilities, true, "A teacher has other classes than the student.")]
    [InlineData(Combination.Single, true, "A teacher has other classes than the student.")]
    public void Require_OtherClassesWithoutAMap_NamesTheTeacher(Combination combination, bool known, string says)
    {
        var options = new CaptureOptions
        {
            Teachers = [new() { Model = "a.onnx" }, new() { Model = "b.onnx" }], Combination = combination, Classes = known ? Animals : null,
        };
        var error = Assert.Throws<InputException>(() => ClassMap.Require(options, [4, 5]));
        Assert.Contains(says, error.Message);
        Assert.Contains("b.onnx", error.Message);
        ClassMap.Require(options, [4, null]);
    }

    [Fact]
    public void Require_MapOfAnotherLength_SaysBoth()
    {
        var options = new CaptureOptions { Teachers = [new() { Model = "a.onnx", Classes = ["cat", "dog"] }], Classes = Animals };
        var message = Assert.Throws<InputException>(() => ClassMap.Require(options, [3])).Message;
        Assert.Contains("2 entries", message);
        Assert.Contains("3, one for each class", message);
    }

    private static ClassMap Find(ClassList? classes, params string[] entries) => ClassMap.Find(new() { Model = "a.onnx", Classes = entries }, classes)!;
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.TeacherRunner.Ensembles;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>What must hold of a capture's options before a teacher is opened.</summary>
internal static class CaptureRules
{
    private const string StreamCharacters = "abcdefghijklmnopqrstuvwxyz0123456789._-";

    /// <summary>Checks them.</summary>
    /// <exception cref="InputException">Names the option that is out of range.</exception>
    public static void Check(CaptureOptions options)
    {
        if (options.Teachers.Count == 0)
            throw new InputException("There is no teacher to capture.", "teachers", "none", "at least one");
        Require(options.Combination != Combination.Specialists, "combination", options.Combination, "a combination that a capture can make");
        Require(options.BatchSize is null or >= 1, "batch size", options.BatchSize, "1 or more");
        Require(options.Views >= 1, "views", options.Views, "1 or more");
        Require(options.Views == 1 || !options.Augmentation.IsNone, "views", options.Views, "1, because without augmentation all views are alike");
        if (!options.Augmentation.IsNone && options.Teachers.FirstOrDefault(teacher => teacher.IsRecorded) is { } recorded)
            throw new InputException(
                "What a teacher said of samples as they are says nothing of changed ones.", recorded.Place, "an augmentation", "none",
                "leave capture.augmentation and capture.views out, or name the teacher's model");
        Require(options.Threads is null or >= 1, "threads", options.Threads, "1 or more");
        foreach (var teacher in options.Teachers)
        {
            Require(teacher.Weight > 0 && double.IsFinite(teacher.Weight), $"weight of {teacher.Place}", teacher.Weight, "a number above 0");
            if (teacher.Modality is not null && !options.Augmentation.IsNone)
                throw new InputException(
                    "A random view of one modality is no view of another.", $"capture.augmentation, and modality '{teacher.Modality}' of {teacher.Place}",
                    remedy: "remove the augmentation, or let the teacher read what the student reads");
            _ = ClassMap.Find(teacher, options.Classes);
            Require(IsName(teacher.Name), $"name of {teacher.Place}", teacher.Name, "lower-case letters, digits, '.', '_' and '-'");
            foreach (var tapped in teacher.Outputs.Concat(teacher.Features))
                Require(IsName(tapped.Stream), $"stream of '{tapped.Tensor}'", tapped.Stream, "lower-case letters, digits, '.', '_' and '-'");
        }

        static bool IsName(string? name) => name is null || name.Length > 0 && !name.AsSpan().ContainsAnyExcept(StreamCharacters);

        static void Require(bool holds, string where, object? found, string expected)
        {
            if (!holds)
                throw new InputException("An option of the capture is out of range.", where, FormattableString.Invariant($"{found}"), expected);
        }
    }
}

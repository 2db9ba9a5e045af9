using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>Why a setting of a sweep failed, while the others go on.</summary>
/// <param name="Message">The whole error.</param>
/// <param name="ExitCode">What a run of the setting alone would return.</param>
internal sealed record SettingFailure(string Message, ExitCode ExitCode)
{
    /// <summary>What an error says.</summary>
    public static SettingFailure Of(OnnxKdException error) => new(error.Message, error.ExitCode);

    /// <summary>Whether an error is the setting's, and not the machine's, which would meet all others too.</summary>
    public static bool IsOfSetting(OnnxKdException error) => error is not MachineException;

    /// <summary>The error of a sweep of which settings failed: of their kind, if they are of one.</summary>
    /// <param name="failures">Each.</param>
    /// <param name="settings">How many settings there are.</param>
    /// <param name="folder">The sweep's folder.</param>
    public static OnnxKdException Of(IReadOnlyList<SettingFailure> failures, int settings, string folder)
    {
        var (what, found) = (failures.Count == settings ? "Every setting of the sweep failed." : "Some settings of the sweep failed.", $"{failures.Count} of {settings}");
        var remedy = $"{SweepMetrics.FileName} says why in full, setting by setting";
        return failures.Select(failure => failure.ExitCode).Distinct().ToArray() switch
        {
            [ExitCode.BadInput] => new InputException(what, folder, found, remedy: remedy),
            [ExitCode.UnsupportedModel] => new UnsupportedModelException(what, folder, found, remedy: remedy),
            _ => new CheckFailedException(what, folder, found, remedy: remedy),
        };
    }
}

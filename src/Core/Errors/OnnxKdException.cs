using System.Text;

namespace OnnxKd.Core.Errors;

/// <summary>
/// An error that a user can act on. Its message says what is wrong, and, each on a line of its own where known, where it is,
/// what was found, what was expected and what to do next.
/// </summary>
public abstract class OnnxKdException : Exception
{
    /// <summary>Composes the message from its parts.</summary>
    /// <param name="what">One sentence: what is wrong.</param>
    /// <param name="where">File, line, node, tensor, sample or option.</param>
    /// <param name="found">The offending value.</param>
    /// <param name="expected">What would have been right.</param>
    /// <param name="remedy">What to do next.</param>
    /// <param name="inner">The exception that revealed the problem.</param>
    protected OnnxKdException(string what, string? where, string? found, string? expected, string? remedy, Exception? inner)
        : base(Compose(what, where, found, expected, remedy), inner)
    {
    }

    /// <summary>The process exit code that this kind of error maps to.</summary>
    public abstract ExitCode ExitCode { get; }

    private static string Compose(string what, string? where, string? found, string? expected, string? remedy)
    {
        var text = new StringBuilder(what);
        Append("where:   ", where);
        Append("found:   ", found);
        Append("expected:", expected);
        Append("to do:   ", remedy);
        return text.ToString();

        void Append(string label, string? value)
        {
            if (value is not null)
                text.Append("\n  ").Append(label).Append(' ').Append(value);
        }
    }
}

/// <summary>Usage, a recipe, a file or a value is wrong (exit code 2).</summary>
/// <inheritdoc cref="OnnxKdException(string, string?, string?, string?, string?, Exception?)"/>
public sealed class InputException(
    string what, string? where = null, string? found = null, string? expected = null, string? remedy = null, Exception? inner = null)
    : OnnxKdException(what, where, found, expected, remedy, inner)
{
    /// <inheritdoc/>
    public override ExitCode ExitCode => ExitCode.BadInput;
}

/// <summary>
/// A model asks for more memory or time than it may have (exit code 2). Whoever tries a model in several ways does not go on after this: the next try would take as long.
/// </summary>
/// <inheritdoc cref="OnnxKdException(string, string?, string?, string?, string?, Exception?)"/>
public sealed class LimitException(
    string what, string? where = null, string? found = null, string? expected = null, string? remedy = null, Exception? inner = null)
    : OnnxKdException(what, where, found, expected, remedy, inner)
{
    /// <inheritdoc/>
    public override ExitCode ExitCode => ExitCode.BadInput;
}

/// <summary>A valid model uses something that is not supported (exit code 3).</summary>
/// <inheritdoc cref="OnnxKdException(string, string?, string?, string?, string?, Exception?)"/>
public sealed class UnsupportedModelException(
    string what, string? where = null, string? found = null, string? expected = null, string? remedy = null, Exception? inner = null)
    : OnnxKdException(what, where, found, expected, remedy, inner)
{
    /// <inheritdoc/>
    public override ExitCode ExitCode => ExitCode.UnsupportedModel;
}

/// <summary>A check failed: parity, a hash, a checksum, a verification (exit code 4).</summary>
/// <inheritdoc cref="OnnxKdException(string, string?, string?, string?, string?, Exception?)"/>
public sealed class CheckFailedException(
    string what, string? where = null, string? found = null, string? expected = null, string? remedy = null, Exception? inner = null)
    : OnnxKdException(what, where, found, expected, remedy, inner)
{
    /// <inheritdoc/>
    public override ExitCode ExitCode => ExitCode.CheckFailed;
}

/// <summary>The machine refused: a full disk, no permission, a device that is gone (exit code 2).</summary>
/// <inheritdoc cref="OnnxKdException(string, string?, string?, string?, string?, Exception?)"/>
public sealed class MachineException(
    string what, string? where = null, string? found = null, string? expected = null, string? remedy = null, Exception? inner = null)
    : OnnxKdException(what, where, found, expected, remedy, inner)
{
    /// <inheritdoc/>
    public override ExitCode ExitCode => ExitCode.BadInput;
}

namespace OnnxKd.Benchmarks.Attack;

/// <summary>Runs command lines in this process, where a mutant costs milliseconds.</summary>
internal static class InProcess
{
    /// <summary>Runs one to its end.</summary>
    /// <returns>Its exit code, and what it wrote.</returns>
    public static (int Code, string Output, string Error) Run(params string[] words)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var code = Pipeline.CommandLine.InvokeAsync(words, new() { Output = output, Error = errors }, CancellationToken.None).GetAwaiter().GetResult();
        return (code, $"{output}", $"{errors}");
    }
}

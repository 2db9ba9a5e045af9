namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// How many rows a run on the CPU gets. Runs go on at the same time, one thread each: so no thread waits for another one in the middle of
/// a model, as it would where the threads share each operator. What a run works on should then fit into the caches of one processor.
/// It depends on the model alone, so that a row is always run in the same company, on any machine.
/// </summary>
internal static class RunSize
{
    // Measured with six models (docs/performance.md): beyond these figures nothing gets faster.
    private const long CachedBytes = 128 << 10;

    // ONNX Runtime multiplies 4, 6 or 12 rows at a time, by the processor; what is left over takes nearly as long as a whole group.
    private const int RowsOfAProduct = 24;
    private const long ParametersOfARun = 4 << 20;

    // A product with one row takes another path than one with several.
    private const int Fewest = 2;

    /// <summary>The number of rows.</summary>
    /// <param name="sampleElements">Values of a sample: the larger it is, the larger is what a model makes of it.</param>
    /// <param name="parameters">Weights: where there are few, calling operators takes longer than their work, unless there are many rows.</param>
    public static int Of(int sampleElements, long parameters)
    {
        var cached = CachedBytes / (sizeof(float) * (long)sampleElements);
        var worthACall = Math.Max(RowsOfAProduct, ParametersOfARun / Math.Max(1, parameters));
        return (int)Math.Max(Fewest, Math.Min(cached, worthACall));
    }
}

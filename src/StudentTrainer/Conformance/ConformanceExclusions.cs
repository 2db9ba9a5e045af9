namespace OnnxKd.StudentTrainer.Conformance;

/// <summary>ONNX's tests that use only operators of the table and are not run, each for a reason that cannot be mended here.</summary>
internal static class ConformanceExclusions
{
    private const string Generator = "the expected mask was drawn from numpy's generator; the trainer has its own";
    private const string Corners = "the expected values do not follow the formula of the specification for align_corners with these scales";
    private const string Truncation = "the expected values are truncated; libtorch rounds to nearest";

    private const string Passes = "the number of passes is an input, which could depend on the samples";
    private const string BatchOfScans = "Scan of operator set 8 has an axis of batches, which it lost in the next";

    /// <summary>Reasons by name of the test's folder.</summary>
    public static IReadOnlyDictionary<string, string> Reasons { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        { "test_training_dropout", Generator },
        { "test_training_dropout_default", Generator },
        { "test_training_dropout_default_mask", Generator },
        { "test_training_dropout_mask", Generator },
        { "test_loop11", Passes },
        { "test_range_float_type_positive_delta_expanded", Passes },
        { "test_range_int32_type_negative_delta_expanded", Passes },
        { "test_scan_sum", BatchOfScans },
        { "test_resize_downsample_scales_cubic_align_corners", Corners },
        { "test_resize_downsample_scales_linear_align_corners", Corners },
        { "test_cast_FLOAT_to_BFLOAT16", Truncation },
        { "test_castlike_FLOAT_to_BFLOAT16", Truncation },
        { "test_castlike_FLOAT_to_BFLOAT16_expanded", Truncation },
    };
}

namespace OnnxKd.Pipeline.Reports;

/// <summary>The graph beside a student that makes its samples of texts, pictures or sounds.</summary>
/// <param name="File">Its file.</param>
/// <param name="Input">Its input.</param>
/// <param name="TakesText">Whether that is a text, else the bytes of a file.</param>
/// <param name="HasLength">Whether it says how much of a sample is no padding.</param>
/// <param name="Inputs">The student's inputs that it feeds, and whether each is a mask made of the length; none: the only one.</param>
internal sealed record CardPreparation(string File, string Input, bool TakesText, bool HasLength, IReadOnlyList<(string Name, bool IsMask)> Inputs)
{
    /// <summary>What the card says.</summary>
    public string Describe() => $"""
        ### From a {(TakesText ? "text" : "file")} to a sample

        `{File}`, beside the student, made its samples: its input `{Input}` is one {(TakesText ? "text" : "file's bytes")}, its output `sample` what the student takes for it, without the batch{(HasLength ? ", and `length` how much of that is no padding" : "")}. Its operators
        are in [ONNX Runtime Extensions](https://github.com/microsoft/onnxruntime-extensions). In Python, these lines {(Inputs.Count == 0 ? "take the place of `stored`" : "stand behind `sample`")} in the program above:

        ```python
        {Python()}
        ```


        """.ReplaceLineEndings("\n");

    private string Python()
    {
        var (outputs, results) = HasLength ? ("\"sample\", \"length\"", "made, length") : ("\"sample\"", "(made,)");
        return string.Join('\n',
        [
            "import onnxruntime_extensions",
            "options = onnxruntime.SessionOptions()",
            "options.register_custom_ops_library(onnxruntime_extensions.get_library_path())",
            $"prepare = onnxruntime.InferenceSession(\"{File}\", options)",
            $"{results} = prepare.run([{outputs}], {{\"{Input}\": {(TakesText ? "np.array([\"your text\"])" : "np.fromfile(\"your file\", np.uint8)")}}})",
            .. Inputs.Count == 0 ? ["stored = made[None]"]
                : Inputs.Select(input => $"sample[\"{input.Name}\"] = {(input.IsMask ? "(np.arange(made.shape[-1]) < length)[None].astype(np.int64)" : "made[None]")}"),
        ]);
    }
}

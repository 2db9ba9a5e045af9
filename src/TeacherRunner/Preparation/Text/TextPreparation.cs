using OnnxKd.Core.Errors;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Preparation.Text;

/// <summary>Prepares a text file: one sample a line.</summary>
public static class TextPreparation
{
    /// <summary>Tokenises every line and writes the set.</summary>
    /// <param name="file">The text file, UTF-8.</param>
    /// <param name="labels">A file with a class index or name per line; <c>null</c>: no labels.</param>
    /// <param name="tokenizer">The folder of the tokenizer's files, or one of them.</param>
    /// <param name="text">Length and padding.</param>
    /// <param name="options">Where to, and how.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="token">Stops between lines; the same call goes on from there.</param>
    /// <exception cref="InputException">An option, the tokenizer or a line is wrong.</exception>
    public static PreparationResult Run(
        string file, string? labels, string tokenizer, TextOptions text, PrepareOptions options, IProgress<StageProgress>? progress,
        CancellationToken token)
    {
        text.Validate();
        var lines = new TextLines(file);
        var count = lines.Read().LongCount();
        if (count == 0)
            throw new InputException("A text file is empty.", file);
        var classes = labels is null ? null : LineLabels.Read(labels, count, options.Classes);
        using var session = new PreparationSession(TextGraph.Build(tokenizer, text), ElementType.Int64, [text.Length]);
        var (name, stamp) = (Path.GetFileName(file), SourceFolder.StampOf(file));
        var items = lines.Read().Select((line, i) => new SourceItem($"{name}:{i + 1}", classes?.Labels[i], () => Tokenize(line, $"{file}:{i + 1}"), stamp));
        var sources = new SourceList("text", "lines", items, count, new(classes is not null, Lengths: true), classes?.Classes);
        return new Preparer(options, progress, token).Run(sources, session.Type, session.Shape, text, session.Model);

        PreparedSample Tokenize(byte[] line, string where)
        {
            var read = TextLines.Decode(line, where);
            return session.Run(read, where) with { Text = read };
        }
    }
}

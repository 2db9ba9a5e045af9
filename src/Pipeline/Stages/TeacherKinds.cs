using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Finds what a recipe's first teacher gives, before there is an objective.</summary>
internal static class TeacherKinds
{
    /// <summary>The kind; <c>null</c>: something is wrong or missing, which the run itself will say better.</summary>
    /// <param name="source">The recipe, without an objective.</param>
    public static OutputKind? Find(RecipeSource source)
    {
        try
        {
            var capture = RecipeFile.ReadCapture(source);
            if (capture.Teachers[0].Kind is { } named)
                return named;
            var data = RecipeFile.ReadData(source);
            using var set = TransferSet.Open(data.Transfer);
            using var test = data.Test is null ? null : TransferSet.Open(data.Test);
            return CacheCapture.LookAt(set, capture with { Teachers = [capture.Teachers[0]], Labelled = test })[0].Kind.Output();
        }
        catch (OnnxKdException)
        {
            return null;
        }
    }
}

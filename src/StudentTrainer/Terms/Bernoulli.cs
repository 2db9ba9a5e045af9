using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>Labels that hold or do not, each by itself.</summary>
internal static class Bernoulli
{
    /// <summary>KL divergence of each element in nats: p · (log p − log q) + (1 − p) · (log (1 − p) − log (1 − q)), p and q being σ of the logits.</summary>
    /// <param name="teacher">Logits of p.</param>
    /// <param name="student">Logits of q, of the same shape.</param>
    public static Tensor Divergence(Tensor teacher, Tensor student)
    {
        return OfOneSide(teacher, student).Add(OfOneSide(teacher.neg(), student.neg()));

        static Tensor OfOneSide(Tensor p, Tensor q) => p.sigmoid().mul(nn.functional.logsigmoid(p).sub(nn.functional.logsigmoid(q)));
    }
}

using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Gives libtorch some threads until it is disposed.</summary>
internal sealed class Threads : IDisposable
{
    private readonly int before = get_num_threads();

    public Threads(int count) => set_num_threads(count);

    public void Dispose() => set_num_threads(before);
}

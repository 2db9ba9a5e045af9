using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxKd.Benchmarks.Training;

/// <summary>The networks of the train-step benchmark as a TorchSharp user writes them; as in train_step.py.</summary>
internal static class TorchSharpNetworks
{
    /// <summary>Makes a network.</summary>
    /// <param name="name">One of those of <see cref="TrainStep"/>.</param>
    /// <param name="classes">Classes.</param>
    public static Module<Tensor, Tensor> Create(string name, int classes) => name switch
    {
        "mlp" => Sequential(
            Flatten(),
            Linear(784, 800), ReLU(inplace: true),
            Linear(800, 800), ReLU(inplace: true),
            Linear(800, classes)),
        "cnn" => Sequential(
            Unflatten(1, [1, 28]),
            Convolution(1, 32), MaxPool2d(2),
            Convolution(32, 64), MaxPool2d(2),
            Convolution(64, 64),
            Flatten(),
            Linear(64 * 7 * 7, 128), ReLU(inplace: true),
            Linear(128, classes)),
        "resnet20" => Sequential(
            Convolution(3, 16),
            new BasicBlock(16, 16, 1), new BasicBlock(16, 16, 1), new BasicBlock(16, 16, 1),
            new BasicBlock(16, 32, 2), new BasicBlock(32, 32, 1), new BasicBlock(32, 32, 1),
            new BasicBlock(32, 64, 2), new BasicBlock(64, 64, 1), new BasicBlock(64, 64, 1),
            AdaptiveAvgPool2d(1), Flatten(), Linear(64, classes)),
        "vit" => new Vit(classes),
        _ => throw new ArgumentException(name),
    };

    /// <summary>Gives a network its weights.</summary>
    /// <param name="network">The network.</param>
    /// <param name="weights">In the order of the forward pass; matrices with the units on the first axis.</param>
    public static void Load(Module<Tensor, Tensor> network, IReadOnlyList<Tensor> weights)
    {
        using var _ = no_grad();
        Tensor[] places = [.. Places(network)];
        if (places.Length != weights.Count)
            throw new InvalidOperationException($"{weights.Count} weights for {places.Length} places");
        foreach (var (place, values) in places.Zip(weights))
            place.copy_(values);
    }

    /// <summary>What a network holds, in the order of the forward pass.</summary>
    private static IEnumerable<Tensor> Places(Module module) => module switch
    {
        Vit vit => [.. Places(vit.Patches), vit.ClassToken, vit.Positions, .. Places(vit.Blocks), .. Places(vit.Norm), .. Places(vit.Classifier)],
        BatchNorm2d norm => [norm.weight!, norm.bias!, norm.running_mean!, norm.running_var!],
        _ when !module.children().Any() => module.parameters(),
        _ => module.children().SelectMany(Places),
    };

    private static Sequential Convolution(int inputs, int outputs) =>
        Sequential(Conv2d(inputs, outputs, 3, padding: 1, bias: false), BatchNorm2d(outputs), ReLU(inplace: true));

    /// <summary>He et al. 2016, figure 2, with a projection where sizes change.</summary>
    private sealed class BasicBlock : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv1;
        private readonly Module<Tensor, Tensor> bn1;
        private readonly Module<Tensor, Tensor> conv2;
        private readonly Module<Tensor, Tensor> bn2;
        private readonly Module<Tensor, Tensor> shortcut;
        private readonly Module<Tensor, Tensor> relu = ReLU(inplace: true);

        public BasicBlock(int inputs, int outputs, int stride) : base(nameof(BasicBlock))
        {
            (conv1, bn1) = (Conv2d(inputs, outputs, 3, stride, padding: 1, bias: false), BatchNorm2d(outputs));
            (conv2, bn2) = (Conv2d(outputs, outputs, 3, padding: 1, bias: false), BatchNorm2d(outputs));
            shortcut = stride == 1 ? Identity() : Sequential(Conv2d(inputs, outputs, 1, stride, bias: false), BatchNorm2d(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) =>
            relu.call(bn2.call(conv2.call(relu.call(bn1.call(conv1.call(x))))).add_(shortcut.call(x)));
    }

    private sealed class Attention : Module<Tensor, Tensor>
    {
        private readonly Linear qkv;
        private readonly Linear output;
        private readonly int heads;
        private readonly double scale;

        public Attention(int width, int heads) : base(nameof(Attention))
        {
            (this.heads, scale) = (heads, 1 / Math.Sqrt((double)width / heads));
            (qkv, output) = (Linear(width, 3 * width), Linear(width, width));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            var (n, tokens, width) = (x.shape[0], x.shape[1], x.shape[2]);
            var parts = qkv.call(x).reshape(n, tokens, 3, heads, width / heads).permute(2, 0, 3, 1, 4).unbind(0);
            var shares = (parts[0].matmul(parts[1].transpose(-2, -1)) * scale).softmax(-1);
            return output.call(shares.matmul(parts[2]).transpose(1, 2).reshape(n, tokens, width));
        }
    }

    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly LayerNorm norm1;
        private readonly Attention attention;
        private readonly LayerNorm norm2;
        private readonly Sequential mlp;

        public Block(int width, int heads, int hidden) : base(nameof(Block))
        {
            (norm1, attention) = (LayerNorm(width), new(width, heads));
            (norm2, mlp) = (LayerNorm(width), Sequential(Linear(width, hidden), GELU(), Linear(hidden, width)));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            x = x + attention.call(norm1.call(x));
            return x + mlp.call(norm2.call(x));
        }
    }

    private sealed class Vit : Module<Tensor, Tensor>
    {
        private const int Width = 192;
        private const int Patch = 4;

        public Vit(int classes) : base(nameof(Vit))
        {
            Patches = Conv2d(3, Width, Patch, Patch);
            ClassToken = Parameter(zeros(1, 1, Width));
            Positions = Parameter(zeros(1, 1 + (32 / Patch) * (32 / Patch), Width));
            Blocks = Sequential(Enumerable.Range(0, 6).Select(_ => (Module<Tensor, Tensor>)new Block(Width, 3, 4 * Width)));
            (Norm, Classifier) = (LayerNorm(Width), Linear(Width, classes));
            register_module(nameof(Patches), Patches);
            register_parameter(nameof(ClassToken), ClassToken);
            register_parameter(nameof(Positions), Positions);
            register_module(nameof(Blocks), Blocks);
            register_module(nameof(Norm), Norm);
            register_module(nameof(Classifier), Classifier);
        }

        public Conv2d Patches { get; }

        public Parameter ClassToken { get; }

        public Parameter Positions { get; }

        public Sequential Blocks { get; }

        public LayerNorm Norm { get; }

        public Linear Classifier { get; }

        public override Tensor forward(Tensor x)
        {
            x = Patches.call(x).flatten(2).transpose(1, 2);
            x = cat([ClassToken.expand(x.shape[0], -1, -1), x], 1) + Positions;
            return Classifier.call(Norm.call(Blocks.call(x)).select(1, 0));
        }
    }
}

using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>A built-in architecture: its options are its settings, and it builds the graph.</summary>
public abstract record Architecture
{
    /// <summary>The largest whole number that a size may be.</summary>
    internal const double Most = 1_000_000;

    /// <summary>All architectures.</summary>
    public static KindTable Kinds { get; } = new(
        ("mlp", typeof(Mlp)),
        ("cnn", typeof(Cnn)),
        ("cnn1d", typeof(Cnn1d)),
        ("lenet", typeof(LeNet)),
        ("resnet", typeof(ResNet)),
        ("wrn", typeof(WideResNet)),
        ("mobilenetv2", typeof(MobileNetV2)),
        ("mobilenetv3-small", typeof(MobileNetV3Small)),
        ("mobilenetv3-large", typeof(MobileNetV3Large)),
        ("unet", typeof(UNet)),
        ("fpn", typeof(Fpn)),
        ("vit", typeof(Vit)),
        ("transformer", typeof(TextTransformer)),
        ("gpt", typeof(Gpt)),
        ("ctc-conv", typeof(CtcConv)),
        ("crnn", typeof(Crnn)),
        ("bilstm", typeof(BiLstm)),
        ("bigru", typeof(BiGru)));

    /// <summary>One phrase for the documentation: what it is.</summary>
    internal abstract string Meaning { get; }

    /// <summary>Which samples it takes, for the documentation.</summary>
    internal abstract string Samples { get; }

    /// <summary>Whether it consists of convolutions: a step costs more, and its training has other defaults.</summary>
    internal virtual bool IsConvolutional => false;

    /// <summary>Whether a sample with two axes is a sequence to it: [length, features].</summary>
    internal virtual bool ReadsSequences => false;

    /// <summary>Names of their own for some values of the options.</summary>
    internal virtual IReadOnlyList<NamedSize> Sizes => [];

    /// <summary>Reads a name that follows a pattern; <c>null</c> if it does not.</summary>
    internal virtual NamedSize? Parse(string name) => null;

    /// <summary>Builds a freshly initialised student, as <see cref="Architectures.Build(StudentOptions, SampleShape, int, ulong)"/> does of a name and options.</summary>
    /// <param name="sampleShape">The shape of one sample: [28, 28].</param>
    /// <param name="classes">The number of classes, or of other columns of the output.</param>
    /// <param name="seed">Decides the initial weights.</param>
    /// <returns>Its graph; what it takes and gives, <see cref="Architectures.Build(StudentOptions, SampleShape, int, ulong)"/> says.</returns>
    /// <exception cref="InputException">A size is out of range, or does not fit the samples.</exception>
    public OnnxModel Build(SampleShape sampleShape, int classes, ulong seed)
    {
        if (SettingSchema.Problem(this) is { } problem)
            throw StudentRequest.OutOfRange(problem);
        return Build(new(Kinds.NameOf(GetType()), StudentRequest.Buildable(sampleShape, classes), classes, seed));
    }

    /// <summary>Builds the graph.</summary>
    internal abstract OnnxModel Build(StudentRequest student);
}

/// <summary>A name that fixes some options of an architecture.</summary>
internal sealed record NamedSize(string Name, params (string Option, object Value)[] Fixed)
{
    /// <summary>Whether it fixes an option.</summary>
    public bool Fixes(Setting option) => Array.Exists(Fixed, entry => entry.Option == option.Name);
}

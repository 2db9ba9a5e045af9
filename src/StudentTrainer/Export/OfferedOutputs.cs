using Onnx;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Gives tensors of a student the names and the declarations of its teacher's outputs.</summary>
/// <param name="model">The student; changed, but for its list of outputs.</param>
/// <param name="names">Its names.</param>
/// <param name="made">The tensors.</param>
internal sealed class OfferedOutputs(ModelProto model, GraphNames names, string[] made)
{
    private readonly GraphProto graph = model.Graph;

    /// <summary>Names a tensor of scores, values, an embedding or boxes.</summary>
    /// <param name="at">Which tensor.</param>
    /// <param name="wanted">What it becomes.</param>
    /// <returns>How it is declared: as one output; as two, of a detector whose boxes and scores are apart; or as maps.</returns>
    public ValueInfoProto[] Declare(int at, InterfaceOutput wanted) => wanted switch
    {
        { Scores: not null } => Apart(at, wanted),
        { Keys: not null } => [Map(at, wanted)],
        _ => [Named(at, wanted)],
    };

    /// <summary>Names a tensor of labels.</summary>
    /// <param name="at">Which tensor.</param>
    /// <param name="wanted">What it becomes.</param>
    public ValueInfoProto Declare(int at, InterfaceLabel wanted)
    {
        Rename(at, wanted.Name);
        var declared = Declare(wanted.Name, wanted.Type, wanted.Dims, classAxis: null);
        if (wanted.IsText == true)
            declared.Type.TensorType.ElemType = (int)TensorProto.Types.DataType.String;
        return declared;
    }

    private ValueInfoProto Named(int at, InterfaceOutput wanted)
    {
        Rename(at, wanted.Name);
        return Declare(wanted.Name, wanted.Type, wanted.Dims, wanted.ClassAxis);
    }

    private ValueInfoProto Map(int at, InterfaceOutput wanted)
    {
        if (names.Free(wanted.Name) is { } moved)
            Moved(wanted.Name, moved);
        return ZipMaps.Add(model, made[at], new(wanted.Name, wanted.Keys!, wanted.KeysAreTexts == true));
    }

    /// <summary>Gives a detector's boxes and scores as two outputs.</summary>
    private ValueInfoProto[] Apart(int at, InterfaceOutput wanted)
    {
        const int box = DetectorForm.BoxColumns;
        var parts = names.Take($"{TeacherInterface.Prefix}/output.apart");
        string[] apart = [names.Take($"{TeacherInterface.Prefix}/output.boxes"), names.Take($"{TeacherInterface.Prefix}/output.classes")];
        graph.Initializer.Add(TensorData.Create(parts, [(long)box, wanted.Columns - box], 2));
        graph.Node.Add(new NodeProto
        {
            OpType = "Split", Name = apart[0], Input = { made[at], parts }, Output = { apart },
            Attribute = { TeacherInterface.Integer("axis", wanted.ClassAxis!.Value + 1) },
        });
        var both = new OfferedOutputs(model, names, apart);
        return [both.Named(0, Part(wanted.Name, box)), both.Named(1, Part(wanted.Scores!, wanted.Columns - box))];

        InterfaceOutput Part(string name, int columns) => wanted with
        {
            Name = name, Scores = null, Dims = [.. wanted.Dims.Select((size, axis) => axis == wanted.ClassAxis ? columns : size)],
        };
    }

    /// <summary>Gives what was made its name, and whatever has that name another.</summary>
    private void Rename(int at, string name)
    {
        if (made[at] == name)
            return;
        if (names.Free(name) is { } moved)
            Moved(name, moved);
        names.Rename(made[at], name);
        made[at] = name;
    }

    private void Moved(string from, string to)
    {
        for (var i = 0; i < made.Length; i++)
            made[i] = made[i] == from ? to : made[i];
    }

    /// <summary>Where samples have one size, so have positions.</summary>
    private ValueInfoProto Declare(string name, ElementType type, IReadOnlyList<long> dims, int? classAxis)
    {
        var isFixed = graph.Input.All(input => input.ShapeOf()?.Skip(1).All(axis => !axis.IsDynamic) == true);
        return ValueInfo.Create(
            name, type, [graph.Input[0].ShapeOf()![0], .. dims.Select((size, axis) => isFixed || axis == classAxis || size == 1 ? new Dim(size) : new Dim(null))]);
    }
}

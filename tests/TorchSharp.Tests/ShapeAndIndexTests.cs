using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.TorchSharp.Tests;

public class ShapeAndIndexTests
{
    /// <summary>0 to 23 in the shape (2, 3, 4): element (i, j, k) is 12 i + 4 j + k.</summary>
    private static Tensor Cube => arange(24).reshape(2, 3, 4);

    private static TensorIndex At(params long[] positions) => TensorIndex.Tensor(tensor(positions));

    public static TheoryData<string, Func<Tensor>, long[], double[]> Views => new()
    {
        { "permute", () => Cube.permute(2, 0, 1)[1], [2, 3], [1, 5, 9, 13, 17, 21] },
        { "transpose", () => Cube[0].transpose(0, 1)[0], [3], [0, 4, 8] },
        { "view", () => Cube.view(6, -1)[5], [4], [20, 21, 22, 23] },
        { "flatten", () => Cube.flatten(1)[1, ^2..], [2], [22, 23] },
        { "unflatten", () => Cube.flatten().unflatten(0, 4, 6)[3, ..2], [2], [18, 19] },
        { "squeeze", () => Cube.unsqueeze(0).squeeze(0)[1, 2].unsqueeze(-1).squeeze(), [4], [20, 21, 22, 23] },
        { "expand", () => tensor(new[] { 1, 2 }).unsqueeze(1).expand(2, 2), [2, 2], [1, 1, 2, 2] },
        { "repeat", () => tensor(new[] { 1, 2 }).repeat(2, 2), [2, 4], [1, 2, 1, 2, 1, 2, 1, 2] },
        { "repeat_interleave", () => tensor(new[] { 1, 2 }).repeat_interleave(2), [4], [1, 1, 2, 2] },
        { "flip", () => Cube[0, 0].flip(0), [4], [3, 2, 1, 0] },
        { "roll", () => Cube[0, 0].roll(1), [4], [3, 0, 1, 2] },
        { "rot90", () => tensor(new[,] { { 1, 2 }, { 3, 4 } }).rot90(), [2, 2], [2, 4, 1, 3] },
        { "narrow", () => Cube.narrow(2, 1, 2)[1, 0], [2], [13, 14] },
        { "slice with a step", () => Cube[0, 0].slice(0, 3, 4, 2), [1], [3] },
        { "chunk", () => Cube.chunk(2, 2)[1][0, 0], [2], [2, 3] },
        { "split by sizes", () => Cube[0].split([1L, 2], 0)[1][0], [4], [4, 5, 6, 7] },
        { "unbind", () => Cube.unbind(1)[2][1], [4], [20, 21, 22, 23] },
        { "cat", () => cat([ones(1, 2), zeros(2, 2)]), [3, 2], [1, 1, 0, 0, 0, 0] },
        { "stack", () => stack([ones(2), zeros(2)], 1), [2, 2], [1, 0, 1, 0] },
        { "tile", () => tensor(new[] { 1, 2 }).tile([2]), [4], [1, 2, 1, 2] },
        { "meshgrid", () => meshgrid([arange(2), arange(3)])[1], [2, 3], [0, 1, 2, 0, 1, 2] },
        { "as_strided", () => arange(6).as_strided([2, 2], [1, 2]), [2, 2], [0, 2, 1, 3] },
        { "unfold", () => arange(5).unfold(0, 3, 2), [2, 3], [0, 1, 2, 2, 3, 4] },
        { "movedim", () => movedim(Cube, 2, 0)[3, 0], [3], [3, 7, 11] },
        { "T", () => tensor(new[,] { { 1, 2 }, { 3, 4 } }).T, [2, 2], [1, 3, 2, 4] },
        { "one position", () => Cube[1, 2, 3], [], [23] },
        { "negative position", () => Cube[-1, -1, -1], [], [23] },
        { "colon and position", () => Cube[TensorIndex.Colon, 1, 0], [2], [4, 16] },
        { "ellipsis", () => Cube[TensorIndex.Ellipsis, 0], [2, 3], [0, 4, 8, 12, 16, 20] },
        { "ellipsis in the middle", () => Cube[0, TensorIndex.Ellipsis, 1..3], [3, 2], [1, 2, 5, 6, 9, 10] },
        { "ellipsis of nothing", () => Cube[0, 1, TensorIndex.Ellipsis, 2], [], [6] },
        { "new axis", () => Cube[0, 0, TensorIndex.None, ..2], [1, 2], [0, 1] },
        { "slice from the end", () => Cube[0, 0, ^2..^0], [2], [2, 3] },
        { "slice with step", () => Cube[0, 0, TensorIndex.Slice(step: 2)], [2], [0, 2] },
        { "positions", () => Cube[1, At(2, 0)], [2, 4], [20, 21, 22, 23, 12, 13, 14, 15] },
        { "pairs of positions", () => Cube[At(0, 1), At(0, 2), 1], [2], [1, 21] },
        { "positions of a later dimension", () => Cube[0, TensorIndex.Colon, At(3)], [3, 1], [3, 7, 11] },
        { "mask", () => arange(4)[TensorIndex.Tensor(arange(4).gt(1))], [2], [2, 3] },
        { "mask of two dimensions", () => Cube[TensorIndex.Tensor(Cube.amax(2).gt(19)), 0], [1], [20] },
        { "index_select", () => Cube.index_select(1, tensor(new long[] { 2 }))[0], [1, 4], [8, 9, 10, 11] },
        { "gather", () => Cube[0].gather(1, tensor(new long[,] { { 0 }, { 1 }, { 2 } })), [3, 1], [0, 5, 10] },
        { "take", () => Cube.take(tensor(new long[] { 23, 0 })), [2], [23, 0] },
        { "masked_select", () => Cube.masked_select(Cube.ge(22)), [2], [22, 23] },
        { "nonzero", () => tensor(new[] { 0, 5, 0, 6 }).nonzero(), [2, 1], [1, 3] },
        { "where without values", () => where(tensor(new[,] { { false, true } }))[1], [1], [1] },
        { "scatter", () => zeros(3).scatter(0, tensor(new long[] { 2, 0 }), tensor(new[] { 5f, 6 })), [3], [6, 0, 5] },
        { "scatter_add", () => ones(2).scatter_add(0, tensor(new long[] { 1, 1 }), tensor(new[] { 5f, 6 })), [2], [1, 12] },
        { "index_add", () => ones(2).index_add(0, tensor(new long[] { 1 }), ones(1), 3), [2], [1, 4] },
        { "index_reduce", () => index_reduce(ones(2), 0, tensor(new long[] { 1, 1 }), tensor(new[] { 5f, 6 }), Reduce.prod), [2], [1, 30] },
        { "index_fill", () => ones(3).index_fill(0, tensor(new long[] { 1 }), 9), [3], [1, 9, 1] },
        { "select_scatter", () => zeros(2, 2).select_scatter(ones(2), 0, 1), [2, 2], [0, 0, 1, 1] },
    };

    [Theory, MemberData(nameof(Views))]
    public void View_OfSmallTensor_HasTheShapeAndElementsWorkedByHand(
        string name, Func<Tensor> function, long[] shape, double[] elements)
    {
        using var scope = NewDisposeScope();
        Assert.NotEmpty(name);
        var view = function();
        Assert.Equal(shape, view.shape);
        Expect.Close(view, elements);
    }

    [Fact]
    public void Assignment_ThroughIndices_WritesThroughTheView()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 3);
        x[0, 1] = tensor(5f);
        x[1] = tensor(new[] { 1f, 2, 3 });
        Expect.Close(x, [0, 5, 0, 1, 2, 3]);

        x[TensorIndex.Colon, 2..] = tensor(9f);
        Expect.Close(x, [0, 5, 9, 1, 2, 9]);

        x[TensorIndex.Ellipsis, At(0, 1)] = tensor(-1f);
        Expect.Close(x, [-1, -1, 9, -1, -1, 9]);

        x[TensorIndex.Tensor(x.gt(0))] = tensor(0f);
        Expect.Close(x, [-1, -1, 0, -1, -1, 0]);
    }

    [Fact]
    public void IndexPut_WithAccumulate_AddsRepeatedPositions()
    {
        using var scope = NewDisposeScope();
        var x = zeros(3);
        x.index_put_(ones(3), [tensor(new long[] { 1, 1, 2 })], accumulate: true);
        Expect.Close(x, [0, 2, 1]);
        x.index_put_(7, At(0));
        Expect.Close(x, [7, 2, 1]);
    }

    [Fact]
    public void Index_OutsideTheTensor_IsRefused()
    {
        using var x = ones(2);
        Assert.Contains("out of range", Assert.Throws<ExternalException>(() => x[2]).Message);
    }
}

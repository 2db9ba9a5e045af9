using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.TorchSharp.Tests;

public class ErrorTests
{
    [Fact]
    public void Operator_ThatFails_NamesItselfAndGivesLibtorchsReason()
    {
        using var a = ones(2, 3);
        using var b = ones(4, 5);
        var error = Assert.Throws<ExternalException>(() => a.matmul(b));
        Assert.Equal("aten::matmul: mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)", error.Message);
        Assert.DoesNotContain("frame #", error.Message);
    }

    [Fact]
    public void Operator_AfterAFailure_WorksAgain()
    {
        using var a = ones(2, 3);
        for (var i = 0; i < 100; i++)
            Assert.Throws<ExternalException>(() => a.view(7));
        Expect.Close(a.sum(), [6]);
    }

    [Fact]
    public void Failures_OnSeveralThreads_KeepTheirOwnMessages()
    {
        var messages = new string[8];
        Parallel.For(0, messages.Length, i =>
        {
            using var x = ones(2);
            for (var round = 0; round < 50; round++)
                messages[i] = Assert.Throws<ExternalException>(() => x.view(100 + i)).Message;
        });
        for (var i = 0; i < messages.Length; i++)
            Assert.Contains($"[{100 + i}]", messages[i]);
    }

    [Fact]
    public void DisposedTensor_Used_IsRefused()
    {
        var tensor = ones(2);
        tensor.Dispose();
        Assert.True(tensor.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => tensor.add(1));
        Assert.Throws<InvalidOperationException>(() => tensor.shape);
        Assert.Equal("invalid tensor", tensor.ToString());
    }

    [Fact]
    public void Operators_AllThatTheBindingNames_ExistInThisLibtorch()
    {
        var table = typeof(torch).Assembly.GetType("TorchSharp.Aten")!;
        var missing = new List<string>();
        foreach (var field in table.GetFields(BindingFlags.Static | BindingFlags.NonPublic))
        {
            var resolve = field.FieldType.GetMethod("Resolve", BindingFlags.Instance | BindingFlags.NonPublic)!;
            try
            {
                resolve.Invoke(field.GetValue(null), null);
            }
            catch (TargetInvocationException e)
            {
                missing.Add($"{field.Name}: {e.InnerException!.Message}");
            }
        }
        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:x")]
    [InlineData("cuda:-1")]
    [InlineData("3")]
    public void Device_FromNonsense_IsRefused(string description) => Assert.Throws<ArgumentException>(() => new Device(description));

    [Fact]
    public void Device_FromDescription_HasTypeAndIndex()
    {
        Device device = "cuda:1";
        Assert.Equal((DeviceType.CUDA, 1, "cuda:1"), (device.type, device.index, device.ToString()));
        Assert.Equal((DeviceType.CPU, -1, "cpu"), (CPU.type, CPU.index, new Device("cpu").ToString()));
    }

    [Fact]
    public void Cuda_WhereThereIsNone_SaysSo()
    {
        if (cuda.is_available())
            return;
        Assert.Equal(0, cuda.device_count());
        cuda.manual_seed_all(1);
        Assert.Throws<ExternalException>(() => ones(1, device: CUDA));
    }
}

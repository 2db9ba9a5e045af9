using OnnxKd.StudentTrainer.Cpu;
using OnnxKd.StudentTrainer.Runtime;

namespace OnnxKd.StudentTrainer.Tests.Cpu;

/// <summary>oneDNN is wrong on some processors, and is kept from the instructions that it is wrong with.</summary>
public sealed class ConvolutionsTests
{
    [Fact]
    public void Convolutions_OnThisProcessor_AreRight()
    {
        ComputeDevice.Open("cpu");
        Convolutions.RequireRight();
    }

    [Fact]
    public void Limit_WhereOneDnnIsWrong_IsSet() => Assert.True(!Convolutions.NeedLimit || Environment.GetEnvironmentVariable(Convolutions.Limit) is not null);
}

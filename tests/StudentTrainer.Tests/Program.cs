using OnnxKd.StudentTrainer.Tests.Operators;

namespace OnnxKd.StudentTrainer.Tests;

/// <summary>What tests start as a process of its own.</summary>
internal static class Program
{
    private static int Main(string[] args) => args is [WrongInputs.Command, var first] ? WrongInputs.Run(int.Parse(first)) : 2;
}

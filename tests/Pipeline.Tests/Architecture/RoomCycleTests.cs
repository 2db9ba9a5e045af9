using System.Reflection;
using OnnxKd.Pipeline.Tests.Architecture.Planted.First;

namespace OnnxKd.Pipeline.Tests.Architecture
{
    /// <summary>Rooms (namespaces) of a project use each other in one direction, so that each can be read without those that build on it.</summary>
    public class RoomCycleTests
    {
        [Theory]
        [InlineData("OnnxKd.Core")]
        [InlineData("OnnxKd.TeacherRunner")]
        [InlineData("OnnxKd.StudentTrainer")]
        [InlineData("onnxkd")]
        public void Assembly_Rooms_UseEachOtherInOneDirection(string assembly)
        {
            var cycles = new RoomMap(Assembly.Load(assembly)).Cycles();

            Assert.True(cycles.Count == 0, $"Move a type to the room that it belongs to:\n{string.Join("\n\n", cycles)}");
        }

        [Fact]
        public void Cycles_OfTwoRoomsThatUseEachOtherInCodeAlone_NamesTheirTypes()
        {
            var cycle = Assert.Single(new RoomMap(typeof(Caller).Assembly).Cycles(), cycle => cycle.Contains("Planted", StringComparison.Ordinal));

            Assert.Contains("Planted.First uses OnnxKd.Pipeline.Tests.Architecture.Planted.Second: Caller → Called", cycle, StringComparison.Ordinal);
            Assert.Contains("Planted.Second uses OnnxKd.Pipeline.Tests.Architecture.Planted.First: Called → Caller", cycle, StringComparison.Ordinal);
        }
    }
}

namespace OnnxKd.Pipeline.Tests.Architecture.Planted.First
{
    internal static class Caller
    {
        public static int Depth(int left) => Enumerable.Range(0, left).Sum(depth => Second.Called.Depth<string>(depth));
    }
}

namespace OnnxKd.Pipeline.Tests.Architecture.Planted.Second
{
    internal static class Called
    {
        public static int Depth<T>(int left) => left == 0 ? typeof(T).Name.Length : First.Caller.Depth(left - 1);
    }
}

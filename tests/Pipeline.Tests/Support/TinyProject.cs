namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>A folder with data, recipes and a trained teacher: what a user would have. Made once, never changed.</summary>
/// <remarks>One thread: on a busy machine, two that wait for each other in each small loop are many times slower.</remarks>
public sealed class TinyProject : IDisposable
{
    public const string Data = """
        data:
          transfer: { samples: train.npy, labels: train-labels.npy }
          test: { samples: test.npy, labels: test-labels.npy }

        """;

    public const string TeacherRecipe = Data + """
        student: { architecture: mlp, widths: [16] }
        objective: [ hard: { weight: 1 } ]
        training: { threads: 1, epochs: 20, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        """;

    public const string StudentRecipe = Data + """
        teachers: [ model: teacher.onnx ]
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8] }
        objective: [ soft: { temperature: 2, weight: 1 } ]
        training: { threads: 1, epochs: 30, batch-size: 32, optimizer: { learning-rate: 0.05 } }
        baseline: { training: { epochs: 5 } }
        """;

    private readonly TemporaryFolder folder = new();

    public TinyProject()
    {
        Blobs.Write(folder.Path, "train", 240, seed: 1);
        Blobs.Write(folder.Path, "test", 90, seed: 2);
        folder.Write("teacher.yaml", TeacherRecipe);
        folder.Write("student.yaml", StudentRecipe);
        Cli.Done("export", folder["teacher.yaml"], "--runs", folder["runs"], "-o", folder["teacher.onnx"]);
    }

    public string this[string name] => folder[name];

    /// <summary>A recipe of its own beside the data.</summary>
    public string Recipe(string yaml) => folder.Write($"{Guid.NewGuid():N}.yaml", yaml);

    /// <summary>The recipe with a student from a file.</summary>
    public string RecipeOfStudent(string model) =>
        Recipe(StudentRecipe.Replace("student: { architecture: mlp, widths: [8] }", $"student: {{ model: {model} }}"));

    public void Dispose() => folder.Dispose();
}

/// <summary>Tests that share the project.</summary>
[CollectionDefinition(nameof(TinyProject))]
public sealed class TinyProjectCollection : ICollectionFixture<TinyProject>;

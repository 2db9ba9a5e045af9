using System.Globalization;

namespace OnnxKd.Benchmarks.Papers;

/// <summary>The experiments of the two papers, in the order of docs/experiments.md.</summary>
/// <param name="quick">Whether each is to be a matter of seconds: fewer settings, a few hundred images, small networks.</param>
internal sealed class ExperimentTable(bool quick)
{
    private const string Recipes = "recipes/papers/";
    private const string QuickMlp = "--set student.architecture=mlp --set student.widths=[60] --epochs 12";
    private const string QuickMnist = $"--set data.transfer.rows=0..1500 --set data.test.rows=0..1000 {QuickMlp}";
    private const string QuickFashion = "--set data.transfer.rows=0..600 --set data.test.rows=0..300 --batch-size 20 --epochs 3";
    private const string QuickFashionMlp = $"{QuickFashion} --set student.architecture=mlp --set student.widths=[30]";

    private readonly int[] widths = quick ? [30] : [800, 300, 100, 30];
    private readonly double[] temperatures = quick ? [1, 4] : [1, 2, 2.5, 4, 8, 20];
    private readonly double[] ensembleTemperatures = quick ? [2] : [1, 2, 5, 10];
    private readonly string[] teachers = quick ? ["resnet8"] : ["resnet8", "resnet14", "resnet20", "resnet32"];
    private readonly int[] teacherEpochs = quick ? [2] : [5, 7, 10, 20];

    /// <summary>All of them.</summary>
    public IReadOnlyList<Experiment> All
    {
        get
        {
            var mnist = new PaperRun(
                "papers-mnist", $"run {Recipes}mnist.yaml",
                $"{QuickMnist} --set stages.teacher.train.student.widths=[120] --set stages.teacher.train.student.dropout=none"
                + " --set stages.teacher.train.training.epochs=15 --set stages.hard.train.training.epochs=12");
            return
            [
                Dropout(), First(mnist), Best(), TemperatureAndWidth(mnist), NoThrees(mnist), SevensAndEights(mnist), FewLabels(mnist), TenModels(), Specialists(), .. quick ? [] : new[] { KanjiSpecialists() },
                Capacity(), EarlyStoppedTeacher(), Generations(), Chain(),
            ];
        }
    }

    /// <summary>How the teacher's dropout was chosen.</summary>
    private Experiment Dropout() => new("dropout", "Validation errors of the teacher by its dropout",
    [
        Errors("12 epochs: 0.2, 0.5, 0.5, as in the paper", null, OfDropout("papers-dropout-strong", "[0.2,0.5,0.5]", 12), "student"),
        Errors("12 epochs: 0, 0.3, 0.3", null, OfDropout("papers-dropout-weak", "[0,0.3,0.3]", 12), "student"),
        .. quick ? [] : new[]
        {
            Errors("40 epochs: 0.2, 0.5, 0.5", null, OfDropout("papers-dropout-strong-40", "[0.2,0.5,0.5]", 40), "student"),
            Errors("40 epochs: 0, 0.3, 0.3", null, OfDropout("papers-dropout-weak-40", "[0,0.3,0.3]", 40), "student"),
            Errors("40 epochs: 0, 0.3, 0.3, weight decay 0.0002", null, OfDropout("papers-dropout-weak-decay-40", "[0,0.3,0.3]", 40, 0.0002), "student"),
            Errors("40 epochs: none, weight decay 0.0005", null, OfDropout("papers-dropout-none-decay-40", "[0,0,0]", 40, 0.0005), "student"),
        },
    ]);

    private static PaperRun OfDropout(string name, string dropout, int epochs, double? decay = null) => new(
        name,
        $"run {Recipes}mnist-teacher.yaml --set training.epochs={epochs} --set data.transfer.rows=0..50000 --set data.test.part=train --set data.test.rows=50000..60000"
        + $" --set student.dropout={dropout}" + (decay is { } rate ? string.Create(CultureInfo.InvariantCulture, $" --set training.optimizer.weight-decay={rate}") : ""),
        "--set data.transfer.rows=0..1500 --set data.test.rows=50000..50500 --set student.widths=[120,120] --set training.epochs=15");

    private Experiment First(PaperRun mnist)
    {
        // Twice as long a teacher, and four times as long a student.
        var longer = new PaperRun("papers-mnist-long", $"run {Recipes}mnist.yaml --set stages.teacher.train.training.epochs=120 --epochs 60");
        return new("mnist", "Test errors on MNIST",
        [
            Errors("teacher 784-1200-1200-10", 67, mnist, "teacher") with { Goal = new(67) },
            Errors("784-800-800-10 on hard labels", 146, mnist, "hard"),
            Errors("784-800-800-10 distilled at T = 20", 74, mnist, "student") with { Goal = new(74) },
            .. quick ? [] : new[]
            {
                Errors("teacher, 120 epochs in place of 60", 67, longer, "teacher") with { Goal = new(67) },
                Errors("distilled from it, 60 epochs in place of 15", 74, longer, "student") with { Goal = new(74) },
            },
        ]);
    }

    private static Experiment Best() => new("best", "Test errors of 784-800-800-10 on MNIST",
    [
        Errors(
            "from two convolutional teachers, on six views of each image", 74,
            new("mnist-best", "run recipes/mnist-best.yaml", $"{QuickMnist} --set capture.views=2"), "student") with { Goal = new(55) },
    ]);

    private Experiment TemperatureAndWidth(PaperRun mnist)
    {
        var run = new PaperRun(
            "papers-temperature-and-width",
            $"sweep {Recipes}temperature-and-width.yaml --teacher {{runs}}/papers-mnist-1/teacher.onnx"
            + $" --vary student.widths={string.Join(',', widths.Select(width => $"[{width},{width}]"))} --vary temperature={Join(temperatures)}",
            "--set data.transfer.rows=0..1000 --set data.test.rows=50000..50300 --epochs 4") { Teacher = mnist };
        return new("temperature-and-width", "Validation errors on MNIST by temperature and width",
        [
            .. from width in widths
               from t in temperatures
               select Errors($"{width} units, T = {Text(t)}", null, run, "student", $"student.widths=_{width},_{width}_,temperature={Text(t)}") with
               { Series = $"{width} units", X = t },
        ]) { Axis = "temperature" };
    }

    private static Experiment NoThrees(PaperRun mnist)
    {
        var (run, onThrees) = WithOneClass("no-threes", mnist, 3, "--set data.transfer.rows=0..1500 --set data.validation.rows=1500..2500");
        return new("no-threes", "Test errors without threes in the transfer set",
        [
            Errors("all errors", 206, run, "student"),
            Errors("errors on threes", 133, onThrees, "student.onnx"),
            Errors("all errors, bias of class 3 raised", 109, run, "adjusted") with { Goal = new(109) },
            Errors("errors on threes, bias of class 3 raised", 14, onThrees, "adjusted.onnx") with { Goal = new(14) },
        ]);
    }

    private static Experiment SevensAndEights(PaperRun mnist)
    {
        var run = Student("sevens-and-eights", mnist, "--set data.transfer.rows=0..3000 --set data.validation.rows=3000..4000");
        return new("sevens-and-eights", "Test errors with nothing but sevens and eights in the transfer set",
        [
            Errors("all errors", 4730, run, "student"),
            Errors("all errors, biases of classes 7 and 8 lowered", 1320, run, "adjusted") with { Goal = new(1320) },
        ]);
    }

    private static Experiment FewLabels(PaperRun mnist)
    {
        const string hard = "events/hard.jsonl", soft = "events/student.jsonl";
        var run = Student("few-labels", mnist, "--set data.transfer.rows=0..200 --set data.validation.rows=1500..2000") with { Curves = [hard, soft] };
        return new("few-labels", "Validation errors while learning from 3 % of MNIST",
        [
            Errors("hard labels", null, run, "hard"),
            Errors("soft targets", null, run, "student"),
        ])
        {
            Curves = [new("hard labels", run, hard), new("soft targets", run, soft)],
        };
    }

    private Experiment TenModels()
    {
        var run = new PaperRun("papers-ten-models", $"sweep {Recipes}ten-models.yaml --vary temperature={Join(ensembleTemperatures)}", $"{QuickFashion} --set student.widths=[4,8] --set stages.student.train.training.epochs=6");
        return new("ten-models", "Test errors of one student of ten models, by temperature",
        [
            Errors("one model alone", null, run, "member1", "temperature=2"),
            Errors("the ten together", null, run, "teacher", "temperature=2"),
            .. ensembleTemperatures.Select(t => Errors($"distilled, T = {t}", null, run, "student", $"temperature={t}") with { Series = "distilled", X = t }),
            .. ensembleTemperatures.Select(t => new PaperLine($"share of the gain that is kept, T = {t}", 0.86, run, Gain, $"temperature={t}") { Unit = PaperUnit.Share, Goal = new(0.8, IsLeast: true) }),
        ]) { Axis = "temperature" };
    }

    private static Experiment Specialists()
    {
        var run = new PaperRun("papers-specialists", $"run {Recipes}specialists.yaml", QuickFashionMlp);
        return new("specialists", "Test errors with specialists on Fashion-MNIST",
        [
            Errors("generalist", null, run, "generalist"),
            Errors("with three specialists, hard labels", null, run, "hard-together"),
            Errors("with three specialists, soft targets too", null, run, "together"),
            Errors("one student of those", null, run, "student"),
        ]);
    }

    /// <summary>Needs fonts and drawn pictures, so it has no quick form; <see cref="Specialists"/> is the same in small.</summary>
    private static Experiment KanjiSpecialists()
    {
        var run = new PaperRun("papers-specialists-kanji", $"run {Recipes}specialists-kanji.yaml") { Data = "recipes/papers/kanji-data.sh" };
        double?[] paper = [0, 0.034, 0.074, 0.088, 0.105];
        return new("specialists-kanji", "Test errors with 30 specialists on 600 kanji",
        [
            Errors("generalist", null, run, "generalist"),
            Errors("with 30 specialists, hard labels", null, run, "hard-together"),
            Errors("one student of those", null, run, "student"),
            Errors("with 30 specialists, soft targets too", null, run, "together"),
            new("share of the specialists' gain that the student has", null, run, figures => figures.Errors("generalist") - figures.Errors("hard-together") is > 0 and var gain
                ? (figures.Errors("generalist") - figures.Errors("student")) / gain
                : null) { Unit = PaperUnit.Share, Goal = new(0.6, IsLeast: true) },
            .. paper.Select((change, covering) => new PaperLine(
                $"more right answers, classes of {(covering == paper.Length - 1 ? $"{covering} specialists or more" : covering == 1 ? "1 specialist" : $"{covering} specialists")}", change, run,
                figures => figures.GainOf("hard-together", covering, orMore: covering == paper.Length - 1)) { Unit = PaperUnit.Share }),
        ]);
    }

    private Experiment Capacity()
    {
        var run = new PaperRun("papers-capacity", $"sweep {Recipes}capacity.yaml --vary stages.teacher.train.student.architecture={string.Join(',', teachers)}", QuickFashion);
        return new("capacity", "Test errors on Fashion-MNIST, by the teacher", [.. teachers.SelectMany(OfTeacher)]) { Axis = "layers of the teacher" };

        IEnumerable<PaperLine> OfTeacher(string teacher)
        {
            var (x, setting) = (int.Parse(teacher["resnet".Length..], CultureInfo.InvariantCulture), $"stages.teacher.train.student.architecture={teacher}");
            return [.. Pair(teacher, x, run, setting), .. StudentOf("resnet8 of it, stopped early", "early", x, run, setting)];
        }
    }

    private Experiment EarlyStoppedTeacher()
    {
        var run = new PaperRun(
            "papers-early-stopped-teacher", $"sweep {Recipes}early-stopped-teacher.yaml --vary stages.teacher.train.training.epochs={string.Join(',', teacherEpochs)}",
            $"{QuickFashion} --set stages.teacher.train.student.architecture=resnet8");
        return new("early-stopped-teacher", "Test errors on Fashion-MNIST, by the epochs of the teacher",
            [.. teacherEpochs.SelectMany(epochs => Pair($"resnet32 after {epochs} epochs", epochs, run, $"stages.teacher.train.training.epochs={epochs}"))])
        { Axis = "epochs of the teacher" };
    }

    private static Experiment Generations()
    {
        var run = new PaperRun("papers-generations", $"run {Recipes}generations.yaml", QuickFashionMlp);
        return new("generations", "Test errors of generations on Fashion-MNIST",
        [
            Errors("first, alone", null, run, "alone1"),
            .. Enumerable.Range(1, 3).Select(i => Errors($"generation {i + 1}", null, run, $"generation-{i}")),
            Errors("generation 5", null, run, "generation"),
            Errors("five models alone, averaged", null, run, "teacher"),
            Errors("a student of those five", null, run, "student"),
        ]);
    }

    private static Experiment Chain()
    {
        var run = new PaperRun(
            "papers-large-medium-small", $"run {Recipes}large-medium-small.yaml",
            QuickFashionMlp + string.Concat(new[] { "large", "medium", "medium-of-large" }.Select(stage =>
                $" --set stages.{stage}.train.student.architecture=mlp --set stages.{stage}.train.student.widths=[60]")));
        return new("large-medium-small", "Test errors of chains on Fashion-MNIST",
        [
            Errors("large, resnet32", null, run, "large"),
            Errors("medium, resnet14", null, run, "medium"),
            Errors("medium from large", null, run, "medium-of-large"),
            Errors("small, resnet8, from large", null, run, "small-of-large"),
            Errors("small from medium", null, run, "small-of-medium"),
            Errors("small from medium from large", null, run, "student"),
        ]);
    }

    private static PaperRun Student(string recipe, PaperRun mnist, string quick) =>
        new($"papers-{recipe}", $"run {Recipes}{recipe}.yaml --teacher {{runs}}/papers-mnist-1/teacher.onnx", $"{quick} --set data.test.rows=0..1000 {QuickMlp}") { Teacher = mnist };

    /// <summary>A student and the same with its bias adjusted, and both on the test samples of one class.</summary>
    private static (PaperRun Run, PaperRun OnClass) WithOneClass(string recipe, PaperRun mnist, int c, string quick)
    {
        var run = Student(recipe, mnist, quick);
        return (run, new(
            $"papers-{recipe}-on-{c}",
            $"evaluate {Recipes}{recipe}.yaml --model {{runs}}/{run.Name}-{{seed}}/student.onnx --model {{runs}}/{run.Name}-{{seed}}/adjusted.onnx"
            + $" --teacher {{runs}}/papers-mnist-1/teacher.onnx --set data.transfer.part=test --set data.transfer.rows=0..10000 --set data.transfer.classes.keep=[{c}]"
            + " --set data.transfer.classes.drop=none",
            "--set data.transfer.rows=0..1000") { After = run });
    }

    /// <summary>A teacher, resnet8 of it, and how often the two differ.</summary>
    private static IEnumerable<PaperLine> Pair(string teacher, double x, PaperRun run, string setting) =>
    [
        Errors(teacher, null, run, "teacher", setting) with { Series = "teacher", X = x },
        .. StudentOf("resnet8 of it", "student", x, run, setting),
    ];

    private static IEnumerable<PaperLine> StudentOf(string label, string role, double x, PaperRun run, string setting) =>
    [
        Errors(label, null, run, role, setting) with { Series = label, X = x },
        new($"{label}: KD error on training images", null, run, figures => figures.TransferDisagreement(role), setting) { Unit = PaperUnit.Share },
        new($"{label}: KD error on test images", null, run, figures => figures.Disagreement(role), setting) { Unit = PaperUnit.Share },
    ];

    private static PaperLine Errors(string label, double? paper, PaperRun run, string role, string setting = "") =>
        new(label, paper, run, figures => figures.Errors(role), setting);

    /// <summary>What of the ensemble's gain over one model the student has; <c>null</c>: there is none.</summary>
    private static double? Gain(PaperFigures figures) => figures.Errors("member1") - figures.Errors("teacher") is > 0 and var gain
        ? (figures.Errors("member1") - figures.Errors("student")) / gain
        : null;

    private static string Join(double[] numbers) => string.Join(',', numbers.Select(Text));

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}

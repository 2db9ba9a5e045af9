using System.Text.Json;
using OnnxKd.Benchmarks.Attack;
using OnnxKd.Benchmarks.Caches;
using OnnxKd.Benchmarks.Capture;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.FirstTry;
using OnnxKd.Benchmarks.Papers;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Benchmarks.Training;
using OnnxKd.Core.Errors;

// Every benchmark: its name, what it measures, and its code.
(string Name, string Measures, Func<Arguments, object> Run)[] benchmarks =
[
    ("capture", "rate of a capture ÷ rate of a bare loop over the same batches, and ÷ rate of onnxruntime-node doing the same", CaptureRate.Run),
    ("memory", "peak memory of a capture of ten times the samples ÷ of one time, and ÷ of a bare loop", CaptureMemory.Run),
    ("training-memory", "peak memory of training from a cache many times as large ÷ from a small one, and ÷ the cache", TrainingMemory.Run),
    ("peak-memory", "peak memory of a capture and of trainings ÷ those of PyTorch and of TorchSharp code doing the same, each in a process of its own", PeerMemory.Run),
    ("train-step", "time of a training step ÷ time of the same step as a TorchSharp user writes it, and in eager PyTorch, per network", TrainStep.Run),
    ("soft-loss", "time and memory of the soft loss and its gradient ÷ those of log_softmax and kl_div in TorchSharp", SoftLoss.Run),
    ("step-rounding", "gradients of a step with one and with two threads, against those in double precision", StepRounding.Run),
    ("ocr-students", "PP-OCR's networks as students: error against ONNX Runtime, and self-distillation from fresh weights", OcrStudents.Run),
    ("ocr-cache", "a recogniser's student from the top 16 classes with their tail, and from all: bytes per frame, edit distance", OcrCache.Run),
    ("cache-quality", "quality of a student against the bytes of a cache's row, for every way of storing logits", CacheQuality.Run),
    ("cache-reading", "time that a training step waits for its cache, and that reading it takes alone, ÷ time of the step", CacheReading.Run),
    ("synthetic", "writes a ResNet-50 with random weights and random images for it: --folder, --rows", SyntheticFiles.Run),
    ("first-try", "agreement of students from teachers and samples alone, with the samples multiplied or shifted, and beside a sweep: --quick, --case, --plain, --sweep", FirstTries.Run),
    ("first-run", "seconds of the README's first command on a fresh clone, and of the same command again", FirstRun.Run),
    ("end-to-end", "time of a whole distillation ÷ PyTorch's with the teacher in the loop, and ÷ the ideal's: teacher once, then steps", WholeDistillation.Run),
    ("scaling", "time of a capture and of an epoch and bytes of a cache, for 1, 10 and 100 times the rows and for 10 to 50,000 classes", Scaling.Run),
    ("start-up", "seconds of --help and of inspect on a model of 10 MB, from the start of the process to its end", StartUp.Run),
    ("rerun", "seconds of a finished run, run again", Rerun.Run),
    ("seeds", "test errors of teacher, student and baseline over several seeds, and parity of the exported students", Seeds.Run),
    ("methods", "test errors of every recipe of recipes/methods over several seeds; writes the tables of docs/methods/README.md", Methods.Run),
    ("papers", "the figures of the papers' experiments beside the papers' own; writes docs/experiments.md", PaperExperiments.Run),
    ("sweep", "time of a sweep over twelve settings ÷ time of twelve runs, and what the sweep spends on more than its stages", Sweeps.Run),
    ("same-seed", "whether two runs with the same seed give the same student.onnx", SameSeed.Run),
    ("kills", "whether a run killed at random moments gives the same cache and students as one left alone", Kills.Run),
    ("attack", "mutants of models, recipes and transfer sets, damaged runs, killed commands: crashes, defects, cases beyond their time or memory", AttackRun.Run),
    ("kills-in-parts", "whether two parts of a capture, killed at random moments, give the same cache as one capture left alone", KillsInParts.Run),
];

// A benchmark that needs a fresh process starts this program again with a name that is not listed.
if (args is [AttackWorker.Child, ..])
    return AttackWorker.RunChild(args[1..]);
if (args is [CaptureMemory.Child, ..])
    return CaptureMemory.RunChild(args[1..]);
if (args is [PeerMemory.Child, ..])
    return PeerMemory.RunChild(args[1..]);
if (args is [TrainingMemory.Child, ..])
    return TrainingMemory.RunChild(args[1..]);

if (args is [var name, .. var rest] && Array.Find(benchmarks, b => b.Name == name) is { Run: { } run })
{
    try
    {
        var arguments = new Arguments(rest);
        var result = run(arguments);
        if (arguments.Json)
            Console.WriteLine(JsonSerializer.Serialize(result, Output.Json));
        else
            Output.Print(result);
        return 0;
    }
    catch (Exception e) when (e is UsageException or OnnxKdException)
    {
        Console.Error.WriteLine(e.Message);
        return 2;
    }
}

Console.Error.WriteLine("usage: benchmarks/run.sh NAME [--json] [options]");
foreach (var benchmark in benchmarks)
    Console.Error.WriteLine($"  {benchmark.Name,-15} {benchmark.Measures}");
return 2;

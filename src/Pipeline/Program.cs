using System.Runtime.InteropServices;
using OnnxKd.Core.Limits;
using OnnxKd.Pipeline;
using OnnxKd.Pipeline.Terminal;

StandardStreams.Fill();
FileSizeLimit.BecomesAnError();
var stderr = TerminalWriter.Wrap(StandardStreams.IsTaken(2) ? new ClosedWriter() : Console.Error);

// The first Ctrl+C (or SIGTERM) asks for a checkpoint and an orderly end; the second one ends at once.
using var cancellation = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Cancel); // the terminal is gone
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
return await CommandLine.InvokeAsync(
    args,
    new()
    {
        Output = StandardStreams.IsTaken(1) ? new ClosedWriter() : Console.Out,
        Error = stderr,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
    },
    cancellation.Token);

void Cancel(PosixSignalContext context)
{
    if (cancellation.IsCancellationRequested)
        return;
    context.Cancel = true;
    cancellation.Cancel();
    stderr.WriteLine("\nstopping: a checkpoint is being saved; press Ctrl+C again to end at once");
}

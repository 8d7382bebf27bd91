using System.Runtime.InteropServices;
using ReplyMint.Cli;

if (OperatingSystem.IsWindows())
{
    System.Console.Error.WriteLine("replymint: this program runs on Linux and macOS; on Windows use it in WSL");
    return ExitCode.Failed;
}

using var stop = new CancellationTokenSource();
// The first signal asks, so that what is under way ends well; the second one finds the default handler and kills.
void Ask(PosixSignalContext signal)
{
    if (stop.IsCancellationRequested)
        return;
    signal.Cancel = true;
    stop.Cancel();
}

using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
return await CommandLine.RunAsync(args, CommandHost.OfProcess(), stop.Token);

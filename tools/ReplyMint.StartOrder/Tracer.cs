using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ReplyMint.StartOrder;

/// <summary>
/// Runs a program with a breakpoint at each of its methods, which is taken away when it is met for the first time: what comes out is exactly what ran,
/// in the order of the first calls. Sampling would miss nearly all of it, since most methods of a start run once. x86-64 only.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class Tracer(Symbols symbols)
{
    private const int Trap = 5, Kill = 9, Continue = 18, Stop = 19;
    private const int PtraceCont = 7, GetRegisters = 12, SetRegisters = 13, Seize = 0x4206;
    private const int TraceClone = 0x8, TraceExec = 0x10, ExitKill = 0x100000;
    private const int WaitAll = 0x40000000;
    private const byte Breakpoint = 0xCC;
    // user_regs_struct of x86-64: 27 words, the instruction pointer is the 17th.
    private const int Registers = 27, InstructionPointer = 16;

    private readonly List<string> _ran = [];
    private readonly byte[] _code = new byte[symbols.Length];
    private readonly HashSet<long> _met = [];
    private SafeFileHandle? _memory;
    private long _base;

    /// <summary>To be called on one thread to the end: the kernel takes a tracer's calls only from the thread that traces.</summary>
    /// <param name="ends">Cancelled when enough ran; the program is then killed.</param>
    public IReadOnlyList<string> Run(string binary, IEnumerable<string> arguments, CancellationToken ends)
    {
        // It stops itself before it becomes the program, so that nothing of it runs unseen; without random addresses no two runs differ.
        // Not by Process: that one waits for its children itself, and would take away what the kernel has to tell the tracer.
        string?[] words = ["sh", "-c", "kill -STOP $$; exec setarch -R \"$@\"", "sh", binary, .. arguments, null];
        if (Spawn(out var child, "/bin/sh", 0, 0, words, [$"PATH={Environment.GetEnvironmentVariable("PATH")}", $"HOME={Path.GetTempPath()}", null]) != 0)
            throw new InvalidOperationException("the program can't be started");
        while (!File.ReadAllText($"/proc/{child}/stat").Contains(") T ", StringComparison.Ordinal))
            Thread.Yield();
        Ask(Seize, child, 0, ExitKill | TraceExec | TraceClone);
        Signal(child, Continue);
        using var registration = ends.Register(() => Signal(child, Kill));
        Follow(child, binary);
        _memory?.Dispose();
        return _ran;
    }

    private void Follow(int child, string binary)
    {
        while (Wait(-1, out var status, WaitAll) is var thread and > 0)
        {
            if ((status & 0x7F) != 0x7F)
            {
                if (thread == child)
                    return;
                continue;
            }
            var (signal, happened) = ((status >> 8) & 0xFF, status >> 16);
            if (happened == 4 && new FileInfo($"/proc/{child}/exe").ResolveLinkTarget(true)!.FullName == binary)
                Arm(child);
            var passOn = happened != 0 || signal is Stop or Continue ? 0 : signal;
            if (happened == 0 && signal == Trap && _memory is not null)
                passOn = Meet(thread) ? 0 : Trap;
            _ = Ptrace(PtraceCont, thread, 0, passOn);
        }
    }

    private void Arm(int child)
    {
        _base = Symbols.Hex(File.ReadLines($"/proc/{child}/maps").First().Split('-')[0]);
        _memory = File.OpenHandle($"/proc/{child}/mem", FileMode.Open, FileAccess.ReadWrite);
        if (RandomAccess.Read(_memory, _code, _base + symbols.Start) != _code.Length)
            throw new InvalidOperationException("the program's code can't be read");
        var armed = _code.ToArray();
        foreach (var at in symbols.Names.Keys)
            armed[at - symbols.Start] = Breakpoint;
        RandomAccess.Write(_memory, armed, _base + symbols.Start);
    }

    /// <summary>False: not a breakpoint of ours. Two threads may meet the same one; both go back to where it stood.</summary>
    private unsafe bool Meet(int thread)
    {
        var registers = stackalloc long[Registers];
        Ask(GetRegisters, thread, 0, (nint)registers);
        var at = registers[InstructionPointer] - 1 - _base;
        if (!symbols.Names.TryGetValue(at, out var name))
            return false;
        if (_met.Add(at))
        {
            _ran.Add(name);
            RandomAccess.Write(_memory!, _code.AsSpan((int)(at - symbols.Start), 1), _base + at);
        }
        registers[InstructionPointer]--;
        Ask(SetRegisters, thread, 0, (nint)registers);
        return true;
    }

    private static void Ask(long request, int thread, nint address, nint data)
    {
        if (Ptrace(request, thread, address, data) < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    private static partial long Ptrace(long request, int thread, nint address, nint data);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int Wait(int process, out int status, int options);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(out int process, string path, nint fileActions, nint attributes, string?[] arguments, string?[] environment);

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}

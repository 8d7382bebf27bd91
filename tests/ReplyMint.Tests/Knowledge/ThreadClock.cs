using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ReplyMint.Tests.Knowledge;

/// <summary>Processor time of the calling thread on Linux, wall time elsewhere.</summary>
internal static class ThreadClock
{
    private const int ThreadCpuTime = 3;

    public static double Microseconds() =>
        OperatingSystem.IsLinux() && clock_gettime(ThreadCpuTime, out var time) == 0
            ? (time.Seconds * 1e6) + (time.Nanoseconds / 1e3)
            : Stopwatch.GetTimestamp() * 1e6 / Stopwatch.Frequency;

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int clock_gettime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}

using System.Runtime.InteropServices;

namespace ReplyMint.Security;

/// <summary>What the kernel says of the machine's clock.</summary>
/// <param name="KeptRight">Whether something compares it with another one; null when the kernel does not say.</param>
/// <param name="MostOff">By how much it may be wrong, as far as the kernel knows.</param>
internal readonly record struct ClockReading(bool? KeptRight, TimeSpan MostOff)
{
    public static readonly ClockReading Unknown = new(null, TimeSpan.Zero);
}

/// <summary>Asks the kernel whether the clock is kept right (adjtimex, which changes nothing when nothing is asked to be changed).</summary>
internal static partial class KernelClock
{
    // struct timex of 64-bit Linux: what to change, then maxerror in microseconds and the bits of the state.
    private const int Size = 256;
    private const int MaxErrorAt = 24;
    private const int StatusAt = 40;
    private const int Unsynchronised = 0x40;
    private const int TimeError = 5;

    public static ClockReading Read()
    {
        Span<byte> buffer = stackalloc byte[Size];
        buffer.Clear();
        // A sandbox may forbid to ask.
        var state = IntPtr.Size == sizeof(long) ? adjtimex(buffer) : -1;
        if (state < 0)
            return ClockReading.Unknown;
        var status = MemoryMarshal.Read<int>(buffer[StatusAt..]);
        return new(state != TimeError && (status & Unsynchronised) == 0, TimeSpan.FromMicroseconds(MemoryMarshal.Read<long>(buffer[MaxErrorAt..])));
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int adjtimex(Span<byte> time);
}

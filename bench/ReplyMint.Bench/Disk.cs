using System.Diagnostics;

namespace ReplyMint.Bench;

/// <summary>What the disk itself can do: the rival of every durable write.</summary>
internal static class Disk
{
    private const int Seconds = 2;

    public static double SyncsPerSecond(string folder)
    {
        var path = Path.Combine(folder, "fsync");
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var block = new byte[4096];
        var start = Stopwatch.GetTimestamp();
        var done = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < Seconds)
        {
            RandomAccess.Write(file, block, done * (long)block.Length);
            RandomAccess.FlushToDisk(file);
            done++;
        }
        return done / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}

/// <summary>What the kernel counts of a process.</summary>
internal static class ProcessFigures
{
    /// <summary>User and system time since its start.</summary>
    public static double CpuSeconds(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        // The name in parentheses may hold anything; what follows it is fields 3 and on, in clock ticks of 10 ms.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], System.Globalization.CultureInfo.InvariantCulture) + long.Parse(fields[12], System.Globalization.CultureInfo.InvariantCulture)) / 100.0;
    }

    public static double ResidentMegabytes(int process) =>
        double.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024;
}

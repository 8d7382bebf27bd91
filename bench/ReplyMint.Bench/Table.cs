using System.Globalization;
using System.Runtime.InteropServices;

namespace ReplyMint.Bench;

/// <summary>The one table: what was measured, what was asked for, and how it stands to a rival of the same run.</summary>
internal sealed class Table(string? binary)
{
    private readonly List<string[]> _rows = [];
    private readonly string _loadAtStart = Load();

    /// <param name="asked">What is asked for; empty where nothing is.</param>
    /// <param name="reached">Whether it was reached; null where nothing is asked or nothing was measured.</param>
    /// <param name="beside">The ratio to a named rival.</param>
    public void Add(string what, FormattableString figure, string asked = "", bool? reached = null, FormattableString? beside = null)
    {
        _rows.Add([what, FormattableString.Invariant(figure), reached is { } yes ? $"{asked}: {(yes ? "yes" : "no")}" : asked, beside is null ? "" : FormattableString.Invariant(beside)]);
        System.Console.Error.WriteLine($"  {what}: {_rows[^1][1]}");
    }

    public void Print()
    {
        System.Console.WriteLine($"{Environment.ProcessorCount} cores, load {_loadAtStart} at start and {Load()} at the end; .NET {Environment.Version}; {(binary is null ? "the assembly, compiled as it runs" : "the native binary")}, {RuntimeInformation.OSArchitecture}");
        System.Console.WriteLine();
        string[] head = ["What", "Figure", "Asked", "Beside"];
        var widths = Enumerable.Range(0, head.Length).Select(column => _rows.Append(head).Max(row => row[column].Length)).ToArray();
        foreach (var row in _rows.Prepend([.. widths.Select(width => new string('-', width))]).Prepend(head))
            System.Console.WriteLine("| " + string.Join(" | ", row.Select((cell, column) => cell.PadRight(widths[column]))) + " |");
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "?".ToString(CultureInfo.InvariantCulture);
}

internal static class Percentiles
{
    /// <param name="ticks">Of the stopwatch; sorted in place.</param>
    public static (double P50, double P99) Milliseconds(long[] ticks)
    {
        Array.Sort(ticks);
        return (At(0.5), At(0.99));

        double At(double share) => ticks[Math.Min(ticks.Length - 1, (int)(ticks.Length * share))] * 1000.0 / System.Diagnostics.Stopwatch.Frequency;
    }
}

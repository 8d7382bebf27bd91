using System.Diagnostics;
using System.Globalization;

namespace ReplyMint.StartOrder;

/// <summary>The compiled methods of a native binary: where they begin, relative to where it is loaded, and how the compiler calls them.</summary>
internal sealed class Symbols
{
    private Symbols(long start, int length, Dictionary<long, string> names) => (Start, Length, Names) = (start, length, names);

    /// <summary>Where the section of compiled methods begins.</summary>
    public long Start { get; }

    /// <summary>Its length in bytes.</summary>
    public int Length { get; }

    public Dictionary<long, string> Names { get; }

    /// <param name="binary">The stripped binary, with its symbols in BINARY.dbg beside it, as publishing leaves them.</param>
    public static Symbols Read(string binary)
    {
        var section = Output("readelf", "-SW", binary).Select(line => line.Split(']', 2)).First(parts => parts.Length == 2 && parts[1].Contains(" __managedcode "))[1]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (start, length) = (Hex(section[2]), (int)Hex(section[4]));
        var names = new Dictionary<long, string>();
        foreach (var line in Output("nm", binary + ".dbg"))
            if (line.Split(' ', 3) is [var address, "t" or "T", var name] && Hex(address) is var at && at >= start && at < start + length)
                names.TryAdd(at, name);
        return new(start, length, names);
    }

    public static long Hex(string text) => long.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Output(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        while (process.StandardOutput.ReadLine() is { } line)
            yield return line;
    }
}

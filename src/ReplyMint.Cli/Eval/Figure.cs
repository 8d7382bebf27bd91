using System.Globalization;

namespace ReplyMint.Cli.Eval;

/// <summary>A measured quality.</summary>
/// <param name="Least">What it has to reach; null when <paramref name="Most"/> bounds it, or nothing does.</param>
internal sealed record Figure(string Set, string Name, double Value, string Of, double? Least = null, double? Most = null)
{
    public bool IsMet => !(Value < Least) && !(Value > Most);

    public string Asked => Least is { } least ? "at least " + Write(least) : Most is { } most ? "at most " + Write(most) : "";

    public string Written => Write(Value);

    private static string Write(double value) => value.ToString(value == Math.Truncate(value) && value is 0 or > 1 ? "0" : "0.000", CultureInfo.InvariantCulture);
}

/// <summary>Looks at one set; hears of each case that went wrong.</summary>
internal delegate Task<IReadOnlyList<Figure>> Measurement(string folder, Action<string> wrong, CancellationToken ct);

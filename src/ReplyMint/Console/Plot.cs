namespace ReplyMint.Console;

/// <summary>A bar of a plot.</summary>
/// <param name="Label">Below it; empty for none.</param>
/// <param name="Told">What whoever points at it is told.</param>
/// <param name="Parts">What it is made of, from the floor up.</param>
internal sealed record PlotBar(string Label, string Told, params long[] Parts);

/// <summary>Bars by presentation attributes alone: the page's policy allows no style of its own, and a table beside it says the same to those who don't see it.</summary>
internal static class Plot
{
    private const int Width = 960;
    private const int Height = 240;
    private const int Foot = 40;
    private const int Brow = 36;

    /// <param name="html">The page.</param>
    /// <param name="name">What it shows, for those who don't see it.</param>
    /// <param name="bars">From the left.</param>
    /// <param name="top">What the highest bar may be; null is the highest one that there is.</param>
    /// <param name="unit">Behind the number at the top, such as a percent sign.</param>
    public static void Bars(this Html html, string name, IReadOnlyList<PlotBar> bars, long? top = null, string unit = "")
    {
        const int floor = Height - Foot;
        var most = Math.Max(1, top ?? bars.Max(bar => bar.Parts.Sum()));
        var gap = Width / bars.Count > 12 ? 4 : 1;
        html.Add($"""<svg class="plot" viewBox="0 0 {Width} {Height}" role="img" aria-label="{name}"><line x1="0" y1="{floor}" x2="{Width}" y2="{floor}"/><text x="0" y="24">{most.Text() + unit}</text>""");
        for (var i = 0; i < bars.Count; i++)
        {
            var (bar, from, to, foot) = (bars[i], i * Width / bars.Count, (i + 1) * Width / bars.Count, (long)floor);
            html.Add($"""<g><title>{bar.Told}</title>""");
            for (var part = 0; part < bar.Parts.Length; part++)
            {
                // What is there is seen, however little it is.
                var tall = bar.Parts[part] == 0 ? 0 : Math.Max(2, bar.Parts[part] * (floor - Brow) / most);
                foot -= tall;
                if (tall > 0)
                    html.Add($"""<rect class="part-{part}" x="{from}" y="{foot}" width="{Math.Max(1, to - from - gap)}" height="{tall}"/>""");
            }
            html.Add($"""</g>""");
            if (bar.Label.Length > 0)
                html.Add($"""<text x="{from}" y="{Height - 8}">{bar.Label}</text>""");
        }
        html.Add($"""</svg>""");
    }

    /// <summary>Which colour is what.</summary>
    public static void Legend(this Html html, params ReadOnlySpan<string> parts)
    {
        html.Add($"""<ul class="legend">""");
        for (var part = 0; part < parts.Length; part++)
            html.Add($"""<li class="part-{part}">{parts[part]}</li>""");
        html.Add($"""</ul>""");
    }
}

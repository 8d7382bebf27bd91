using System.Text.RegularExpressions;
using ReplyMint.Monitoring;
using ReplyMint.Telemetry;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>As much of Prometheus' language as our questions use: brackets that close, names, labels and their words that exist, ranges where they belong.</summary>
internal static partial class PromQl
{
    private static readonly string[] Functions = ["sum", "max", "rate", "increase", "histogram_quantile", "topk"];
    private static readonly string[] NeedRange = ["rate", "increase"];

    /// <returns>The catalogue's names of the metrics that it asks for.</returns>
    public static IReadOnlyList<string> MetricsOf(string expression)
    {
        var open = new Stack<char>();
        foreach (var letter in Text().Replace(expression, ""))
            if ("([{".Contains(letter, StringComparison.Ordinal))
                open.Push(letter);
            else if (")]}".IndexOf(letter, StringComparison.Ordinal) is >= 0 and var at)
                Assert.Equal("([{"[at], open.Pop());
        Assert.Empty(open);
        var asked = new List<Metric>();
        foreach (Match found in Selector().Matches(Grouping().Replace(expression, "")))
        {
            var (name, labels, range) = (found.Groups["name"].Value, found.Groups["labels"].Value, found.Groups["range"].Success);
            if (Functions.Contains(name) || name == "up")
                continue;
            var metric = Assert.Single(Measures.All, metric => ExportedAs(metric).Contains(name));
            asked.Add(metric);
            foreach (Match label in Label().Matches(labels))
            {
                var attribute = Assert.Single(metric.Attributes, attribute => PrometheusText.LabelOf(attribute) == label.Groups["name"].Value);
                if (attribute.Words.Length > 0)
                    Assert.All(label.Groups["value"].Value.Split('|'), word => Assert.Contains(word, attribute.Words));
            }
            var function = expression[..Math.Max(0, expression.IndexOf(found.Value, StringComparison.Ordinal))];
            Assert.Equal(NeedRange.Any(needs => function.EndsWith(needs + "(", StringComparison.Ordinal)), range);
            Assert.Equal(metric.Kind != MetricKind.Gauge, range);
        }
        foreach (Match grouping in Grouping().Matches(expression))
            foreach (var label in grouping.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries))
                Assert.Contains(asked, metric => label == "le" ? metric.Kind == MetricKind.Histogram : metric.Attributes.Any(attribute => PrometheusText.LabelOf(attribute) == label));
        return [.. asked.Select(metric => metric.Name)];
    }

    private static string[] ExportedAs(Metric metric) => PrometheusText.NameOf(metric) is var name && metric.Kind == MetricKind.Histogram ? [name + "_bucket", name + "_sum", name + "_count"] : [name];

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Text();

    [GeneratedRegex("""\bby \((?<labels>[a-z_, ]+)\)""")]
    private static partial Regex Grouping();

    [GeneratedRegex("""(?<![\w"|.~-])(?<name>[a-z_][a-z0-9_]*[a-z0-9])(?![\w"|=!~])(?<labels>\{[^}]*\})?(?<range>\[\d+[mhd]\])?""")]
    private static partial Regex Selector();

    [GeneratedRegex("""(?<name>[a-z_]+)(?:=~|=|!=)"(?<value>[^"]*)" *""")]
    private static partial Regex Label();
}

using System.Text;
using ReplyMint.Monitoring;
using ReplyMint.Telemetry;

namespace ReplyMint.Tests.Monitoring;

/// <summary>docs/metrics.md, written from the catalogue.</summary>
internal static class MetricsPage
{
    public static string Write()
    {
        var page = new StringBuilder("""
            # Metrics

            This page is written from the catalogue in the code (`Telemetry/Measures.cs`); a test fails when it is stale. [operations](operations.md#metrics-traces-and-logs-for-others) says how to switch them on.
            No metric names a tenant, a person, an address or an id: attributes hold the words of this page, and whatever else is measured by mistake becomes `other`.
            What a tenant, a key and a group of routes used is counted apart (`GET /api/v1/usage`).

            Names are OpenTelemetry's; in Prometheus dots are underscores, seconds end with `_seconds` and counters with `_total`. Each metric marked "rule" has one in [alerts.yaml](../infra/monitoring/alerts.yaml), and all are on the [Grafana dashboard](../infra/monitoring/grafana.json). On Lambda (`monitoring.emf`) they stand in the namespace `ReplyMint` with the dimension `Function`; of a time it is the mean of each flush.

            | name | kind | unit | attributes | meaning |
            | --- | --- | --- | --- | --- |

            """);
        foreach (var metric in Measures.All)
            page.Append("| `").Append(metric.Name).Append("`<br>`").Append(PrometheusText.NameOf(metric)).Append("` | ").Append(metric.Kind.ToString().ToLowerInvariant()).Append(metric.Alerts ? ", rule" : "").Append(" | ").Append(metric.Unit).Append(" | ")
                .AppendJoin("<br>", metric.Attributes.Select(attribute => $"`{attribute.Name}`: {attribute.Form ?? string.Join(", ", attribute.Words)}")).Append(" | ").Append(metric.Meaning).Append(" |\n");
        return page.ToString();
    }
}

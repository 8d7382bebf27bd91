using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;
using ReplyMint.Monitoring;
using ReplyMint.Replies;
using ReplyMint.Telemetry;
using ReplyMint.Tests.Product;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace ReplyMint.Tests.Monitoring;

/// <summary>The catalogue, and what is written by its names: the page, the dashboard, the rules (MON-1, MON-4).</summary>
public sealed partial class MetricCatalogueTests
{
    private static readonly string Folder = Path.Combine(HouseTests.Root, "infra", "monitoring");

    [Fact]
    public async Task The_page_of_metrics_is_the_one_that_the_catalogue_writes()
    {
        var file = Path.Combine(HouseTests.Root, "docs", "metrics.md");
        if (Environment.GetEnvironmentVariable("REPLYMINT_TEST_WRITE_METRICS") == "1")
            await File.WriteAllTextAsync(file, MetricsPage.Write(), TestContext.Current.CancellationToken);
        Assert.True(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) == MetricsPage.Write(), "docs/metrics.md is stale: run this test with REPLYMINT_TEST_WRITE_METRICS=1");
    }

    [Fact]
    public void Names_follow_the_conventions_and_no_attribute_can_name_anybody()
    {
        Assert.True(Measures.All.Count > 20);
        Assert.Equal(Measures.All.Count, Measures.All.Select(metric => metric.Name).Distinct().Count());
        Assert.All(Measures.All, metric =>
        {
            Assert.Matches(metric.Foreign ? "^http[a-z_.]+$" : "^replymint\\.[a-z_.]+$", metric.Name);
            Assert.EndsWith(".", metric.Meaning, StringComparison.Ordinal);
            Assert.True(metric.Unit is "s" || metric.Unit is ['{', .., '}'], metric.Unit);
            Assert.All(metric.Attributes, attribute =>
            {
                Assert.DoesNotMatch("tenant|user|person|address|mail|key|session|\\bid\\b", attribute.Name);
                Assert.True(attribute.Words.Length is > 0 and <= 32 || attribute.Fits is not null, $"{attribute.Name} is not bounded");
                Assert.Equal(MetricAttribute.Other, attribute.Bounded("anna@customer.example"));
            });
        });
    }

    [Fact]
    public async Task Each_word_that_is_recorded_is_in_the_catalogue()
    {
        await using var host = await ProductHost.StartAsync();
        var jobs = Measures.JobTime.Attributes[0];
        Assert.All(host.Services.GetServices<JobHandler>(), handler => Assert.Equal(handler.Kind, jobs.Bounded(handler.Kind)));
        Assert.All(Enum.GetNames<GuardRule>(), rule => Assert.NotEqual(MetricAttribute.Other, Measures.GuardFindings.Attributes[0].Bounded(rule.ToLowerInvariant())));
        var inbound = Directory.EnumerateFiles(Path.Combine(HouseTests.Root, "src", "ReplyMint", "Inbound"), "*.cs").Select(File.ReadAllText).ToList();
        var reasons = inbound.SelectMany(code => RefusalReason().Matches(code)).Select(match => match.Groups["reason"].Value).Distinct().ToList();
        Assert.True(reasons.Count > 10, string.Join(' ', reasons));
        Assert.All(reasons, reason => Assert.Equal(reason, Measures.MailRefused.Attributes[1].Bounded(reason)));
    }

    /// <summary>No metric is made anywhere else.</summary>
    [Fact]
    public void There_is_one_catalogue() => Assert.Equal(["Measures.cs", "Metric.cs"],
        Directory.EnumerateFiles(Path.Combine(HouseTests.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && InstrumentMade().IsMatch(File.ReadAllText(file))).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Fact]
    public void Each_metric_is_on_the_dashboard_and_each_panel_shows_what_exists()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "grafana.json")));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        var asked = panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!).SelectMany(PromQl.MetricsOf).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(Measures.All.Select(metric => metric.Name).Order(StringComparer.Ordinal), asked.Order(StringComparer.Ordinal));
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("title").GetString()).Distinct().Count());
        // No two lie on each other.
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("gridPos").GetRawText()).Distinct().Count());
    }

    [Fact]
    public void Each_metric_that_should_wake_somebody_has_a_rule_and_each_rule_asks_for_what_exists()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(Path.Combine(Folder, "alerts.yaml"))));
        var rules = ((YamlSequenceNode)((YamlMappingNode)((YamlSequenceNode)yaml.Documents[0].RootNode["groups"]).Children[0])["rules"]).Children.Cast<YamlMappingNode>().ToList();
        Assert.All(rules, rule =>
        {
            Assert.Matches("^ReplyMint[A-Za-z]+$", ((YamlScalarNode)rule["alert"]).Value);
            Assert.Contains(((YamlScalarNode)rule["labels"]["severity"]).Value, (string[])["page", "ticket"]);
            Assert.NotEmpty(((YamlScalarNode)rule["annotations"]["summary"]).Value!);
        });
        var asked = rules.SelectMany(rule => PromQl.MetricsOf(((YamlScalarNode)rule["expr"]).Value!)).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(Measures.All.Where(metric => metric.Alerts).Select(metric => metric.Name).Order(StringComparer.Ordinal), asked.Order(StringComparer.Ordinal));
        // MON-1 names them: errors, latency, throttles, queue age, dead letters, table errors.
        Assert.All((string[])["ReplyMintErrors", "ReplyMintSlow", "ReplyMintThrottles", "ReplyMintQueueAge", "ReplyMintDeadLetters", "ReplyMintStoreErrors"],
            name => Assert.Contains(rules, rule => ((YamlScalarNode)rule["alert"]).Value == name));
        // Who is woken finds in the operator's page what is asked of him.
        var page = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "operations.md"));
        Assert.All(rules, rule => Assert.Contains($"`{((YamlScalarNode)rule["alert"]).Value}`", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sum(rate(replymint_mail_accepted_tota[5m]))")]
    [InlineData("sum(rate(replymint_mail_accepted_total[5m])")]
    [InlineData("sum by (replymint_rule) (replymint_queue_depth)")]
    [InlineData("replymint_queue_depth{replymint_channel=\"smtp\"}")]
    [InlineData("replymint_mail_accepted_total{replymint_channel=\"pigeon\"}")]
    [InlineData("rate(replymint_mail_accepted_total)")]
    public void A_wrong_question_is_found(string expression) => Assert.ThrowsAny<Exception>(() => PromQl.MetricsOf(expression));

    [GeneratedRegex("""(?:MailRefused\.Add\([^,()]+, |Refuse\((?:\d+, )?)"(?<reason>[a-z][a-z-]+)"|=> "(?<reason>stale|no-key|signature|busy|no-room|tenant-full|domain-lost)",""")]
    private static partial Regex RefusalReason();

    [GeneratedRegex("""\.Create(Counter|Histogram|Gauge|UpDownCounter|Observable\w+)<|new Meter\(|Meter \w+ = new\(""")]
    private static partial Regex InstrumentMade();
}

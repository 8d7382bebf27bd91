using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using ReplyMint.Cli;
using ReplyMint.Guide;
using ReplyMint.Monitoring;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Infra;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>docs/logs.md names each place that a log goes to, and there is no other.</summary>
public sealed partial class LogInventoryTests
{
    /// <summary>Where the program reaches an output that outlives it, and which stream that is.</summary>
    private static readonly Dictionary<string, string> Sinks = new(StringComparer.Ordinal)
    {
        ["ReplyMint.Cli/CommandHost.cs"] = "command",
        ["ReplyMint.Cli/LambdaHost.cs"] = "emf",
        ["ReplyMint.Cli/ProcessLog.cs"] = "process",
        ["ReplyMint.Cli/Program.cs"] = "command",
        ["ReplyMint/Monitoring/Gathered.cs"] = "collector",
        ["ReplyMint/Monitoring/MonitoringFeature.cs"] = "collector",
    };

    private static readonly string Page = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "logs.md"));

    private static string Template => File.ReadAllText(TemplateChecks.File);

    [Fact]
    public void Each_output_of_the_program_is_a_stream_of_the_page()
    {
        var src = Path.Combine(HouseTests.Root, "src");
        var found = Directory.EnumerateFiles(src, "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && Sink().IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(src, file)).Order(StringComparer.Ordinal);
        Assert.Equal(Sinks.Keys, found);
        var streams = RowsOf(Page).SelectMany(row => row.Names).ToHashSet(StringComparer.Ordinal);
        Assert.All(Sinks.Values, stream => Assert.Contains(stream, streams));
    }

    [Fact]
    public async Task A_server_logs_to_standard_error_and_to_a_collector_that_is_named_only()
    {
        using var cli = CliRun.OnStore();
        await using (var server = await ServerProcess.StartAsync(cli.OfServer, cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken))
        {
            Assert.Equal([typeof(ConsoleLoggerProvider)], ProvidersOf(server));
            Assert.Equal(LogLevel.Trace, server.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.LogToStandardErrorThreshold);
        }
        var collected = cli.OfServer with { Monitoring = new() { Otlp = new() { Endpoint = "http://127.0.0.1:9" } } };
        await using var other = await ServerProcess.StartAsync(collected, cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
        Assert.Equal([typeof(ConsoleLoggerProvider), typeof(LogBook)], ProvidersOf(other));
    }

    private static IEnumerable<Type> ProvidersOf(ServerProcess server) => server.Services.GetServices<ILoggerProvider>().Select(provider => provider.GetType()).OrderBy(type => type.Name, StringComparer.Ordinal);

    [Fact]
    public void Each_row_says_what_where_how_who_and_how_long()
    {
        var rows = RowsOf(Page);
        Assert.True(rows.Count >= 15, $"only {rows.Count} rows");
        Assert.Equal(rows.Sum(row => row.Names.Count), rows.SelectMany(row => row.Names).Distinct(StringComparer.Ordinal).Count());
        Assert.All(rows, row => Assert.True(row.Names.Count > 0 && row.Cells.Count is 5 or 6 && row.Cells.All(cell => cell.Length > 0), string.Join(" | ", row.Cells)));
    }

    [Fact]
    public void On_AWS_logs_go_to_what_the_page_names_and_stay_as_long_as_it_says() => Assert.Empty(Problems(Page, Template));

    [Theory]
    [InlineData("AccessLogs", "RetentionInDays: 30", "RetentionInDays: 14", "/replymint/STAGE/access is kept for 14 days")]
    [InlineData("GatewayLogs", "LogGroupName: !Sub 'API-Gateway-Execution-Logs_${Api}/${Stage}'", "LogGroupName: !Sub '/replymint/${Stage}/other'", "the page does not name /replymint/STAGE/other")]
    [InlineData("GatewayLogs", "LogGroupName: !Sub 'API-Gateway-Execution-Logs_${Api}/${Stage}'", "LogGroupName: !Sub '/replymint/${Stage}/other'", "there is no API-Gateway-Execution-Logs_Api/STAGE")]
    [InlineData("WafLogging", "[!GetAtt WafLogs.Arn]", "['arn:aws:logs:eu-central-1:999999999999:log-group:elsewhere']", "WafLogging writes to arn:aws:logs:eu-central-1:999999999999:log-group:elsewhere")]
    [InlineData("Trail", "S3BucketName: !Ref TrailBucket", "S3BucketName: somebody-elses", "Trail writes to somebody-elses")]
    [InlineData("TrailBucket", "ExpirationInDays: 400", "ExpirationInDays: 4000", "is kept for 4000 days")]
    [InlineData("MailBucket", "{DestinationBucketName: !Ref LogBucket,", "{DestinationBucketName: somebody-elses,", "MailBucket writes to somebody-elses")]
    [InlineData("ApiLogs", "/api'", "/console'", "there is no /replymint/STAGE/api")]
    public void A_template_that_logs_elsewhere_is_noticed(string resource, string find, string replace, string problem) =>
        Assert.Contains(Problems(Page, new TemplateMutant(problem, resource, find, replace).ApplyTo(Template)), found => found.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void A_page_that_names_too_few_or_too_many_is_noticed()
    {
        Assert.Contains("the page does not name /replymint/STAGE/flow", Problems(Page.Replace("| `/replymint/STAGE/flow`", "| `x`", StringComparison.Ordinal), Template));
        Assert.Contains("there is no /replymint/STAGE/x", Problems(Page.Replace("`/replymint/STAGE/api`,", "`/replymint/STAGE/api`, `/replymint/STAGE/x`,", StringComparison.Ordinal), Template));
    }

    private static HashSet<string> Problems(string page, string template)
    {
        var told = RowsOf(page[page.IndexOf("## On AWS", StringComparison.Ordinal)..]).SelectMany(row => row.Names, (row, name) => (name, days: row.Cells[^1])).ToDictionary(one => one.name, one => one.days, StringComparer.Ordinal);
        var (problems, there) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var stack in TemplateChecks.Stacks(TemplateChecks.Read(template)))
        {
            var to = stack.All.SelectMany(DestinationsOf).ToList();
            var places = stack.Of("AWS::Logs::LogGroup").Select(group => (Name: group.Text("LogGroupName"), Days: group.Text("RetentionInDays")))
                .Concat(stack.Of("AWS::S3::Bucket").Where(bucket => to.Any(one => one.Place == bucket.Text("BucketName"))).Select(bucket => (Name: bucket.Text("BucketName"), Days: $"{bucket.List("LifecycleConfiguration.Rules").FirstOrDefault()?["ExpirationInDays"]}"))).ToList();
            foreach (var (name, days) in places)
                if (!told.TryGetValue(Usual(name, stack), out var said))
                    problems.Add($"the page does not name {Usual(name, stack)}");
                else if (said != string.Create(CultureInfo.InvariantCulture, $"{days} days"))
                    problems.Add($"{Usual(name, stack)} is kept for {days} days");
            there.UnionWith(places.Select(place => Usual(place.Name, stack)));
            foreach (var (resource, place) in to)
                if (places.All(known => place != known.Name && place != $"arn:aws:logs:{Stack.Region}:{Stack.Account}:log-group:{known.Name}:*"))
                    problems.Add($"{resource} writes to {place}");
        }
        // Not each form of the stack has all of them.
        problems.UnionWith(told.Keys.Where(name => !there.Contains(name)).Select(name => $"there is no {name}"));
        return problems;
    }

    private static IEnumerable<(string Resource, string Place)> DestinationsOf(Resource one) =>
        ((string[])[one.Text("LoggingConfig.LogGroup"), one.Text("AccessLogSetting.DestinationArn"), one.Text("LoggingConfiguration.DestinationBucketName"), .. one.Type == "AWS::CloudTrail::Trail" ? (string[])[one.Text("S3BucketName")] : [],
            .. one.Type == "AWS::EC2::FlowLog" ? (string[])[one.Text("LogGroupName")] : [], .. Stack.TextsOf(one.Node("LogDestinationConfigs"))]).Where(place => place.Length > 0).Select(place => (one.Name, place));

    private static string Usual(string name, Stack stack) => name.Replace(stack.Stage, "STAGE", StringComparison.Ordinal).Replace(Stack.Account, "ACCOUNT", StringComparison.Ordinal).Replace(Stack.Region, "REGION", StringComparison.Ordinal);

    private static List<(List<string> Names, List<string> Cells)> RowsOf(string page) =>
        [.. page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Trim('|', ' ').Split(" | ").Select(cell => cell.Trim()).ToList()).Select(cells => (Quoted().Matches(cells[0]).Select(match => match.Groups[1].Value).ToList(), cells))];

    [GeneratedRegex(@"\bSystem\.Console\.(?:Out|Error|Write|OpenStandard(?:Output|Error))|\bILoggerProvider\b|\b[Ll]ogging\.Add(?!Filter\b)\w+|\bTraceListener\b|\b(?:Trace|Debug)\.Write|\bEventLog\b|: EventSource\b")]
    private static partial Regex Sink();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}

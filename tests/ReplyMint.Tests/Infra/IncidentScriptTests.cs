namespace ReplyMint.Tests.Infra;

/// <summary>infra/edge.sh, infra/evidence.sh and infra/drift.sh, with stand-ins for what they call.</summary>
public sealed class IncidentScriptTests : IDisposable
{
    private readonly ScriptRun _run = new();

    public IncidentScriptTests()
    {
        _run.Answer("cloudformation.describe-stacks", "value-of-the-stack");
        _run.Answer("sts.get-caller-identity", "arn:aws:sts::111122223333:assumed-role/replymint-staging-operator/somebody");
        _run.Answer("wafv2.get-ip-set", """{"LockToken":"lock-1","IPSet":{"Addresses":["198.51.100.1/32"]}}""");
    }

    public void Dispose() => _run.Dispose();

    private string Call(string start) => Assert.Single(_run.Calls, call => call.StartsWith("aws " + start, StringComparison.Ordinal));

    [Fact]
    public async Task An_address_joins_those_that_are_blocked_and_leaves_them()
    {
        Assert.True(await _run.RunAsync("edge.sh", ["staging", "contain", "address", "203.0.113.7/32", "--incident", "case"]) == 0, _run.Error);
        var update = Call("wafv2 update-ip-set");
        Assert.Contains("--lock-token lock-1", update, StringComparison.Ordinal);
        Assert.Contains("""["198.51.100.1/32","203.0.113.7/32"]""", update, StringComparison.Ordinal);
        Assert.Contains(_run.Calls, call => call.StartsWith("replymint incident note case edge of staging: contain address 203.0.113.7/32", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(_run.Folder, "calls"), "");
        Assert.Equal(0, await _run.RunAsync("edge.sh", ["staging", "release", "address", "198.51.100.1/32"]));
        Assert.EndsWith("--addresses []", Call("wafv2 update-ip-set"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.0.0.0/8")]
    [InlineData("203.0.113.7")]
    [InlineData("example.com")]
    public async Task A_slip_shuts_nobody_else_out(string address)
    {
        Assert.Equal(1, await _run.RunAsync("edge.sh", ["staging", "contain", "address", address]));
        Assert.DoesNotContain(_run.Calls, call => call.Contains("update-ip-set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_gateway_lets_nothing_through_and_then_as_much_as_before()
    {
        Assert.Equal(1, await _run.RunAsync("edge.sh", ["staging", "contain", "api"], "no\n"));
        Assert.DoesNotContain(_run.Calls, call => call.Contains("update-stage", StringComparison.Ordinal));
        Assert.True(await _run.RunAsync("edge.sh", ["staging", "contain", "api"], "staging\n") == 0, _run.Error);
        var closed = _run.Calls.Where(call => call.Contains("update-stage", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, closed.Count);
        Assert.Contains("path=/*/*/throttling/rateLimit,value=0 op=replace,path=/*/*/throttling/burstLimit,value=0", closed[0], StringComparison.Ordinal);
        Assert.Contains("path=/~1webhooks~1{proxy+}/ANY/throttling/rateLimit,value=0", closed[1], StringComparison.Ordinal);
        _run.Answer("cloudformation.describe-stacks", "200");
        Assert.Equal(0, await _run.RunAsync("edge.sh", ["staging", "release", "api"]));
        Assert.Contains(_run.Calls, call => call.Contains("path=/*/*/throttling/rateLimit,value=200", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("mail")]
    [InlineData("erase")]
    public async Task A_queue_is_read_no_more_and_then_again(string what)
    {
        Assert.Equal(0, await _run.RunAsync("edge.sh", ["staging", "contain", what]));
        Assert.EndsWith("--no-enabled", Call("lambda update-event-source-mapping"), StringComparison.Ordinal);
        Assert.Equal(0, await _run.RunAsync("edge.sh", ["staging", "release", what]));
        Assert.EndsWith("--enabled", _run.Calls.Last(call => call.Contains("update-event-source-mapping", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schedules_stop()
    {
        Assert.Equal(0, await _run.RunAsync("edge.sh", ["production", "contain", "schedules"]));
        Assert.Equal(3, _run.Calls.Count(call => call.StartsWith("aws events disable-rule --name replymint-production-", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("edge.sh", "staging contain api")]
    [InlineData("edge.sh", "staging contain address 203.0.113.7/32")]
    [InlineData("edge.sh", "production release worker")]
    [InlineData("evidence.sh", "staging --incident case --since 2030-01-01T00:00:00Z --until 2030-01-01T01:00:00Z --passphrase-file pass --out case.evidence")]
    [InlineData("drift.sh", "staging --record")]
    [InlineData("smoke.sh", "production")]
    public async Task Dry_runs_call_nothing(string script, string arguments)
    {
        Assert.True(await _run.RunAsync(script, [.. arguments.Split(' '), "--dry-run"]) == 0, _run.Error);
        Assert.Empty(_run.Calls);
        Assert.Contains("+ ", _run.Out + _run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evidence_holds_each_log_and_the_trail()
    {
        _run.Answer("logs.start-query", "query-1");
        _run.Answer("logs.get-query-results", """{"status":"Complete","results":[[{"field":"@timestamp","value":"2030-01-01 00:00:01"},{"field":"@message","value":"{}"},{"field":"@ptr","value":"x"}]]}""");
        _run.Answer("cloudtrail.lookup-events", """{"Events":[{"CloudTrailEvent":"{\"eventName\":\"UpdateIPSet\"}"}]}""");
        Assert.True(await _run.RunAsync("evidence.sh", ["staging", "--incident", "case", "--since", "2030-01-01T00:00:00Z", "--until", "2030-01-01T01:00:00Z", "--passphrase-file", "pass", "--out", "case.evidence"]) == 0, _run.Error);
        var sealing = Assert.Single(_run.Calls, call => call.StartsWith("replymint incident evidence --incident case --since 2030-01-01T00:00:00Z", StringComparison.Ordinal));
        foreach (var file in new[] { "access", "waf", "api", "worker", "sweep", "imap", "rotate", "erase", "alarm", "flow", "trail" })
        {
            Assert.Contains($"/aws-{file}.jsonl", sealing, StringComparison.Ordinal);
            Assert.Contains($"1 aws-{file}.jsonl", _run.Out, StringComparison.Ordinal);
        }
        Assert.Contains(_run.Calls, call => call.Contains("--log-group-name aws-waf-logs-replymint-staging", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Drift_is_found_said_and_recorded()
    {
        _run.Answer("cloudformation.get-template", "Resources: {}");
        _run.Answer("cloudformation.describe-stack-drift-detection-status", "DETECTION_COMPLETE");
        _run.Answer("cloudformation.describe-stack-resource-drifts",
            """{"StackResourceDrifts":[{"LogicalResourceId":"Waf","ResourceType":"AWS::WAFv2::WebACL","StackResourceDriftStatus":"MODIFIED","PropertyDifferences":[{"PropertyPath":"/Rules/0","ExpectedValue":"a","ActualValue":"b"}]}]}""");
        Assert.Equal(1, await _run.RunAsync("drift.sh", ["staging", "--record"]));
        Assert.Contains("Waf (AWS::WAFv2::WebACL) is MODIFIED", _run.Out, StringComparison.Ordinal);
        Assert.Contains("expected a, is b", _run.Out, StringComparison.Ordinal);
        Assert.Contains(_run.Calls, call => call.StartsWith("replymint record change drift of replymint-staging --by arn:aws:sts::111122223333:assumed-role/replymint-staging-operator/somebody --before ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stack_as_it_stands_here_has_no_drift()
    {
        using var deploy = new ScriptRun();
        Assert.Equal(0, await deploy.RunAsync("deploy.sh", ["staging", "--dry-run", "--no-smoke"]));
        File.Copy(Path.Combine(deploy.Folder, "work", "template.yaml"), Path.Combine(_run.Folder, "cloudformation.get-template"));
        _run.Answer("cloudformation.describe-stack-drift-detection-status", "DETECTION_COMPLETE");
        _run.Answer("cloudformation.describe-stack-resource-drifts", """{"StackResourceDrifts":[]}""");
        Assert.True(await _run.RunAsync("drift.sh", ["staging"]) == 0, _run.Out + _run.Error);
        Assert.EndsWith(": none\n", _run.Out, StringComparison.Ordinal);
    }
}

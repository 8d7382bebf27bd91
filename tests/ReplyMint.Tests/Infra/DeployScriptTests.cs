using System.IO.Compression;
using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Infra;

/// <summary>infra/deploy.sh: what changes is shown first, whoever means it says so, and it is written down. Nothing here reaches AWS.</summary>
public sealed class DeployScriptTests : IDisposable
{
    private readonly ScriptRun _run = new();

    public DeployScriptTests()
    {
        _run.Answer("sts.get-caller-identity", "arn:aws:sts::111122223333:assumed-role/builds/somebody");
        _run.Answer("cloudformation.get-template", "Resources: {}");
        _run.Answer("cloudformation.describe-change-set", "None");
        _run.Answer("cloudformation.describe-stacks", "replymint-staging");
    }

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task Dry_run_shows_each_command_and_calls_nothing()
    {
        Assert.True(await _run.RunAsync("deploy.sh", ["staging", "--dry-run"]) == 0, _run.Error);
        Assert.Empty(_run.Calls);
        var shown = _run.Out + _run.Error;
        foreach (var command in new[] { "aws s3 cp", "create-change-set", "describe-change-set", "execute-change-set", "update-termination-protection", "set-active-receipt-rule-set" })
            Assert.Contains(command, shown, StringComparison.Ordinal);
        // The smoke test: preflight, WAF, signing in, a mail, rotation, a dead letter, a restore, too many requests.
        foreach (var command in new[] { "curl -X OPTIONS", "etc/passwd", "/api/v1/sign-in", "/api/v1/messages", "aws lambda invoke", "send-message", "restore-table-to-point-in-time", "/api/v1/sign-in/complete" })
            Assert.Contains(command, shown, StringComparison.Ordinal);
        Assert.True(_run.Out.IndexOf("describe-change-set", StringComparison.Ordinal) < _run.Out.IndexOf("has to be typed", StringComparison.Ordinal)
            && _run.Out.IndexOf("has to be typed", StringComparison.Ordinal) < _run.Out.IndexOf("execute-change-set", StringComparison.Ordinal), _run.Out);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yes\n")]
    [InlineData("production\n")]
    public async Task Nothing_changes_unless_the_stage_is_typed(string typed)
    {
        Assert.Equal(1, await _run.RunAsync("deploy.sh", ["staging", "--no-smoke"], typed));
        Assert.Contains(_run.Calls, call => call.Contains("create-change-set", StringComparison.Ordinal));
        Assert.DoesNotContain(_run.Calls, call => call.Contains("execute-change-set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_is_carried_out_and_recorded_with_author_time_before_and_after()
    {
        Assert.True(await _run.RunAsync("deploy.sh", ["staging", "--no-smoke"], "staging\n") == 0, _run.Error);
        Assert.Contains(_run.Calls, call => call.StartsWith("aws cloudformation execute-change-set --stack-name replymint-staging", StringComparison.Ordinal));
        var record = JsonNode.Parse(await File.ReadAllTextAsync(Directory.GetFiles(Path.Combine(_run.Folder, "work"), "change-*.json").Single()))!;
        Assert.Equal("arn:aws:sts::111122223333:assumed-role/builds/somebody", (string?)record["by"]);
        Assert.Equal("Resources: {}\n", (string?)record["before"]);
        Assert.Contains("AWS::ApiGateway::RestApi", (string?)record["after"], StringComparison.Ordinal);
        Assert.True(DateTimeOffset.TryParse((string?)record["at"], System.Globalization.CultureInfo.InvariantCulture, out _));
        Assert.Contains(_run.Calls, call => call.Contains("/changes/staging/change-", StringComparison.Ordinal));
    }

    /// <summary>The one function that compares settings learns from it whom a change is of.</summary>
    [Fact]
    public async Task Who_deploys_is_said_to_the_stack()
    {
        Assert.True(await _run.RunAsync("deploy.sh", ["staging", "--no-smoke"], "staging\n") == 0, _run.Error);
        var given = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_run.Folder, "work", "parameters.json")))!.AsArray();
        Assert.Equal("arn:aws:sts::111122223333:assumed-role/builds/somebody", (string?)given.Single(one => (string?)one!["ParameterKey"] == "ChangedBy")!["ParameterValue"]);
        await File.AppendAllTextAsync(Path.Combine(_run.Folder, "parameters"), "\nChangedBy=somebody else\n", TestContext.Current.CancellationToken);
        Assert.Equal(1, await _run.RunAsync("deploy.sh", ["staging", "--no-smoke"], "staging\n"));
        Assert.Contains("must not set", _run.Error, StringComparison.Ordinal);
    }

    /// <summary>22 MB, whatever packs it.</summary>
    [Theory]
    [InlineData(22_000_000, 0)]
    [InlineData(22_000_001, 1)]
    public async Task A_package_that_is_too_large_goes_nowhere(long size, int status)
    {
        _run.Instead("7zz", $"for file in \"$@\"; do [[ $file != *.zip ]] || truncate -s {size} \"$file\"; done");
        Assert.Equal(status, await _run.RunAsync("deploy.sh", ["staging", "--no-smoke"], "staging\n"));
        Assert.Equal(status == 0, _run.Out.Contains($"{size} bytes", StringComparison.Ordinal));
        Assert.Equal(status == 0, _run.Calls.Any(call => call.StartsWith("aws s3 cp", StringComparison.Ordinal)));
    }

    /// <summary>Who has no better packer gets a package, too.</summary>
    [Fact]
    public async Task Plain_zip_packs_where_nothing_better_is_at_hand()
    {
        _run.HideFromPath("7zz", "7z");
        Assert.True(await _run.RunAsync("deploy.sh", ["staging", "--dry-run", "--no-smoke"]) == 0, _run.Error);
        await using var package = await ZipFile.OpenReadAsync(Path.Combine(_run.Folder, "work", "package.zip"), TestContext.Current.CancellationToken);
        Assert.Equal(["bootstrap", "replymint"], package.Entries.Select(entry => entry.FullName));
    }

    [Fact]
    public async Task The_package_is_what_Lambda_wants_and_the_same_for_the_same_files()
    {
        Assert.Equal(0, await _run.RunAsync("deploy.sh", ["staging", "--dry-run", "--no-smoke"]));
        var first = _run.Out.Split('\n')[0];
        using (var package = await ZipFile.OpenReadAsync(Path.Combine(_run.Folder, "work", "package.zip")))
        {
            Assert.Equal(["bootstrap", "replymint"], package.Entries.Select(entry => entry.FullName));
            // Unix's modes: Lambda runs the bootstrap as another user than whoever packed it.
            Assert.All(package.Entries, entry => Assert.Equal(0b111_101_101, (entry.ExternalAttributes >> 16) & 0b111_111_111));
        }
        Assert.StartsWith("Package: packages/", first, StringComparison.Ordinal);
        Assert.Equal(0, await _run.RunAsync("deploy.sh", ["staging", "--dry-run", "--no-smoke"]));
        Assert.Equal(first, _run.Out.Split('\n')[0]);
        File.AppendAllText(Path.Combine(_run.Folder, "published", "replymint"), "newer");
        Assert.Equal(0, await _run.RunAsync("deploy.sh", ["staging", "--dry-run", "--no-smoke"]));
        Assert.NotEqual(first, _run.Out.Split('\n')[0]);
    }

    /// <summary>Another template, another deployment of the API: one of the same name would not be made anew.</summary>
    [Fact]
    public async Task The_deployment_of_the_API_is_named_by_its_template()
    {
        Assert.Equal(0, await _run.RunAsync("deploy.sh", ["staging", "--dry-run", "--no-smoke"]));
        var template = TemplateYaml.Parse(await File.ReadAllTextAsync(Path.Combine(_run.Folder, "work", "template.yaml")));
        var name = template["Resources"]!.AsObject().Single(resource => (string?)resource.Value!["Type"] == "AWS::ApiGateway::Deployment").Key;
        Assert.Matches("^ApiDeployment[0-9a-f]{12}$", name);
        Assert.Empty(TemplateChecks.Problems(template));
    }

    [Fact]
    public async Task A_table_is_never_replaced()
    {
        _run.Answer("cloudformation.describe-change-set", "MainTable");
        Assert.Equal(1, await _run.RunAsync("deploy.sh", ["staging", "--no-smoke"], "staging\n"));
        Assert.Contains("MainTable would be replaced", _run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(_run.Calls, call => call.Contains("execute-change-set", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("")]
    public async Task A_stage_has_to_be_named(string stage)
    {
        Assert.Equal(2, await _run.RunAsync("deploy.sh", [stage, "--dry-run"]));
        Assert.Empty(_run.Calls);
    }
}

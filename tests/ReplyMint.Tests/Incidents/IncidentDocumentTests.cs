using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Tests.Cli;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>What the person on duty reads at night works as it stands there; and the drill sees each effect (IR-6).</summary>
public sealed partial class IncidentDocumentTests : IDisposable
{
    private readonly IncidentCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Each_command_of_the_procedure_works_as_written()
    {
        var variables = new Dictionary<string, string> { ["KEY"] = await _cli.FillAsync() };
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "incident-response.md"), TestContext.Current.CancellationToken);
        var lines = Block().Matches(page).SelectMany(block => block.Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.True(lines.Count(line => line.Contains("replymint ", StringComparison.Ordinal)) > 30);
        foreach (var line in lines)
        {
            var assigned = Assigned().Match(line);
            if (Words(assigned.Success ? assigned.Groups["command"].Value : line, variables) is ["replymint", .. var arguments])
            {
                var printed = await _cli.OkAsync([.. arguments]);
                if (assigned.Success)
                    variables[assigned.Groups["name"].Value] = printed.Trim();
            }
            else
                Shell(line);
        }
        // What is contained in step 2 is free at the end, but for the key, whose end step 3 is.
        Assert.DoesNotContain("tenant ", (await _cli.OkAsync("incident", "list")).Split("WATCHED")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_drill_sees_each_effect_within_a_minute_and_leaves_a_signed_record()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        var before = Directory.GetDirectories(Path.GetTempPath(), "replymint-drill-*").Length;
        var printed = await _cli.OkAsync("incident", "drill");
        Assert.DoesNotContain("NOT SEEN", printed, StringComparison.Ordinal);
        Assert.True(printed.Split('\n').Count(line => line.StartsWith("seen ", StringComparison.Ordinal)) >= 15, printed);
        Assert.InRange(Directory.GetDirectories(Path.GetTempPath(), "replymint-drill-*").Length, 0, before);
        var record = (await _cli.OkAsync("record", "list", "--json")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Single(one => (string?)one["kind"] == "drill" && one["proof"] is not null);
        var keys = System.Text.Json.JsonSerializer.Deserialize(await _cli.OkAsync("incident", "evidence-keys"), AuditJson.Default.AttestationKeySet)!;
        var report = Attestations.Verify(DrillDesk.Kind, (string)record["proof"]!, IncidentsJson.Default.IncidentDrillReport, keys)!;
        Assert.True(report.Passed);
        Assert.InRange(report.Milliseconds, 0, 60_000);
    }

    [Fact]
    public async Task A_drill_that_missed_an_effect_is_due_again_at_once()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        var report = Path.Combine(_cli.Folder, "report.json");
        await File.WriteAllTextAsync(report, """{"v":1,"at":"2026-11-24T12:00:00Z","milliseconds":5,"version":"1.0.0","steps":[{"name":"end all keys","milliseconds":5,"problem":"it still works"}]}""", TestContext.Current.CancellationToken);
        await _cli.OkAsync("incident", "drill-record", "--report", report);
        Assert.Equal(1, await _cli.RunAsync("record", "list"));
        Assert.Matches(@"OVERDUE +drill ", _cli.Out);
    }

    private void Shell(string line)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line]) { WorkingDirectory = _cli.Folder })!;
        shell.WaitForExit();
        Assert.True(shell.ExitCode == 0, line);
    }

    /// <summary>As a shell would: blanks divide, double quotes hold together, $NAME is what was put in.</summary>
    private static List<string> Words(string line, Dictionary<string, string> variables) =>
        [.. Word().Matches(line).Select(word => Variable().Replace(word.Value.Trim('"'), name => variables[name.Groups["name"].Value]))];

    [GeneratedRegex(@"^```sh\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(?<name>[A-Z]+)=\$\((?<command>.*)\)$")]
    private static partial Regex Assigned();

    [GeneratedRegex("\"[^\"]*\"|[^ ]+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\$(?<name>[A-Z]+)")]
    private static partial Regex Variable();
}

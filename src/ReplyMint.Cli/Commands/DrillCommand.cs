using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ReplyMint.Cli.Demo;
using ReplyMint.Cli.Drill;
using ReplyMint.Incidents;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>Rehearses an incident beside the installation, and leaves a signed report in it.</summary>
internal static class DrillCommand
{
    private const string KeepName = "drill-record";

    public static Verb Build(CommandHost host)
    {
        var drill = new Verb("drill", "rehearse all of it on a throw-away installation in a temporary folder, within a minute; leaves a signed record here") { Examples = ["incident drill"] };
        drill.SetAction(async (parse, ct) =>
        {
            var folder = Directory.CreateTempSubdirectory("replymint-drill-").FullName;
            try
            {
                var report = await RunAsync(folder, host, ct);
                var path = Path.Combine(folder, "report.json");
                await File.WriteAllBytesAsync(path, JsonSerializer.SerializeToUtf8Bytes(report, IncidentsJson.Default.IncidentDrillReport), ct);
                var kept = await EvidenceCommands.RunAsync(host, parse, ["incident", KeepName, "--report", path], ct);
                foreach (var step in report.Steps.Where(step => step.Problem is not null))
                    host.Fail($"the drill did not see \"{step.Name}\": {Plain.Line(step.Problem!, 300)}");
                return report.Passed ? kept : ExitCode.Failed;
            }
            catch (RefusedException e)
            {
                return host.Fail($"the drill's installation did not start: {e.Message}");
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return drill;
    }

    /// <summary>Not shown: signs and keeps what a drill saw.</summary>
    public static StoreCommand Keep()
    {
        var report = new Option<string>("--report") { HelpName = "FILE", Description = "what was seen", Required = true };
        return new StoreCommand(KeepName, "sign a drill's report and keep it as a record", async (context, _, ct) =>
        {
            IncidentDrillReport? seen;
            try
            {
                seen = JsonSerializer.Deserialize(context.Files[0].Bytes, IncidentsJson.Default.IncidentDrillReport);
            }
            catch (JsonException)
            {
                seen = null;
            }
            if (seen is null)
                return context.Fail("this is no report of a drill");
            var record = await context.Get<DrillDesk>().KeepAsync(seen, StoreWords.Actor, ct);
            context.Out.WriteLine($"{record.Note}; signed, in record {record.Item.Id}{(record.Item.DueAt is { } due ? $"; the next one is due on {RecordCommands.Date(due)}" : "")}");
            return ExitCode.Ok;
        }) { Options = { report }, ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(report), host, ct), Hidden = true };
    }

    private static async Task<IncidentDrillReport> RunAsync(string folder, CommandHost host, CancellationToken ct)
    {
        var (data, config) = (Path.Combine(folder, "data"), Path.Combine(folder, "config"));
        // Nothing of the installation's own settings: no mail leaves but into the folder, and nobody outside is asked.
        var settings = new ReplyMintSettings
        {
            Data = data, Config = config, Environment = DeploymentEnvironment.Development, Urls = ["http://127.0.0.1:0"],
            Smtp = new() { Port = 0, AuthservId = DemoMail.TrustedServer },
        };
        var apart = host with
        {
            Out = TextWriter.Null, Error = TextWriter.Null, In = TextReader.Null, Interactive = false, Environment = new Dictionary<string, string> { ["HOME"] = folder }, Directory = folder,
            Open = static (_, _) => throw new RefusedException("the drill's server does not answer"),
        };
        var (at, started) = (DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
        await using var server = await ServerProcess.StartAsync(settings, apart, ct);
        using var door = new DrillDoor(server, data);
        var steps = await new DrillRun(door, new DrillCommands(apart, data, config), folder, step => host.Out.WriteLine($"{(step.Problem is null ? "seen" : "NOT SEEN"),-8}  {step.Name} ({step.Milliseconds} ms)")).RunAsync(ct);
        return new(1, at, (int)Stopwatch.GetElapsedTime(started).TotalMilliseconds, typeof(DrillCommand).Assembly.GetName().Version?.ToString(3) ?? "", steps);
    }
}

using System.CommandLine;
using System.Text.Json;
using ReplyMint.Security;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli.Doctor;
using ReplyMint.Cli.Reach;
using ReplyMint.Incidents;
using ReplyMint.Mail;
using ReplyMint.Privacy;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Looks at everything around the installation that can be wrong, and says how to mend it.</summary>
internal static class DoctorCommand
{
    private const string FactsName = "doctor-facts";
    // No domain has a blank in it.
    private const string DueMark = "due ";
    private const string FindingMark = "finding ";

    public static Command Build(CommandHost host)
    {
        var json = new Option<bool>("--json") { Description = "one JSON object a finding" };
        var environment = new Option<string?>("--environment") { HelpName = "NAME", Description = "as given to serve" };
        var doctor = new Verb("doctor", "check disk, clock, keys, ports, DNS, SPF/DKIM/DMARC, model and way out, and say how to mend each")
        {
            Options = { json, environment }, Examples = ["doctor", "doctor --json --set dns.server=9.9.9.9"],
        };
        doctor.SetAction(async (parse, ct) =>
        {
            if (SettingsOfCommand.Read(parse, host, ("environment", parse.GetValue(environment), "--environment")) is not { } settings)
                return ExitCode.Usage;
            settings = settings with { Data = settings.Data ?? new Folders(host).ForCommand().Folder };
            var failed = false;
            await foreach (var finding in LookAsync(settings, host, ct))
            {
                failed |= finding.State == "fail";
                Show(finding, parse.GetValue(json), host.Out);
            }
            return failed ? ExitCode.Failed : ExitCode.Ok;
        });
        return doctor;
    }

    /// <summary>Not shown: what the doctor asks of the store, in the server or here: the settings, the mailboxes' domains, and what is due.</summary>
    public static Command BuildFacts() => new StoreCommand(FactsName, "print the settings in effect and the mailboxes' domains", async (context, _, ct) =>
    {
        context.Out.WriteLine(JsonSerializer.SerializeToNode(context.Get<ReplyMintSettings>(), SettingsJson.Default.ReplyMintSettings)!.ToJsonString());
        context.Out.WriteLine(FindingMark + CliJson.Line(BackupFinding(BackupAges.Of(await context.Get<Backups>().StateAsync(ct), context.Get<BackupSettings>(), context.Get<TimeProvider>().GetUtcNow()), context.Get<BackupSettings>())));
        context.Out.WriteLine(FindingMark + CliJson.Line(await AnchorFindingAsync(context, ct)));
        var domains = new SortedSet<string>(StringComparer.Ordinal);
        var (desk, waiting) = (context.Get<RetentionDesk>(), 0);
        foreach (var tenant in await context.Get<Tenants>().ListAsync(ct))
        {
            var kept = (await desk.ReadAsync(tenant.Id, ct)).Value;
            if (kept.Attachments && !desk.KeepsAttachments(kept))
                waiting++;
            foreach (var mailbox in await context.Get<Mailboxes>().ListAsync(tenant.Id, ct))
                domains.Add(AddressRules.Domain(mailbox.Address));
        }
        if (waiting > 0)
            context.Out.WriteLine(FindingMark + CliJson.Line(Finding.Warn("attachments", $"tenants that want them kept: {waiting}; none are, since nobody said what scans them", "name ClamAV's socket, such as unix:/run/clamav/clamd.ctl, or none in so many words: inbound.attachments.scanner")));
        foreach (var domain in domains)
            context.Out.WriteLine(domain);
        foreach (var due in (await context.Get<Records>().DueAsync(ct)).Where(due => due.IsFinding))
            context.Out.WriteLine($"{DueMark}{due.State} {due.Kind} {Records.Words(due)}");
        return ExitCode.Ok;
    }) { Hidden = true };

    private static async IAsyncEnumerable<Finding> LookAsync(ReplyMintSettings settings, CommandHost host, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var data = settings.Data!;
        var shared = settings.Store != StoreKind.Embedded;
        var runs = !shared && ControlClient.Answers(data);
        yield return shared ? Finding.Ok("server", "the store is shared; who serves it is not seen from here") : runs ? Finding.Ok("server", $"it runs on {data}") : Finding.Ok("server", "it does not run");
        foreach (var finding in MachineChecks.Disk(data, settings.Inbound.MinFreeMegabytes))
            yield return finding;
        yield return MachineChecks.Clock(data, TimeProvider.System);
        yield return MachineChecks.ClockKept(host.Clock());
        var (store, inEffect, facts) = await StoreAsync(settings, host, ct);
        yield return store;
        foreach (var fact in facts.Where(fact => fact.StartsWith(FindingMark, StringComparison.Ordinal)))
            yield return JsonSerializer.Deserialize(fact[FindingMark.Length..], CliJson.Default.Finding)!;
        if (inEffect is not null)
            foreach (var finding in await SecretChecks.AllAsync(settings, host, ct))
                yield return finding;
        // A running server is judged by what it was started with, not by what this command was told.
        settings = inEffect is null ? settings : inEffect with { Dns = settings.Dns.Server is null ? inEffect.Dns : settings.Dns };
        foreach (var finding in MachineChecks.Ports(settings, runs))
            yield return finding;
        foreach (var warning in settings.HttpFront().Warnings())
            yield return Finding.Warn("http", warning, "name them in replymint.json or by REPLYMINT_HTTP__...");
        if (settings.Environment != DeploymentEnvironment.Development && settings.Http.SecurityText.Contacts.Count == 0)
            yield return Finding.Warn("security.txt", "nobody is named there, so /.well-known/security.txt is answered 404", "name who reads reports of holes: http.securityText.contacts, such as mailto:security@example.com");
        foreach (var warning in settings.Accounts.Warnings())
            yield return Finding.Warn("sign-in", warning, "set both in replymint.json, or by REPLYMINT_ACCOUNTS__FROM and REPLYMINT_ACCOUNTS__SIGNINURL");
        foreach (var finding in await new DnsChecks(settings.Dns, settings.Outbound).AllAsync([.. facts.Where(fact => !fact.Contains(' '))], ct))
            yield return finding;
        foreach (var due in facts.Where(fact => fact.StartsWith(DueMark, StringComparison.Ordinal)).Select(fact => fact.Split(' ', 4)))
            yield return due[1] == nameof(DueState.Overdue) ? Finding.Fail($"record {due[2]}", due[3], MendOf(due[2])) : Finding.Warn($"record {due[2]}", due[3], MendOf(due[2]));
        yield return MachineChecks.Outside(settings.Outside);
        yield return await ReachChecks.ModelAsync(settings.Model, ct);
        if (settings.Knowledge.Embedding.IsConfigured)
            yield return await ReachChecks.EmbeddingAsync(settings.Knowledge.Embedding, ct);
        yield return await ReachChecks.ScannerAsync(settings.Inbound.Attachments, ct);
        yield return await ReachChecks.OutboundAsync(settings.Outbound, settings.Aws, data, ct);
    }

    private static string MendOf(string kind) => kind switch
    {
        RecordKinds.Review => "replymint access review, then replymint access review --done --note TEXT",
        RecordKinds.Drill => "replymint incident drill",
        RecordKinds.RestoreDrill => "replymint backup drill",
        RecordKinds.FollowUp => "do it, then: replymint record settle ID (replymint record list shows which)",
        _ => $"do it, then: replymint record add {kind} --note TEXT",
    };

    /// <summary>Opening the store is the test of the database, of the master key, its mode and its fit.</summary>
    private static async Task<(Finding Finding, ReplyMintSettings? InEffect, IReadOnlyList<string> Facts)> StoreAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        if (settings.Store == StoreKind.Embedded && !Folders.HoldsStore(settings.Data!))
            return (Finding.Ok("keys", $"there is no store yet; its master key will be made in {Path.Combine(settings.Config!, "keys")}"), null, []);
        var (code, output, error) = await StoreRun.AskAsync(settings, host, [FactsName], ct);
        if (code != ExitCode.Ok)
            return (Finding.Fail("keys", "the store can't be opened", error), null, []);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return (Finding.Ok("keys", "the store opens with its master key"), JsonSerializer.Deserialize(lines[0], SettingsJson.Default.ReplyMintSettings), lines[1..]);
    }

    /// <summary>Whether what was signed and erased is known to anybody but this machine.</summary>
    private static async Task<Finding> AnchorFindingAsync(CommandContext context, CancellationToken ct)
    {
        const string What = "whoever owns this machine can write the audit log anew, and a restored store can't know who was erased after its backup";
        var anchors = context.Get<Anchors>();
        if (!anchors.Configured)
            return Finding.Warn("anchors", $"nothing is copied off this machine: {What}", "name a place elsewhere: audit.anchors (docs/operations.md, \"Proofs kept off the machine\")");
        if (!anchors.Readable)
            return Finding.Ok("anchors", "copies leave as mails; this program can't read them back, so keep them for: audit verify --roots, erase replay --ledger");
        await context.Get<RootWatch>().LookAsync(ct);
        var seen = await context.Get<RootWatch>().SeenAsync(KeyRing.Installation, ct);
        return seen switch
        {
            { Ours: null } => Finding.Ok("anchors", "there is no root yet; the running server signs one each hour"),
            { Silent: { } silent } => Finding.Warn("anchors", $"{silent} (of audit.anchors)", "is its disk mounted, does the server answer? replymint alerts list says since when"),
            { Strange: [var place, ..] } => Finding.Warn("anchors", $"place {place} of audit.anchors holds none of this installation's records; without them {What}", "is its path right, is its disk mounted? The running server fills a new place within the hour"),
            _ => Finding.Ok("anchors", $"the root of {StoreWords.Time(seen.Theirs!.At)} lies off this machine"),
        };
    }

    private static Finding BackupFinding(BackupAges ages, BackupSettings settings) =>
        settings.Folder is null ? Finding.Warn("backup", $"none are made by themselves; {AgesWords.Line(ages)}", "name a folder on another disk: backup.folder")
        : ages.Overdue.Count > 0 ? Finding.Warn("backup", string.Join("; ", ages.Overdue.Select(problem => problem.Text)), "replymint backup create; replymint alerts list says why one failed")
        : Finding.Ok("backup", AgesWords.Line(ages));

    private static void Show(Finding finding, bool json, TextWriter to)
    {
        if (json)
        {
            to.WriteLine(CliJson.Line(finding));
            return;
        }
        to.WriteLine($"{finding.State,-5} {Plain.Line(finding.Check, 60)}: {Plain.Line(finding.Text)}");
        if (finding.Mend is { } mend)
            to.WriteLine($"      {Plain.Line(mend, 400)}");
    }
}

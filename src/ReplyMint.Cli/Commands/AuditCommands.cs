using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Who did what, and whether the log of it is whole.</summary>
internal static class AuditCommands
{
    public static Command Build(CommandHost host) =>
        new("audit", "who did what") { List(), Verify(), Export(), Root(), Keys(), RotateKey(), AuditFileCommands.Statement(host), AuditFileCommands.Export(host) };

    private static Option<bool> InstallationOption() => new("--installation") { Description = "the installation's own log instead of a tenant's" };

    private static async Task<string> ChainAsync(CommandContext context, string? tenant, bool installation, CancellationToken ct) =>
        installation && tenant is not null ? throw new WrongException("name a tenant or --installation, not both")
            : installation ? KeyRing.Installation : (await context.TenantAsync(tenant, ct)).Id;

    private static StoreCommand List()
    {
        var (tenant, installation, limit, json) = (StoreWords.TenantOption(), InstallationOption(), StoreWords.LimitOption(), StoreWords.JsonOption());
        var actor = new Option<string?>("--actor") { HelpName = "ID", Description = "only what this user or key did" };
        var act = new Option<string?>("--act") { HelpName = "ACT", Description = "only this act (draft.approve), or all of a kind (draft.)" };
        var target = new Option<string?>("--target") { HelpName = "ID", Description = "only what was done to this" };
        var since = new Option<string?>("--since") { HelpName = "TIME", Description = "only from then on, such as 2026-11-01 or 2026-11-01T12:00Z" };
        var until = new Option<string?>("--until") { HelpName = "TIME", Description = "only before then" };
        return new StoreCommand("list", "list acts, the newest first", async (context, parse, ct) =>
        {
            var chain = await ChainAsync(context, parse.GetValue(tenant), parse.GetValue(installation), ct);
            var query = new AuditQuery(parse.GetValue(actor), parse.GetValue(act), parse.GetValue(target), TimeOf("--since", parse.GetValue(since)), TimeOf("--until", parse.GetValue(until)));
            var (left, rows) = (Math.Clamp(parse.GetValue(limit), 1, 1_000_000), new List<string[]>());
            for (string? after = null; left > 0;)
            {
                var page = await context.Get<IStore>().PickAsync(chain, AuditLog.EntryPrefix, descending: true, Math.Min(left, 200), after, item => AuditRoutes.Read(item) is { } record && query.Fits(record), ct, Table.Audit);
                foreach (var item in page.Items)
                {
                    var line = await AuditRoutes.LineAsync(context.Get<AuditLog>(), chain, AuditRoutes.Read(item)!, ct);
                    if (parse.GetValue(json))
                        context.Out.WriteLine(CliJson.Line(line));
                    else
                        rows.Add([line.Entry.ToString(CultureInfo.InvariantCulture), StoreWords.Time(line.At), line.Act, line.Actor, line.Network ?? "", line.Target, string.Join(' ', (line.Details ?? new Dictionary<string, string>()).Select(pair => $"{pair.Key}={pair.Value}"))]);
                }
                left -= page.Items.Count;
                if ((after = page.Next) is null)
                    break;
            }
            StoreWords.Table(context.Out, rows, "ENTRY", "AT", "ACT", "BY", "FROM", "ON", "");
            return ExitCode.Ok;
        }) { Options = { tenant, installation, actor, act, target, since, until, limit, json }, Examples = ["audit list --act draft. --since 2026-11-01", "audit list --installation --json"] };
    }

    private static StoreCommand Verify()
    {
        var chain = new Option<string?>("--chain") { HelpName = "ID", Description = "only this chain: a tenant's id or name, or installation" };
        var roots = new Option<string?>("--roots") { HelpName = "PATH", Description = "roots that you bring: a file, or a folder of them; without it those of audit.anchors" };
        var json = StoreWords.JsonOption();
        return new StoreCommand("verify", "say up to which signed root the log is complete, or what is wrong and where", async (context, parse, ct) =>
        {
            var named = parse.GetValue(chain);
            var one = named is null or KeyRing.Installation ? named : await IdAsync(context, named, ct);
            var given = context.Files.Count == 0 ? null : context.Files.Select(file => new AnchoredDocument("the roots that you brought", file.Name, file.Bytes)).OrderBy(file => file.Name, StringComparer.Ordinal).ToAsyncEnumerable();
            var verdict = await context.Get<AuditVerifier>().VerifyAsync(one, given, null, ct);
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(verdict));
            else
                Tell(context.Out, verdict);
            return verdict.Whole ? ExitCode.Ok : ExitCode.Failed;
        })
        {
            Options = { chain, roots, json }, Examples = ["audit verify", "audit verify --chain Acme --roots /mnt/other-machine/replymint/roots"],
            ReadFiles = async (parse, host, ct) => parse.GetValue(roots) is { } path ? await NamedFiles.ManyAsync([path], [".json"], host, ct) : [],
        };
    }

    /// <summary>A tenant that was removed has no name any more, but its chain stays.</summary>
    private static async Task<string> IdAsync(CommandContext context, string named, CancellationToken ct) =>
        await context.Get<IStore>().GetAsync(AuditLog.Head(named), ct) is not null ? named : (await context.TenantAsync(named, ct)).Id;

    internal static void Tell(TextWriter to, AuditVerdict verdict)
    {
        foreach (var finding in verdict.Findings)
            to.WriteLine(Plain.Line(string.Create(CultureInfo.InvariantCulture, $"{finding.Fault}: {(finding.Chain is null ? "root" : $"chain {finding.Chain}, entry")} {finding.Entry}: {finding.Says}")));
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{verdict.Entries:N0} entries in {verdict.Chains.Count:N0} chains: {verdict.Says}"));
    }

    private static StoreCommand Export()
    {
        var (tenant, installation) = (StoreWords.TenantOption(), InstallationOption());
        return new StoreCommand("export", "write a log as lines of JSON that anybody can verify with the public keys", async (context, parse, ct) =>
        {
            var chain = await ChainAsync(context, parse.GetValue(tenant), parse.GetValue(installation), ct);
            return await context.Get<AuditExport>().WriteAsync(chain, line => context.Out.WriteLineAsync(line.AsMemory(), ct), ct)
                ? ExitCode.Ok : context.Fail("there is no entry yet");
        }) { Options = { tenant, installation }, Examples = ["audit export --tenant Acme"] };
    }

    private static StoreCommand Root() => new("root", "sign a root now (by itself each hour) and copy it to the places of audit.anchors", async (context, _, ct) =>
    {
        var root = await context.Get<AuditRoots>().WriteAsync(ct);
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"root {root.Number} over {root.Chains} chains"));
        return ExitCode.Ok;
    });

    private static StoreCommand Keys() => new("keys", "print the public keys of all times, which verify statements elsewhere", async (context, _, ct) =>
    {
        context.Out.WriteLine(JsonSerializer.Serialize(await context.Get<AttestationKeys>().PublicAsync(ct), AuditJson.Default.AttestationKeySet));
        return ExitCode.Ok;
    });

    private static StoreCommand RotateKey() => new("rotate-key", "sign statements with a new key from now on (by itself each year)", async (context, _, ct) =>
    {
        var key = await context.Get<AttestationKeys>().RotateAsync(StoreWords.Actor, ct);
        context.Out.WriteLine($"{key.Id} signs from now on; the private half of the key before is gone");
        return ExitCode.Ok;
    });

    private static DateTimeOffset? TimeOf(string option, string? text) =>
        text is null ? null : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at
            : throw new WrongException($"{option} takes a time, such as 2026-11-01 or 2026-11-01T12:00Z");
}

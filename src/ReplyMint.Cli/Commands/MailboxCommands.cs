using System.CommandLine;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>The answered addresses and how they are answered.</summary>
internal static class MailboxCommands
{
    public static Command Build() => new("mailbox", "addresses that are answered, and how") { Add(), List(), Show(), Set(), Remove() };

    private static StoreCommand Add()
    {
        var address = new Argument<string>("ADDRESS") { Description = "the address, such as support@example.com" };
        var tenant = StoreWords.TenantOption();
        var catchAll = new Option<bool>("--catch-all") { Description = "it also gets what is sent to unknown names of its domain" };
        var settings = new MailboxOptions();
        return settings.AddTo(new StoreCommand("add", "claim an address for a tenant (in mode draft unless said otherwise)", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = new Mailbox { Id = Ids.Random('m'), TenantId = owner.Id, Address = parse.GetValue(address)!, CatchAll = parse.GetValue(catchAll) };
            var (change, _) = settings.Read(parse, context);
            var (result, mailbox) = await context.Get<Mailboxes>().AddAsync(change(wanted), StoreWords.Actor, ct);
            if (result == ClaimResult.NotAnAddress)
                return context.Fail($"{Plain.Line(wanted.Address, 60)} is no mail address");
            if (result == ClaimResult.TooMany)
                return context.Fail("the tenant has as many mailboxes as accounts.mailboxesPerTenant allows");
            if (result == ClaimResult.Taken)
                return context.Fail($"{Plain.Line(wanted.Address, 60)} is claimed already; list mailboxes with: replymint mailbox list");
            context.Out.WriteLine($"{mailbox!.Id} {Plain.Line(mailbox.Address)} answers in mode {StoreWords.Word(mailbox.Mode)}");
            return ExitCode.Ok;
        })
        {
            Arguments = { address }, Options = { tenant, catchAll }, ReadFiles = settings.ReadFilesAsync,
            Examples = ["mailbox add support@example.com --display-name \"Acme support\"", "mailbox add info@example.com --tenant Acme --mode automatic"],
        });
    }

    private static StoreCommand List()
    {
        var tenant = StoreWords.TenantOption();
        var json = StoreWords.JsonOption();
        return new StoreCommand("list", "list the mailboxes, of all tenants unless one is named", async (context, parse, ct) =>
        {
            var tenants = parse.GetValue(tenant) is { } named ? [await context.TenantAsync(named, ct)] : await context.Get<Tenants>().ListAsync(ct);
            var rows = new List<string[]>();
            foreach (var owner in tenants)
                foreach (var mailbox in await context.Get<Mailboxes>().ListAsync(owner.Id, ct))
                {
                    var lost = await context.Get<DomainOwners>().HasLostAsync(mailbox, ct);
                    if (parse.GetValue(json))
                        context.Out.WriteLine(CliJson.Line(MailboxView.Of(mailbox, owner.Name, lost)));
                    else
                        rows.Add([mailbox.Address, StoreWords.Word(mailbox.Mode), owner.Name, string.Join(", ", (string[])[.. mailbox.CatchAll ? (string[])["catch-all"] : [], .. mailbox.IsInShadow(context.Get<TimeProvider>().GetUtcNow()) ? (string[])[$"in shadow mode until {StoreWords.Time(mailbox.Shadow!.Until)}"] : [], .. lost ? (string[])["takes and sends nothing: another tenant has proved its domain"] : []])]);
                }
            StoreWords.Table(context.Out, rows, "ADDRESS", "MODE", "TENANT", "");
            return ExitCode.Ok;
        }) { Options = { tenant, json } };
    }

    private static StoreCommand Show()
    {
        var address = new Argument<string>("ADDRESS") { Description = "the mailbox" };
        return new StoreCommand("show", "show a mailbox's settings", async (context, parse, ct) =>
        {
            var mailbox = await context.MailboxAsync(parse.GetValue(address)!, ct);
            context.Out.WriteLine(CliJson.Line(MailboxView.Of(mailbox, (await context.Get<Tenants>().FindAsync(mailbox.TenantId, ct))?.Name ?? "", await context.Get<DomainOwners>().HasLostAsync(mailbox, ct))));
            return ExitCode.Ok;
        }) { Arguments = { address } };
    }

    private static StoreCommand Set()
    {
        var address = new Argument<string>("ADDRESS") { Description = "the mailbox" };
        var settings = new MailboxOptions();
        return settings.AddTo(new StoreCommand("set", "change how a mailbox answers", async (context, parse, ct) =>
        {
            var mailbox = await context.MailboxAsync(parse.GetValue(address)!, ct);
            var (change, details) = settings.Read(parse, context);
            if (details.Count == 0)
                return context.Fail("nothing to change; see: replymint mailbox set --help");
            var result = (await context.Get<Mailboxes>().ChangeAsync(mailbox.TenantId, mailbox.Id, null, change, StoreWords.Actor, details, ct)).Result;
            if (result is ChangeResult.TooLarge or ChangeResult.NotNow)
                return context.Fail(result == ChangeResult.TooLarge ? MailboxChecks.TooLarge : MailboxChecks.InShadow);
            context.Out.WriteLine($"changed: {string.Join(", ", details.Keys)}");
            return ExitCode.Ok;
        })
        {
            Arguments = { address }, ReadFiles = settings.ReadFilesAsync,
            Examples = ["mailbox set support@example.com --mode automatic", "mailbox set support@example.com --mode schedule --schedule hours.json", "mailbox set support@example.com --shadow-days 14"],
        });
    }

    private static StoreCommand Remove()
    {
        var address = new Argument<string>("ADDRESS") { Description = "the mailbox" };
        var yes = StoreWords.YesOption();
        return new StoreCommand("remove", "give an address up; mail to it is refused from then on", async (context, parse, ct) =>
        {
            var mailbox = await context.MailboxAsync(parse.GetValue(address)!, ct);
            if (!parse.GetValue(yes) && !await context.Confirm($"Give up {Plain.Line(mailbox.Address)}?", ct))
                return ExitCode.Failed;
            await context.Get<Mailboxes>().RemoveAsync(mailbox.TenantId, mailbox.Id, StoreWords.Actor, ct);
            context.Out.WriteLine($"removed {Plain.Line(mailbox.Address)}");
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { yes } };
    }
}

/// <summary>A mailbox as shown, with everything that can be set.</summary>
internal sealed record MailboxView(
    string Id, string Tenant, string Address, string DisplayName, string Mode, string Tone, string Language, int MaxLength, string Signature,
    string FixedAnswer, string AllowedFacts, bool CatchAll, bool DomainLost, bool NullReversePath, int QuietSeconds, DateTimeOffset? ShadowUntil, ScheduleFile Schedule, IReadOnlyList<RuleFile> Rules)
{
    public static MailboxView Of(Mailbox m, string tenant, bool lost) => new(
        m.Id, tenant, m.Address, m.DisplayName, StoreWords.Word(m.Mode), StoreWords.Word(m.Tone), m.Language, m.MaxLength, m.Signature,
        m.FixedAnswer, m.AllowedFacts, m.CatchAll, lost, m.NullReversePath, m.QuietSeconds, m.Shadow?.Until, ScheduleFile.Of(m.Schedule), [.. m.Rules.Select(RuleFile.Of)]);
}

using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>Organisations, and who of them is told what waits.</summary>
internal static class TenantCommands
{
    private const decimal MostPerDay = 1_000_000;

    private static readonly Dictionary<string, string> Options = new()
    {
        ["timeZone"] = "--zone", ["notices.emails"] = "--notify", ["notices.webhook"] = "--webhook", ["notices.digestMinutes"] = "--digest", ["notices.reminderHours"] = "--reminder",
    };

    public static Command Build() => new("tenant", "organisations that share this installation") { Add(), List(), Show(), Set() };

    private static StoreCommand Add()
    {
        var name = new Argument<string>("NAME") { Description = "what it is called; must be its own" };
        return new StoreCommand("add", "make a tenant", async (context, parse, ct) =>
        {
            var wanted = parse.GetValue(name)!.Trim();
            if (await NameProblemAsync(context, wanted, null, ct) is { } problem)
                return context.Fail(problem);
            var tenant = await context.Get<Tenants>().AddAsync(wanted, StoreWords.Actor, ct);
            context.Out.WriteLine($"{tenant.Id} {Plain.Line(tenant.Name)}");
            return ExitCode.Ok;
        }) { Arguments = { name }, MakesStore = true, Examples = ["tenant add Acme"] };
    }

    /// <summary>Commands name tenants, so that no two may be called the same.</summary>
    private static async Task<string?> NameProblemAsync(CommandContext context, string wanted, string? except, CancellationToken ct) =>
        wanted.Length is 0 or > 100 ? "a tenant's name has 1 to 100 characters"
        : !Tenants.IsName(wanted) ? "a tenant's name must not look like an id"
        : (await context.Get<Tenants>().ListAsync(ct)).Any(t => t.Id != except && string.Equals(t.Name, wanted, StringComparison.OrdinalIgnoreCase)) ? $"there is a tenant {Plain.Line(wanted)} already" : null;

    private static StoreCommand List()
    {
        var json = StoreWords.JsonOption();
        return new StoreCommand("list", "list the tenants", async (context, parse, ct) =>
        {
            var all = await context.Get<Tenants>().ListAsync(ct);
            if (parse.GetValue(json))
                foreach (var tenant in all)
                    context.Out.WriteLine(CliJson.Line(TenantView.Of(tenant)));
            else
                StoreWords.Table(context.Out, [.. all.Select(t => (string[])[t.Id, t.Name, t.TimeZone, StoreWords.Time(t.CreatedAt)])], "ID", "NAME", "ZONE", "SINCE");
            return ExitCode.Ok;
        }) { Options = { json } };
    }

    private static StoreCommand Show()
    {
        var name = new Argument<string?>("NAME") { Description = "name or id; may be left out while there is only one", Arity = ArgumentArity.ZeroOrOne };
        return new StoreCommand("show", "show a tenant's settings", async (context, parse, ct) =>
        {
            context.Out.WriteLine(CliJson.Line(TenantView.Of(await context.TenantAsync(parse.GetValue(name), ct))));
            return ExitCode.Ok;
        }) { Arguments = { name } };
    }

    private static StoreCommand Set()
    {
        var name = new Argument<string?>("NAME") { Description = "name or id; may be left out while there is only one", Arity = ArgumentArity.ZeroOrOne };
        var called = new Option<string?>("--name") { HelpName = "NAME", Description = "what it is called from now on; must be its own" };
        var zone = new Option<string?>("--zone") { HelpName = "ZONE", Description = "time zone of schedules, such as Europe/Berlin" };
        var notify = new Option<string?>("--notify") { HelpName = "ADDRESSES", Description = "who is told of waiting drafts, separated by commas; \"\" is nobody" };
        var webhook = new Option<string?>("--webhook") { HelpName = "URL", Description = "an https address that is told, too; \"\" is none" };
        var digest = new Option<int?>("--digest") { HelpName = "MINUTES", Description = "0 tells at once, else minutes between digests, up to 1440" };
        var reminder = new Option<int?>("--reminder") { HelpName = "HOURS", Description = "a reminder after so many hours without a decision; 0 is none" };
        var vouched = new Option<bool?>("--answer-vouched") { HelpName = "true|false", Description = "mail that callers of the API vouch for may be answered without a person" };
        var model = new Option<string?>("--model-per-day") { HelpName = "AMOUNT", Description = "what models may cost in 24 hours, in the currency of the prices; 0 asks none; \"\" ends the tenant's own bound" };
        var factor = new Option<bool?>("--second-factor-for-all") { HelpName = "true|false", Description = "nobody works without a second factor or a passkey, not only administrators" };
        return new StoreCommand("set", "change a tenant's settings", async (context, parse, ct) =>
        {
            var tenant = await context.TenantAsync(parse.GetValue(name), ct);
            var changes = new Dictionary<string, string>();
            var (notices, newName) = (tenant.Notices, tenant.Name);
            if (parse.GetValue(called)?.Trim() is { } wanted)
            {
                if (await NameProblemAsync(context, wanted, tenant.Id, ct) is { } problem)
                    return context.Fail(problem);
                // A tenant is often called like a person, and the audit log is never erased.
                changes["name"] = "set";
                newName = wanted;
            }
            if (parse.GetValue(zone) is { } z)
                changes["timeZone"] = z;
            if (parse.GetValue(notify) is { } n)
            {
                notices = notices with { Emails = n.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) };
                changes["notices.emails"] = notices.Emails.Count.ToString(CultureInfo.InvariantCulture);
            }
            if (parse.GetValue(webhook) is { } w)
            {
                Uri? address = null;
                if (w.Length > 0 && !Uri.TryCreate(w, UriKind.Absolute, out address))
                    return context.Fail("--webhook takes an https address");
                notices = notices with { Webhook = address };
                changes["notices.webhook"] = address is null ? "none" : "set";
            }
            if (parse.GetValue(digest) is { } d)
            {
                notices = notices with { DigestMinutes = d };
                changes["notices.digestMinutes"] = d.ToString(CultureInfo.InvariantCulture);
            }
            if (parse.GetValue(reminder) is { } r)
            {
                notices = notices with { ReminderHours = r };
                changes["notices.reminderHours"] = r.ToString(CultureInfo.InvariantCulture);
            }
            if (parse.GetValue(vouched) is { } v)
                changes["answersVouched"] = v ? "true" : "false";
            if (parse.GetValue(factor) is { } f)
                changes["secondFactorForAll"] = f ? "true" : "false";
            var perDay = tenant.ModelPerDay;
            if (parse.GetValue(model) is { } amount)
            {
                perDay = amount.Length == 0 ? null : decimal.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var bound) && bound <= MostPerDay ? bound
                    : throw new WrongException($"--model-per-day takes an amount from 0 to {MostPerDay}, such as 2.50");
                changes["modelPerDay"] = perDay?.ToString(CultureInfo.InvariantCulture) ?? "none";
            }
            if (changes.Count == 0)
                return context.Fail("nothing to change; see: replymint tenant set --help");
            Tenant After(Tenant before) => before with { Name = changes.ContainsKey("name") ? newName : before.Name, TimeZone = changes.GetValueOrDefault("timeZone", before.TimeZone), Notices = notices, AnswersVouched = parse.GetValue(vouched) ?? before.AnswersVouched, SecondFactorForAll = parse.GetValue(factor) ?? before.SecondFactorForAll, ModelPerDay = changes.ContainsKey("modelPerDay") ? perDay : before.ModelPerDay };
            if (MailboxChecks.Notices(After(tenant), context.Get<OutsideAddress>(), context.Get<HttpSettings>().Environment.NeedsHttps()) is { } wrong)
                return context.Fail($"{Options[wrong.Member]} {wrong.What}");
            await context.Get<Tenants>().ChangeAsync(tenant.Id, After, StoreWords.Actor, changes, ct);
            context.Get<Standings>().Changed(tenant.Id);
            context.Out.WriteLine($"changed: {string.Join(", ", changes.Keys)}");
            return ExitCode.Ok;
        })
        {
            Arguments = { name }, Options = { called, zone, notify, webhook, digest, reminder, vouched, model, factor },
            Examples = ["tenant set --zone Europe/Berlin --notify lead@example.com --digest 60", "tenant set Acme --model-per-day 2.50"],
        };
    }
}

internal sealed record TenantView(string Id, string Name, string TimeZone, DateTime CreatedAt, IReadOnlyList<string> Notify, Uri? Webhook, int DigestMinutes, int ReminderHours, bool AnswersVouched, decimal? ModelPerDay, bool SecondFactorForAll)
{
    public static TenantView Of(Tenant t) => new(
        t.Id, t.Name, t.TimeZone, t.CreatedAt.UtcDateTime, t.Notices.Emails, t.Notices.Webhook, t.Notices.DigestMinutes, t.Notices.ReminderHours, t.AnswersVouched, t.ModelPerDay, t.SecondFactorForAll);
}

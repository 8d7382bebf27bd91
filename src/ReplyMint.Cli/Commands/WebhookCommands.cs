using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Tenants' own systems that are told what happens: what the routes do, with the same rules and audit entries.</summary>
internal static class WebhookCommands
{
    private static readonly IReadOnlyDictionary<string, WebhookEventKind> Events =
        Enum.GetValues<WebhookEventKind>().Where(kind => kind != WebhookEventKind.Test).ToDictionary(WebhookRules.Word, StringComparer.Ordinal);

    public static Command Build() =>
        new("webhook", "a tenant's own systems that hear of events") { Add(), Set(), List(), Show(), Deliveries(), Rotate(), Test(), Remove() };

    private static StoreCommand Add()
    {
        var url = new Argument<string>("URL") { Description = "an https address that leads to no private network" };
        var (events, description, tenant) = (EventsOption(), DescriptionOption(), StoreWords.TenantOption());
        events.Required = true;
        return new StoreCommand("add", "add a webhook and print its secret; it is shown this once", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (wanted, about) = (Read(parse.GetValue(events)!), parse.GetValue(description) ?? "");
            if (context.Get<WebhookRules>().Wrong(parse.GetValue(url)!, about, wanted) is { } wrong)
                return context.Fail(Sentence(wrong, "URL"));
            var webhook = Webhook.New(parse.GetValue(url)!, about, wanted, context.Get<TimeProvider>());
            if (await context.Get<Webhooks>().AddAsync(owner.Id, webhook, StoreWords.Actor, ct) is null)
                return context.Fail($"{Plain.Line(owner.Name)} has {Webhooks.Most} webhooks already; remove one that is not needed");
            return Tell(context, webhook);
        })
        {
            Arguments = { url }, Options = { events, description, tenant },
            Examples = ["webhook add https://crm.example.com/replymint --events draft.waiting,answer.sent"],
        };
    }

    private static StoreCommand Set()
    {
        var id = Id();
        var (events, description) = (EventsOption(), DescriptionOption());
        var url = new Option<string?>("--url") { HelpName = "URL", Description = "where it leads from now on" };
        var enabled = new Option<bool?>("--enabled") { HelpName = "true|false", Description = "false keeps it, silent" };
        return new StoreCommand("set", "change where a webhook leads and what it is told; switch it off or on", async (context, parse, ct) =>
        {
            var (tenant, before) = await FindAsync(context, parse.GetValue(id)!, ct);
            var wanted = parse.GetValue(events) is { } named ? Read(named) : null;
            Webhook After(Webhook webhook) => webhook with
            {
                Url = parse.GetValue(url) is { } address ? new Uri(address, UriKind.RelativeOrAbsolute) : webhook.Url, Events = wanted ?? webhook.Events,
                Description = parse.GetValue(description) ?? webhook.Description, Enabled = parse.GetValue(enabled) ?? webhook.Enabled,
            };
            var after = After(before);
            if (context.Get<WebhookRules>().Wrong(after.Url.OriginalString, after.Description, after.Events) is { } wrong)
                return context.Fail(Sentence(wrong, "--url"));
            if ((await context.Get<Webhooks>().SetAsync(tenant.Id, before.Id, null, After, StoreWords.Actor, ct)).Change != ChangeResult.Done)
                throw Unknown(before.Id);
            context.Out.WriteLine($"changed {before.Id}");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { url, events, description, enabled }, Examples = ["webhook set ID --enabled false"] };
    }

    private static StoreCommand List()
    {
        var (tenant, json) = (StoreWords.TenantOption(), StoreWords.JsonOption());
        return new StoreCommand("list", "list a tenant's webhooks; secrets can't be shown", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var rows = new List<string[]>();
            foreach (var webhook in await context.Get<Webhooks>().ListAsync(owner.Id, ct))
            {
                var view = await ViewAsync(context, owner, webhook, ct);
                if (parse.GetValue(json))
                    context.Out.WriteLine(CliJson.Line(view));
                var state = view switch { { DisabledBecause: { } why } => "off: " + why, { Enabled: false } => "off", { FailingSince: { } since } => "failing since " + StoreWords.Time(since), _ => "on" };
                rows.Add([view.Id, state, string.Join(',', view.Events.Select(WebhookRules.Word)), view.Url]);
            }
            if (!parse.GetValue(json))
                StoreWords.Table(context.Out, rows, "ID", "STATE", "TOLD OF", "URL");
            return ExitCode.Ok;
        }) { Options = { tenant, json } };
    }

    private static StoreCommand Show()
    {
        var id = Id();
        return new StoreCommand("show", "show a webhook, without its secret", async (context, parse, ct) =>
        {
            var (tenant, webhook) = await FindAsync(context, parse.GetValue(id)!, ct);
            context.Out.WriteLine(CliJson.Line(await ViewAsync(context, tenant, webhook, ct)));
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    private static StoreCommand Deliveries()
    {
        var (id, limit, json) = (Id(), StoreWords.LimitOption(), StoreWords.JsonOption());
        return new StoreCommand("deliveries", "list what it was told within 14 days, the newest first, and how that went", async (context, parse, ct) =>
        {
            var (tenant, webhook) = await FindAsync(context, parse.GetValue(id)!, ct);
            var (rows, left, cursor) = (new List<string[]>(), Math.Clamp(parse.GetValue(limit), 1, 1000), (string?)null);
            do
            {
                (var page, cursor) = await context.Get<WebhookEvents>().ListAsync(tenant.Id, webhook.Id, Math.Min(200, left - rows.Count), cursor, ct);
                foreach (var entry in page.Select(DeliveryEntry.Of))
                {
                    if (parse.GetValue(json))
                        context.Out.WriteLine(CliJson.Line(entry));
                    rows.Add([entry.Id, StoreWords.Time(entry.At), WebhookRules.Word(entry.Type), entry.Message, StoreWords.Word(entry.State), entry.Attempts.ToString(CultureInfo.InvariantCulture), Answer(entry.Status, entry.Failure)]);
                }
            }
            while (cursor is not null && rows.Count < left);
            if (!parse.GetValue(json))
                StoreWords.Table(context.Out, rows, "ID", "AT", "EVENT", "MESSAGE", "STATE", "TRIES", "ANSWER");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { limit, json } };
    }

    private static StoreCommand Rotate()
    {
        var id = Id();
        return new StoreCommand("rotate", "give a webhook a new secret and print it; for a day what is sent carries signatures of both", async (context, parse, ct) =>
        {
            var (tenant, webhook) = await FindAsync(context, parse.GetValue(id)!, ct);
            var (change, now) = await context.Get<Webhooks>().RotateAsync(tenant.Id, webhook.Id, StoreWords.Actor, ct);
            return change == ChangeResult.Done ? Tell(context, now.Value) : throw Unknown(webhook.Id);
        }) { Arguments = { id } };
    }

    private static StoreCommand Test()
    {
        var id = Id();
        return new StoreCommand("test", "send webhook.test now, once, and tell how that went", async (context, parse, ct) =>
        {
            var (tenant, webhook) = await FindAsync(context, parse.GetValue(id)!, ct);
            var went = await context.Get<WebhookSender>().TestAsync(tenant.Id, webhook, StoreWords.Actor, ct);
            if (!went.Taken)
                return context.Fail($"it was not taken: {Answer(went.Status, went.Failure)}");
            context.Out.WriteLine($"taken: {Answer(went.Status, null)}");
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    private static StoreCommand Remove()
    {
        var (id, yes) = (Id(), StoreWords.YesOption());
        return new StoreCommand("remove", "remove a webhook; what it was not told yet it is not told", async (context, parse, ct) =>
        {
            var (tenant, webhook) = await FindAsync(context, parse.GetValue(id)!, ct);
            if (!parse.GetValue(yes) && !await context.Confirm($"Remove the webhook to {Plain.Line(webhook.Url.Host)}?", ct))
                return ExitCode.Failed;
            if (!await context.Get<Webhooks>().RemoveAsync(tenant.Id, webhook.Id, StoreWords.Actor, ct))
                throw Unknown(webhook.Id);
            context.Out.WriteLine($"removed {webhook.Id}");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { yes } };
    }

    private static Argument<string> Id() => StoreWords.Id("ID", "the webhook, as listed");

    private static Option<string?> EventsOption() => new("--events") { HelpName = "EVENTS", Description = $"what it is told of, separated by commas: {string.Join(", ", Events.Keys)}" };

    private static Option<string?> DescriptionOption() => new("--description") { HelpName = "TEXT", Description = "what it is for" };

    private static WebhookEventKind[] Read(string events) =>
        [.. events.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(word =>
            Events.TryGetValue(word, out var kind) ? kind : throw new WrongException($"--events: there is no event {Plain.Line(word, 60)}; known are {string.Join(", ", Events.Keys)}"))];

    private static string Sentence((string Member, string What) wrong, string url) => $"{(wrong.Member == "url" ? url : "--" + wrong.Member)}: {wrong.What}";

    private static string Answer(int? status, string? failure) => status is { } code ? code.ToString(CultureInfo.InvariantCulture) : failure ?? "";

    /// <summary>The secret alone on standard output, so that a script can take it.</summary>
    private static int Tell(CommandContext context, Webhook webhook)
    {
        context.Error.WriteLine($"webhook {webhook.Id}. Receivers check signatures with this secret (Standard Webhooks). It is shown this once:");
        context.Out.WriteLine(WebhookSignature.Show(webhook.Secret));
        return ExitCode.Ok;
    }

    private static async Task<(Tenant Tenant, Webhook Webhook)> FindAsync(CommandContext context, string id, CancellationToken ct)
    {
        foreach (var tenant in await context.Get<Tenants>().ListAsync(ct))
            if (await context.Get<Webhooks>().FindAsync(tenant.Id, id, ct) is { } found)
                return (tenant, found.Value);
        throw Unknown(id);
    }

    private static WrongException Unknown(string id) => new($"there is no webhook {Plain.Line(id, 60)}; list them with: replymint webhook list");

    private static async Task<WebhookDetail> ViewAsync(CommandContext context, Tenant tenant, Webhook webhook, CancellationToken ct) =>
        WebhookDetail.Of(webhook, await context.Get<Webhooks>().FailingSinceAsync(tenant.Id, webhook.Id, ct));
}

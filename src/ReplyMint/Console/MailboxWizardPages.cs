using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>From a domain to a mailbox that gets mail, in three steps; each stands on its own and may be left and come back to.</summary>
internal static class MailboxWizardPages
{
    private const string Home = "/console/mailboxes/add";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var write = routes.MapPages(Permission.MailboxesWrite);
        write.Show("/mailboxes/add", ShowAsync);
        write.Act("/mailboxes/domain", async call =>
        {
            var wish = new NewDomain(call.Field("domain"));
            await call.DoAsync(wish, async () => await DomainRoutes.AddAsync(call.Caller, call.Get<ProvedDomains>(), wish, call.Stop), Home);
        });
        write.Act("/mailboxes/domain/verify", call =>
            call.DoAsync(null, async () => await DomainRoutes.VerifyAsync(call.Caller, call.Get<ProvedDomains>(), call.Field("domain"), call.Stop), Home + "?done=domain-proved"));
        write.Act("/mailboxes/claim", ClaimAsync);
        write.Show("/mailboxes/{id}/way-in", ShowWaysAsync);
        write.Act("/mailboxes/{id}/way-in", TakeWayAsync);
        write.Act("/mailboxes/{id}/way-in/remove", call => call.DoAsync(null, () => ChannelRoutes.RemoveAsync(call.Caller, call.Field("channel"), call.Get<Channels>(), call.Stop), $"{MailboxPages.Home}/{call.Id()}/way-in?done=way-removed"));
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var domains = call.Get<ProvedDomains>();
        var (claims, _) = await domains.ListAsync(call.Caller.Tenant, ProvedDomains.Most, null, call.Stop);
        var html = await call.BeginAsync(say["mailbox.add"], MailboxPages.Place);
        html.Add($"""<p><a href="{MailboxPages.Home}">{say["mailbox.title"]}</a></p><h1>{say["mailbox.add"]}</h1><section class="card"><h2>{say["way.step-domain"]}</h2><p>{say["way.domain-what"]}</p>""");
        foreach (var claim in claims)
        {
            html.Add($"""<div class="fact"><p><strong><bdi>{claim.Domain}</bdi></strong> <span class="{(claim.ProvedAt is null ? "chip warn" : "chip good")}">{say[claim.ProvedAt is null ? "way.not-proved" : "way.proved"]}</span></p>""");
            if (claim.ProvedAt is null)
            {
                var (name, value) = await domains.RecordAsync(call.Caller.Tenant, claim.Domain, call.Stop);
                html.Add($"""<p>{say["way.record"]}</p><pre>{name} TXT "{value}"</pre>""");
                html.Form(call, "/console/mailboxes/domain/verify");
                html.Hidden("domain", claim.Domain);
                html.Add($"""<p><button class="main">{say["way.verify"]}</button></p></form>""");
            }
            html.Add($"""</div>""");
        }
        html.Form(call, "/console/mailboxes/domain");
        html.Line("domain", say["way.domain"], most: 253, help: say["way.domain-help"], needed: true);
        html.Add($"""<button>{say["way.domain-add"]}</button></form></section>""");
        html.Form(call, "/console/mailboxes/claim", "card");
        html.Add($"""<h2>{say["way.step-address"]}</h2>""");
        html.Line("address", say["way.address"], most: 254, type: "email", needed: true);
        html.Line("displayName", say["mailbox.name"], most: 100, help: say["mailbox.name-help"]);
        html.Tick("catchAll", say["way.catch-all"], ticked: false);
        html.Add($"""<p class="muted">{say["way.next"]}</p><button class="main">{say["mailbox.add"]}</button></form>""");
        await call.ShowAsync(html);
    }

    private static async Task ClaimAsync(PageCall call)
    {
        var wish = new NewMailbox(call.Field("address"), call.Ticked("catchAll"), call.Field("displayName"));
        var answer = await call.AskAsync(wish, () => MailboxRoutes.AddAsync(call.Caller, wish, call.Get<Mailboxes>(), call.Get<ProvedDomains>(), call.Get<DomainOwners>(), call.Stop));
        if (answer is Microsoft.AspNetCore.Http.IValueHttpResult<MailboxView> { Value: { } made })
            await call.GoAsync($"{MailboxPages.Home}/{made.Id}/way-in?done=claimed");
    }

    private static async Task ShowWaysAsync(PageCall call)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box })
            return;
        var say = call.Say;
        var at = $"{MailboxPages.Home}/{box.Id}/way-in";
        var channels = (await call.Get<Channels>().ListAsync(call.Caller.Tenant, call.Stop)).Where(channel => channel.Kind != Channel.BySmtp).ToList();
        var html = await call.BeginAsync(say["way.title"], MailboxPages.Place);
        html.Add($"""<p><a href="{MailboxPages.Home}/{box.Id}"><bdi>{box.Address}</bdi></a></p><h1>{say["way.step-in"]}</h1><p class="muted">{say["way.what"]}</p><section class="card"><h2>{say["way.there"]}</h2>""");
        if (channels.Count == 0)
            html.Add($"""<p>{say["way.none"]}</p>""");
        foreach (var channel in channels)
            Way(html, call, ChannelView.Of(channel), at);
        html.Add($"""</section><div class="pair"><div>""");
        Begin(html, call, at, Channel.ByImap, say["way.imap"], say["way.imap-what"]);
        html.Line("host", say["way.host"], most: 253, needed: true);
        html.Line("user", say["way.user"], box.Address, 254, needed: true);
        html.Line("password", say["way.password"], most: 4_000, help: say["way.secret-help"], type: "password", needed: true);
        Connection(html, say, ImapAccount.UsualPort, MailAccount.Tls);
        html.Line("server", say["way.server"], most: 253, help: say["way.server-help"]);
        html.Add($"""<button class="main">{say["way.choose"]}</button></form></div><div>""");
        Begin(html, call, at, Channel.Mailgun, say["way.mailgun"], say["way.mailgun-what"]);
        html.Line("signing", say["way.mailgun-key"], most: 4_000, help: say["way.secret-help"], type: "password", needed: true);
        html.Add($"""<button class="main">{say["way.choose"]}</button></form>""");
        Begin(html, call, at, Channel.Ses, say["way.ses"], say["way.ses-what"]);
        html.Line("topic", say["way.topic"], most: 300, needed: true);
        html.Add($"""<button class="main">{say["way.choose"]}</button></form></div></div><p><a class="button" href="{MailboxPages.Home}/{box.Id}/way-out">{say["out.next"]}</a></p>""");
        await call.ShowAsync(html);
    }

    /// <summary>How a mail server is reached, with what is usual.</summary>
    public static void Connection(Html html, Speech say, int port, string security)
    {
        html.Number("port", say["way.port"], port, 1, 65_535);
        html.Choice("security", say["way.security"], security, [(MailAccount.Tls, say["way.security.tls"]), (MailAccount.StartTls, say["way.security.starttls"])]);
    }

    private static void Begin(Html html, PageCall call, string action, string kind, string title, string what)
    {
        html.Form(call, action, "card");
        html.Hidden("kind", kind);
        html.Add($"""<h2>{title}</h2><p>{what}</p>""");
    }

    private static void Way(Html html, PageCall call, ChannelView channel, string at)
    {
        var say = call.Say;
        html.Add($"""<div class="fact"><p><strong>{say["way.kind." + channel.Kind]}</strong> <code>{channel.Id}</code> <bdi>{channel.Imap?.User}</bdi></p>""");
        if (channel.Paths.Count > 0)
            html.Add($"""<p>{say["way.deliver"]}</p>""");
        foreach (var path in channel.Paths)
            html.Add($"""<pre>{(call.Get<HttpSettings>().PublicUrl?.TrimEnd('/') ?? $"{call.Context.Request.Scheme}://{call.Context.Request.Host}") + path}</pre>""");
        html.Form(call, at + "/remove", "inline");
        html.Hidden("channel", channel.Id);
        html.Add($"""<button class="bad" aria-label="{say["way.remove"]}: {channel.Id}">{say["way.remove"]}</button></form></div>""");
    }

    private static Task TakeWayAsync(PageCall call)
    {
        var wish = call.Field("kind") switch
        {
            Channel.ByImap => new NewChannel(Channel.ByImap, call.Filled("password"), Imap: new NewImap(call.Id(), call.Field("host"), call.Field("user"), call.Field("port").Length == 0 ? ImapAccount.UsualPort : call.Number("port"), call.Filled("security") ?? MailAccount.Tls, Server: call.Field("server"))),
            Channel.Ses => new NewChannel(Channel.Ses, Topics: [call.Field("topic")]),
            _ => new NewChannel(Channel.Mailgun, call.Filled("signing")),
        };
        return call.DoAsync(wish, () => ChannelRoutes.AddAsync(call.Caller, wish, call.Get<Channels>(), call.Get<Mailboxes>(), call.Get<OutsideAddress>(), call.Get<HttpSettings>(), call.Get<TimeProvider>(), call.Stop),
            $"{MailboxPages.Home}/{call.Id()}/way-in?done=way-added");
    }
}

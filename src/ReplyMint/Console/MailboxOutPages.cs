using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>The last steps of a new mailbox: by which server its answers leave, a mail that tries it, and what DNS says to those who get them.</summary>
internal static class MailboxOutPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var write = routes.MapPages(Permission.MailboxesWrite);
        write.Show("/mailboxes/{id}/way-out", ShowAsync);
        write.Act("/mailboxes/{id}/way-out", TakeAsync);
        write.Act("/mailboxes/{id}/way-out/remove", call => call.DoAsync(null, () => ChannelRoutes.RemoveAsync(call.Caller, call.Field("channel"), call.Get<Channels>(), call.Stop), At(call) + "?done=way-removed"));
        routes.MapPages(Permission.MailboxesWrite).Costly().Act("/mailboxes/{id}/way-out/test", TestAsync);
        routes.MapPages(Permission.MailboxesWrite).Costly().Show("/mailboxes/{id}/dns", DnsAsync);
    }

    private static string At(PageCall call) => $"{MailboxPages.Home}/{call.Id()}/way-out";

    private static async Task<Channel?> OwnAsync(PageCall call, Mailbox box) =>
        (await call.Get<Channels>().ListAsync(call.Caller.Tenant, call.Stop)).FirstOrDefault(channel => channel.Smtp?.Mailbox == box.Id);

    private static async Task ShowAsync(PageCall call)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box })
            return;
        var (say, at, onAws) = (call.Say, At(call), call.Get<Channels>().AreOnAws);
        var html = await call.BeginAsync(say["out.title"], MailboxPages.Place);
        html.Add($"""<p><a href="{MailboxPages.Home}/{box.Id}"><bdi>{box.Address}</bdi></a></p><h1>{say["out.step"]}</h1>""");
        if (await OwnAsync(call, box) is { Smtp: { } account } own)
        {
            html.Form(call, at + "/remove", "card");
            html.Hidden("channel", own.Id);
            html.Add($"""<h2>{say["out.own"]}</h2><p><bdi>{account.Host}</bdi> <span class="muted">{account.Port} · <bdi>{account.User}</bdi></span></p>""");
            if (onAws)
                html.Add($"""<p class="wrong">{say["out.aws"]}</p>""");
            html.Add($"""<button class="bad">{say["way.remove"]}</button></form>""");
        }
        else if (onAws)
            html.Add($"""<section class="card"><h2>{say["out.house"]}</h2><p>{say["out.aws"]}</p></section>""");
        else
        {
            html.Form(call, at, "card");
            html.Add($"""<h2>{say["out.house"]}</h2><p>{say["out.what"]}</p>""");
            html.Line("host", say["way.host"], most: 253, needed: true);
            html.Line("user", say["way.user"], box.Address, 254, needed: true);
            html.Line("password", say["way.password"], most: 4_000, help: say["way.secret-help"], type: "password", needed: true);
            MailboxWizardPages.Connection(html, say, MailAccount.SubmissionPort, MailAccount.StartTls);
            html.Add($"""<button class="main">{say["way.choose"]}</button></form>""");
        }
        html.Form(call, at + "/test", "card");
        html.Add($"""<h2>{say["out.test"]}</h2><p>{say["out.test-what"]}</p>""");
        await StateAsync(html, call, box);
        html.Add($"""<button class="main">{say["out.test"]}</button></form><section class="card"><h2>{say["dns.title"]}</h2><p>{say["dns.what"]}</p><p><a class="button" href="{MailboxPages.Home}/{box.Id}/dns">{say["dns.look"]}</a></p></section>""");
        await call.ShowAsync(html);
    }

    /// <summary>What became of the mail that was sent just now.</summary>
    private static async Task StateAsync(Html html, PageCall call, Mailbox box)
    {
        if (call.Query("test") is not { Length: > 0 } id || await call.Get<TestMails>().FindAsync(call.Caller, id, call.Stop) is not { } sent || sent.Mailbox != box.Id)
            return;
        var style = sent.State switch { OutboxState.Sent => "good", OutboxState.Queued or OutboxState.Sending => "", _ => "bad" };
        html.Add($"""<p role="status"><span class="chip {style}">{call.Say["out.test"]}: {call.Say["answer." + WireWord.Of(sent.State)]}</span> <bdi lang="en">{sent.Detail}</bdi></p>""");
        if (style.Length == 0)
            html.Add($"""<p><a href="{At(call)}?test={id}">{call.Say["out.again"]}</a></p>""");
    }

    private static Task TakeAsync(PageCall call)
    {
        var wish = new NewChannel(Channel.BySmtp, call.Filled("password"), Smtp: new NewSmtp(call.Id(), call.Field("host"), call.Field("user"), call.Number("port"), call.Field("security")));
        return call.DoAsync(wish, () => ChannelRoutes.AddAsync(call.Caller, wish, call.Get<Channels>(), call.Get<Mailboxes>(), call.Get<OutsideAddress>(), call.Get<HttpSettings>(), call.Get<TimeProvider>(), call.Stop), At(call) + "?done=out-added");
    }

    private static async Task TestAsync(PageCall call)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box })
            return;
        if (await call.Get<TestMails>().SendAsync(call.Caller, box, call.Say["out.test-subject"], call.Say["out.test-text", box.Address] + "\n", call.Stop) is { } id)
            await call.GoAsync($"{At(call)}?test={id}");
        else
            await call.RefuseAsync(TestMails.Enough);
    }

    private static async Task DnsAsync(PageCall call)
    {
        if (await MailboxPages.FindAsync(call) is not { Value: var box })
            return;
        var say = call.Say;
        var records = await call.Get<SendingRecords>().ReadAsync(AddressRules.Domain(box.Address), await OwnAsync(call, box) is not null, call.Stop);
        var html = await call.BeginAsync(say["dns.title"], MailboxPages.Place);
        html.Add($"""<p><a href="{At(call)}">{say["out.title"]}</a></p><h1>{say["dns.title"]}</h1><p class="muted">{say["dns.what"]}</p>""");
        if (records is null)
            html.Empty(say, "dns.silent");
        foreach (var record in records ?? [])
        {
            var good = record.State == RecordState.Good;
            html.Add($"""<section class="card"><div class="head"><h2>{say["dns." + record.Check]}</h2><span class="{(good ? "chip good" : "chip warn")}">{say["dns.state." + WireWord.Of(record.State)]}</span></div><p>{say["dns." + record.Check + "-what"]}</p>""");
            if (record.Found.Length > 0)
                html.Add($"""<pre><bdi>{record.Found}</bdi></pre>""");
            if (record.State == RecordState.Several)
                html.Add($"""<p>{say["dns.merge", record.Count]}</p>""");
            else if (!good)
                html.Add($"""<p>{say[record.Check == "dkim" ? "dns.set-key" : "dns.set"]}</p><pre>{record.Name}. TXT "{record.Wanted}"</pre>""");
            html.Add($"""</section>""");
        }
        await call.ShowAsync(html);
    }
}

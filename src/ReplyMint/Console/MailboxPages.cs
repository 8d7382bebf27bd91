using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>The answered addresses: how each answers, and the switch that stops it.</summary>
internal static class MailboxPages
{
    public const string Place = "mailboxes";
    public const string Home = "/console/mailboxes";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapPages(Permission.MailboxesRead);
        read.Show("/mailboxes", ShowAsync);
        read.Show("/mailboxes/{id}", ShowOneAsync);
        var write = routes.MapPages(Permission.MailboxesWrite);
        write.Show("/mailboxes/{id}/settings", EditAsync);
        write.Act("/mailboxes/{id}/settings", KeepAsync);
        write.Show("/mailboxes/{id}/stop", call => AskAsync(call, "stop"));
        write.Act("/mailboxes/{id}/stop", call => SwitchAsync(call, stop: true));
        write.Act("/mailboxes/{id}/start", call => SwitchAsync(call, stop: false));
        write.Show("/mailboxes/{id}/remove", call => AskAsync(call, "remove"));
        write.Act("/mailboxes/{id}/remove", call => call.DoAsync(null, () => MailboxRoutes.RemoveAsync(call.Caller, call.Id(), call.Get<Mailboxes>(), call.Stop), Home + "?done=mailbox-removed"));
    }

    /// <summary>Null when there is none that the reader sees, which was told him.</summary>
    public static async Task<Storage.Versioned<Mailbox>?> FindAsync(PageCall call)
    {
        var id = call.Id();
        if (id.Length > 0 && call.Caller.Sees(id) && await call.Get<Mailboxes>().FindVersionAsync(call.Caller.Tenant, id, call.Stop) is { } found)
            return found;
        await call.RefuseAsync(Problem.NotFound);
        return null;
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var mailboxes = (await call.Get<Mailboxes>().ListAsync(call.Caller.Tenant, call.Stop)).Where(box => call.Caller.Sees(box.Id)).OrderBy(box => box.Address, StringComparer.Ordinal).ToList();
        var html = await call.BeginAsync(say["mailbox.title"], Place);
        html.Head(say["mailbox.title"], call.May(Permission.MailboxesWrite) ? Home + "/add" : "", say["mailbox.add"]);
        if (mailboxes.Count == 0)
            html.Empty(say, "mailbox.empty");
        else
        {
            html.Table(say["mailbox.title"], say["inbox.mailbox"], say["mailbox.mode"], "");
            foreach (var box in mailboxes)
            {
                html.Add($"""<tr><th scope="row"><a href="{Home}/{box.Id}"><bdi>{box.Address}</bdi></a></th><td>{say["mailbox.mode." + WireWord.Of(box.Mode)]}</td><td class="acts">""");
                await StateAsync(html, call, box);
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        await call.ShowAsync(html);
    }

    private static async Task<SwitchState> StateAsync(Html html, PageCall call, Mailbox box)
    {
        var state = await call.Get<Switches>().ReadAsync(box.TenantId, box.Id, call.Stop);
        if (state.Stopped)
            html.Add($"""<span class="chip bad">{call.Say[state.Contained ? "mailbox.contained" : "mailbox.stopped"]}</span>""");
        if (await call.Get<DomainOwners>().HasLostAsync(box, call.Stop))
            html.Add($"""<span class="chip warn">{call.Say["mailbox.lost"]}</span>""");
        return state;
    }

    private static async Task ShowOneAsync(PageCall call)
    {
        if (await FindAsync(call) is not { Value: var box })
            return;
        var (say, may) = (call.Say, call.May(Permission.MailboxesWrite));
        var at = $"{Home}/{box.Id}";
        var html = await call.BeginAsync(box.Address, Place);
        html.Add($"""<p><a href="{Home}">{say["mailbox.title"]}</a></p>""");
        html.Head(box.Address, may ? at + "/settings" : "", say["mailbox.change"]);
        html.Add($"""<section class="card"><div class="head"><h2>{say["mailbox.mode." + WireWord.Of(box.Mode)]}</h2>""");
        var state = await StateAsync(html, call, box);
        html.Add($"""</div><p>{say["mailbox.explain." + WireWord.Of(box.Mode)]}</p>""");
        if (box.Mode != MailboxMode.Off)
            html.Add($"""<p class="muted">{say["mailbox.threshold", Math.Round(call.Get<KnowledgeSettings>().Threshold * 100).ToString(CultureInfo.InvariantCulture)]}</p>""");
        if (may)
        {
            html.Add($"""<div class="acts">""");
            if (!state.Stopped)
                html.Add($"""<a class="button bad" href="{at}/stop">{say["mailbox.stop"]}</a>""");
            else if (!state.Contained)
                html.Button(call, at + "/start", say["mailbox.start"], "main");
            html.Add($"""</div>""");
        }
        html.Add($"""</section><section class="card"><h2>{say["mailbox.how"]}</h2><dl class="facts">""");
        Fact(html, say["mailbox.name"], box.DisplayName);
        Fact(html, say["mailbox.tone"], say["mailbox.tone." + WireWord.Of(box.Tone)]);
        Fact(html, say["mailbox.language"], say["mailbox.language." + box.Language]);
        Fact(html, say["mailbox.length"], box.MaxLength.ToString(CultureInfo.InvariantCulture));
        Fact(html, say["mailbox.quiet"], box.QuietSeconds.ToString(CultureInfo.InvariantCulture));
        Fact(html, say["mailbox.signature"], box.Signature);
        Fact(html, say["mailbox.fixed"], box.FixedAnswer);
        Fact(html, say["mailbox.facts"], box.AllowedFacts);
        html.Add($"""</dl></section><div class="pair"><section class="card"><h2>{say["plan.rules"]}</h2><p>{say["plan.rules-count", box.Rules.Count]}</p><p class="muted">{say["plan.rules-what"]}</p><p><a class="button" href="{at}/rules">{say["plan.look"]}</a></p></section>""");
        html.Add($"""<section class="card"><h2>{say["plan.schedule"]}</h2><p>{say["plan.spans-count", box.Schedule.Spans.Count + box.Schedule.Holidays.Count]}</p><p class="muted">{say["plan.schedule-what"]}</p><p><a class="button" href="{at}/schedule">{say["plan.look"]}</a></p></section>""");
        html.Add($"""<section class="card"><h2>{say["shadow.title"]}</h2><p>{say[box.IsInShadow(call.Get<TimeProvider>().GetUtcNow()) ? "shadow.running" : box.Shadow is null ? "shadow.never" : "shadow.over"]}</p><p class="muted">{say["shadow.short"]}</p><p><a class="button" href="{ShadowPages.PathOf(box.Id)}">{say["plan.look"]}</a></p></section></div>""");
        if (may)
            html.Add($"""<p class="acts"><a class="button" href="{at}/way-in">{say["way.title"]}</a> <a class="button" href="{at}/way-out">{say["out.title"]}</a> <a class="button bad" href="{at}/remove">{say["mailbox.remove"]}</a></p>""");
        await call.ShowAsync(html);
    }

    private static void Fact(Html html, string name, string value)
    {
        if (value.Length > 0)
            html.Add($"""<dt>{name}</dt><dd class="lines"><bdi>{value}</bdi></dd>""");
    }

    /// <summary>Who may change it proved a second factor before he comes here, so nothing that he types is lost for want of one.</summary>
    private static async Task EditAsync(PageCall call)
    {
        if (await FindAsync(call) is not { Value: var box } found)
            return;
        var say = call.Say;
        var html = await call.BeginAsync(box.Address, Place);
        html.Add($"""<p><a href="{Home}/{box.Id}"><bdi>{box.Address}</bdi></a></p><h1>{say["mailbox.change"]}</h1>""");
        html.Form(call, $"{Home}/{box.Id}/settings", "card");
        html.Hidden(PageActs.Version, found.Version.ToString(CultureInfo.InvariantCulture));
        html.Add($"""<fieldset><legend>{say["mailbox.mode"]}</legend>""");
        foreach (var mode in Enum.GetValues<MailboxMode>())
        {
            html.Add($"""<label class="tick"><input type="radio" name="mode" value="{WireWord.Of(mode)}" """);
            if (mode == box.Mode)
                html.Add($"""checked""");
            html.Add($"""> <span><strong>{say["mailbox.mode." + WireWord.Of(mode)]}</strong> – {say["mailbox.explain." + WireWord.Of(mode)]}</span></label>""");
        }
        html.Add($"""</fieldset><div class="pair"><div>""");
        html.Line("displayName", say["mailbox.name"], box.DisplayName, 100, say["mailbox.name-help"]);
        html.Choice("tone", say["mailbox.tone"], WireWord.Of(box.Tone), Enum.GetValues<Tone>().Select(tone => (WireWord.Of(tone), say["mailbox.tone." + WireWord.Of(tone)])));
        html.Choice("language", say["mailbox.language"], box.Language, MailboxChecks.Languages.Select(language => (language, say["mailbox.language." + language])), say["mailbox.language-help"]);
        html.Number("maxLength", say["mailbox.length"], box.MaxLength, 100, 1000, say["mailbox.length-help"]);
        html.Number("quietSeconds", say["mailbox.quiet"], box.QuietSeconds, 0, MailboxChecks.MaxQuiet, say["mailbox.quiet-help"]);
        html.Add($"""</div><div>""");
        html.Area("signature", say["mailbox.signature"], box.Signature, 500, say["mailbox.signature-help"]);
        html.Area("fixedAnswer", say["mailbox.fixed"], box.FixedAnswer, 1000, say["mailbox.fixed-help"]);
        html.Area("allowedFacts", say["mailbox.facts"], box.AllowedFacts, 2000, say["mailbox.facts-help"]);
        html.Add($"""</div></div>""");
        html.Tick("nullReversePath", say["mailbox.null-path"], box.NullReversePath);
        html.Add($"""<p class="acts"><button class="main">{say["view.keep"]}</button> <a class="button" href="{Home}/{box.Id}">{say["part.back"]}</a></p></form>""");
        await call.ShowAsync(html);
    }

    private static Task KeepAsync(PageCall call)
    {
        if (WireWord.Find<MailboxMode>(call.Field("mode")) is not { } mode || WireWord.Find<Tone>(call.Field("tone")) is not { } tone)
            return call.RefuseAsync(Problem.Of("mode", "is not known"));
        var wish = new MailboxSettings(mode, tone, call.Field("displayName"), call.Field("signature"), call.Number("maxLength"), call.Field("language"), call.Field("fixedAnswer"), call.Field("allowedFacts"), call.Ticked("nullReversePath"), call.Number("quietSeconds"));
        return call.DoAsync(wish, () => MailboxRoutes.SetAsync(call.Context, call.Caller, call.Id(), wish, call.Get<Mailboxes>(), call.Stop), $"{Home}/{call.Id()}?done=saved");
    }

    private static async Task AskAsync(PageCall call, string act)
    {
        if (await FindAsync(call) is { Value: var box })
            await call.ConfirmAsync(Place, call.Say["mailbox." + act], box.Address, call.Say[$"mailbox.{act}-what"], $"{Home}/{box.Id}/{act}", $"{Home}/{box.Id}");
    }

    private static async Task SwitchAsync(PageCall call, bool stop)
    {
        if (await FindAsync(call) is not { Value: var box })
            return;
        await call.Get<SwitchDesk>().SetAsync(box.TenantId, box.Id, stop, "", Actor.Of(call.Caller), call.Stop);
        await call.GoAsync($"{Home}/{box.Id}?done={(stop ? "stopped" : "started")}");
    }
}

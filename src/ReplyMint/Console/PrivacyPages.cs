using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>What is kept and for how long, exports, erasures, and who agreed to automatic answers.</summary>
internal static class PrivacyPages
{
    private const string Place = "privacy";
    private const string Home = "/console/privacy";
    private const int PageSize = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.PrivacyRead).Show("/privacy", ShowAsync);
        var write = routes.MapPages(Permission.PrivacyWrite);
        write.Show("/privacy/retention", EditAsync);
        write.Act("/privacy/retention", KeepAsync);
        write.Show("/privacy/basis", BasisAsync);
        write.Act("/privacy/basis", KeepBasisAsync);
        write.Show("/privacy/export", call => FormAsync(call, "privacy.export", "privacy.export-what", "privacy.export-do", "/exports", "", needed: false));
        write.Show("/privacy/erase", call => FormAsync(call, "privacy.erase", "privacy.erase-what", "privacy.erase-do", "/erasures", "bad", needed: true));
        write.Show("/privacy/exports/{id}/file", FetchAsync);
        write.Act("/privacy/exports/{id}/remove", call => call.DoAsync(null, () => ExportRoutes.RemoveAsync(call.Caller, call.Id(), call.Get<Exports>(), call.Stop), Home + "?done=export-removed"));
        // Addresses of correspondents are shown to those who may act on them only.
        write.Show("/privacy/consents", ConsentsAsync);
        write.Act("/privacy/consents", WithdrawAsync);
        var costly = routes.MapPages(Permission.PrivacyWrite).Costly();
        costly.Act("/privacy/exports", call =>
        {
            var of = call.Filled("correspondent");
            var wish = new ExportWish(of is null ? ExportScope.Tenant : ExportScope.Correspondent, of);
            return call.DoAsync(wish, () => ExportRoutes.AskAsync(call.Caller, wish, call.Get<Exports>(), call.Stop), Home + "?done=export-asked");
        });
        costly.Act("/privacy/erasures", call =>
        {
            var wish = new NewErasure(call.Filled("correspondent"));
            return call.DoAsync(wish, () => ErasureRoutes.StartAsync(call.Caller, wish, call.Get<Erasures>(), call.Stop), Home + "?done=erasure-begun");
        });
    }

    private static async Task ShowAsync(PageCall call)
    {
        var (say, may, tenant) = (call.Say, call.May(Permission.PrivacyWrite), call.Caller.Tenant);
        var desk = call.Get<RetentionDesk>();
        var kept = (await desk.ReadAsync(tenant, call.Stop)).Value;
        var basis = await call.Get<Consents>().BasisAsync(tenant, call.Stop);
        var exports = await call.Get<Exports>().ListAsync(tenant, call.Stop);
        var (erasures, next) = await call.Get<Erasures>().ListAsync(tenant, PageSize, IdAttribute.IsId(call.Query("after")) ? call.Query("after") : null, call.Stop);
        var html = await call.BeginAsync(say["privacy.title"], Place);
        html.Head(say["privacy.title"]);
        html.Add($"""<div class="pair"><section class="card"><h2>{say["privacy.kept"]}</h2><dl class="facts">""");
        foreach (var (word, days) in ((string, int)[])[("privacy.raw", kept.RawDays), ("privacy.text", kept.TextDays), ("privacy.record", kept.RecordDays)])
            html.Add($"""<dt>{say[word]}</dt><dd>{say["privacy.days", days]}</dd>""");
        html.Add($"""<dt>{say["privacy.attachments"]}</dt><dd>{say[desk.KeepsAttachments(kept) ? "privacy.attachments-yes" : kept.Attachments ? "privacy.attachments-closed" : "privacy.attachments-no"]}</dd></dl>""");
        if (may)
            html.Add($"""<p><a class="button" href="{Home}/retention">{say["people.change"]}</a></p>""");
        html.Add($"""</section><section class="card"><h2>{say["privacy.basis"]}</h2><p>{say["privacy.basis." + WireWord.Of(basis.Basis).ToLowerInvariant()]}</p>""");
        if (may)
            html.Add($"""<p class="acts"><a class="button" href="{Home}/basis">{say["people.change"]}</a> <a class="button" href="{Home}/consents">{say["privacy.consents"]}</a></p>""");
        html.Add($"""</section></div>""");
        html.Head2(say["privacy.exports"], may ? Home + "/export" : "", say["privacy.export"]);
        if (exports.Count == 0)
            html.Add($"""<p class="card muted">{say["privacy.exports.empty"]}</p>""");
        else
            ShowExports(html, call, exports, may);
        html.Head2(say["privacy.erasures"], may ? Home + "/erase" : "", say["privacy.erase"]);
        if (erasures.Count == 0)
            html.Add($"""<p class="card muted">{say["privacy.erasures.empty"]}</p>""");
        else
            ShowErasures(html, call, erasures);
        if (next is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}?after={next}">{say["inbox.more"]}</a></p>""");
        await call.ShowAsync(html);
    }

    private static void Head2(this Html html, string title, string link, string label)
    {
        html.Add($"""<div class="head"><h2>{title}</h2>""");
        if (link.Length > 0)
            html.Add($"""<a class="button" href="{link}">{label}</a>""");
        html.Add($"""</div>""");
    }

    private static void ShowExports(Html html, PageCall call, IReadOnlyList<ExportRecord> exports, bool may)
    {
        var say = call.Say;
        html.Table(say["privacy.exports"], say["privacy.of"], say["privacy.state"], say["people.until"], "");
        foreach (var export in exports)
        {
            html.Add($"""<tr><th scope="row">{say["privacy.scope." + WireWord.Of(export.Scope)]}</th><td>{say["privacy.export." + WireWord.Of(export.State)]}""");
            if (export.State is not (ExportState.Ready or ExportState.Failed))
                html.Add($""" {export.Percent} %""");
            html.Add($"""</td><td>""");
            html.Time(call, export.ExpiresAt);
            html.Add($"""</td><td class="acts">""");
            if (may && export.State == ExportState.Ready)
                html.Add($"""<a href="{Home}/exports/{export.Id}/file" download aria-label="{say["privacy.fetch"]}: {say.Time(export.ExpiresAt)}">{say["privacy.fetch"]}</a> """);
            if (may)
                html.Button(call, $"{Home}/exports/{export.Id}/remove", say["knowledge.remove"], of: say.Time(export.ExpiresAt));
            html.Add($"""</td></tr>""");
        }
        html.EndTable();
    }

    private static void ShowErasures(Html html, PageCall call, IReadOnlyList<Erasure> erasures)
    {
        var say = call.Say;
        html.Table(say["privacy.erasures"], say["privacy.number"], say["privacy.state"], say["plan.when"], say["audit.by"]);
        foreach (var erasure in erasures)
        {
            html.Add($"""<tr><th scope="row"><code>{erasure.Id}</code></th><td>{say["privacy.erasure." + WireWord.Of(erasure.State)]}""");
            if (erasure.Found > 0)
                html.Add($"""<div class="muted">{say["privacy.found", erasure.Found]}</div>""");
            html.Add($"""</td><td>""");
            html.Time(call, erasure.DoneAt ?? erasure.At);
            html.Add($"""</td><td><code>{erasure.By}</code></td></tr>""");
        }
        html.EndTable();
    }

    /// <summary>A page of one form, with the way back.</summary>
    private static async Task<Html> OpenAsync(PageCall call, string title, string action)
    {
        var html = await call.BeginAsync(call.Say[title], Place);
        html.Add($"""<p><a href="{Home}">{call.Say["privacy.title"]}</a></p><h1>{call.Say[title]}</h1>""");
        html.Form(call, Home + action, "card");
        return html;
    }

    private static async Task FormAsync(PageCall call, string title, string what, string act, string action, string style, bool needed)
    {
        var say = call.Say;
        var html = await OpenAsync(call, title, action);
        html.Add($"""<p>{say[what]}</p>""");
        html.Line("correspondent", say["privacy.correspondent"], most: 254, type: "email", needed: needed);
        html.Add($"""<button class="{(style.Length > 0 ? style : "main")}">{say[act]}</button></form>""");
        await call.ShowAsync(html);
    }

    private static async Task EditAsync(PageCall call)
    {
        var say = call.Say;
        var (kept, version) = await call.Get<RetentionDesk>().ReadAsync(call.Caller.Tenant, call.Stop);
        var html = await OpenAsync(call, "privacy.kept", "/retention");
        html.Hidden(PageActs.Version, version.ToString(CultureInfo.InvariantCulture));
        html.Add($"""<p>{say["privacy.kept-what"]}</p>""");
        html.Number("raw", say["privacy.raw"], kept.RawDays, 1, RetentionRecord.MostRaw);
        html.Number("text", say["privacy.text"], kept.TextDays, 1, RetentionRecord.MostText);
        html.Number("record", say["privacy.record"], kept.RecordDays, 1, RetentionRecord.MostRecord);
        html.Tick("attachments", say["privacy.attachments-yes"], kept.Attachments);
        html.Add($"""<button class="main">{say["view.keep"]}</button></form>""");
        await call.ShowAsync(html);
    }

    private static Task KeepAsync(PageCall call)
    {
        var wish = new RetentionWish(call.Number("raw"), call.Number("text"), call.Number("record"), call.Ticked("attachments"));
        return call.DoAsync(wish, () => RetentionRoutes.SetAsync(call.Context, call.Caller, wish, call.Get<RetentionDesk>(), call.Stop), Home + "?done=saved");
    }

    private static async Task BasisAsync(PageCall call)
    {
        var say = call.Say;
        var (now, version) = await call.Get<Consents>().BasisVersionAsync(call.Caller.Tenant, call.Stop);
        var html = await OpenAsync(call, "privacy.basis", "/basis");
        html.Hidden(PageActs.Version, version.ToString(CultureInfo.InvariantCulture));
        html.Add($"""<fieldset><legend>{say["privacy.basis-choose"]}</legend>""");
        foreach (var basis in Enum.GetValues<LegalBasis>())
        {
            html.Add($"""<label class="tick"><input type="radio" name="basis" value="{WireWord.Of(basis)}" """);
            if (basis == now.Basis)
                html.Add($"""checked""");
            html.Add($"""> <span>{say["privacy.basis." + WireWord.Of(basis).ToLowerInvariant()]}</span></label>""");
        }
        html.Add($"""</fieldset>""");
        html.Choice("leastText", say["privacy.least-text"], now.LeastText.ToString(CultureInfo.InvariantCulture),
            (await call.Get<Consents>().TextsAsync(call.Caller.Tenant, call.Stop)).Select(text => (text.Version.ToString(CultureInfo.InvariantCulture), say["privacy.text-version", text.Version])).Prepend(("0", say["privacy.any-text"])), say["privacy.least-text-help"]);
        html.Tick("link", say["privacy.link"], now.Link);
        html.Add($"""<button class="main">{say["view.keep"]}</button></form>""");
        await call.ShowAsync(html);
    }

    private static Task KeepBasisAsync(PageCall call)
    {
        var wish = new BasisWish(WireWord.Find<LegalBasis>(call.Field("basis")) ?? (LegalBasis)(-1), call.Number("leastText"), call.Ticked("link"));
        return call.DoAsync(wish, () => ConsentRoutes.SetBasisAsync(call.Context, call.Caller, wish, call.Get<Consents>(), call.Get<HttpSettings>(), call.Stop), Home + "?done=saved");
    }

    /// <summary>Streamed as the API streams it; what it refuses is told as a page.</summary>
    private static async Task FetchAsync(PageCall call)
    {
        var answer = await ExportRoutes.FetchAsync(call.Context, call.Caller, call.Id(), call.Get<Exports>(), call.Get<DownloadGate>(), call.Stop);
        await answer.ExecuteAsync(call.Context);
    }

    private static async Task ConsentsAsync(PageCall call)
    {
        var say = call.Say;
        var (ledgers, next) = await call.Get<Consents>().ListAsync(call.Caller.Tenant, PageSize, IdAttribute.IsId(call.Query("after")) ? call.Query("after") : null, call.Stop);
        var html = await call.BeginAsync(say["privacy.consents"], Place);
        html.Add($"""<p><a href="{Home}">{say["privacy.title"]}</a></p><h1>{say["privacy.consents"]}</h1>""");
        if (ledgers.Count == 0)
            html.Empty(say, "privacy.consents.empty");
        else
        {
            html.Table(say["privacy.consents"], say["privacy.correspondent"], say["privacy.state"], say["plan.when"]);
            foreach (var ledger in ledgers)
            {
                var last = ledger.Entries[^1];
                html.Add($"""<tr><th scope="row"><bdi>{ledger.Address}</bdi></th><td><span class="{(last.Given ? "chip good" : "chip warn")}">{say[last.Given ? "privacy.agreed" : "privacy.withdrawn"]}</span></td><td>""");
                html.Time(call, last.At);
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (next is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}/consents?after={next}">{say["inbox.more"]}</a></p>""");
        html.Form(call, Home + "/consents", "card");
        html.Add($"""<h2>{say["privacy.withdraw"]}</h2><p>{say["privacy.withdraw-what"]}</p>""");
        html.Line("address", say["privacy.correspondent"], most: 254, type: "email", needed: true);
        html.Choice("way", say["privacy.way"], "mail", ((ConsentWay[])[ConsentWay.Mail, ConsentWay.Phone, ConsentWay.Paper, ConsentWay.Form]).Select(way => (WireWord.Of(way), say["privacy.way." + WireWord.Of(way)])));
        html.Line("source", say["privacy.source"], help: say["privacy.source-help"]);
        html.Add($"""<button class="main">{say["privacy.withdraw"]}</button></form>""");
        await call.ShowAsync(html);
    }

    private static Task WithdrawAsync(PageCall call)
    {
        var wish = new NewConsent(call.Field("address"), Given: false, WireWord.Find<ConsentWay>(call.Field("way")) ?? (ConsentWay)(-1), Source: call.Filled("source"));
        return call.DoAsync(wish, () => ConsentRoutes.SayAsync(call.Caller, wish, call.Get<Consents>(), call.Stop), Home + "/consents?done=saved");
    }
}

using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>API keys. A secret is shown once, in the answer to the form that made it, and stands at no address.</summary>
internal static class KeyPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.KeysRead).Show("/keys", ShowAsync);
        var write = routes.MapPages(Permission.KeysWrite);
        write.Show("/keys/add", AddAsync);
        write.Act("/keys/add", MakeAsync);
        write.Show("/keys/{id}/rotate", call => AskAsync(call, "rotate"));
        write.Act("/keys/{id}/rotate", call => TellAsync(call, new ApiKeyRotation(null), wish => ApiKeyRoutes.RotateAsync(call.Id(), wish, call.Caller, call.Get<ApiKeys>(), call.Get<ApiKeyUses>(), call.Stop)));
        write.Show("/keys/{id}/revoke", call => AskAsync(call, "revoke"));
        write.Act("/keys/{id}/revoke", call => call.DoAsync(null, () => ApiKeyRoutes.RevokeAsync(call.Id(), call.Caller, call.Get<ApiKeys>(), call.Stop), PeoplePages.Keys + "?done=key-revoked"));
    }

    private static async Task ShowAsync(PageCall call)
    {
        var (say, may, keys) = (call.Say, call.May(Permission.KeysWrite), call.Get<ApiKeys>());
        var all = await keys.ListAsync(call.Caller.Tenant, call.Stop);
        var html = await PeoplePages.BeginAsync(call, PeoplePages.Keys, may ? PeoplePages.Keys + "/add" : "", say["key.add"]);
        if (all.Count == 0)
            html.Empty(say, "key.empty");
        else
        {
            html.Table(say["key.title"], say["plan.name"], say["key.scopes"], say["key.used"], say["key.ends"], "");
            foreach (var key in all)
            {
                var view = await ApiKeyView.OfAsync(keys, key, await call.Get<ApiKeyUses>().LastAsync(call.Caller.Tenant, key.Id, call.Stop), call.Stop);
                html.Add($"""<tr><th scope="row"><bdi>{view.Name}</bdi><div class="muted"><code>{view.Prefix}…</code></div></th><td>{string.Join(", ", view.Scopes)}</td><td>""");
                if (view.LastUsedAt is { } used)
                    html.Time(call, used);
                else
                    html.Add($"""{say["key.never"]}""");
                html.Add($"""</td><td>""");
                if (view.Works)
                    html.Time(call, view.EndsAt);
                else
                    html.Add($"""<span class="chip bad">{say["key.ended"]}</span>""");
                html.Add($"""</td><td class="acts">""");
                if (may)
                    html.Add($"""<a href="{PeoplePages.Keys}/{key.Id}/rotate" aria-label="{say["key.rotate"]}: {view.Name}">{say["key.rotate"]}</a> <a href="{PeoplePages.Keys}/{key.Id}/revoke" aria-label="{say["key.revoke"]}: {view.Name}">{say["key.revoke"]}</a>""");
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        await call.ShowAsync(html);
    }

    private static async Task AddAsync(PageCall call)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["key.add"], PeoplePages.Place);
        html.Add($"""<p><a href="{PeoplePages.Keys}">{say["key.title"]}</a></p><h1>{say["key.add"]}</h1>""");
        html.Form(call, PeoplePages.Keys + "/add", "card");
        html.Line("name", say["plan.name"], most: ApiKeyWish.MaxName, help: say["key.name-help"], needed: true);
        html.Add($"""<fieldset><legend>{say["key.scopes"]}</legend><div class="columns">""");
        foreach (var permission in Permissions.OfKeys.Each())
            html.Tick("scopes", permission.Name(), ticked: false, permission.Name());
        html.Add($"""</div></fieldset>""");
        html.Line("expires", say["key.expires"], most: 10, help: say["key.expires-help"], type: "date");
        html.Area("networks", say["key.networks"], help: say["key.networks-help"], rows: 2);
        await PeoplePages.MailboxTicksAsync(html, call, say["people.mailboxes"], null);
        html.Add($"""<button class="main">{say["key.add"]}</button></form>""");
        await call.ShowAsync(html);
    }

    private static Task MakeAsync(PageCall call)
    {
        var ends = DateOnly.TryParseExact(call.Field("expires"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : (DateTimeOffset?)null;
        if (ends is null && call.Field("expires").Length > 0)
            return call.RefuseAsync(Problem.Of("expiresAt", "must be a day such as 2026-12-24"));
        var networks = call.Field("networks").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return TellAsync(call, new NewApiKey(call.Field("name"), call.Fields("scopes"), ends, networks.Length > 0 ? networks : null, PeoplePages.MailboxesOf(call)),
            wish => ApiKeyRoutes.CreateAsync(wish, call.Caller, call.Get<ApiKeys>(), call.Stop));
    }

    private static async Task TellAsync<T>(PageCall call, T wish, Func<T, Task<IResult>> act) where T : class
    {
        if (await call.AskAsync(wish, () => act(wish)) is not IValueHttpResult<ApiKeyShown> { Value: { } made })
            return;
        var say = call.Say;
        var html = await call.BeginAsync(say["key.title"], PeoplePages.Place);
        html.Add($"""
            <section class="card"><h1><bdi>{made.Key.Name}</bdi></h1><p>{say["key.once"]}</p><p class="secret"><code>{made.Secret}</code></p>
            <p class="muted">{say["key.use"]}</p><pre>X-API-Key: {made.Key.Prefix}…</pre><p><a class="button main" href="{PeoplePages.Keys}">{say["key.have-it"]}</a></p></section>
            """);
        await call.ShowAsync(html);
    }

    private static async Task AskAsync(PageCall call, string act)
    {
        if (call.Id() is not { Length: > 0 } id || await call.Get<ApiKeys>().FindAsync(call.Caller.Tenant, id, call.Stop) is not { } key)
            await call.RefuseAsync(Problem.NotFound);
        else
            await call.ConfirmAsync(PeoplePages.Place, call.Say["key." + act], key.Name, call.Say[$"key.{act}-what"], $"{PeoplePages.Keys}/{id}/{act}", PeoplePages.Keys);
    }
}

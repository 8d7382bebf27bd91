using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>In which language and zone somebody reads; kept in his browser, and nowhere else.</summary>
internal static class ViewPages
{
    private const int OneYear = 365 * 24 * 60 * 60;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var all = routes.MapPages(Permission.Me);
        all.Show("", call => call.GoAsync(Frame.HomeOf(call.Caller)));
        all.Show("/view", ShowAsync);
        all.Act("/view", KeepAsync);
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["view.title"]);
        html.Add($"""<section class="card narrow"><h1>{say["view.title"]}</h1>""");
        html.Form(call, "/console/view");
        html.Add($"""<label for="language">{say["view.language"]}</label><select id="language" name="language">""");
        foreach (var (code, name) in ((string, string)[])[("en", "English"), ("de", "Deutsch")])
        {
            html.Add($"""<option value="{code}" """);
            if (code == say.Language)
                html.Add($"""selected""");
            html.Add($""">{name}</option>""");
        }
        html.Add($"""
            </select><label for="zone">{say["view.zone"]}</label>
            <input id="zone" name="zone" value="{say.Zone}" placeholder="Europe/Berlin" maxlength="40" autocomplete="off" spellcheck="false" aria-describedby="zone-help">
            <p id="zone-help" class="muted">{say["view.zone-help"]}</p>
            <button class="main">{say["view.keep"]}</button></form></section>
            """);
        await call.ShowAsync(html);
    }

    private static Task KeepAsync(PageCall call)
    {
        PageCookies.Set(call.Context.Response, Speech.Cookie, $"{(call.Field("language") == "de" ? "de" : "en")}:{Speech.FindZone(call.Field("zone"))?.Id}", "Lax", OneYear);
        return call.GoAsync("/console/view?done=view");
    }
}

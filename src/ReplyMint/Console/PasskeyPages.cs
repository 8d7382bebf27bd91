using System.Buffers.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>A reader's own second factors: which he has, a passkey more, recovery codes, one less.</summary>
internal static class PasskeyPages
{
    public const string Home = "/console/factors";

    private const string Add = Home + "/passkey";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var own = routes.MapPages(Permission.Self);
        own.Show("/factors", ShowAsync);
        own.Show("/factors/passkey", OfferAsync);
        own.Act("/factors/passkey", AddAsync);
        own.Act("/factors/codes", CodesAsync);
        own.Show("/factors/{id}/remove", AskAsync);
        own.Act("/factors/{id}/remove", RemoveAsync);
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var factors = await call.Get<SecondFactors>().FindAsync(call.Caller.Id, call.Stop);
        var html = await SessionPages.BeginAsync(call, Home, say["factors.title"]);
        html.Add($"""<p class="muted">{say["factors.what"]}</p>""");
        if (!factors.Any)
            html.Empty(say, "factors.empty");
        else
        {
            html.Table(say["factors.title"], say["plan.name"], say["factors.added"], say["key.used"], "");
            if (factors.Totp is { } totp)
                Row(html, call, "totp", say["factors.app"], totp.AddedAt, totp.UsedAt);
            foreach (var passkey in factors.Passkeys)
                Row(html, call, passkey.Id, passkey.Name, passkey.AddedAt, passkey.UsedAt);
            if (factors.RecoveryAt is { } made)
                Row(html, call, "recovery-codes", say["factors.left", factors.Recovery.Count], made, null);
            html.EndTable();
        }
        html.Add($"""<p class="acts">""");
        if (call.Get<Passkeys>().Home is not null)
            html.Add($"""<a class="button main" href="{Add}">{say["factors.add"]}</a>""");
        if (factors.Totp is null)
            html.Add($"""<a class="button" href="/console/factor/app?to={Home}">{say["factor.begin"]}</a>""");
        html.Add($"""</p>""");
        if (factors.Any)
            html.Button(call, Home + "/codes", say["factors.codes"]);
        await call.ShowAsync(html);
    }

    private static void Row(Html html, PageCall call, string id, string name, DateTimeOffset added, DateTimeOffset? used)
    {
        html.Add($"""<tr><th scope="row"><bdi>{name}</bdi></th><td>""");
        html.Time(call, added);
        html.Add($"""</td><td>""");
        if (used is { } at)
            html.Time(call, at);
        html.Add($"""</td><td class="acts"><a href="{Home}/{id}/remove" aria-label="{call.Say["people.remove"]}: {name}">{call.Say["people.remove"]}</a></td></tr>""");
    }

    /// <summary>The page brings along what the authenticator is asked; only a script can ask it.</summary>
    private static async Task OfferAsync(PageCall call)
    {
        var to = PageCall.Here(call.Query("to")) is var asked && asked == RouteGroups.PagesRoot ? Home : asked;
        if (!await MayAsync(call, $"{Add}?to={Uri.EscapeDataString(to)}"))
            return;
        var answer = await PasskeyRoutes.OfferAsync(call.Caller, call.Get<Passkeys>(), call.Get<SecondFactors>(), call.Get<FactorDoor>(), call.Get<Users>(), call.Stop);
        if (answer is not IValueHttpResult<PasskeyCreation> { Value: { } offer })
        {
            await call.RefuseAsync(answer);
            return;
        }
        var say = call.Say;
        var html = await call.BeginAsync(say["factors.add"], PeoplePages.Place);
        html.Add($"""
            <section class="card narrow"><h1>{say["factors.add"]}</h1><p>{say["factors.passkey"]}</p><p class="muted" data-without>{say["factors.script"]}</p>
            <div class="passkey" hidden data-make data-challenge="{offer.Challenge}" data-site="{offer.Rp.Id}" data-known="{string.Join(' ', offer.ExcludeCredentials.Select(one => one.Id))}" data-owner="{offer.User.Id}" data-address="{offer.User.Name}">
            """);
        html.Form(call, Add);
        html.Hidden("to", to);
        html.Line("name", say["plan.name"], say["factors.device"], most: 60, help: say["factors.name-help"], needed: true);
        html.Add($"""
            <input type="hidden" name="client"><input type="hidden" name="data">
            <button class="main">{say["factors.add"]}</button></form><p class="wrong" role="alert" hidden>{say["factors.not-made"]}</p></div>
            <p><a class="button" href="{Home}">{say["part.back"]}</a></p></section>
            """);
        await call.ShowAsync(html);
    }

    private static Task AddAsync(PageCall call)
    {
        var wish = new PasskeyMade(call.Field("name"), call.Field("client"), call.Field("data"));
        var to = PageCall.Here(call.Field("to"));
        return call.DoAsync(wish, () => PasskeyRoutes.AddAsync(call.Context, call.Caller, wish, call.Get<Passkeys>(), call.Get<FactorDoor>(), call.Stop), to == Home ? Home + "?done=factor-added" : to);
    }

    /// <summary>Shown in the answer to the form, once, and at no address.</summary>
    private static async Task CodesAsync(PageCall call)
    {
        if (!await MayAsync(call, Home)
            || await call.AskAsync(null, () => SecondFactorRoutes.RecoveryAsync(call.Caller, call.Get<SecondFactors>(), call.Get<FactorDoor>(), call.Stop)) is not IValueHttpResult<RecoveryCodesAnswer> { Value: { } made })
            return;
        var say = call.Say;
        var html = await call.BeginAsync(say["factors.codes"], PeoplePages.Place);
        html.Add($"""<section class="card narrow"><h1>{say["factors.codes"]}</h1><p>{say["factors.codes-what"]}</p><pre>{string.Join('\n', made.Codes)}</pre><p><a class="button main" href="{Home}">{say["key.have-it"]}</a></p></section>""");
        await call.ShowAsync(html);
    }

    private static async Task AskAsync(PageCall call)
    {
        var id = call.Route("id");
        var factors = await call.Get<SecondFactors>().FindAsync(call.Caller.Id, call.Stop);
        var name = id switch
        {
            "totp" when factors.Totp is not null => call.Say["factors.app"],
            "recovery-codes" when factors.RecoveryAt is not null => call.Say["factors.codes"],
            _ => factors.Passkeys.FirstOrDefault(known => known.Id == id)?.Name,
        };
        if (name is null)
            await call.RefuseAsync(Problem.NotFound);
        else if (await MayAsync(call, $"{Home}/{id}/remove"))
            await call.ConfirmAsync(PeoplePages.Place, call.Say["people.remove"], name, call.Say["factors.remove-what"], $"{Home}/{id}/remove", Home);
    }

    private static async Task RemoveAsync(PageCall call)
    {
        if (await MayAsync(call, Home))
            await call.DoAsync(null, () => SecondFactorRoutes.RemoveAsync(call.Caller, call.Route("id"), call.Get<SecondFactors>(), call.Get<FactorDoor>(), call.Stop), Home + "?done=factor-removed");
    }

    /// <summary>Whoever has a factor proves it first, and comes back; who has none signs in anew, or a stolen session could get one.</summary>
    public static async Task<bool> MayAsync(PageCall call, string back)
    {
        if (await call.Get<FactorDoor>().MayChangeAsync(call.Caller, call.Stop) is null)
            return true;
        await call.GoAsync(((await call.Get<SecondFactors>().FindAsync(call.Caller.Id, call.Stop)).Any ? "/console/factor?to=" : "/console/sign-in?done=sign-in-anew&to=") + Uri.EscapeDataString(back));
        return false;
    }
}

using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>The way in and out: a link by mail for this browser, or a passkey. The same doors as the API's, with a cookie at the end.</summary>
internal static class SignInPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var door = routes.MapDoor();
        door.Show("/sign-in", ShowAsync);
        door.Act("/sign-in", AskAsync);
        door.Show("/link", LinkAsync);
        door.Act("/link", ComeInAsync);
        door.Act("/passkey", PasskeyAsync);
        routes.MapPages(Permission.Self).Act("/sign-out", SignOutAsync);
    }

    private static Task ShowAsync(PageCall call) => ShowAsync(call, "");

    private static async Task ShowAsync(PageCall call, string wrong)
    {
        var say = call.Say;
        var to = PageCall.Here(call.Query("to"));
        var html = await call.BeginAsync(say["sign-in.title"]);
        html.Add($"""<section class="card narrow"><h1>{say["sign-in.title"]}</h1>""");
        if (wrong.Length > 0)
            html.Add($"""<p class="wrong" role="alert" id="wrong">{wrong}</p>""");
        if (call.Get<AccountsSettings>().CanMail)
        {
            html.Form(call, "/console/sign-in");
            html.Add($"""
                <label for="address">{say["sign-in.address"]}</label>
                <input id="address" name="address" type="email" autocomplete="username webauthn" required maxlength="254" autofocus aria-describedby="{(wrong.Length > 0 ? "wrong" : "")}">
                <button class="main">{say["sign-in.send"]}</button></form>
                """);
        }
        else
        {
            html.Add($"""<p>{say["sign-in.no-mail"]}</p>""");
            html.Command(call, "user sign-in-link " + say["sign-in.example"]);
        }
        await PasskeyFields.AddAsync(html, call, "/console/passkey", to, own: false);
        html.Add($"""</section>""");
        await call.ShowAsync(html, wrong.Length > 0 ? 400 : 200);
    }

    private static async Task AskAsync(PageCall call)
    {
        var say = call.Say;
        if (AddressRules.Normalize(call.Field("address")) is not { } address || AskCookie.Of(call.Context) is not { } verifier)
        {
            await ShowAsync(call, say["sign-in.wrong"]);
            return;
        }
        var from = call.Context.Connection.RemoteIpAddress;
        call.Get<SecurityEvents>().Tried(SecurityEventKind.SignInAsked, from, address);
        call.Get<AccessLines>().Proof(from, Way.Link, "asked", address);
        await call.Get<SignInDesk>().AskAsync(new SignInRequest(1, address, SignInLinks.ChallengeOf(verifier), null, null, say.Language, PersonMailRate.NetworkOf(from), call.Page(ConsoleAddress.Link)), call.Stop);
        // The same for everybody, whether or not there is an account.
        await AskedAsync(call);
    }

    /// <summary>A link is on its way.</summary>
    public static async Task AskedAsync(PageCall call)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["sign-in.asked"]);
        html.Add($"""<section class="card narrow"><h1>{say["sign-in.asked"]}</h1><p>{say["sign-in.look"]}</p><p class="muted">{say["sign-in.browser"]}</p><p><a href="/console/sign-in">{say["sign-in.again"]}</a></p></section>""");
        await call.ShowAsync(html, 202);
    }

    /// <summary>Where the mail's link leads. Looking at it changes nothing, since scanners of mail follow links; its button signs in.</summary>
    private static async Task LinkAsync(PageCall call)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["link.title"]);
        html.Add($"""<section class="card narrow"><h1>{say["link.title"]}</h1><p>{say["link.text"]}</p>""");
        html.Form(call, "/console/link");
        html.Add($"""
            <input type="hidden" name="token" value="{call.Query("token")}"><input type="hidden" name="verifier" value="{call.Query("verifier")}">
            <button class="main" autofocus>{say["link.button"]}</button></form></section>
            """);
        await call.ShowAsync(html);
    }

    private static async Task ComeInAsync(PageCall call)
    {
        // A link that was made at the machine brings its verifier along: it was carried over by hand.
        var verifier = call.Field("verifier") is { Length: > 0 } carried ? carried : AskCookie.Of(call.Context) ?? "";
        var (tries, token) = (call.Get<FailedTries>(), call.Field("token"));
        if (await tries.BeginAsync(call.Context, Way.Link) is { } slowed)
        {
            await call.RefuseAsync(slowed);
            return;
        }
        var (result, start) = SignInLinks.IsVerifier(verifier) && token.Length is > 0 and <= 64
            ? await call.Get<SignInDoor>().CompleteAsync(token, verifier, null, SessionClient.Of(call.Context), call.Stop) : (SignInResult.Invalid, null);
        if (result == SignInResult.Invalid)
            tries.Failed(call.Context, Way.Link);
        else
            await tries.SucceededAsync(call.Context, Way.Link, who: start?.Session.User, tenant: start?.Session.Tenant);
        if (start is null)
            await ShowAsync(call, call.Say[result == SignInResult.TooMany ? "sign-in.too-many" : "sign-in.stale"]);
        else
            await WelcomeAsync(call, start, RouteGroups.PagesRoot);
    }

    private static async Task PasskeyAsync(PageCall call)
    {
        var tries = call.Get<FailedTries>();
        if (await tries.BeginAsync(call.Context, Way.Passkey) is { } slowed)
        {
            await call.RefuseAsync(slowed);
            return;
        }
        if (PasskeyFields.Read(call) is not { } proof || await call.Get<Passkeys>().SignInAsync(proof, null, SessionClient.Of(call.Context), call.Stop) is not { } start)
        {
            tries.Failed(call.Context, Way.Passkey);
            await ShowAsync(call, call.Say["passkey.wrong"]);
            return;
        }
        await tries.SucceededAsync(call.Context, Way.Passkey, who: start.Session.User, tenant: start.Session.Tenant);
        await WelcomeAsync(call, start, PageCall.Here(call.Field("to")));
    }

    public static async Task WelcomeAsync(PageCall call, SessionStart start, string to)
    {
        await call.Get<PageCookies>().GiveAsync(call.Context.Response, start.Session.User, start.Session.Id, call.Stop);
        PageCookies.Drop(call.Context.Response, AskCookie.Name);
        await call.GoAsync(to);
    }

    private static async Task SignOutAsync(PageCall call)
    {
        await call.Get<Sessions>().EndAsync(call.Caller.Id, call.Caller.Session!, Actor.Of(call.Caller), call.Stop);
        PageCookies.Drop(call.Context.Response);
        // What this browser keeps of our pages is nobody's business any more.
        call.Context.Response.Headers["Clear-Site-Data"] = "\"cache\", \"storage\"";
        await call.GoAsync("/console/sign-in?done=signed-out");
    }
}

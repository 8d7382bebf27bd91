using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>Where a reader proves a second factor before he changes what only administrators may, or gets his first one.</summary>
internal static class FactorPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var own = routes.MapPages(Permission.Self);
        own.Show("/factor", ShowAsync);
        own.Act("/factor", call => ProveAsync(call, SecondFactors.WayOf(Code(call)), () => call.Get<SecondFactors>().ProveAsync(call.Caller, Code(call), call.Stop)));
        own.Act("/factor/passkey", call => ProveAsync(call, Way.Passkey, async () => PasskeyFields.Read(call) is { } proof
            ? await call.Get<Passkeys>().ProveAsync(call.Caller.Id, call.Caller.Session!, proof, call.Stop) : FactorResult.Wrong));
        own.Show("/factor/app", BeginAsync);
        own.Act("/factor/app", ProposeAsync);
        own.Act("/factor/app/confirm", ConfirmAsync);
    }

    private static string Code(PageCall call) => call.Field("code") is { Length: <= 32 } code ? code : "";

    private static Task ShowAsync(PageCall call) => ShowAsync(call, PageCall.Here(call.Query("to")), "");

    private static async Task ShowAsync(PageCall call, string to, string wrong)
    {
        var say = call.Say;
        var factors = await call.Get<SecondFactors>().FindAsync(call.Caller.Id, call.Stop);
        var html = await call.BeginAsync(say["factor.title"]);
        html.Add($"""<section class="card narrow"><h1>{say["factor.title"]}</h1>""");
        if (wrong.Length > 0)
            html.Add($"""<p class="wrong" role="alert" id="wrong">{wrong}</p>""");
        if (!factors.Any)
        {
            html.Add($"""<p>{say[call.Caller.LacksFactor ? "factor.all-none" : "factor.none"]}</p>""");
            BeginForm(html, call, to);
            if (call.Get<Passkeys>().Home is not null)
                html.Add($"""<p class="gap"><a class="button" href="{PasskeyPages.Home}/passkey?to={Uri.EscapeDataString(to)}">{say["factors.add"]}</a></p>""");
        }
        else
        {
            html.Add($"""<p>{say[call.Caller.LacksFactor ? "factor.all" : "factor.why"]}</p>""");
            CodeForm(html, call, "/console/factor", to, wrong.Length > 0);
            await PasskeyFields.AddAsync(html, call, "/console/factor/passkey", to, own: true);
        }
        html.Add($"""</section>""");
        await call.ShowAsync(html, wrong.Length > 0 ? 403 : 200);
    }

    private static async Task ProveAsync(PageCall call, string way, Func<Task<FactorResult>> prove)
    {
        var answer = await call.Get<FactorDoor>().ProveAsync(call.Context, call.Caller, way, prove, call.Stop);
        var to = PageCall.Here(call.Field("to"));
        if (answer is Ok<FactorProved>)
            await call.GoAsync(to);
        else if (answer is Problem { Status: 403 or 409 })
            await ShowAsync(call, to, call.Say["factor.wrong"]);
        else
            await call.RefuseAsync(answer);
    }

    private static async Task BeginAsync(PageCall call)
    {
        var html = await call.BeginAsync(call.Say["factor.begin"]);
        html.Add($"""<section class="card narrow"><h1>{call.Say["factor.begin"]}</h1><p>{call.Say["factor.app"]}</p>""");
        BeginForm(html, call, PageCall.Here(call.Query("to")));
        html.Add($"""</section>""");
        await call.ShowAsync(html);
    }

    private static void BeginForm(Html html, PageCall call, string to)
    {
        html.Form(call, "/console/factor/app");
        html.Add($"""<input type="hidden" name="to" value="{to}"><button class="main">{call.Say["factor.begin"]}</button></form>""");
    }

    /// <summary>Shows a new secret. It counts once a code proves that the app has it.</summary>
    private static async Task ProposeAsync(PageCall call)
    {
        if (!await PasskeyPages.MayAsync(call, "/console/factor?to=" + Uri.EscapeDataString(PageCall.Here(call.Field("to")))))
            return;
        var say = call.Say;
        var secret = await call.Get<SecondFactors>().ProposeTotpAsync(call.Caller.Id, call.Stop);
        var address = (await call.Get<Users>().FindAsync(call.Caller.Id, call.Stop))?.Address ?? "";
        var html = await call.BeginAsync(say["factor.title"]);
        html.Add($"""
            <section class="card narrow"><h1>{say["factor.title"]}</h1><p>{say["factor.secret"]}</p>
            <p class="secret"><code>{string.Join(' ', Totp.ToBase32(secret).Chunk(4).Select(part => new string(part)))}</code></p>
            <p><a href="{Totp.Uri(secret, address)}">{say["factor.open"]}</a></p>
            """);
        CodeForm(html, call, "/console/factor/app/confirm", PageCall.Here(call.Field("to")));
        html.Add($"""</section>""");
        await call.ShowAsync(html);
    }

    private static async Task ConfirmAsync(PageCall call)
    {
        if (await call.Get<FactorDoor>().MayChangeAsync(call.Caller, call.Stop) is { } refusal)
            await call.RefuseAsync(refusal);
        else
            await ProveAsync(call, Way.App, () => call.Get<SecondFactors>().ConfirmTotpAsync(call.Caller, Code(call), call.Stop));
    }

    private static void CodeForm(Html html, PageCall call, string action, string to, bool wrong = false)
    {
        html.Form(call, action);
        html.Add($"""
            <input type="hidden" name="to" value="{to}"><label for="code">{call.Say["factor.code"]}</label>
            <input id="code" name="code" autocomplete="one-time-code" required maxlength="32" autofocus spellcheck="false" aria-describedby="{(wrong ? "wrong" : "")}">
            <button class="main">{call.Say["factor.prove"]}</button></form>
            """);
    }
}

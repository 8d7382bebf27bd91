using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>Where an invitation's link leads. Looking changes nothing, since scanners of mail follow links; its button accepts, and then a link to sign in is mailed to the invited address.</summary>
internal static class InvitationPages
{
    private const string Home = "/console/invitation";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var door = routes.MapDoor();
        door.Show("/invitation", call => ShowAsync(call, call.Query("token"), ""));
        door.Act("/invitation", AcceptAsync);
    }

    private static async Task ShowAsync(PageCall call, string token, string wrong)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["invitation.title"]);
        html.Add($"""<section class="card narrow"><h1>{say["invitation.title"]}</h1>""");
        if (wrong.Length > 0)
            html.Add($"""<p class="wrong" role="alert">{wrong}</p>""");
        else
        {
            html.Add($"""<p>{say["invitation.text"]}</p>""");
            html.Form(call, Home);
            html.Hidden("token", token);
            html.Add($"""<button class="main" autofocus>{say["invitation.accept"]}</button></form>""");
        }
        html.Add($"""</section>""");
        await call.ShowAsync(html, wrong.Length > 0 ? 400 : 200);
    }

    private static async Task AcceptAsync(PageCall call)
    {
        var (tries, token) = (call.Get<FailedTries>(), call.Field("token"));
        if (await tries.BeginAsync(call.Context, Way.Invitation) is { } slowed)
        {
            await call.RefuseAsync(slowed);
            return;
        }
        var accepted = token.Length is > 0 and <= 64 && AskCookie.Of(call.Context) is { } verifier
            ? await call.Get<Invitations>().AcceptAsync(token, SignInLinks.ChallengeOf(verifier), call.Say.Language, call.Stop, call.Page(ConsoleAddress.Link)) : AcceptedInvitation.NotValid;
        if (accepted == AcceptedInvitation.NotValid)
            tries.Failed(call.Context, Way.Invitation);
        else
            await tries.SucceededAsync(call.Context, Way.Invitation);
        if (accepted == AcceptedInvitation.Accepted)
            await SignInPages.AskedAsync(call);
        else
            await ShowAsync(call, "", call.Say[accepted == AcceptedInvitation.TenantFull ? "invitation.full" : "invitation.stale"]);
    }
}

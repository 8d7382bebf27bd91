using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>One page from the link on the terminal to the first draft. Without the token there is nothing here.</summary>
internal static class FirstPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var door = routes.MapDoor();
        door.Show("/first", call => ShowAsync(call, call.Query("token"), null));
        door.Act("/first", BeginAsync);
    }

    private static async Task ShowAsync(PageCall call, string token, FirstWish? sent)
    {
        if (!await ProvesAsync(call, token))
            return;
        var (say, wrong) = (call.Say, sent?.Wrong());
        var html = await call.BeginAsync(say["first.title"]);
        html.Add($"""<h1>{say["first.title"]}</h1><p>{say["first.what"]}</p>""");
        if (wrong is not null)
            html.Add($"""<p class="wrong" role="alert" tabindex="-1" autofocus>{say[wrong]}</p>""");
        html.Form(call, "/console/first", "card");
        html.Hidden("token", token);
        html.Add($"""<div class="pair"><div>""");
        html.Line("address", say["sign-in.address"], sent?.Address ?? "", 254, say["first.address-help"], "email", needed: true);
        html.Line("name", say["first.name"], sent?.Name ?? "", 100, needed: true);
        html.Line("mailbox", say["way.address"], sent?.Mailbox ?? "", 254, say["first.mailbox-help"], "email", needed: true);
        html.Add($"""</div><div>""");
        html.Area("question", say["first.question"], sent?.Question ?? say["first.question-example"], 300, needed: true, rows: 2);
        html.Area("answer", say["first.answer"], sent?.Answer ?? say["first.answer-example"], 2_000, say["first.answer-help"], needed: true, rows: 3);
        html.Add($"""</div></div><button class="main">{say["first.begin"]}</button></form>""");
        await call.ShowAsync(html, wrong is null ? 200 : 400);
    }

    private static async Task BeginAsync(PageCall call)
    {
        var (token, wish) = (call.Field("token"), new FirstWish(call.Field("address"), call.Field("name"), call.Field("mailbox"), call.Field("question"), call.Field("answer")));
        if (wish.Wrong() is not null)
            await ShowAsync(call, token, wish);
        else if (await ProvesAsync(call, token))
        {
            if (await call.Get<FirstRun>().BeginAsync(token, wish, call.Stop) is ({ } link, { } verifier)
                && await call.Get<SignInDoor>().CompleteAsync(link, verifier, null, SessionClient.Of(call.Context), call.Stop) is (SignInResult.SignedIn, { } start))
                await SignInPages.WelcomeAsync(call, start, "/console/inbox?done=first");
            else
                await call.RefuseAsync(Problem.NotFound);
        }
    }

    /// <summary>False: it proves nothing, and that was told and counted.</summary>
    private static async Task<bool> ProvesAsync(PageCall call, string token)
    {
        var tries = call.Get<FailedTries>();
        if (await tries.BeginAsync(call.Context, Way.FirstStart) is { } slowed)
        {
            await call.RefuseAsync(slowed);
            return false;
        }
        if (await call.Get<FirstRun>().IsOpenAsync(token, call.Stop))
        {
            await tries.SucceededAsync(call.Context, Way.FirstStart);
            return true;
        }
        tries.Failed(call.Context, Way.FirstStart);
        await call.RefuseAsync(Problem.NotFound);
        return false;
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>Where the reader himself is signed in.</summary>
internal static class SessionPages
{
    public const string Home = "/console/sessions";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var own = routes.MapPages(Permission.Self);
        own.Show("/sessions", ShowAsync);
        own.Act("/sessions/{id}/end", call => EndAsync(call, async () => await SessionRoutes.EndAsync(call.Id(), call.Caller, call.Get<Sessions>(), call.Get<FactorDoor>(), call.Stop), Home + "?done=session-ended"));
        own.Act("/sessions/end", call => EndAsync(call, async () => await SessionRoutes.SignOutEverywhereAsync(call.Caller, call.Get<Sessions>(), call.Get<FactorDoor>(), call.Stop), "/console/sign-in?done=signed-out"));
    }

    /// <summary>Who has to prove himself anew is led there, and comes back to the list.</summary>
    private static async Task EndAsync(PageCall call, Func<Task<IResult>> end, string then)
    {
        if (await PasskeyPages.MayAsync(call, Home))
            await call.DoAsync(null, end, then);
    }

    /// <summary>What is a reader's own stands beside the people that he may see, or by itself.</summary>
    public static async Task<Html> BeginAsync(PageCall call, string current, string title)
    {
        if (call.May(Permission.MembersRead))
            return await PeoplePages.BeginAsync(call, current);
        var html = await call.BeginAsync(title);
        html.Head(title);
        html.Tabs(title, current, (Home, call.Say["session.title"]), (PasskeyPages.Home, call.Say["factors.title"]));
        return html;
    }

    private static async Task ShowAsync(PageCall call)
    {
        var (say, sessions) = (call.Say, call.Get<Sessions>());
        var html = await BeginAsync(call, Home, say["session.title"]);
        html.Table(say["session.title"], say["session.client"], say["session.seen"], say["session.network"], "");
        foreach (var (session, client) in await sessions.ListAsync(call.Caller.Id, call.Stop))
        {
            html.Add($"""<tr><th scope="row"><bdi>{client.Agent}</bdi></th><td>""");
            html.Time(call, session.LastSeenAt);
            html.Add($"""</td><td><bdi>{client.Network}</bdi></td><td class="acts">""");
            if (session.Id == call.Caller.Session)
                html.Add($"""<span class="chip good">{say["session.this"]}</span>""");
            else
                html.Button(call, $"{Home}/{session.Id}/end", say["session.end"], of: client.Agent ?? "");
            html.Add($"""</td></tr>""");
        }
        html.EndTable();
        html.Button(call, Home + "/end", say["session.end-all"], "bad");
        await call.ShowAsync(html);
    }
}

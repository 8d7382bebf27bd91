using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>Who belongs to the organisation and as what, and who is invited.</summary>
internal static class PeoplePages
{
    public const string Place = "people";
    public const string Home = "/console/people";
    public const string Keys = "/console/keys";

    private const int Most = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.MembersRead).Show("/people", ShowAsync);
        var write = routes.MapPages(Permission.MembersWrite);
        write.Show("/people/invite", ShowInviteAsync);
        write.Show("/people/{id}", EditAsync);
        write.Act("/people/{id}", ChangeAsync);
        write.Show("/people/{id}/remove", AskRemoveAsync);
        write.Act("/people/{id}/remove", call => call.DoAsync(null, () => MemberRoutes.RemoveAsync(call.Caller, call.Id(), call.Get<MemberDesk>(), call.Stop), Home + "?done=member-removed"));
        write.Act("/people/invitations/{id}/remove", call => call.DoAsync(null, () => InvitationRoutes.RemoveAsync(call.Caller, call.Id(), call.Get<Invitations>(), call.Stop), Home + "?done=invitation-removed"));
        routes.MapPages(Permission.MembersWrite).Costly().Act("/people/invite", InviteAsync);
        var own = routes.MapPages(Permission.SettingsWrite);
        own.Show("/people/factor", ShowFactorAsync);
        own.Act("/people/factor", SetFactorAsync);
    }

    public static async Task<Html> BeginAsync(PageCall call, string current, string action = "", string label = "")
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["people.title"], Place);
        html.Head(say["people.title"], action, label);
        if (call.May(Permission.KeysRead))
            html.Tabs(say["people.title"], current, (Home, say["people.members"]), (Keys, say["key.title"]), (SessionPages.Home, say["session.title"]), (PasskeyPages.Home, say["factors.title"]));
        else
            html.Tabs(say["people.title"], current, (Home, say["people.members"]), (SessionPages.Home, say["session.title"]), (PasskeyPages.Home, say["factors.title"]));
        return html;
    }

    private static async Task ShowAsync(PageCall call)
    {
        var (say, may) = (call.Say, call.May(Permission.MembersWrite));
        var (members, more) = await call.Get<Members>().PageAsync(call.Caller.Tenant, Most, call.Query("after") is var after && IdAttribute.IsId(after) ? after : null, call.Stop);
        var html = await BeginAsync(call, Home, may ? Home + "/invite" : "", say["people.invite"]);
        html.Table(say["people.members"], say["people.who"], say["people.role"], say["people.since"], "");
        foreach (var member in members)
        {
            var user = await call.Get<Users>().FindAsync(member.User, call.Stop);
            var name = user?.Name is { Length: > 0 } called ? called : user?.Address ?? member.User;
            html.Add($"""<tr><th scope="row"><bdi>{name}</bdi>""");
            if (user is not null && user.Address != name)
                html.Add($"""<div class="muted"><bdi>{user.Address}</bdi></div>""");
            html.Add($"""</th><td>{say["people.role." + WireWord.Of(member.Role)]}""");
            if (member.HeldSince is not null)
                html.Add($""" <span class="chip warn">{say["people.held"]}</span>""");
            if (member.Mailboxes is { } bound)
                html.Add($"""<div class="muted">{say["people.bound", bound.Count]}</div>""");
            html.Add($"""</td><td>""");
            html.Time(call, member.AddedAt);
            html.Add($"""</td><td class="acts">""");
            if (may)
                html.Add($"""<a href="{Home}/{member.User}" aria-label="{say["people.change"]}: {name}">{say["people.change"]}</a>""");
            html.Add($"""</td></tr>""");
        }
        html.EndTable();
        if (more is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}?after={more}">{say["inbox.more"]}</a></p>""");
        var (invited, _) = await call.Get<Invitations>().PageAsync(call.Caller.Tenant, Most, null, call.Stop);
        if (invited.Count > 0)
        {
            html.Add($"""<h2>{say["people.invited"]}</h2>""");
            html.Table(say["people.invited"], say["people.who"], say["people.role"], say["people.until"], "");
            foreach (var one in invited)
            {
                html.Add($"""<tr><th scope="row"><bdi>{one.Address}</bdi></th><td>{say["people.role." + WireWord.Of(one.Role)]}</td><td>""");
                html.Time(call, one.CreatedAt + Invitations.Life);
                html.Add($"""</td><td class="acts">""");
                if (may)
                    html.Button(call, $"{Home}/invitations/{one.Id}/remove", say["people.take-back"], of: one.Address);
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (call.May(Permission.SettingsWrite))
            html.Add($"""<p><a href="{Home}/factor">{say["people.factor"]}</a></p>""");
        await call.ShowAsync(html);
    }

    private static async Task ShowFactorAsync(PageCall call)
    {
        if (await call.Get<Tenants>().FindVersionAsync(call.Caller.Tenant, call.Stop) is not { Value: var tenant } found)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var say = call.Say;
        var html = await call.BeginAsync(say["people.factor"], Place);
        html.Add($"""<p><a href="{Home}">{say["people.title"]}</a></p><h1>{say["people.factor"]}</h1>""");
        html.Form(call, Home + "/factor", "card");
        html.Hidden(PageActs.Version, found.Version.ToString(CultureInfo.InvariantCulture));
        html.Tick("all", say["people.factor-all"], tenant.SecondFactorForAll);
        html.Add($"""<p class="muted">{say["people.factor-what"]}</p>""");
        if (call.Get<AccountsSettings>().SecondFactorForAll)
            html.Add($"""<p>{say["people.factor-house"]}</p>""");
        html.Add($"""<p class="acts"><button class="main">{say["view.keep"]}</button> <a class="button" href="{Home}">{say["part.back"]}</a></p></form>""");
        await call.ShowAsync(html);
    }

    private static async Task SetFactorAsync(PageCall call)
    {
        if (await call.Get<Tenants>().FindAsync(call.Caller.Tenant, call.Stop) is not { } tenant)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var wish = TenantSettings.Of(tenant, full: true) with { SecondFactorForAll = call.Ticked("all") };
        await call.DoAsync(wish, () => SettingsRoutes.SetAsync(call.Context, call.Caller, wish, call.Get<Tenants>(), call.Get<NoticeAddresses>(), call.Get<OutsideAddress>(), call.Get<HttpSettings>(), call.Get<Standings>(), call.Stop), Home + "?done=saved");
    }

    private static async Task ShowInviteAsync(PageCall call)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["people.invite"], Place);
        html.Add($"""<p><a href="{Home}">{say["people.title"]}</a></p><h1>{say["people.invite"]}</h1>""");
        if (call.Get<AccountsSettings>().SignUp == SignUp.Closed)
        {
            html.Add($"""<section class="card"><p>{say["people.closed"]}</p>""");
            html.Command(call, "user add " + say["sign-in.example"]);
            html.Add($"""</section>""");
        }
        else
        {
            html.Form(call, Home + "/invite", "card");
            html.Line("address", say["sign-in.address"], most: 254, help: say["people.invite-help"], type: "email", needed: true);
            await RoleAsync(html, call, Role.Member, null);
            html.Choice("language", say["view.language"], say.Language, [("en", "English"), ("de", "Deutsch")]);
            html.Add($"""<button class="main">{say["people.invite"]}</button></form>""");
        }
        await call.ShowAsync(html);
    }

    private static async Task RoleAsync(Html html, PageCall call, Role role, IReadOnlyList<string>? bound)
    {
        var say = call.Say;
        html.Add($"""<fieldset><legend>{say["people.role"]}</legend>""");
        foreach (var each in Enum.GetValues<TenantRole>())
        {
            html.Add($"""<label class="tick"><input type="radio" name="role" value="{WireWord.Of(each)}" """);
            if (MemberRoutes.RoleOf(each) == role)
                html.Add($"""checked""");
            html.Add($"""> <span><strong>{say["people.role." + WireWord.Of(each)]}</strong> – {say["people.explain." + WireWord.Of(each)]}</span></label>""");
        }
        html.Add($"""</fieldset>""");
        await MailboxTicksAsync(html, call, say["people.mailboxes"], bound);
    }

    /// <summary>All is something that one says: nothing ticked is none.</summary>
    public static async Task MailboxTicksAsync(Html html, PageCall call, string legend, IReadOnlyList<string>? bound)
    {
        html.Add($"""<fieldset><legend>{legend}</legend>""");
        html.Tick("every", call.Say["people.every"], bound is null);
        foreach (var box in await call.Get<Mailboxes>().ListAsync(call.Caller.Tenant, call.Stop))
            html.Tick("mailboxes", box.Address, bound?.Contains(box.Id) == true, box.Id);
        html.Add($"""</fieldset>""");
    }

    /// <summary>Null is all of them; who ticks all and some gets the some.</summary>
    public static IReadOnlyList<string>? MailboxesOf(PageCall call) => call.Fields("mailboxes") is { Count: > 0 } ticked ? ticked : call.Ticked("every") ? null : [];

    private static Task InviteAsync(PageCall call)
    {
        var wish = new InvitationWish(call.Field("address"), RoleOf(call), MailboxesOf(call), WireWord.Find<LetterLanguage>(call.Field("language")));
        return call.DoAsync(wish, () => InvitationRoutes.InviteFromAsync(call.Page(ConsoleAddress.Invitation), call.Caller, wish, call.Get<Invitations>(), call.Get<AccountsSettings>(), call.Stop), Home + "?done=invited");
    }

    private static async Task EditAsync(PageCall call)
    {
        if (call.Id() is not { Length: > 0 } id || await call.Get<Members>().GetAsync(call.Caller.Tenant, id, call.Stop) is not { Value: var member } found)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var say = call.Say;
        var name = (await call.Get<Users>().FindAsync(id, call.Stop))?.Address ?? id;
        var html = await call.BeginAsync(name, Place);
        html.Add($"""<p><a href="{Home}">{say["people.title"]}</a></p><h1><bdi>{name}</bdi></h1>""");
        if (member.HeldSince is not null)
            html.Add($"""<p class="card">{say["people.held-what"]}</p>""");
        html.Form(call, $"{Home}/{id}", "card");
        html.Hidden(PageActs.Version, found.Version.ToString(CultureInfo.InvariantCulture));
        await RoleAsync(html, call, member.Role, member.Mailboxes);
        html.Add($"""<p class="acts"><button class="main">{say["view.keep"]}</button> <a class="button" href="{Home}">{say["part.back"]}</a> <a class="button bad" href="{Home}/{id}/remove">{say["people.remove"]}</a></p></form>""");
        await call.ShowAsync(html);
    }

    private static Task ChangeAsync(PageCall call)
    {
        var wish = new MemberChangeWish(RoleOf(call), MailboxesOf(call));
        return call.DoAsync(wish, () => MemberRoutes.ChangeAsync(call.Context, call.Caller, call.Id(), wish, call.Get<MemberDesk>(), call.Get<Members>(), call.Get<Mailboxes>(), call.Get<Users>(), call.Stop), Home + "?done=saved");
    }

    // What is none of the known roles is refused by the API's own rules.
    private static TenantRole RoleOf(PageCall call) => WireWord.Find<TenantRole>(call.Field("role")) ?? (TenantRole)(-1);

    private static async Task AskRemoveAsync(PageCall call)
    {
        if (call.Id() is not { Length: > 0 } id || await call.Get<Members>().GetAsync(call.Caller.Tenant, id, call.Stop) is null)
            await call.RefuseAsync(Problem.NotFound);
        else
            await call.ConfirmAsync(Place, call.Say["people.remove"], (await call.Get<Users>().FindAsync(id, call.Stop))?.Address ?? id, call.Say["people.remove-what"], $"{Home}/{id}/remove", Home);
    }
}

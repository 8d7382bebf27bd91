using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Billing;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>For operators: how the installation stands, and that tenants are there with their plans; never what is in them.</summary>
internal static class TenantPages
{
    public const string Place = "tenants";
    private const string Home = "/console/tenants";
    private const int PageSize = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.TenantsRead).Costly().Show("/tenants", ShowAsync);
        var read = routes.MapPages(Permission.TenantsRead);
        read.Show("/tenants/{id}", ShowOneAsync);
        var write = routes.MapPages(Permission.TenantsWrite);
        write.Show("/tenants/add", AddAsync);
        write.Act("/tenants/add", MakeAsync);
        write.Act("/tenants/{id}/plan", call =>
        {
            var wish = new PlanWish(call.Filled("plan"));
            return call.DoAsync(wish, () => PlanRoutes.SetAsync(call.Caller, call.Id(), wish, call.Get<PlanDesk>(), call.Stop), $"{Home}/{call.Id()}?done=saved");
        });
    }

    private static async Task ShowAsync(PageCall call)
    {
        var (say, now) = (call.Say, await call.Get<Overview>().ReadAsync(call.Stop));
        var html = await call.BeginAsync(say["tenant.title"], Place);
        html.Head(say["tenant.title"], Home + "/add", say["tenant.add"]);
        html.Add($"""<dl class="figures">""");
        html.Figure(say["tenant.count"], now.Tenants.Text());
        html.Figure(say["tenant.hour"], $"{now.AnswersThisHour.Text()} / {now.AnswersLastHour.Text()}");
        html.Figure(say["tenant.due"], ((long)now.DueJobs).Text());
        html.Figure(say["tenant.oldest"], now.OldestDueSeconds.Text() + " s");
        html.Add($"""</dl><section class="card"><h2>{say["tenant.health"]}</h2>""");
        if (now.Failing.Count == 0)
            html.Add($"""<p><span class="chip good">{say["tenant.ready"]}</span></p>""");
        else
            html.Add($"""<p><span class="chip bad">{say["tenant.failing"]}</span> {string.Join(", ", now.Failing)}</p>""");
        foreach (var alert in now.OpenAlerts)
            html.Add($"""<p><span class="chip warn">{alert.Open}</span> <a href="{SafetyPages.Home}"><code>{alert.Kind}</code></a></p>""");
        html.Add($"""</section>""");
        html.Table(say["tenant.plans"], say["tenant.plan"], say["tenant.state"], say["tenant.count"]);
        foreach (var plan in now.Plans)
            html.Add($"""<tr><th scope="row"><bdi>{plan.Plan}</bdi></th><td>{(Speech.Has("bill.state." + plan.State) ? say["bill.state." + plan.State] : plan.State)}</td><td class="number">{plan.Tenants.Text()}</td></tr>""");
        html.Add($"""<tr><th scope="row">{say["tenant.without"]}</th><td></td><td class="number">{now.WithoutPlan.Text()}</td></tr>""");
        html.EndTable();
        await ListAsync(html, call);
        await call.ShowAsync(html);
    }

    private static async Task ListAsync(Html html, PageCall call)
    {
        var say = call.Say;
        var (tenants, next) = await call.Get<Tenants>().PageAsync(PageSize, IdAttribute.IsId(call.Query("after")) ? call.Query("after") : null, call.Stop);
        if (tenants.Count == 0)
            html.Empty(say, "tenant.empty");
        else
        {
            html.Table(say["tenant.list"], say["tenant.name"], say["people.since"]);
            foreach (var tenant in tenants)
            {
                html.Add($"""<tr><th scope="row"><a href="{Home}/{tenant.Id}"><bdi>{tenant.Name}</bdi></a></th><td>""");
                html.Time(call, tenant.CreatedAt);
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (next is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}?after={next}">{say["inbox.more"]}</a></p>""");
    }

    private static async Task ShowOneAsync(PageCall call)
    {
        if (call.Id() is not { Length: > 0 } id || await call.Get<PlanDesk>().ShowAsync(id, call.Stop) is not { } plan || await call.Get<Tenants>().FindAsync(id, call.Stop) is not { } tenant)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var say = call.Say;
        var html = await call.BeginAsync(tenant.Name, Place);
        html.Add($"""<p><a href="{Home}">{say["tenant.title"]}</a></p><h1><bdi>{tenant.Name}</bdi></h1><p class="muted"><code>{tenant.Id}</code> · {tenant.TimeZone}</p>""");
        PlanPages.Card(html, call, plan);
        if (plan is { Source: PlanSource.Stripe, State: not (SubscriptionState.Canceled or SubscriptionState.Ended) })
            html.Add($"""<p class="muted">{say["tenant.pays"]}</p>""");
        else
        {
            html.Form(call, $"{Home}/{id}/plan", "card");
            html.Choice("plan", say["tenant.set-plan"], plan.Plan ?? "",
                call.Get<PlanDesk>().Plans.Select(one => (one.Name, $"{one.Name} – {say["bill.offer", one.Replies.Text()]}{(one.Days > 0 ? ", " + say["tenant.days", one.Days] : "")}")).Prepend(("", say["tenant.no-plan"])), say["tenant.set-plan-help"]);
            html.Add($"""<button class="main">{say["view.keep"]}</button></form>""");
        }
        await call.ShowAsync(html);
    }

    private static async Task AddAsync(PageCall call)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["tenant.add"], Place);
        html.Add($"""<p><a href="{Home}">{say["tenant.title"]}</a></p><h1>{say["tenant.add"]}</h1>""");
        html.Form(call, Home + "/add", "card");
        html.Line("name", say["tenant.name"], most: 100, needed: true);
        if (call.Get<AccountsSettings>().CanMail)
        {
            html.Line("admin", say["tenant.admin"], most: 254, help: say["people.invite-help"], type: "email");
            html.Choice("language", say["view.language"], say.Language, [("en", "English"), ("de", "Deutsch")]);
        }
        else
        {
            html.Add($"""<p class="muted">{say["people.closed"]}</p>""");
            html.Command(call, $"user add {say["sign-in.example"]} --role admin");
        }
        html.Add($"""<button class="main">{say["tenant.add"]}</button></form>""");
        await call.ShowAsync(html);
    }

    private static async Task MakeAsync(PageCall call)
    {
        var wish = new TenantWish(call.Field("name"), call.Filled("admin"), WireWord.Find<LetterLanguage>(call.Field("language")));
        var answer = await call.AskAsync(wish, () => TenantRoutes.AddFromAsync(call.Page(ConsoleAddress.Invitation), call.Caller, wish, call.Get<Tenants>(), call.Get<Invitations>(), call.Get<AccountsSettings>(), call.Stop));
        if (answer is IValueHttpResult<TenantAnswer> { Value: { } made })
            await call.GoAsync($"{Home}/{made.Id}?done=tenant-added");
    }
}

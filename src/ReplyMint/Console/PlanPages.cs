using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Billing;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>The organisation's plan: what is left of it, when it ends, and the way to Stripe's own pages where that is used.</summary>
internal static class PlanPages
{
    public const string Home = "/console/plan";

    private const string Buy = Home + "/buy";
    private const int Width = 960;
    private const int Tall = 22;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.UsageRead).Show("/plan", ShowAsync);
        // As the API's: what is opened there spends money. The second factor is proved before the page is shown.
        var pay = routes.MapPages(Permission.SettingsWrite);
        pay.Show("/plan/buy", BuyAsync);
        var costly = routes.MapPages(Permission.SettingsWrite).Costly();
        costly.Act("/plan/checkout", call =>
        {
            var wish = new CheckoutWish(call.Field("plan"), call.Filled("currency"));
            return LeadAsync(call, wish, () => PlanRoutes.CheckoutAsync(call.Caller, wish, call.Get<StripeDesk>(), call.Stop));
        });
        costly.Act("/plan/portal", call => LeadAsync(call, null, () => PlanRoutes.PortalAsync(call.Caller, call.Get<StripeDesk>(), call.Stop)));
    }

    private static async Task ShowAsync(PageCall call)
    {
        if (await call.Get<PlanDesk>().ShowAsync(call.Caller.Tenant, call.Stop) is not { } plan)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var (say, sold) = (call.Say, call.Get<BillingSettings>().Stripe.IsOn);
        var html = await call.BeginAsync(say["bill.title"], UsagePages.Place);
        html.Head(say["bill.title"], sold && call.May(Permission.SettingsWrite) ? Buy : "", say["bill.change"]);
        UsagePages.Tabs(html, call, Home);
        Card(html, call, plan);
        if (!sold)
            html.Add($"""<p class="muted">{say["bill.by-operator"]}</p>""");
        else if (!call.May(Permission.SettingsWrite))
            html.Add($"""<p class="muted">{say["bill.by-admin"]}</p>""");
        await call.ShowAsync(html);
    }

    /// <summary>A plan as its tenant and the operator see it.</summary>
    public static void Card(Html html, PageCall call, PlanAnswer plan)
    {
        var say = call.Say;
        if (plan.Plan is null)
            html.Empty(say, "bill.none");
        else
        {
            html.Add($"""<section class="card"><div class="head"><h2><bdi>{plan.Plan}</bdi></h2>""");
            if (plan.State is { } state)
                html.Add($"""<span class="{(state is SubscriptionState.Active or SubscriptionState.Trialing ? "chip good" : "chip warn")}">{say["bill.state." + WireWord.Of(state)]}</span>""");
            html.Add($"""</div>""");
            Bar(html, say, plan.Used ?? 0, plan.Replies ?? 0);
            html.Add($"""<dl class="facts">""");
            When(html, call, say["bill.until"], plan.Until);
            When(html, call, say["bill.ends"], plan.Ends);
            html.Add($"""</dl>""");
            if (plan.Ends is { } ends)
                html.Add($"""<p>{say[ends <= call.Get<TimeProvider>().GetUtcNow() ? "bill.over" : "bill.ends-what"]}</p>""");
            if (plan.Leaves == true)
                html.Add($"""<p>{say["bill.leaves"]}</p>""");
            html.Add($"""</section>""");
        }
        if (plan.History.Count == 0)
            return;
        html.Table(say["bill.history"], say["bill.period"], say["bill.used"]);
        foreach (var period in plan.History)
            html.Add($"""<tr><th scope="row">{period.Period}</th><td class="number">{period.Used.Text()}</td></tr>""");
        html.EndTable();
    }

    /// <summary>What is used of it, with a line at each step that is warned of; the same in words.</summary>
    private static void Bar(Html html, Speech say, long used, long replies)
    {
        var percent = replies <= 0 ? 100 : Math.Min(100, 100 * used / replies);
        html.Add($"""
            <p>{say["bill.used-of", used.Text()].Replace("{1}", replies.Text(), StringComparison.Ordinal)}</p>
            <svg class="plot" viewBox="0 0 {Width} {Tall}" role="img" aria-label="{percent} %"><rect class="track" x="1" y="1" width="{Width - 2}" height="{Tall - 2}" rx="4"/><rect x="0" y="0" width="{percent * Width / 100}" height="{Tall}" rx="4"/>
            """);
        foreach (var step in QuotaWarnings.Steps)
            html.Add($"""<line x1="{Math.Min(Width - 1, step * Width / 100)}" y1="0" x2="{Math.Min(Width - 1, step * Width / 100)}" y2="{Tall}"/>""");
        html.Add($"""</svg><p class="muted">{say["bill.warned", string.Join(", ", QuotaWarnings.Steps)]}</p>""");
    }

    private static void When(Html html, PageCall call, string name, DateTimeOffset? at)
    {
        if (at is not { } moment)
            return;
        html.Add($"""<dt>{name}</dt><dd>""");
        html.Time(call, moment);
        html.Add($"""</dd>""");
    }

    private static async Task BuyAsync(PageCall call)
    {
        var (say, billing) = (call.Say, call.Get<BillingSettings>());
        var plan = await call.Get<PlanDesk>().ShowAsync(call.Caller.Tenant, call.Stop);
        var html = await call.BeginAsync(say["bill.change"], UsagePages.Place);
        html.Add($"""<p><a href="{Home}">{say["bill.title"]}</a></p><h1>{say["bill.change"]}</h1>""");
        if (!billing.Stripe.IsOn)
            html.Add($"""<section class="card"><p>{say["bill.by-operator"]}</p></section>""");
        else if (plan is { Source: PlanSource.Stripe, State: not (SubscriptionState.Canceled or SubscriptionState.Ended) })
        {
            html.Form(call, Home + "/portal", "card");
            html.Add($"""<p>{say["bill.portal-what"]}</p><button class="main">{say["bill.portal"]}</button></form>""");
        }
        else
        {
            html.Add($"""<p class="muted">{say["bill.stripe-what"]}</p><div class="pair">""");
            foreach (var offer in billing.Plans)
                foreach (var price in offer.Prices.Where(price => price.Stripe.Length > 0))
                {
                    html.Form(call, Home + "/checkout", "card");
                    html.Hidden("plan", offer.Name);
                    html.Hidden("currency", price.Currency);
                    html.Add($"""<h2><bdi>{offer.Name}</bdi></h2><p>{say["bill.offer", offer.Replies.Text()]}</p><p><strong>{Money(price)}</strong></p><button class="main" aria-label="{say["bill.buy"]}: {offer.Name}, {Money(price)}">{say["bill.buy"]}</button></form>""");
                }
            html.Add($"""</div>""");
        }
        await call.ShowAsync(html);
    }

    /// <summary>An amount in the currency's smallest unit, as Stripe counts it.</summary>
    private static string Money(PriceSettings price) => (price.Currency switch
    {
        "bif" or "clp" or "djf" or "gnf" or "jpy" or "kmf" or "krw" or "mga" or "pyg" or "rwf" or "vnd" or "vuv" or "xaf" or "xof" or "xpf" => price.Amount.ToString(CultureInfo.InvariantCulture),
        "bhd" or "jod" or "kwd" or "omr" or "tnd" => (price.Amount / 1000m).ToString("0.000", CultureInfo.InvariantCulture),
        _ => (price.Amount / 100m).ToString("0.00", CultureInfo.InvariantCulture),
    }) + " " + price.Currency.ToUpperInvariant();

    /// <summary>Leads to a page of Stripe's by a link: what a form may be sent to is only ourselves, also behind a redirection.</summary>
    private static async Task LeadAsync(PageCall call, object? wish, Func<Task<IResult>> open)
    {
        if (await call.AskAsync(wish, open) is not IValueHttpResult<PageAnswer> { Value: { } page })
            return;
        var say = call.Say;
        var html = await call.BeginAsync(say["bill.stripe"], UsagePages.Place);
        html.Add($"""<section class="card narrow"><h1>{say["bill.stripe"]}</h1><p>{say["bill.stripe-open"]}</p><p><a class="button main" href="{page.Url}" rel="noreferrer" autofocus>{say["bill.go"]}</a></p><p><a href="{Home}">{say["part.back"]}</a></p></section>""");
        await call.ShowAsync(html);
    }
}

using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Billing;

/// <param name="Plan">Its name; null: none from now on, and no quota.</param>
internal sealed record PlanWish([Line(32), Example("starter")] string? Plan);

/// <param name="Currency">By ISO 4217, in small letters; left out: eur.</param>
internal sealed record CheckoutWish([Line(32), Example("starter")] string Plan, [Line(3), Example("eur")] string? Currency = null);

/// <param name="Url">Stripe's page, for this tenant's administrators alone: it is open to whoever has the address.</param>
internal sealed record PageAnswer(string Url);

/// <param name="Replies">In a period.</param>
/// <param name="Days">It ends by itself after so many days; 0 is never.</param>
/// <param name="Prices">By currency; empty: it can't be bought.</param>
internal sealed record PlanOffer(string Name, long Replies, int Days, IReadOnlyList<PriceOffer> Prices);

/// <param name="Currency">By ISO 4217, in small letters.</param>
/// <param name="Amount">In its smallest unit, such as cents.</param>
/// <param name="ForSale">It can be bought here.</param>
internal sealed record PriceOffer(string Currency, long Amount, bool ForSale);

/// <summary>Plans: a tenant sees his own, the operator sees and sets anybody's.</summary>
internal static class PlanRoutes
{
    internal const string Tag = "plans";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var own = routes.MapApi(Permission.UsageRead, Tag);
        own.MapGet("/plan", async (Caller caller, [FromServices] PlanDesk desk, CancellationToken ct) => await OfAsync(caller.Tenant, desk, ct))
            .WithName("GetPlan").WithSummary("The plan, and what is left of its replies").Produces<PlanAnswer>();
        own.MapGet("/plans", List).WithName("ListPlans").WithSummary("The plans that there are").Produces<Listing<PlanOffer>>();
        // Rights of an administrator, which ask for a fresh second factor: what is opened there spends money.
        var pay = routes.MapApi(Permission.SettingsWrite, Tag);
        pay.MapPost("/plan/checkout", CheckoutAsync).WithName("OpenCheckout").WithSummary("Open Stripe's page to buy a plan").Produces<PageAnswer>(201).Costly().SecretAnswer(kept: false);
        pay.MapPost("/plan/portal", PortalAsync).WithName("OpenPortal").WithSummary("Open Stripe's page to look after the subscription").Produces<PageAnswer>(201).Costly().SecretAnswer(kept: false);
        routes.MapApi(Permission.TenantsRead, Tag).MapGet("/tenants/{id}/plan", (string id, [FromServices] PlanDesk desk, CancellationToken ct) => OfAsync(id, desk, ct))
            .WithName("GetTenantPlan").WithSummary("A tenant's plan, and what is left of its replies").Produces<PlanAnswer>();
        routes.MapApi(Permission.TenantsWrite, Tag).MapPut("/tenants/{id}/plan", SetAsync)
            .WithName("SetTenantPlan").WithSummary("Give a tenant a plan, from this moment on").Produces<PlanAnswer>();
    }

    private static async Task<IResult> OfAsync(string tenant, PlanDesk desk, CancellationToken ct) =>
        await desk.ShowAsync(tenant, ct) is { } plan ? TypedResults.Ok(plan) : Problem.NotFound;

    private static IResult List([FromServices] PlanDesk desk, [FromServices] BillingSettings settings) => TypedResults.Ok(new Listing<PlanOffer>(
        [.. desk.Plans.Select(plan => new PlanOffer(plan.Name, plan.Replies, plan.Days, [.. plan.Prices.Select(price => new PriceOffer(price.Currency, price.Amount, settings.Stripe.IsOn && price.Stripe.Length > 0))]))], null));

    internal static async Task<IResult> CheckoutAsync(Caller caller, CheckoutWish wish, [FromServices] StripeDesk desk, CancellationToken ct) =>
        Answer(await desk.CheckoutAsync(caller.Tenant, wish.Plan, wish.Currency ?? "eur", Actor.Of(caller), ct));

    internal static async Task<IResult> PortalAsync(Caller caller, [FromServices] StripeDesk desk, CancellationToken ct) =>
        Answer(await desk.PortalAsync(caller.Tenant, Actor.Of(caller), ct));

    private static IResult Answer(StripePage page) => page switch
    {
        { Url: { } url } => TypedResults.Created((string?)null, new PageAnswer(url)),
        { Refusal: StripeRefusal.NoPlan } => Problem.Of("plan", "is none of this installation's plans"),
        { Refusal: StripeRefusal.NoPrice } => Problem.Of("currency", "is none that the plan is sold in"),
        { Refusal: StripeRefusal.Off } => new Problem(409, "Nothing can be bought here: plans are set by the operator."),
        { Refusal: StripeRefusal.Pays } => new Problem(409, "There is a subscription already; change it in the portal."),
        { Refusal: StripeRefusal.NeverPaid } => new Problem(409, "There is no subscription to look after."),
        _ => new Problem(503, "Stripe could not be reached. Try again."),
    };

    internal static async Task<IResult> SetAsync(Caller caller, string id, PlanWish wish, [FromServices] PlanDesk desk, CancellationToken ct) =>
        await desk.SetAsync(id, wish.Plan, Actor.Of(caller), ct) switch
        {
            PlanOutcome.NoTenant => Problem.NotFound,
            PlanOutcome.NoPlan => Problem.Of("plan", "is none of this installation's plans"),
            PlanOutcome.Pays => new Problem(409, "The tenant pays by Stripe. End the subscription there, then set a plan."),
            _ => await OfAsync(id, desk, ct),
        };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlanWish))]
[JsonSerializable(typeof(PlanAnswer))]
[JsonSerializable(typeof(CheckoutWish))]
[JsonSerializable(typeof(PageAnswer))]
[JsonSerializable(typeof(OverviewAnswer))]
[JsonSerializable(typeof(Listing<PlanOffer>))]
internal sealed partial class BillingWire : JsonSerializerContext;

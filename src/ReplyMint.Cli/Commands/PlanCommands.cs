using System.CommandLine;
using System.Globalization;
using ReplyMint.Billing;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>Plans: what there are, who has which, and how much of it is left.</summary>
internal static class PlanCommands
{
    private const string None = "none";

    public static Command Build() => new("plan", "plans of tenants, and what is left of their replies") { List(), Show(), Set(), Reconcile() };

    private static StoreCommand List() => new("list", "list the plans that there are", (context, _, _) =>
    {
        StoreWords.Table(context.Out, [.. context.Get<PlanDesk>().Plans.Select(plan => (string[])
            [plan.Name, Number(plan.Replies), plan.Days == 0 ? "" : $"{Number(plan.Days)} days", string.Join(", ", plan.Prices.Select(price => $"{Number(price.Amount)} {price.Currency}{(price.Stripe.Length > 0 ? " " + price.Stripe : "")}"))])],
            "PLAN", "REPLIES", "FOR", "PRICES IN SMALLEST UNITS");
        return Task.FromResult(ExitCode.Ok);
    });

    private static StoreCommand Show()
    {
        var name = new Argument<string?>("TENANT") { Description = "name or id; may be left out while there is only one", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "all of it as one JSON object" };
        return new StoreCommand("show", "show a tenant's plan, and what is left of it", async (context, parse, ct) =>
        {
            var tenant = await context.TenantAsync(parse.GetValue(name), ct);
            if (await context.Get<PlanDesk>().ShowAsync(tenant.Id, ct) is not { } plan)
                return context.Fail("the tenant is gone");
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(plan));
            else
                Write(context.Out, plan);
            return ExitCode.Ok;
        }) { Arguments = { name }, Options = { json } };
    }

    private static void Write(TextWriter to, PlanAnswer plan)
    {
        if (plan.Plan is null)
            to.WriteLine("no plan, and no quota");
        else
            to.WriteLine($"{plan.Plan}, {WireWord.Of(plan.State!.Value)}{(plan.Source == PlanSource.Stripe ? ", paid by Stripe" : "")}{(plan.Leaves == true ? ", notice was given" : "")}{(plan.Ends is { } ends ? $", ends {StoreWords.Time(ends)}" : "")}");
        if (plan.Replies is { } replies)
            to.WriteLine($"{Number(plan.Used!.Value)} of {Number(replies)} replies are used in the period {plan.Period}; {Number(plan.Left!.Value)} are left");
        StoreWords.Table(to, [.. plan.History.Select(period => (string[])[period.Period, Number(period.Used)])], "PERIOD", "USED");
    }

    private static StoreCommand Set()
    {
        var plan = new Argument<string>("PLAN") { Description = $"as listed, or {None}: no plan, and no quota" };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("set", "give a tenant a plan, from now on", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = parse.GetValue(plan)!;
            switch (await context.Get<PlanDesk>().SetAsync(owner.Id, wanted == None ? null : wanted, StoreWords.Actor, ct))
            {
                case PlanOutcome.NoPlan:
                    return context.Fail($"there is no plan {Plain.Line(wanted, 60)}; list them with: replymint plan list");
                case PlanOutcome.Pays:
                    return context.Fail("the tenant pays by Stripe; end the subscription there first");
                case PlanOutcome.NoTenant:
                    return context.Fail("the tenant is gone");
                default:
                    Write(context.Out, (await context.Get<PlanDesk>().ShowAsync(owner.Id, ct))!);
                    return ExitCode.Ok;
            }
        }) { Arguments = { plan }, Options = { tenant }, Examples = ["plan set starter --tenant Acme", "plan set none --tenant Acme"] };
    }

    private static StoreCommand Reconcile() => new("reconcile", "compare all plans with Stripe's subscriptions, and mend what differs", async (context, _, ct) =>
    {
        if (await context.Get<StripeReconciliation>().RunAsync(ct) is not { } found)
            return context.Fail("Stripe is not used; see billing.stripe in the settings");
        if (!found.Whole)
            return context.Fail("Stripe did not answer to the end; look at billing.stripe.apiKey and the network, then try again");
        context.Out.WriteLine($"{Number(found.Seen)} subscriptions, {Number(found.Mended)} plans mended");
        return ExitCode.Ok;
    });

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}

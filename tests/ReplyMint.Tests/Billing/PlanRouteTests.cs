using ReplyMint.Billing;
using ReplyMint.Security;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Cli;

namespace ReplyMint.Tests.Billing;

/// <summary>Plans by HTTP and by command: a tenant sees his own, and only the operator gives one.</summary>
public sealed class PlanRouteTests
{
    [Fact]
    public async Task The_operator_sets_a_plan_and_the_tenant_sees_what_is_left_of_it()
    {
        await using var api = await ApiHost.StartAsync();
        api.Add("operator", Role.Operator);
        var other = await api.AddTenantAsync("other");
        Assert.Null((await api.GetAsync("admin", "plan")).Expect(200)["plan"]);
        Assert.Equal(["trial", "starter", "growth", "scale"], (await api.GetAsync("admin", "plans")).Expect(200)["items"]!.AsArray().Select(plan => (string?)plan!["name"]));

        var set = (await api.AskAsync("operator", HttpMethod.Put, $"tenants/{api.Tenant}/plan", JsonContent(new { plan = "starter" }))).Expect(200);
        Assert.Equal(("starter", 200, 200), ((string?)set["plan"], (int)set["replies"]!, (int)set["left"]!));
        Assert.Equal("plan.set", (await api.LastActAsync()).Act);
        var seen = (await api.GetAsync("auditor", "plan")).Expect(200);
        Assert.Equal(("starter", "active", "operator", "2026-11"), ((string?)seen["plan"], (string?)seen["state"], (string?)seen["source"], (string?)seen["period"]));
        Assert.Null((await api.GetAsync("other", "plan")).Expect(200)["plan"]);

        foreach (var (who, status) in new[] { ("admin", 403), ("auditor", 403), ("", 401) })
            (await api.AskAsync(who, HttpMethod.Put, $"tenants/{api.Tenant}/plan", JsonContent(new { plan = "scale" }))).Expect(status);
        (await api.AskAsync("operator", HttpMethod.Put, $"tenants/{api.Tenant}/plan", JsonContent(new { plan = "huge" }))).Expect(400);
        (await api.AskAsync("operator", HttpMethod.Put, "tenants/t00000000000000000000000000/plan", JsonContent(new { plan = "scale" }))).Expect(404);
        (await api.AskAsync("operator", HttpMethod.Put, "tenants/installation/plan", JsonContent(new { plan = "scale" }))).Expect(404);
        Assert.Equal("starter", (string?)(await api.GetAsync("operator", $"tenants/{api.Tenant}/plan")).Expect(200)["plan"]);
        (await api.AskAsync("operator", HttpMethod.Put, $"tenants/{other.Id}/plan", JsonContent(new { plan = (string?)null }))).Expect(200);
        Assert.Equal([new PlanCount("starter", "active", 1)], await api.Product.Get<Subscriptions>().CountsAsync(default));
        (await api.AskAsync("operator", HttpMethod.Put, $"tenants/{api.Tenant}/plan", JsonContent(new { plan = "trial" }))).Expect(200);
        Assert.Equal([new PlanCount("trial", "trialing", 1)], await api.Product.Get<Subscriptions>().CountsAsync(default));
    }

    [Fact]
    public async Task Answers_count_by_mailbox_and_day()
    {
        await using var api = await ApiHost.StartAsync(knowledge: "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n");
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        var mailbox = (await api.GetAsync("admin", "usage")).Expect(200)["days"]![0]!["mailboxes"]![0]!;
        Assert.Equal((api.Product.Mailbox.Id, 1), ((string?)mailbox["mailbox"], (int)mailbox["replies"]!));
    }

    [Fact]
    public async Task The_command_lists_plans_and_gives_one()
    {
        using var run = CliRun.OnStore();
        await run.OkAsync("tenant", "add", "Acme");
        Assert.Contains("starter  200", await run.OkAsync("plan", "list"), StringComparison.Ordinal);
        Assert.Contains("no plan, and no quota", await run.OkAsync("plan", "show"), StringComparison.Ordinal);
        Assert.Contains("0 of 200 replies", await run.OkAsync("plan", "set", "starter", "--tenant", "Acme"), StringComparison.Ordinal);
        Assert.Contains("there is no plan huge", await run.FailsAsync("plan", "set", "huge"), StringComparison.Ordinal);
        Assert.Contains("\"plan\":\"starter\"", await run.OkAsync("plan", "show", "--json"), StringComparison.Ordinal);
        Assert.Contains("no plan, and no quota", await run.OkAsync("plan", "set", "none"), StringComparison.Ordinal);
        Assert.Contains("Stripe is not used", await run.FailsAsync("plan", "reconcile"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Starter", 1, 0, "name has 1 to 32")]
    [InlineData("a", -1, 0, "replies is -1")]
    [InlineData("a", 1, 400, "days is 400")]
    public void A_wrong_plan_is_told(string name, long replies, int days, string expected) =>
        Assert.Contains(new BillingSettings { Plans = [new PlanSettings { Name = name, Replies = replies, Days = days }] }.Problems(), problem => problem.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void A_wrong_price_and_a_first_plan_that_is_none_are_told()
    {
        var problems = new BillingSettings
        {
            Plans = [new PlanSettings { Name = "a", Prices = [new PriceSettings { Currency = "EUR", Amount = -1, Stripe = "price 1" }, new PriceSettings { Currency = "eur", Stripe = "price_1" }, new PriceSettings { Currency = "usd", Stripe = "price_1" }] }, new PlanSettings { Name = "a" }],
            FirstPlan = "b", GraceDays = 99, Stripe = new StripeSettings { ApiKey = "store:stripe", Endpoint = "http://stripe.example" },
        }.Problems().ToList();
        foreach (var expected in (string[])["currency has three", "amount is -1", "stripe is no id", "stripe stands twice", "a plan a already", "firstPlan is none", "graceDays is 99", "webhookSecret is needed", "returnUrl has to be", "endpoint has to be"])
            Assert.Contains(problems, problem => problem.Contains(expected, StringComparison.Ordinal));
    }

    private static StringContent JsonContent(object value) => new(System.Text.Json.JsonSerializer.Serialize(value), System.Text.Encoding.UTF8, "application/json");
}

using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Billing;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The plan as its tenant sees it and pays for it, and the operators' pages.</summary>
public sealed class ConsolePlanTests
{
    private const string Plan = "/console/plan";
    private const string Tenants = "/console/tenants";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_plan_says_what_is_left_when_it_ends_and_who_sets_it()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host);
        Assert.Contains("There is no plan, and so no quota.", (await browser.GetAsync(Plan)).Expect(200).Html, StringComparison.Ordinal);
        await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "trial", Actor.Machine, Ct);
        var page = (await browser.GetAsync(Plan)).Expect(200).Html;
        foreach (var said in (string[])["0 of 100 answers", "8 Dec 2026, 12:00", "It ends by itself", "Your operator sets the plan.", "60, 80, 90, 100 %", "aria-label=\"0 %\""])
            Assert.Contains(said, page, StringComparison.Ordinal);
        Assert.DoesNotContain(Plan + "/buy", page, StringComparison.Ordinal);
        host.Leap(TimeSpan.FromDays(15));
        using var later = await ConsoleClient.SignedInAsync(host);
        Assert.Contains("It has ended: mail is taken", (await later.GetAsync(Plan)).Expect(200).Html, StringComparison.Ordinal);
        using var buyer = await ConsoleClient.SignedInAsync(host, factor: true);
        Assert.Contains("Nothing can be bought here", (await buyer.ActAsync("/console/people/invite", Plan + "/checkout", ("plan", "starter"))).Expect(409).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_administrator_with_a_fresh_factor_is_led_to_Stripe_and_nobody_else()
    {
        await using var host = await StripeHost.StartAsync();
        var product = host.Api.Product;
        using (var member = await ConsoleClient.SignedInAsync(product, Role.Member))
        {
            Assert.Contains("An administrator of your organisation", (await member.GetAsync(Plan)).Expect(200).Html, StringComparison.Ordinal);
            (await member.GetAsync(Plan + "/buy")).Expect(403);
            (await member.ActAsync("/console/view", Plan + "/checkout", ("plan", "starter"))).Expect(403);
        }
        using (var stale = await ConsoleClient.SignedInAsync(product))
        {
            Assert.StartsWith("/console/factor?to=", (await stale.GetAsync(Plan + "/buy")).Expect(303).Location, StringComparison.Ordinal);
            (await stale.ActAsync("/console/view", Plan + "/checkout", ("plan", "starter"))).Expect(403);
            (await stale.ActAsync("/console/view", Plan + "/portal")).Expect(403);
        }
        Assert.Empty(host.Stripe.Requests);
        using var admin = await ConsoleClient.SignedInAsync(product, factor: true);
        var page = (await admin.GetAsync(Plan + "/buy")).Expect(200).Html;
        Assert.Contains("9.00 EUR", page, StringComparison.Ordinal);
        Assert.DoesNotContain("trial", page, StringComparison.Ordinal);
        (await admin.ActAsync(Plan + "/buy", Plan + "/checkout", ("plan", "huge"))).Expect(400);
        (await admin.ActAsync(Plan + "/buy", Plan + "/portal")).Expect(409);
        // A link, since a form may not lead elsewhere, also not by a redirection.
        Assert.Contains("href=\"https://checkout.stripe.com/c/pay/cs_test_1\"", (await admin.ActAsync(Plan + "/buy", Plan + "/checkout", ("plan", "starter"), ("currency", "eur"))).Expect(200).Html, StringComparison.Ordinal);
        await host.ChangeAsync("sub_1", one => StripeDouble.Price(one, StripeHost.Starter));
        Assert.Contains("Look after the subscription", (await admin.GetAsync(Plan + "/buy")).Expect(200).Html, StringComparison.Ordinal);
        (await admin.ActAsync(Plan + "/buy", Plan + "/checkout", ("plan", "growth"))).Expect(409);
        Assert.Contains("rel=\"noreferrer\"", (await admin.ActAsync(Plan + "/buy", Plan + "/portal")).Expect(200).Html, StringComparison.Ordinal);
        using var operators = await ConsoleClient.SignedInAsync(product, Role.Operator, factor: true);
        Assert.Contains("pays by Stripe", (await operators.GetAsync($"{Tenants}/{host.Tenant}")).Expect(200).Html, StringComparison.Ordinal);
        (await operators.ActAsync(Tenants + "/add", $"{Tenants}/{host.Tenant}/plan", ("plan", "growth"))).Expect(409);
    }

    [Fact]
    public async Task An_operator_sees_the_installation_sets_plans_and_adds_tenants()
    {
        await using var host = await PeopleHost.StartAsync();
        using (var stale = await ConsoleClient.SignedInAsync(host, Role.Operator))
            Assert.StartsWith("/console/factor?to=", (await stale.GetAsync(Tenants)).Expect(303).Location, StringComparison.Ordinal);
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Operator, factor: true);
        await host.Get<Alerts>().RaiseAsync("breaker", host.Tenant.Id, "test", Ct);
        var page = (await browser.GetAsync(Tenants)).Expect(200).Html;
        foreach (var said in (string[])["Ready for mail", "breaker", ">shop<", "Without a plan", "aria-current=\"page\" >Tenants"])
            Assert.Contains(said, page, StringComparison.Ordinal);

        var at = $"{Tenants}/{host.Tenant.Id}";
        Assert.Equal(at + "?done=saved", (await browser.ActAsync(at, at + "/plan", ("plan", "growth"))).Expect(303).Location);
        Assert.Equal("growth", (await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, Ct))!.Plan);
        Assert.Contains("0 of 1 000 answers", (await browser.GetAsync(at)).Expect(200).Html, StringComparison.Ordinal);
        (await browser.ActAsync(at, at + "/plan", ("plan", "huge"))).Expect(400);
        (await browser.ActAsync(at, at + "/plan", ("plan", ""))).Expect(303);
        Assert.Null((await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, Ct))!.Plan);
        foreach (var nobody in (string[])["t-nobody", "installation"])
            (await browser.GetAsync($"{Tenants}/{nobody}")).Expect(404);

        (await browser.ActAsync(Tenants + "/add", Tenants + "/add", ("name", ""))).Expect(400);
        (await browser.ActAsync(Tenants + "/add", Tenants + "/add", ("name", "Blue"), ("admin", "nobody"))).Expect(400);
        Assert.EndsWith("?done=tenant-added", (await browser.ActAsync(Tenants + "/add", Tenants + "/add", ("name", "Blue"), ("admin", "ben@people.example"), ("language", "de"))).Expect(303).Location, StringComparison.Ordinal);
        Assert.Single(await host.MailsToAsync("ben@people.example"));
        Assert.Contains("Blue", (await browser.GetAsync(Tenants)).Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(Role.Member))]
    [InlineData(nameof(Role.Auditor))]
    [InlineData(nameof(Role.Admin))]
    public async Task Only_operators_see_other_tenants(string role)
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, Enum.Parse<Role>(role), factor: true);
        foreach (var path in (string[])["", "/add", "/" + host.Tenant.Id])
            (await browser.GetAsync(Tenants + path)).Expect(403);
        (await browser.ActAsync("/console/view", $"{Tenants}/{host.Tenant.Id}/plan", ("plan", "scale"))).Expect(403);
        (await browser.ActAsync("/console/view", Tenants + "/add", ("name", "Mine"))).Expect(403);
        Assert.Null((await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, Ct))!.Plan);
        Assert.DoesNotContain(Tenants, (await browser.GetAsync("/console/view")).Html, StringComparison.Ordinal);
    }
}

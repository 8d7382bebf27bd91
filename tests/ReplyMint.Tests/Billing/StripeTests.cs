using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Security;

namespace ReplyMint.Tests.Billing;

/// <summary>A tenant has the plan that Stripe says, whatever comes over the wire, in whatever order, and from whomever.</summary>
public sealed class StripeTests
{
    private const string Sub = "sub_1";

    private static void Status(JsonObject subscription, string status) => subscription["status"] = status;

    [Fact]
    public async Task Each_state_of_a_subscription_has_its_quota()
    {
        await using var host = await StripeHost.StartAsync();
        Assert.Equal(200, await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter)));
        var plan = await host.PlanAsync();
        Assert.Equal(("starter", PlanSource.Stripe, SubscriptionState.Active, 200L), (plan.Plan!, plan.Source!.Value, plan.State!.Value, plan.Left!.Value));
        Assert.Equal((host.Now.AddDays(-1), host.Now.AddDays(29)), (plan.From!.Value, plan.Until!.Value));
        Assert.Equal("plan.change", (await host.Api.LastActAsync()).Act);

        foreach (var (change, state, left) in new (Action<JsonObject>, SubscriptionState, long)[]
        {
            (one => StripeDouble.Price(one, StripeHost.Growth), SubscriptionState.Active, 1_000),
            (one => Status(one, "past_due"), SubscriptionState.PastDue, 1_000),
            (one => Status(one, "unpaid"), SubscriptionState.Unpaid, 0),
            (one => Status(one, "active"), SubscriptionState.Active, 1_000),
            (one => one["pause_collection"] = new JsonObject { ["behavior"] = "void" }, SubscriptionState.Paused, 0),
            (one => one["pause_collection"] = null, SubscriptionState.Active, 1_000),
            (one => Status(one, "paused"), SubscriptionState.Paused, 0),
            (one => Status(one, "trialing"), SubscriptionState.Trialing, 1_000),
            (one => one["cancel_at_period_end"] = true, SubscriptionState.Trialing, 1_000),
            (one => (one["status"], one["ended_at"]) = ("canceled", host.Now.ToUnixTimeSeconds()), SubscriptionState.Canceled, 0),
        })
        {
            Assert.Equal(200, await host.ChangeAsync(Sub, change));
            plan = await host.PlanAsync();
            Assert.Equal((state, left), (plan.State!.Value, plan.Left!.Value));
        }
        Assert.Equal([new PlanCount("growth", "canceled", 1)], await host.Api.Product.Get<Subscriptions>().CountsAsync(default));
        // It is over: what comes after is another subscription, or the operator's word.
        Assert.Equal(200, await host.ChangeAsync("sub_2", one => StripeDouble.Price(one, StripeHost.Starter)));
        Assert.Equal(("starter", SubscriptionState.Active), ((await host.PlanAsync()).Plan!, (await host.PlanAsync()).State!.Value));
        Assert.Equal(200, await host.ChangeAsync(Sub, one => one["description"] = "told late"));
        Assert.Equal(("starter", SubscriptionState.Active), ((await host.PlanAsync()).Plan!, (await host.PlanAsync()).State!.Value));
    }

    [Fact]
    public async Task An_overdue_payment_has_its_days_of_grace_from_the_first_on_and_notice_ends_with_the_period()
    {
        await using var host = await StripeHost.StartAsync();
        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        Assert.Equal(host.Now.AddDays(29 + 7), (await host.PlanAsync()).Ends);
        var due = host.Now;
        await host.ChangeAsync(Sub, one => Status(one, "past_due"));
        host.Api.Product.Time.Advance(TimeSpan.FromMinutes(1));
        await host.ChangeAsync(Sub, one => one["description"] = "a second try failed");
        Assert.Equal(due.AddDays(7), (await host.PlanAsync()).Ends);
        await host.ChangeAsync(Sub, one => (one["status"], one["cancel_at_period_end"]) = ("active", true));
        var plan = await host.PlanAsync();
        Assert.Equal((plan.Until, true), (plan.Ends, plan.Leaves));
    }

    [Theory]
    [InlineData(253_402_300_799)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public async Task A_period_that_ends_at_no_time_of_ours_changes_no_plan(long end)
    {
        await using var host = await StripeHost.StartAsync();
        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        var before = await host.PlanAsync();
        Assert.Equal(422, await host.ChangeAsync(Sub, one => one["items"]!["data"]![0]!["current_period_end"] = end));
        Assert.Equal(before.Until, (await host.PlanAsync()).Until);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_the_order_and_however_often_events_come_the_last_word_is_Stripes(int seed)
    {
        await using var host = await StripeHost.StartAsync();
        var random = new Random(seed);
        string[] states = ["trialing", "active", "past_due", "active", "unpaid", "active", "past_due", "active"];
        var events = states.Select(state => host.Stripe.Event("customer.subscription.updated", host.Stripe.Set(Sub, one =>
        {
            StripeDouble.Price(one, random.Next(2) == 0 ? StripeHost.Starter : StripeHost.Growth);
            Status(one, state);
        }, host.Tenant, host.Now.AddDays(-1)))).ToList();
        // The newest ones come while it still changes, and all of them several times.
        var told = events.Concat(events).Concat(events).OrderBy(_ => random.Next()).Select(one => one.DeepClone().AsObject()).ToList();
        var last = random.Next(2) == 0 ? ("starter", StripeHost.Starter) : ("growth", StripeHost.Growth);
        var telling = told.Select((one, i) => Task.Run(async () =>
        {
            if (i == told.Count / 2)
                host.Stripe.Set(Sub, changed => StripeDouble.Price(changed, last.Item2));
            return await host.TellAsync(one);
        })).ToList();
        Assert.All(await Task.WhenAll(telling), status => Assert.Equal(200, status));
        Assert.Equal(200, await host.ChangeAsync(Sub, _ => { }));

        var plan = await host.PlanAsync();
        Assert.Equal((last.Item1, SubscriptionState.Active), (plan.Plan!, plan.State!.Value));
        Assert.Equal([new PlanCount(last.Item1, "active", 1)], await host.Api.Product.Get<Subscriptions>().CountsAsync(default));
        // Each has counted; Stripe is not asked once more for one that comes again.
        var asked = host.Stripe.Requests.Count;
        Assert.All(await Task.WhenAll(told.Select(host.TellAsync)), status => Assert.Equal(200, status));
        Assert.Equal(asked, host.Stripe.Requests.Count);
    }

    [Fact]
    public async Task An_answer_that_was_overtaken_is_not_written()
    {
        await using var host = await StripeHost.StartAsync();
        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        var slow = host.Stripe.Event("customer.subscription.updated", host.Stripe.Set(Sub, one => Status(one, "past_due")));
        host.Stripe.Between = async () => Assert.Equal(200, await host.ChangeAsync(Sub, one =>
        {
            Status(one, "active");
            StripeDouble.Price(one, StripeHost.Growth);
        }));
        Assert.Equal(200, await host.TellAsync(slow));
        var plan = await host.PlanAsync();
        Assert.Equal(("growth", SubscriptionState.Active), (plan.Plan!, plan.State!.Value));
    }

    [Fact]
    public async Task A_forged_event_is_refused_before_anything_is_asked()
    {
        await using var host = await StripeHost.StartAsync();
        var body = host.Stripe.Event("customer.subscription.updated", host.Stripe.Set(Sub, one => StripeDouble.Price(one, StripeHost.Growth), host.Tenant, host.Now)).ToJsonString();
        var (now, at) = (host.Now, StripeHost.Seconds(host.Now));
        string Good(DateTimeOffset when) => StripeHost.Sign(StripeHost.Secret, when, body);
        foreach (var (signature, name) in new (string?, string)[]
        {
            (null, "none"), ("", "empty"), ("nonsense", "no parts"), ($"t={at}", "no signature"), ($"v1={Good(now)}", "no time"),
            ($"t={at},v1={StripeHost.Sign("whsec_somebody_elses_secret_0000000", now, body)}", "another secret"),
            ($"t={at},v1={StripeHost.Sign(StripeHost.Secret, now, body + " ")}", "another body"),
            ($"t={at},v0={Good(now)}", "another scheme"),
            ($"t={StripeHost.Seconds(now.AddSeconds(1))},v1={Good(now)}", "another time"),
            ($"t={at},t={at},v1={Good(now)}", "two times"),
            ($"t={StripeHost.Seconds(now.AddSeconds(-301))},v1={Good(now.AddSeconds(-301))}", "too old"),
            ($"t={StripeHost.Seconds(now.AddSeconds(301))},v1={Good(now.AddSeconds(301))}", "of the future"),
            ($"t={at},v1={Good(now)[..62]}", "cut"), ($"t={at},v1={new string('0', 64)}", "zeros"),
        })
            Assert.True(await host.PostAsync(body, signature) == 401, name);
        Assert.Empty(host.Stripe.Requests);
        Assert.Null((await host.PlanAsync()).Plan);

        // While the secret is rolled Stripe signs with both, and either counts.
        Assert.Equal(200, await host.PostAsync(body, $"t={at},v1={new string('a', 64)},v1={Good(now)},v0={new string('b', 64)}"));
        Assert.Equal("growth", (await host.PlanAsync()).Plan);
        var next = host.Stripe.Event("customer.subscription.updated", host.Stripe.Set(Sub, one => StripeDouble.Price(one, StripeHost.Starter))).ToJsonString();
        Assert.Equal(200, await host.PostAsync(next, $"t={StripeHost.Seconds(now.AddSeconds(-299))},v1={StripeHost.Sign(StripeHost.Previous, now.AddSeconds(-299), next)}"));
        Assert.Equal("starter", (await host.PlanAsync()).Plan);
        Assert.Equal(400, await host.TellAsync(new JsonObject { ["object"] = "event" }));
    }

    [Fact]
    public async Task A_price_that_is_no_plan_is_refused_loudly_and_changes_nothing()
    {
        await using var host = await StripeHost.StartAsync();
        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        Assert.Equal(422, await host.ChangeAsync(Sub, one => StripeDouble.Price(one, "price_somebody_typed_in")));
        var told = host.Stripe.Event("customer.subscription.updated", host.Stripe.Set(Sub, _ => { }));
        Assert.Equal(422, await host.TellAsync(told));
        Assert.Equal(["stripe-price"], await host.AlertsAsync());
        Assert.Equal("starter", (await host.PlanAsync()).Plan);
        // Stripe comes again with the same event, which was not used up.
        host.Stripe.Set(Sub, one => StripeDouble.Price(one, StripeHost.Growth));
        Assert.Equal(200, await host.TellAsync(told));
        Assert.Equal("growth", (await host.PlanAsync()).Plan);
    }

    [Fact]
    public async Task Nobody_pays_with_anothers_subscription_and_a_second_one_is_told_of()
    {
        await using var host = await StripeHost.StartAsync();
        var other = await host.Api.AddTenantAsync("other");
        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        // The event names the other one; Stripe, asked, does not.
        var forOther = host.Stripe.Set(Sub, _ => { });
        forOther["metadata"]!["tenant"] = other.Id;
        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("customer.subscription.updated", forOther)));
        var fresh = host.Stripe.Set("sub_3", one => StripeDouble.Price(one, StripeHost.Growth), host.Tenant, host.Now);
        fresh["metadata"]!["tenant"] = other.Id;
        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("customer.subscription.created", fresh)));
        Assert.Null((await host.PlanAsync(other.Id)).Plan);
        // Nobody's, and of a tenant who is not there: others sell by the same account.
        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("customer.subscription.created", host.Stripe.Set("sub_4", one => one["metadata"] = new JsonObject(), null, host.Now))));
        Assert.Equal(200, await host.ChangeAsync("sub_5", _ => { }, "t00000000000000000000"));
        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("payout.paid", host.Stripe.Shape("payout"))));
        Assert.Empty(await host.AlertsAsync());

        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("customer.subscription.created", host.Stripe.Set("sub_3", _ => { }))));
        Assert.Equal(["stripe-second"], await host.AlertsAsync());
        Assert.Equal("starter", (await host.PlanAsync()).Plan);
        Assert.Equal(PlanOutcome.Pays, await host.Api.Product.Get<PlanDesk>().SetAsync(host.Tenant, "trial", Actor.Machine, default));
    }

    [Fact]
    public async Task A_checkout_a_bill_and_a_refund_find_their_tenant()
    {
        await using var host = await StripeHost.StartAsync();
        host.Stripe.Set(Sub, one => StripeDouble.Price(one, StripeHost.Starter), host.Tenant, host.Now);
        var session = host.Stripe.Shape("checkout.session");
        (session["mode"], session["subscription"], session["customer"], session["client_reference_id"], session["metadata"]) = ("subscription", Sub, "cus_" + Sub, host.Tenant, new JsonObject { ["tenant"] = host.Tenant });
        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("checkout.session.completed", session)));
        Assert.Equal("starter", (await host.PlanAsync()).Plan);

        host.Stripe.Set(Sub, one => Status(one, "past_due"));
        var bill = host.Stripe.Shape("invoice");
        bill["parent"] = new JsonObject { ["type"] = "subscription_details", ["subscription_details"] = new JsonObject { ["subscription"] = Sub, ["metadata"] = new JsonObject { ["tenant"] = host.Tenant } } };
        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("invoice.payment_failed", bill)));
        Assert.Equal(SubscriptionState.PastDue, (await host.PlanAsync()).State);

        var charge = host.Stripe.Shape("charge");
        (charge["customer"], charge["amount_refunded"]) = ("cus_" + Sub, 500);
        var refund = host.Stripe.Event("charge.refunded", charge.DeepClone().AsObject(), new JsonObject { ["amount_refunded"] = 200 });
        Assert.Equal((200, 200), (await host.TellAsync(refund), await host.TellAsync(refund)));
        charge["amount_refunded"] = 200;
        Assert.Equal(200, await host.TellAsync(host.Stripe.Event("charge.refunded", charge, new JsonObject { ["amount_refunded"] = 0 })));
        Assert.Equal(500, (await host.PlanAsync()).Refunded);
    }

    [Fact]
    public async Task While_Stripe_can_not_be_asked_an_event_is_taken_by_nobody_and_comes_again()
    {
        await using var host = await StripeHost.StartAsync();
        var told = host.Stripe.Event("customer.subscription.created", host.Stripe.Set(Sub, one => StripeDouble.Price(one, StripeHost.Starter), host.Tenant, host.Now));
        foreach (var broken in (int[])[500, 429, 401])
        {
            host.Stripe.Broken = broken;
            Assert.Equal(503, await host.TellAsync(told));
        }
        Assert.Null((await host.PlanAsync()).Plan);
        Assert.Equal(["stripe-refused"], await host.AlertsAsync());
        host.Stripe.Broken = null;
        Assert.Equal(200, await host.TellAsync(told));
        Assert.Equal("starter", (await host.PlanAsync()).Plan);
    }

    [Fact]
    public async Task An_administrator_opens_pages_that_are_bound_to_his_tenant_and_nobody_else_does()
    {
        await using var host = await StripeHost.StartAsync();
        host.Api.AddKey("key", [.. Permissions.OfKeys.Each()]);
        foreach (var (who, status) in new[] { ("", 401), ("auditor", 403), ("operator", 403), ("key", 403) })
            foreach (var page in (string[])["plan/checkout", "plan/portal"])
                (await host.Api.PostAsync(who, page, page.EndsWith("checkout", StringComparison.Ordinal) ? new { plan = "starter" } : null)).Expect(status);
        Assert.Empty(host.Stripe.Requests);
        (await host.Api.PostAsync("admin", "plan/portal")).Expect(409);
        (await host.Api.PostAsync("admin", "plan/checkout", new { plan = "huge" })).Expect(400);
        (await host.Api.PostAsync("admin", "plan/checkout", new { plan = "trial" })).Expect(400);
        (await host.Api.PostAsync("admin", "plan/checkout", new { plan = "starter", currency = "usd" })).Expect(400);

        Assert.Equal("https://checkout.stripe.com/c/pay/cs_test_1", (string?)(await host.Api.PostAsync("admin", "plan/checkout", new { plan = "starter" })).Expect(201)["url"]);
        Assert.Equal("plan.checkout", (await host.Api.LastActAsync()).Act);
        var (asked, form) = host.Stripe.Requests.Single();
        Assert.Equal("POST /v1/checkout/sessions", asked);
        Assert.Equal((host.Tenant, host.Tenant, host.Tenant, StripeHost.Starter, "subscription"), (form["client_reference_id"], form["metadata[tenant]"], form["subscription_data[metadata][tenant]"], form["line_items[0][price]"], form["mode"]));

        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        (await host.Api.PostAsync("admin", "plan/checkout", new { plan = "growth" })).Expect(409);
        (await host.Api.PostAsync("admin", "plan/portal")).Expect(201);
        Assert.Equal("cus_" + Sub, host.Stripe.Requests[^1].Form["customer"]);
        host.Stripe.Broken = 500;
        (await host.Api.PostAsync("admin", "plan/portal")).Expect(503);
    }

    [Fact]
    public async Task What_webhooks_missed_is_mended_and_an_orphan_is_told_of()
    {
        await using var host = await StripeHost.StartAsync();
        var reconciliation = host.Api.Product.Get<StripeReconciliation>();
        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        Assert.Equal(new Reconciled(true, 1, 0), await reconciliation.RunAsync(default));
        Assert.Empty(await host.AlertsAsync());

        host.Stripe.Set(Sub, one => StripeDouble.Price(one, StripeHost.Growth));
        for (var i = 0; i < 120; i++)
            host.Stripe.Set($"sub_other{i:D3}", one => one["metadata"] = new JsonObject(), null, host.Now);
        host.Stripe.Broken = 500;
        Assert.False((await reconciliation.RunAsync(default))!.Whole);
        host.Stripe.Broken = null;
        Assert.Equal(new Reconciled(true, 1, 1), await reconciliation.RunAsync(default));
        Assert.Equal("growth", (await host.PlanAsync()).Plan);
        Assert.Equal(["stripe-mended"], await host.AlertsAsync());

        host.Stripe.Remove(Sub);
        host.Stripe.Set("sub_zz", one => StripeDouble.Price(one, StripeHost.Growth), "t00000000000000000000", host.Now);
        await reconciliation.RunAsync(default);
        Assert.Equal((SubscriptionState.Canceled, 0L), ((await host.PlanAsync()).State!.Value, (await host.PlanAsync()).Left!.Value));
        Assert.Contains("stripe-orphan", await host.AlertsAsync());
    }

    [Fact]
    public async Task Counters_that_are_wrong_are_right_after_the_days_walk()
    {
        await using var host = await StripeHost.StartAsync();
        await host.ChangeAsync(Sub, one => StripeDouble.Price(one, StripeHost.Starter));
        var store = host.Api.Product.Get<ReplyMint.Storage.IStore>();
        await store.CommitAsync(new ReplyMint.Storage.Commit().Add(Tenants.CountKey, 7), default);
        await host.Api.Product.Get<BillingClock>().WalkAsync(default);
        Assert.Equal(1, await host.Api.Product.Get<Tenants>().CountAsync(default));
        Assert.Equal([new PlanCount("starter", "active", 1)], await host.Api.Product.Get<Subscriptions>().CountsAsync(default));
    }
}

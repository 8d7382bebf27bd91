using ReplyMint.Billing;
using ReplyMint.Tests.Billing;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>Plans and payments are looked after by the sweep, whose environments come and go and may be two at once.</summary>
public sealed class LambdaBillingTests : IAsyncLifetime
{
    private readonly TemporaryFolder _secrets = new();
    private StripeDouble _stripe = null!;
    private LambdaBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _stripe = await StripeDouble.StartAsync();
        _bench = await LambdaBench.StartAsync(settings => settings with { Billing = StripeHost.Settings(_stripe, _secrets) with { FirstPlan = "trial" } });
    }

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        await _stripe.DisposeAsync();
        _secrets.Dispose();
    }

    private int Compared => _stripe.Requests.Count(request => request.Asked == "GET /v1/subscriptions");

    private async Task<Subscription> PlanAsync() => (await _bench.First.Get<Subscriptions>().ReadAsync(_bench.Tenant.Id, default)).Now!;

    private async Task PassAsync(TimeSpan over, params LambdaBench.Running[] sweeps)
    {
        for (var end = _bench.Time.GetUtcNow() + over; _bench.Time.GetUtcNow() < end;)
        {
            _bench.Time.Advance(TimeSpan.FromMinutes(5));
            foreach (var sweep in sweeps)
                Assert.Equal(new("null", null), await sweep.SendAsync(LambdaScheduleTests.Minute));
        }
    }

    [Fact]
    public async Task What_a_webhook_missed_is_mended_within_the_hour_and_a_trial_that_ended_says_so_within_the_day()
    {
        var sweep = await _bench.RunAsync(LambdaFunction.Sweep);
        await _bench.FillAsync(sweep.Services);
        await PassAsync(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(15), sweep);
        Assert.Equal(("trial", SubscriptionState.Trialing), ((await PlanAsync()).Plan, (await PlanAsync()).State));
        _bench.Time.Advance(TimeSpan.FromDays(14));
        await sweep.SendAsync(LambdaScheduleTests.Minute);
        Assert.Equal(SubscriptionState.Ended, (await PlanAsync()).State);

        _stripe.Set("sub_1", one => StripeDouble.Price(one, StripeHost.Starter), _bench.Tenant.Id, _bench.Time.GetUtcNow().AddDays(-1));
        await PassAsync(TimeSpan.FromMinutes(70), sweep);
        Assert.Equal(("starter", SubscriptionState.Active, 200L), ((await PlanAsync()).Plan, (await PlanAsync()).State, (await PlanAsync()).Replies));
    }

    [Fact]
    public async Task Two_environments_ask_Stripe_once_an_hour_and_a_new_one_goes_on_where_the_last_ended()
    {
        var (one, other) = (await _bench.RunAsync(LambdaFunction.Sweep), await _bench.RunAsync(LambdaFunction.Sweep));
        await _bench.FillAsync(one.Services);
        await PassAsync(TimeSpan.FromHours(4), one, other);
        Assert.InRange(Compared, 3, 4);
        // Lambda ends environments without a word, and a young one knows nothing of an hour that is over.
        for (var (before, i) = (Compared, 0); i < 4; i++)
        {
            await PassAsync(TimeSpan.FromMinutes(30), await _bench.RunAsync(LambdaFunction.Sweep));
            Assert.InRange(Compared - before, i / 2, (i + 1) / 2 + 1);
        }
    }

    /// <summary>One that Lambda ended in the middle must not keep the others from it for the rest of the hour.</summary>
    [Fact]
    public async Task What_was_broken_off_is_begun_again_by_the_next()
    {
        var sweep = await _bench.RunAsync(LambdaFunction.Sweep);
        await _bench.FillAsync(sweep.Services);
        _stripe.Set("sub_1", one => StripeDouble.Price(one, StripeHost.Starter), _bench.Tenant.Id, _bench.Time.GetUtcNow().AddDays(-1));
        // The time is over while Stripe thinks.
        _stripe.Between = () => { _bench.Time.Advance(TimeSpan.FromSeconds(31)); return Task.CompletedTask; };
        await sweep.SendAsync(LambdaScheduleTests.Minute);
        _bench.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("ReplyMint.Refused", (await sweep.SendAsync(LambdaScheduleTests.Minute)).ErrorType);
        Assert.Equal("trial", (await PlanAsync()).Plan);
        await PassAsync(TimeSpan.FromMinutes(20), sweep);
        Assert.Equal("starter", (await PlanAsync()).Plan);
    }
}

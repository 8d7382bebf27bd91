using Microsoft.AspNetCore.Http;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Replies;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>A day's money for the model: who tries things out, and one tenant of several, can't take it from the others' mails.</summary>
public sealed class ModelBudgetTests
{
    private const string Faq = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    // A call costs 0.003, and at worst about 0.008.
    private static Task<ApiHost> StartAsync(ModelServer server, decimal perDay, AwsInstallation? aws = null) => ApiHost.StartAsync(knowledge: Faq, settings: s => s with
    {
        Model = new ModelSettings { Endpoint = server.Endpoint, Model = "m", PricePerMillionIn = 1, PricePerMillionOut = 10, MaxCostPerDay = perDay },
    }, aws: aws);

    [Fact]
    public async Task Trials_take_a_tenth_at_most_many_at_once_too_and_mails_are_answered_all_the_same()
    {
        await using var server = await ModelServer.StartAsync();
        server.Answer = context => ModelServer.Say(context, "We are open from Monday to Friday, 9:00 to 17:00.");
        await using var api = await StartAsync(server, 0.1m);
        var tries = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => api.PostAsync("auditor", "knowledge/try", new { question = "When are you open?" })));
        Assert.All(tries, answer => answer.Expect(200));
        Assert.Single(server.Requests);
        Assert.Equal(9, tries.Count(answer => ((string)answer.Json["note"]!).Contains("budget", StringComparison.Ordinal)));
        (await api.PostAsync("admin", $"mailboxes/{api.Product.Mailbox.Id}/test", new { mail = api.Product.Mail("When are you open?") })).Expect(200);
        Assert.Single(server.Requests);
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        Assert.Equal(2, server.Requests.Count);
        // Two calls for one answer (MON-4).
        var usage = (await api.GetAsync("auditor", "usage")).Expect(200);
        Assert.Equal((1, 6_000, 6_000), ((int)usage["replies"]!, (int)usage["costMillionths"]!, (int)usage["costPerReplyMillionths"]!));
        // A day later there is new money.
        api.Product.Time.Advance(TimeSpan.FromHours(25));
        (await api.PostAsync("auditor", "knowledge/try", new { question = "When are you open?" })).Expect(200);
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tenants_own_bound_holds_for_many_mails_at_once_on_either_store_and_people_are_warned(bool onAws)
    {
        await using var aws = onAws ? new AwsInstallation() : null;
        await using var server = await ModelServer.StartAsync();
        var both = new TaskCompletionSource();
        server.Answer = async context =>
        {
            await both.Task;
            await ModelServer.Say(context, "We are open from Monday to Friday, 9:00 to 17:00.");
        };
        await using var api = await StartAsync(server, 5, aws);
        var host = api.Product;
        // Room for two calls at their worst price, and not for a third beside them.
        await host.Get<Tenants>().ChangeAsync(api.Tenant, tenant => tenant with { ModelPerDay = 0.0165m }, Actor.Machine, new Dictionary<string, string>(), default);
        foreach (var reply in await Task.WhenAll(Enumerable.Range(0, 8).Select(i => host.SmtpAsync(host.Mail("When are you open?", from: $"p{i}@customer.example")))))
            Assert.StartsWith("250", reply, StringComparison.Ordinal);
        // Six find the money taken while two calls still run: they are held, and no model is asked.
        var held = await ProductHost.EventuallyAsync(async () => (await host.ListAsync()).Where(message => message.Record.State == MessageState.Held).ToList() is { Count: 6 } six ? six : null);
        Assert.Equal(2, server.Requests.Count);
        Assert.All(held, message => Assert.Contains("model-failed", message.Record.Reasons));
        both.SetResult();
        foreach (var message in await host.ListAsync())
            await host.DecidedAsync(message);
        // Settled, the two have cost a third of what was taken for them, so that a third call fits.
        Assert.Equal(6_000, (int)(await api.GetAsync("auditor", "usage")).Expect(200)["costMillionths"]!);
        Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(host.Mail("When are you open?", from: "last@customer.example"), "last@customer.example")).Record.State);
        Assert.Equal(3, server.Requests.Count);
        var kinds = (await api.GetAsync("auditor", "alerts")).Expect(200)["items"]!.AsArray().Select(alert => (string?)alert!["kind"]).ToList();
        Assert.Contains("model-budget", kinds);
        Assert.Contains("model-budget-near", kinds);
    }

    /// <summary>A count less than none would give money back, and one without a bound would run over: neither is believed.</summary>
    [Theory]
    [InlineData(long.MaxValue, long.MaxValue)]
    [InlineData(1_000, long.MaxValue)]
    [InlineData(100_000_001, 0)]
    [InlineData(-1_000_000, 10)]
    [InlineData(10, long.MinValue)]
    public async Task What_a_server_says_of_tokens_is_believed_within_bounds_and_estimated_else(long read, long written)
    {
        await using var server = await ModelServer.StartAsync();
        server.Answer = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($$$"""{"choices":[{"message":{"role":"assistant","content":"We are open from Monday to Friday, 9:00 to 17:00."},"finish_reason":"stop"}],"usage":{"prompt_tokens":{{{read}}},"completion_tokens":{{{written}}}}}""");
        };
        await using var api = await StartAsync(server, 5);
        Assert.Equal(MessageState.Answered, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"))).Record.State);
        Assert.InRange((int)(await api.GetAsync("auditor", "usage")).Expect(200)["costMillionths"]!, 100, 8_000);
    }

    [Fact]
    public async Task A_tenant_whose_bound_is_nothing_asks_no_model_and_the_others_do()
    {
        await using var server = await ModelServer.StartAsync();
        await using var api = await StartAsync(server, 5);
        await api.Product.Get<Tenants>().ChangeAsync(api.Tenant, tenant => tenant with { ModelPerDay = 0 }, Actor.Machine, new Dictionary<string, string>(), default);
        Assert.Equal(MessageState.Held, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"))).Record.State);
        Assert.Empty(server.Requests);
        await api.Product.Get<Tenants>().ChangeAsync(api.Tenant, tenant => tenant with { ModelPerDay = null }, Actor.Machine, new Dictionary<string, string>(), default);
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", from: "ben@customer.example"));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task One_tenant_of_several_leaves_half_to_the_others()
    {
        await using var server = await ModelServer.StartAsync();
        await using var api = await StartAsync(server, 0.024m);
        var other = await api.AddTenantAsync("other");
        await api.Product.Get<Mailboxes>().AddAsync(new Mailbox { Id = Ids.Random('m'), TenantId = other.Id, Address = "info@other.example" }, Actor.Machine, default);
        await api.Product.Get<KnowledgeStore>().AddAsync(other.Id, PassageReader.Read("faq.md", System.Text.Encoding.UTF8.GetBytes(Faq)), Actor.Machine, default);
        foreach (var (from, asked) in new[] { ("a@customer.example", 1), ("b@customer.example", 2), ("c@customer.example", 2) })
        {
            var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?", from: from));
            Assert.Equal(asked, server.Requests.Count);
            Assert.Equal(asked == 2 && from[0] == 'c', message.Record.Reasons.Contains("model-failed"));
        }
        Assert.StartsWith("250", await api.Product.SmtpAsync(api.Product.Mail("When are you open?", to: "info@other.example"), recipient: "info@other.example"), StringComparison.Ordinal);
        await ProductHost.EventuallyAsync(() => Task.FromResult(server.Requests.Count == 3 ? server : null));
    }
}

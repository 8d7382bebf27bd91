using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>A domain that changes hands: whoever DNS names has it, and no mail is read by the one before or lost to the next.</summary>
public sealed class DomainMoveTests : IAsyncLifetime
{
    private const string Domain = "second.example";
    private const string Address = "sales@" + Domain;

    private readonly FakeDns _dns = new();
    private ApiHost _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await ApiHost.StartAsync(settings: s => s with { Dns = new() { Server = _dns.Address } });
        await _api.AddTenantAsync("other");
        (await ProveAsync("admin", [await RecordAsync("admin", Domain)])).Expect(200);
        (await _api.PostAsync("admin", "mailboxes", new { address = Address })).Expect(201);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        await _dns.DisposeAsync();
    }

    [Fact]
    public async Task Who_proves_it_when_the_record_before_is_gone_has_it_and_the_one_before_reads_and_sends_nothing_there()
    {
        Assert.StartsWith("250", await DeliverAsync(Address), StringComparison.Ordinal);
        var waiting = await ProductHost.EventuallyAsync(async () => (await _api.GetAsync("admin", "drafts")).Expect(200)["items"]!.AsArray() is [{ } draft] ? draft : null);

        Assert.False((bool)(await MailboxAsync())["domainLost"]!);
        (await ProveAsync("other", [await RecordAsync("other", Domain)])).Expect(200);

        // Who wonders why nothing is sent sees it.
        var lost = await MailboxAsync();
        Assert.True((bool)lost["domainLost"]!);
        Assert.True((bool)(await _api.GetAsync("admin", "mailboxes/" + (string)lost["id"]!)).Expect(200)["domainLost"]!);
        Assert.Null((await _api.GetAsync("admin", "domains/" + Domain)).Expect(200)["provedAt"]);
        Assert.Equal(("domain.release", "system"), await _api.LastActAsync() is var act ? (act.Act, act.Actor) : default);
        Assert.Contains(await _api.Product.Get<Alerts>().NewestAsync(5, default), alert => alert.Kind == "domain-moved" && alert.Text.Contains("1 mailboxes of " + _api.Tenant, StringComparison.Ordinal));
        Assert.StartsWith("450 4.2.1", await DeliverAsync(Address), StringComparison.Ordinal);
        (await _api.PostAsync("admin", $"drafts/{(string)waiting["id"]!}/approve", new { text = "We write back." })).Expect(409);
        (await _api.PostAsync("admin", "mailboxes", new { address = "more@" + Domain })).Expect(409);

        // Whoever has the domain claims the address, and the mail that came again is his.
        (await _api.PostAsync("other", "mailboxes", new { address = Address })).Expect(201);
        Assert.StartsWith("250", await DeliverAsync(Address), StringComparison.Ordinal);
        Assert.Single((await _api.GetAsync("admin", "messages")).Expect(200)["items"]!.AsArray());
        Assert.Single((await _api.GetAsync("other", "messages")).Expect(200)["items"]!.AsArray());
        // What is given up by the one before is not the next one's.
        foreach (var mailbox in (await _api.GetAsync("admin", "mailboxes")).Expect(200)["items"]!.AsArray().Where(mailbox => (string?)mailbox!["address"] == Address))
            (await _api.DeleteAsync("admin", "mailboxes/" + (string)mailbox!["id"]!)).Expect(204);
        Assert.StartsWith("250", await DeliverAsync(Address), StringComparison.Ordinal);
    }

    private async Task<JsonNode> MailboxAsync() => (await _api.GetAsync("admin", "mailboxes")).Expect(200)["items"]!.AsArray().Single(mailbox => (string?)mailbox!["address"] == Address)!;

    [Fact]
    public async Task What_waits_to_leave_when_a_domain_is_lost_never_leaves_not_even_when_somebody_says_so()
    {
        var product = _api.Product;
        await DeliverAsync(Address);
        var draft = await ProductHost.EventuallyAsync(async () => (await _api.GetAsync("admin", "drafts")).Expect(200)["items"]!.AsArray() is [{ } waiting] ? (string)waiting["id"]! : null);
        await StopAsync(true);
        (await _api.PostAsync("admin", $"drafts/{draft}/approve", new { text = "We write back." })).Expect(200);
        (await ProveAsync("other", [await RecordAsync("other", Domain)])).Expect(200);
        await StopAsync(false);
        await EndedAsync();
        Assert.Equal("another tenant has proved the domain that it is from", (await StateAsync())!.Detail);

        // Nor when its mailbox is given up, which nobody can ask any more whose it was.
        foreach (var mailbox in (await _api.GetAsync("admin", "mailboxes")).Expect(200)["items"]!.AsArray().Where(mailbox => (string?)mailbox!["address"] == Address))
            (await _api.DeleteAsync("admin", "mailboxes/" + (string)mailbox!["id"]!)).Expect(204);
        Assert.Equal(Replay.Queued, await product.Get<Outbox>().ReplayAsync(_api.Tenant, draft, (_, _) => Task.CompletedTask, default));
        await EndedAsync();
        Assert.DoesNotContain(draft, product.OutFiles);

        // The domain is his again, and a person sends it.
        (await ProveAsync("admin", [await RecordAsync("admin", Domain)])).Expect(200);
        Assert.Equal(Replay.Queued, await product.Get<Outbox>().ReplayAsync(_api.Tenant, draft, (_, _) => Task.CompletedTask, default));
        await ProductHost.EventuallyAsync(() => Turn(product.OutFiles.Contains(draft) ? "" : null));

        Task<OutboxRecord?> StateAsync() => product.Get<Outbox>().StateAsync(_api.Tenant, draft, default).AsTask();
        Task EndedAsync() => ProductHost.EventuallyAsync(async () => await Turn((await StateAsync())!.State == OutboxState.Failed ? "" : null));
        Task<string?> Turn(string? found)
        {
            product.Time.Advance(TimeSpan.FromSeconds(3));
            return Task.FromResult(found);
        }
        Task StopAsync(bool stopped) => product.Get<IStore>().RetryAsync(async (commit, ct) =>
        {
            await product.Get<Switches>().SetAsync(commit, _api.Tenant, null, stopped, "test", ct);
            return true;
        }, default);
    }

    [Fact]
    public async Task While_both_records_stand_the_first_keeps_it_and_the_operator_hears_of_it()
    {
        var refused = await ProveAsync("other", [await RecordAsync("admin", Domain), await RecordAsync("other", Domain)]);

        Assert.Contains("Another tenant", (string)refused.Expect(409)["detail"]!, StringComparison.Ordinal);
        Assert.Contains(await _api.Product.Get<Alerts>().NewestAsync(5, default), alert => alert.Kind == "domain-contested");
        (await _api.PostAsync("other", "mailboxes", new { address = "info@" + Domain })).Expect(409);
        Assert.NotNull((await _api.GetAsync("admin", "domains/" + Domain)).Expect(200)["provedAt"]);
        Assert.StartsWith("250", await DeliverAsync(Address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_proves_it_again_has_his_mailboxes_again()
    {
        (await ProveAsync("other", [await RecordAsync("other", Domain)])).Expect(200);
        Assert.StartsWith("450", await DeliverAsync(Address), StringComparison.Ordinal);
        (await ProveAsync("admin", [await RecordAsync("admin", Domain)])).Expect(200);
        Assert.StartsWith("250", await DeliverAsync(Address), StringComparison.Ordinal);
        (await _api.PostAsync("other", "mailboxes", new { address = "info@" + Domain })).Expect(409);
    }

    [Fact]
    public async Task What_the_operator_gave_stays_given()
    {
        (await ProveAsync("other", [await RecordAsync("other", "shop.example")], "shop.example")).Expect(200);
        Assert.StartsWith("250", await DeliverAsync(ProductHost.Address), StringComparison.Ordinal);
        (await _api.PostAsync("other", "mailboxes", new { address = ProductHost.Address })).Expect(409);
    }

    private async Task<string> RecordAsync(string caller, string domain)
    {
        var added = await _api.PostAsync(caller, "domains", new { domain });
        Assert.InRange(added.Code, 200, 201);
        return (string)added.Json["recordValue"]!;
    }

    /// <summary>DNS says these and no other, and the caller asks it to be looked at.</summary>
    private Task<ApiAnswer> ProveAsync(string caller, string[] records, string domain = Domain)
    {
        _dns.Texts["_replymint." + domain] = records;
        return _api.PostAsync(caller, $"domains/{domain}/verify");
    }

    private Task<string> DeliverAsync(string to) => _api.Product.SmtpAsync(_api.Product.Mail("Hello?", to: to), recipient: to);
}

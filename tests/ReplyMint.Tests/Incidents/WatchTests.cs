using System.Net;
using System.Net.Http.Json;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Incidents;

/// <summary>More is noted of whom an operator watches, ids only, and it ends by itself (IR-3).</summary>
public sealed class WatchTests : IAsyncLifetime
{
    private ProductHost _host = null!;
    private HttpClient _operator = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ProductHost.StartAsync(knowledge: "# How long does delivery take?\nDelivery within Germany takes two to three working days.");
        _operator = await _host.ClientAsync(Role.Operator);
    }

    public ValueTask DisposeAsync()
    {
        _operator.Dispose();
        return _host.DisposeAsync();
    }

    private async Task<HttpStatusCode> WatchAsync(string kind, string id, int minutes, string? tenant = null)
    {
        using var answer = await _operator.PostAsJsonAsync(new Uri("/api/v1/watches", UriKind.Relative), new { kind, id, minutes, tenant });
        return answer.StatusCode;
    }

    private async Task<List<WatchEvent>> SeenAsync()
    {
        var seen = new List<WatchEvent>();
        await foreach (var one in _host.Get<Watches>().EventsAsync(null, default))
            seen.Add(one);
        return seen;
    }

    [Fact]
    public async Task Requests_of_a_key_are_noted_until_the_time_is_over_and_nobody_else_s()
    {
        var (key, text) = await _host.KeyAsync("messages:read");
        using var watched = _host.Client();
        watched.DefaultRequestHeaders.Add("X-API-Key", text);
        using var other = await _host.KeyClientAsync("messages:read");
        Assert.Equal(HttpStatusCode.Created, await WatchAsync("key", key.Id, 1));
        await watched.GetAsync(new Uri("/api/v1/messages", UriKind.Relative));
        await watched.GetAsync(new Uri("/api/v1/members", UriKind.Relative));
        await other.GetAsync(new Uri("/api/v1/messages", UriKind.Relative));
        var seen = await SeenAsync();
        Assert.Equal([("/api/v1/messages", 200), ("/api/v1/members", 403)], seen.Select(one => (one.Route!, one.Status!.Value)));
        Assert.All(seen, one => Assert.Equal((key.Id, _host.Tenant.Id, "loopback"), (one.Caller, one.Tenant, one.Network)));

        _host.Time.Advance(TimeSpan.FromMinutes(1));
        await watched.GetAsync(new Uri("/api/v1/messages", UriKind.Relative));
        Assert.Equal(2, (await SeenAsync()).Count);
        Assert.Empty(await _host.Get<Watches>().ActiveAsync(default));
        Assert.Contains(await _host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 20, default), entry => entry.Act == "watch.key" && entry.Target == key.Id);
    }

    [Fact]
    public async Task What_becomes_of_a_mailbox_s_mail_is_noted_without_an_address()
    {
        Assert.Equal(HttpStatusCode.NotFound, await WatchAsync("mailbox", _host.Mailbox.Id, 5));
        Assert.Equal(HttpStatusCode.Created, await WatchAsync("mailbox", _host.Mailbox.Id, 5, _host.Tenant.Id));
        using var admin = await _host.ClientAsync(Role.Admin);
        await admin.GetAsync(new Uri($"/api/v1/mailboxes/{_host.Mailbox.Id}", UriKind.Relative));
        var message = await _host.DeliverAndDecideAsync(_host.Mail("How long does delivery take within Germany?"));
        var seen = await SeenAsync();
        Assert.Contains(seen, one => one.Route == "/api/v1/mailboxes/{id}" && one.Mailbox == _host.Mailbox.Id);
        Assert.Contains(seen, one => one.What == "mail.accepted" && one.Target == message.Id);
        Assert.Contains(seen, one => one.What == "mail.sent" && one.Target == message.Id);
        Assert.DoesNotContain(seen, one => one.ToString().Contains("example", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_can_be_ended_and_goes_on_after_a_restart_of_what_is_in_memory()
    {
        using var person = await _host.ClientAsync(Role.Member);
        Assert.Equal(HttpStatusCode.Created, await WatchAsync("tenant", _host.Tenant.Id, 60));
        await _host.Get<Watches>().ReloadAsync(default);
        await person.GetAsync(new Uri("/api/v1/me", UriKind.Relative));
        Assert.Single(await SeenAsync());
        var watch = Assert.Single(await _host.Get<Watches>().ActiveAsync(default));
        using var ended = await _operator.DeleteAsync(new Uri($"/api/v1/watches/{watch.Id}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        await person.GetAsync(new Uri("/api/v1/me", UriKind.Relative));
        Assert.Single(await SeenAsync());
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Incidents;

/// <summary>What an operator isolates does nothing more, at once; reading goes on, nothing is lost, and all of it comes back (IR-1).</summary>
public sealed class ContainmentTests : IAsyncLifetime
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private const string Lead = "lead@people.example";

    private ProductHost _host = null!;
    private HttpClient _operator = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ProductHost.StartAsync(knowledge: Faq, settings: s => s with { Accounts = new() { From = "hello@shop.example", SignInUrl = PeopleHost.Page } });
        _operator = await _host.ClientAsync(Role.Operator);
    }

    public ValueTask DisposeAsync()
    {
        _operator.Dispose();
        return _host.DisposeAsync();
    }

    private string Question(string from = "anna@customer.example") => _host.Mail("How long does delivery take within Germany?", from);

    private async Task<HttpStatusCode> ContainAsync(string kind, string? id, string? tenant = null, bool release = false, string? incident = null)
    {
        using var answer = await _operator.PostAsJsonAsync(new Uri(release ? "/api/v1/containments/release" : "/api/v1/containments", UriKind.Relative), new { kind, id, tenant, incident });
        // Releases add a job that brings back what waited; the sweeper finds it.
        _host.Time.Advance(TimeSpan.FromSeconds(3));
        return answer.StatusCode;
    }

    private static async Task<(int Code, string Type)> AskAsync(HttpClient client, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri("/api/v1/" + path, UriKind.Relative)) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, answer.IsSuccessStatusCode || text.Length == 0 ? "" : (string?)JsonNode.Parse(text)!["type"] ?? "");
    }

    private Task<Message> WaitsAsync(Message message) => ProductHost.EventuallyAsync(async () =>
    {
        for (var shard = 0; shard < 4; shard++)
            if ((await _host.Get<IStore>().QueryAsync(Table.Main, $"stopped/{shard}", new ReplyMint.Storage.Range(""), null, default)).Items.Any(item => item.Key.Sort.EndsWith(message.Id, StringComparison.Ordinal)))
                return await _host.Get<Messages>().FindAsync(_host.Tenant.Id, message.Id, default);
        return null;
    });

    private Task<string> LeavesAsync(Message message) => ProductHost.EventuallyAsync(() => Task.FromResult(_host.OutFiles.FirstOrDefault(file => file == message.Id)));

    [Fact]
    public async Task A_contained_tenant_reads_changes_nothing_sends_nothing_and_its_mail_waits()
    {
        using var admin = await _host.ClientAsync(Role.Admin);
        using var key = await _host.KeyClientAsync("messages:read", "messages:write");
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("tenant", _host.Tenant.Id));
        Assert.Equal(200, (await AskAsync(admin, HttpMethod.Get, "mailboxes")).Code);
        Assert.Equal(200, (await AskAsync(key, HttpMethod.Get, "messages")).Code);
        (int, string) refused = (403, "urn:replymint:problem:contained");
        Assert.Equal(refused, await AskAsync(admin, HttpMethod.Post, "domains", new { domain = "other.example" }));
        Assert.Equal(refused, await AskAsync(admin, HttpMethod.Delete, $"mailboxes/{_host.Mailbox.Id}"));
        Assert.Equal(refused, await AskAsync(key, HttpMethod.Post, "messages", new { from = "a@b.example", to = ProductHost.Address, subject = "x", text = "y" }));
        // A person's own sessions are not the tenant's.
        Assert.Equal(204, (await AskAsync(await _host.ClientAsync(Role.Member), HttpMethod.Delete, "session")).Code);

        var message = await _host.DeliverAsync(Question());
        Assert.Equal(MessageState.Received, (await WaitsAsync(message)).Record.State);
        Assert.Empty(_host.OutFiles);
        // A switch that somebody starts meanwhile does not let it go.
        await _host.Get<IStore>().RetryAsync(async (commit, ct) => { await _host.Get<Switches>().SetAsync(commit, _host.Tenant.Id, null, false, "", ct); return true; }, default);
        Assert.True((await _host.Get<Switches>().ReadAsync(_host.Tenant.Id, null, default)).Stopped);
        _host.Time.Advance(TimeSpan.FromSeconds(3));
        await _host.IdleAsync();
        await WaitsAsync(message);
        Assert.Empty(_host.OutFiles);

        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("tenant", _host.Tenant.Id, release: true));
        Assert.Equal(message.Id, await LeavesAsync(message));
        Assert.Equal(202, (await AskAsync(key, HttpMethod.Post, "messages", new { from = "a@b.example", to = ProductHost.Address, subject = "x", text = "y" })).Code);
    }

    [Fact]
    public async Task What_was_decided_before_waits_too_and_other_tenants_go_on()
    {
        var other = await _host.Get<Tenants>().AddAsync("other", Actor.Machine, default);
        using var stranger = await _host.ClientAsync(Role.Admin, tenant: other.Id);
        await _host.Get<IStore>().RetryAsync(async (commit, ct) => { await _host.Get<Switches>().SetAsync(commit, KeyRing.Installation, null, true, "", ct); return true; }, default);
        var message = await _host.DeliverAndDecideAsync(Question());
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("tenant", _host.Tenant.Id));
        Assert.Equal(201, (await AskAsync(stranger, HttpMethod.Post, "domains", new { domain = "other.example" })).Code);
    }

    [Fact]
    public async Task A_contained_user_is_out_at_once_and_the_door_answers_him_as_a_stranger()
    {
        var user = await _host.PersonAsync(Role.Admin, Lead);
        var tokens = await _host.SignInAsync(user);
        var made = await _host.Get<ApiKeys>().CreateAsync(_host.Tenant.Id, new ApiKeyWish { Name = "his", Scopes = ["messages:read"] }, user, Actor.Machine, default);
        using var key = _host.Client();
        key.DefaultRequestHeaders.Add("X-API-Key", made.Text);
        using var person = _host.Client(tokens.AccessToken);
        var (token, verifier) = await _host.LinkAsync(Lead);
        Assert.Equal(200, (await AskAsync(person, HttpMethod.Get, "me")).Code);
        Assert.Equal(200, (await AskAsync(key, HttpMethod.Get, "me")).Code);

        // Not a tick of the clock between: what is kept of callers counts no more.
        using (var answer = await _operator.PostAsJsonAsync(new Uri("/api/v1/containments", UriKind.Relative), new { kind = "user", id = user }))
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(401, (await AskAsync(person, HttpMethod.Get, "me")).Code);
        Assert.Equal(401, (await AskAsync(key, HttpMethod.Get, "me")).Code);
        var (his, nobodys) = (await _host.PostAsync("/api/v1/session/refresh", new { refreshToken = tokens.RefreshToken }), await _host.PostAsync("/api/v1/session/refresh", new { refreshToken = SignInLinks.NewToken() }));
        Assert.Equal((nobodys.Code, (string?)nobodys.Body!["detail"]), (his.Code, (string?)his.Body!["detail"]));
        var (link, guess) = (await _host.CompleteAsync(token, verifier), await _host.CompleteAsync(SignInLinks.NewToken(), verifier));
        Assert.Equal((guess.Code, (string?)guess.Body!["detail"]), (link.Code, (string?)link.Body!["detail"]));
        var before = (await _host.MailsToAsync(Lead)).Count;
        Assert.Equal(202, (await _host.PostAsync("/api/v1/sign-in", new { address = Lead, challenge = SignInLinks.ChallengeOf(verifier) })).Code);
        Assert.Equal(before, (await _host.MailsToAsync(Lead)).Count);

        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("user", user, release: true));
        Assert.Equal(200, (await AskAsync(person, HttpMethod.Get, "me")).Code);
        Assert.Equal(200, (await AskAsync(key, HttpMethod.Get, "me")).Code);
        Assert.Equal(200, (await _host.PostAsync("/api/v1/session/refresh", new { refreshToken = tokens.RefreshToken })).Code);
    }

    [Fact]
    public async Task A_contained_key_opens_nothing_until_it_is_released()
    {
        var (key, text) = await _host.KeyAsync("messages:read");
        using var client = _host.Client();
        client.DefaultRequestHeaders.Add("X-API-Key", text);
        Assert.Equal(200, (await AskAsync(client, HttpMethod.Get, "me")).Code);
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("key", key.Id));
        Assert.Equal(401, (await AskAsync(client, HttpMethod.Get, "me")).Code);
        Assert.Equal(HttpStatusCode.Conflict, await ContainAsync("key", key.Id));
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("key", key.Id, release: true));
        Assert.Equal(200, (await AskAsync(client, HttpMethod.Get, "me")).Code);
        Assert.Equal(HttpStatusCode.NotFound, await ContainAsync("key", key.Id, release: true));
    }

    [Fact]
    public async Task A_contained_mailbox_sends_nothing_and_its_mail_waits()
    {
        Assert.Equal(HttpStatusCode.NotFound, await ContainAsync("mailbox", _host.Mailbox.Id));
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("mailbox", _host.Mailbox.Id, _host.Tenant.Id));
        var message = await _host.DeliverAsync(Question());
        await WaitsAsync(message);
        Assert.Empty(_host.OutFiles);
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("mailbox", _host.Mailbox.Id, release: true));
        Assert.Equal(message.Id, await LeavesAsync(message));
    }

    [Fact]
    public async Task A_contained_channel_refuses_so_that_senders_come_again()
    {
        var mailgun = await _host.Get<Channels>().AddAsync(_host.Tenant.Id, Channel.Mailgun, "8f3c1a97e2b64d05b7c9f1e83a6d2450", Actor.Machine, default);
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("channel", "smtp"));
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("channel", mailgun.Id));
        var mail = Question();
        Assert.StartsWith("451", await _host.SmtpAsync(mail), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostAsync("a"));
        Assert.Empty(await _host.ListAsync());
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("channel", "smtp", release: true));
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("channel", mailgun.Id, release: true));
        Assert.StartsWith("250", await _host.SmtpAsync(mail), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await PostAsync("b"));
        Assert.Equal(2, (await _host.ListAsync()).Count);

        async Task<HttpStatusCode> PostAsync(string token)
        {
            using var client = _host.Client();
            using var form = new FormUrlEncodedContent([.. MailgunForm.Mail(ProductHost.Address), .. MailgunForm.Sign("8f3c1a97e2b64d05b7c9f1e83a6d2450", _host.Time.GetUtcNow(), new string(token[0], 50))]);
            using var answer = await client.PostAsync(new Uri($"/webhooks/mailgun/{mailgun.Id}/inbound", UriKind.Relative), form);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Sending_is_the_installation_s_switch_and_each_act_stands_in_the_timeline_and_the_logs()
    {
        using var opened = await _operator.PostAsJsonAsync(new Uri("/api/v1/incidents", UriKind.Relative), new { text = "wrong prices" });
        var incident = (string)JsonNode.Parse(await opened.Content.ReadAsStringAsync())!["id"]!;
        Assert.Equal(HttpStatusCode.BadRequest, await ContainAsync("sending", null, incident: "nosuch"));
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("sending", null, incident: incident));
        Assert.True((await _host.Get<Switches>().ReadAsync(KeyRing.Installation, null, default)).Stopped);
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("tenant", _host.Tenant.Id, incident: incident));
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("tenant", _host.Tenant.Id, release: true));
        Assert.Equal(HttpStatusCode.NoContent, await ContainAsync("sending", null, release: true, incident: incident));
        var detail = JsonNode.Parse(await _operator.GetStringAsync(new Uri($"/api/v1/incidents/{incident}", UriKind.Relative)))!;
        Assert.Equal(["incident.open", "switch.stop", "contain.tenant", "release.tenant", "switch.start"], detail["timeline"]!.AsArray().Select(line => (string)line!["act"]!));
        foreach (var chain in (string[])[KeyRing.Installation, _host.Tenant.Id])
            Assert.Contains(await _host.Get<AuditLog>().NewestAsync(chain, 50, default), entry => entry.Act == "contain.tenant" && entry.Details!["incident"] == incident);
        using var closed = await _operator.PostAsJsonAsync(new Uri($"/api/v1/incidents/{incident}/close", UriKind.Relative), new { followUps = (string[])["write to customers"], dueInDays = 5 });
        Assert.Equal(HttpStatusCode.NoContent, closed.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, await ContainAsync("sending", null, incident: incident));
        Assert.Contains(await _host.Get<Records>().DueAsync(default), due => due.Kind == RecordKinds.FollowUp);
    }
}

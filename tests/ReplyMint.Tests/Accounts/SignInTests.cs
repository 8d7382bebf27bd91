using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Coming in by a link (AUTH-3): single use, short life, one browser, and nobody learns who has an account.</summary>
public sealed class SignInTests
{
    private const string Anna = "anna@people.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_link_signs_in_once()
    {
        await using var host = await PeopleHost.StartAsync();
        var user = await host.PersonAsync(Role.Member, Anna);
        var (token, verifier) = await host.LinkAsync(Anna);
        var mail = Assert.Single(await host.MailsToAsync(Anna));
        Assert.Equal(("auto-generated", "Sign in to ReplyMint"), (mail.Headers["Auto-Submitted"], mail.Subject));
        Assert.True(mail.Body!.ContentType.IsMimeType("text", "plain"));
        var said = await host.CompleteAsync(token, verifier);
        Assert.Equal(200, said.Code);
        var me = await host.GetAsync("/api/v1/me", (string)said.Body!["accessToken"]!);
        Assert.Equal((user, host.Tenant.Id), ((string?)me.Body!["id"], (string?)me.Body["tenant"]));
        Assert.NotNull((string?)said.Body["refreshToken"]);
        Assert.Equal(400, (await host.CompleteAsync(token, verifier)).Code);
    }

    [Fact]
    public async Task Of_many_who_open_one_link_at_once_one_gets_in()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        var (token, verifier) = await host.LinkAsync(Anna);
        var all = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => host.CompleteAsync(token, verifier)));
        Assert.Equal(1, all.Count(said => said.Code == 200));
        Assert.Equal(11, all.Count(said => said.Code == 400));
    }

    [Fact]
    public async Task Fetching_the_link_consumes_nothing_and_no_route_takes_a_token_by_get()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        var (token, verifier) = await host.LinkAsync(Anna);
        Assert.Equal(405, (await host.GetAsync($"/api/v1/sign-in/complete?token={token}")).Code);
        Assert.Equal(200, (await host.CompleteAsync(token, verifier)).Code);
    }

    [Fact]
    public async Task Another_browser_gets_nothing_of_a_link_and_may_guess_a_few_times_only()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        var (token, verifier) = await host.LinkAsync(Anna);
        for (var i = 0; i < 4; i++)
            Assert.Equal(400, (await host.CompleteAsync(token, SignInLinks.NewToken())).Code);
        Assert.Equal(200, (await host.CompleteAsync(token, verifier)).Code);
        (token, verifier) = await host.LinkAsync(Anna);
        for (var i = 0; i < 5; i++)
            Assert.Equal(400, (await host.CompleteAsync(token, SignInLinks.NewToken())).Code);
        Assert.Equal(400, (await host.CompleteAsync(token, verifier)).Code);
    }

    [Fact]
    public async Task A_link_is_good_for_ten_minutes()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        var (token, verifier) = await host.LinkAsync(Anna);
        var (late, lateVerifier) = await host.LinkAsync(Anna);
        host.Time.Advance(SignInLinks.Life - TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await host.CompleteAsync(token, verifier)).Code);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(400, (await host.CompleteAsync(late, lateVerifier)).Code);
    }

    [Fact]
    public async Task Nobody_learns_whether_an_address_has_an_account()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        // An account without any membership has no place to go.
        await host.Get<IStore>().RetryAsync((commit, ct) => host.Get<Users>().EnsureAsync(commit, "lost@people.example", "", ct), Ct);
        var challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken());
        var answers = new List<(int, string, string)>();
        foreach (var address in (string[])[Anna, "nobody@people.example", "lost@people.example", Anna])
        {
            var said = await host.PostAsync("/api/v1/sign-in", new { address, challenge, tenant = address == Anna && answers.Count > 0 ? "t-of-others" : null });
            answers.Add((said.Code, said.Body!.ToJsonString(), string.Join(',', said.Message.Headers.Select(h => h.Key).Where(k => !k.Contains("Trace", StringComparison.Ordinal)).Order(StringComparer.Ordinal))));
        }
        Assert.Single(answers.Distinct());
        Assert.Equal(202, answers[0].Item1);
        await host.IdleAsync();
        Assert.Single(host.OutFiles);
        Assert.Single(await host.MailsToAsync(Anna));
    }

    [Fact]
    public async Task Three_mails_an_hour_go_to_one_address_and_a_restart_forgets_none()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        var challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken());
        for (var i = 0; i < 5; i++)
            Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = i % 2 == 0 ? Anna : Anna.ToUpperInvariant(), challenge })).Code);
        Assert.Equal(3, (await host.MailsToAsync(Anna)).Count);
        host.Time.Advance(TimeSpan.FromMinutes(59));
        await host.PostAsync("/api/v1/sign-in", new { address = Anna, challenge });
        Assert.Equal(3, (await host.MailsToAsync(Anna)).Count);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        await host.PostAsync("/api/v1/sign-in", new { address = Anna, challenge });
        Assert.Equal(4, (await host.MailsToAsync(Anna)).Count);
        // Kept in the store, so that no restart gives three more.
        var kept = new List<Item>();
        await foreach (var item in host.Get<IStore>().AllAsync(Table.Main, KeyRing.Installation, "rate/person-mail/", Ct))
            kept.Add(item);
        Assert.Single(kept);
    }

    [Fact]
    public async Task Strangers_leave_a_mail_for_where_the_person_came_in_before()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        await host.ComeInAsync(Anna);
        host.Time.Advance(TimeSpan.FromMinutes(61));
        using var elsewhere = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, ct) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.9.9.9"), 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        }) { BaseAddress = host.Http };
        for (var i = 0; i < 5; i++)
        {
            using var said = await elsewhere.PostAsJsonAsync("/api/v1/sign-in", new { address = Anna, challenge = SignInLinks.ChallengeOf("x") }, Ct);
            Assert.Equal(202, (int)said.StatusCode);
        }
        Assert.Equal(1 + 2, (await host.MailsToAsync(Anna)).Count);
        Assert.NotEmpty(await host.ComeInAsync(Anna));
        // Three an hour are three, for everybody.
        await host.PostAsync("/api/v1/sign-in", new { address = Anna, challenge = SignInLinks.ChallengeOf("x") });
        Assert.Equal(1 + 3, (await host.MailsToAsync(Anna)).Count);
    }

    [Fact]
    public async Task Neither_token_nor_address_lies_open_in_the_store()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        var (token, verifier) = await host.LinkAsync(Anna);
        var seen = new StringBuilder();
        foreach (var partition in (string[])[KeyRing.Installation, host.Tenant.Id])
            await foreach (var item in host.Get<IStore>().AllAsync(Table.Main, partition, "", Ct))
                seen.AppendLine(item.Key.Sort).AppendLine(Encoding.UTF8.GetString(item.Value.Span)).AppendLine(Encoding.UTF8.GetString(item.Sealed.Span));
        Assert.Contains("sign-in-link/", seen.ToString(), StringComparison.Ordinal);
        foreach (var secret in (string[])[token, verifier, Anna, "anna@"])
            Assert.DoesNotContain(secret, seen.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("de", "Anmelden bei ReplyMint")]
    [InlineData("fr", "Connexion à ReplyMint")]
    [InlineData("es", "Iniciar sesión en ReplyMint")]
    public async Task The_mail_speaks_the_language_that_was_asked_for(string language, string subject)
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        await host.PostAsync("/api/v1/sign-in", new { address = Anna, challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()), language });
        Assert.Equal(subject, Assert.Single(await host.MailsToAsync(Anna)).Subject);
    }

    [Fact]
    public async Task Who_belongs_to_several_tenants_says_which_and_to_no_other()
    {
        await using var host = await PeopleHost.StartAsync();
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, Ct);
        var foreign = await host.Get<Tenants>().AddAsync("foreign", Actor.Machine, Ct);
        await host.PersonAsync(Role.Member, Anna);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await host.PersonAsync(Role.Admin, Anna, other.Id);
        foreach (var (asked, told, expected) in new[] { (null, null, host.Tenant.Id), (other.Id, null, other.Id), ((string?)null, (string?)other.Id, other.Id) })
        {
            var (token, verifier) = await host.LinkAsync(Anna, asked);
            Assert.Equal(400, (await host.CompleteAsync(token, verifier, foreign.Id)).Code);
            Assert.Equal(400, (await host.CompleteAsync(token, verifier, KeyRing.Installation)).Code);
            var said = await host.CompleteAsync(token, verifier, told);
            Assert.Equal((200, expected), (said.Code, (string?)said.Body?["tenant"]));
            host.Time.Advance(TimeSpan.FromMinutes(21));
        }
    }

    [Theory]
    [InlineData("""{"address":"no-address","challenge":"CHALLENGE"}""")]
    [InlineData("""{"address":"a@b.example\r\nBcc: x@y.example","challenge":"CHALLENGE"}""")]
    [InlineData("""{"address":"anna@people.example","challenge":"short"}""")]
    [InlineData("""{"address":"anna@people.example","challenge":"***********************************8*******"}""")]
    [InlineData("""{"address":"anna@people.example"}""")]
    [InlineData("""{"address":"anna@people.example","challenge":"CHALLENGE","admin":true}""")]
    [InlineData("""{"address":["anna@people.example"],"challenge":"CHALLENGE"}""")]
    [InlineData("""{"address":"anna@people.example","challenge":"CHALLENGE","language":"xx"}""")]
    [InlineData("""{"address":"anna@people.example","challenge":"CHALLENGE","tenant":"../x"}""")]
    [InlineData("null")]
    public async Task Naughty_requests_are_refused_before_anything_is_done(string body)
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        var said = await host.PostAsync("/api/v1/sign-in", JsonNode.Parse(body.Replace("CHALLENGE", SignInLinks.ChallengeOf("x"), StringComparison.Ordinal)) ?? JsonValue.Create((string?)null)!);
        Assert.Equal(400, said.Code);
        await host.IdleAsync();
        Assert.Empty(host.OutFiles);
    }

    [Theory]
    [InlineData("sign-in")]
    [InlineData("sign-in/complete")]
    [InlineData("sign-in/passkey")]
    [InlineData("sign-up")]
    [InlineData("invitations/accept")]
    [InlineData("session/refresh")]
    public async Task A_stranger_sends_no_large_body(string path)
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Open);
        using var client = host.Client(null);
        foreach (var (length, status) in new[] { (15_000, 400), (17_000, 413) })
        {
            // As text, since that says beforehand how long it is: what is read in parts may be refused for its first part.
            using var body = new StringContent($$"""{"token":"{{new string('a', length)}}"}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
            using var answer = await client.PostAsync("/api/v1/" + path, body, Ct);
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    [Fact]
    public async Task Without_a_way_to_mail_the_answer_is_the_same_and_nothing_leaves()
    {
        await using var host = await PeopleHost.StartAsync(change: _ => new AccountsSettings());
        await host.PersonAsync(Role.Member, Anna);
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = Anna, challenge = SignInLinks.ChallengeOf("x") })).Code);
        await host.IdleAsync();
        Assert.Empty(host.OutFiles);
        Assert.Contains("user sign-in-link", Assert.Single(new AccountsSettings().Warnings()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mail_that_could_not_leave_in_time_does_not_leave_any_more()
    {
        await using var host = await PeopleHost.StartAsync();
        await host.PersonAsync(Role.Member, Anna);
        await SwitchAsync(host, stopped: true);
        await host.PostAsync("/api/v1/sign-in", new { address = Anna, challenge = SignInLinks.ChallengeOf("x") });
        var waiting = await ProductHost.EventuallyAsync(async () =>
            (await host.Get<Outbox>().ListAsync(KeyRing.Installation, 10, null, Ct)).Entries is [{ Record.State: OutboxState.Queued } entry] ? entry : null);
        host.Time.Advance(TimeSpan.FromMinutes(11));
        await SwitchAsync(host, stopped: false);
        await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(2));
            return await host.Get<Outbox>().StateAsync(KeyRing.Installation, waiting.Record.Id, Ct) is { State: OutboxState.Cancelled } state ? state : null;
        });
        Assert.Empty(host.OutFiles);
    }

    private static Task SwitchAsync(ProductHost host, bool stopped) => host.Get<IStore>().RetryAsync(async (commit, ct) =>
    {
        await host.Get<ReplyMint.Limits.Switches>().SetAsync(commit, KeyRing.Installation, null, stopped, "test", ct);
        return true;
    }, Ct);
}

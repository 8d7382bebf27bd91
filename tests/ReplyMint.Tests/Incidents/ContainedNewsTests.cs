using System.Net;
using System.Net.Http.Json;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>What an isolated tenant would tell, and what providers tell of its mails, waits and comes with the release (IR-1).</summary>
public sealed class ContainedNewsTests
{
    private const string Secret = "8f3c1a97e2b64d05b7c9f1e83a6d2450";
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    private static async Task<ApiHost> StartAsync(MailboxMode mode)
    {
        var api = await ApiHost.StartAsync(box => box with { Mode = mode }, settings => settings with { Outside = Places.Here }, Knowledge);
        api.Add("operator", Role.Operator, KeyRing.Installation);
        return api;
    }

    private static async Task ContainAsync(ApiHost api, string kind, string id, bool release = false)
    {
        // His second factor has aged meanwhile.
        api.Add("operator", Role.Operator, KeyRing.Installation);
        (await api.PostAsync("operator", release ? "containments/release" : "containments", new { kind, id })).Expect(204);
    }

    /// <summary>The job of that kind came up several times, and was put off each time.</summary>
    private static async Task WaitsAsync(ApiHost api, string kind)
    {
        for (var look = 0; look < 3; look++)
        {
            api.Product.Time.Advance(TimeSpan.FromMinutes(2));
            await ProductHost.EventuallyAsync(async () =>
            {
                var due = new List<DateTimeOffset>();
                await foreach (var (job, at) in JobQueue.AllAsync(api.Product.Get<IStore>(), default))
                    if (job.Kind == kind)
                        due.Add(at);
                return due is [var only] && only > api.Product.Time.GetUtcNow() ? "waits" : null;
            });
        }
    }

    private static Task HearsAsync(ApiHost api, HttpSink sink) => ProductHost.EventuallyAsync(() =>
    {
        if (sink.Requests.IsEmpty)
            api.Product.Time.Advance(TimeSpan.FromMinutes(1));
        return Task.FromResult(sink.Requests.IsEmpty ? null : sink);
    });

    [Fact]
    public async Task A_webhook_hears_what_happened_in_an_isolated_tenant_after_its_release()
    {
        await using var sink = new HttpSink();
        await using var api = await StartAsync(MailboxMode.Draft);
        (await api.PostAsync("admin", "webhooks", new { url = sink.Url, events = (string[])["message.received"] })).Expect(201);
        await ContainAsync(api, "tenant", api.Tenant);
        var message = await api.Product.DeliverAsync(api.Product.Mail("When are you open?"));
        await WaitsAsync(api, WebhookEvents.JobKind);
        Assert.Empty(sink.Requests);
        await ContainAsync(api, "tenant", api.Tenant, release: true);
        await HearsAsync(api, sink);
        Assert.Contains(message.Id, Assert.Single(sink.Requests).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_notice_of_drafts_in_an_isolated_tenant_goes_out_after_its_release()
    {
        await using var sink = new HttpSink();
        await using var api = await StartAsync(MailboxMode.Draft);
        await api.Product.Get<Tenants>().ChangeAsync(api.Tenant, tenant => tenant with { Notices = new NoticeSettings { Emails = ["boss@shop.example"], Webhook = new Uri(sink.Url), DigestMinutes = 60, ReminderHours = 0 } }, Actor.Machine, new Dictionary<string, string>(), default);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await ContainAsync(api, "tenant", api.Tenant);
        api.Product.Time.Advance(TimeSpan.FromMinutes(61));
        await WaitsAsync(api, "notice");
        Assert.Empty(sink.Requests);
        Assert.Empty(api.Product.OutFiles);
        await ContainAsync(api, "tenant", api.Tenant, release: true);
        await HearsAsync(api, sink);
        Assert.Contains(message.Id, Assert.Single(sink.Requests).Body, StringComparison.Ordinal);
        await ProductHost.EventuallyAsync(() => Task.FromResult(api.Product.OutFiles.Count == 1 ? "mailed" : null));
    }

    [Fact]
    public async Task What_Mailgun_tells_an_isolated_channel_it_has_to_tell_again()
    {
        await using var api = await StartAsync(MailboxMode.Automatic);
        var mailgun = await api.Product.Get<Channels>().AddAsync(api.Tenant, Channel.Mailgun, Secret, Actor.Machine, default);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        var answer = await api.Product.AnswerAsync(message);
        await ContainAsync(api, "channel", mailgun.Id);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await TellAsync());
        await NothingAsync(api.Product, message);
        await ContainAsync(api, "channel", mailgun.Id, release: true);
        // The very same post: its token was not spent.
        Assert.Equal(HttpStatusCode.OK, await TellAsync());
        await ToldAsync(api.Product, message);

        async Task<HttpStatusCode> TellAsync()
        {
            var signed = MailgunForm.Sign(Secret, api.Product.Time.GetUtcNow(), new string('a', 50)).ToDictionary(pair => pair.Key, pair => pair.Value);
            using var content = new StringContent($$$"""
                {
                  "signature": {"timestamp": "{{{signed["timestamp"]}}}", "token": "{{{signed["token"]}}}", "signature": "{{{signed["signature"]}}}"},
                  "event-data": {"event": "complained", "id": "e1", "timestamp": 1521472262.908181, "message": { "headers": { "message-id": "{{{answer.MessageId}}}" } } }
                }
                """, Encoding.UTF8, "application/json");
            return (await api.AskAsync("", HttpMethod.Post, $"/webhooks/mailgun/{mailgun.Id}/events", content)).Status;
        }
    }

    [Fact]
    public async Task What_Amazon_tells_an_isolated_channel_it_has_to_tell_again()
    {
        await using var host = await SesHost.StartAsync(knowledge: Knowledge);
        var product = host.Product;
        var message = await product.DeliverAndDecideAsync(product.Mail("When are you open?"));
        var answer = await product.AnswerAsync(message);
        using var client = await product.ClientAsync(Role.Operator);
        var told = SnsMail.Of($$$"""
            {
              "eventType": "Complaint", "complaint": { "timestamp": "2026-11-24T11:59:59.000Z" },
              "mail": { "source": "x@y.example", "headers": [{ "name": "Message-ID", "value": "<{{{answer.MessageId}}}>" }] }
            }
            """, host.Now).Sign(SesHost.Key);
        Assert.Equal(HttpStatusCode.NoContent, await ActAsync("containments"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await host.PostAsync(told));
        await NothingAsync(product, message);
        Assert.Equal(HttpStatusCode.NoContent, await ActAsync("containments/release"));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync(told));
        await ToldAsync(product, message);

        async Task<HttpStatusCode> ActAsync(string path)
        {
            using var done = await client.PostAsJsonAsync(new Uri("/api/v1/" + path, UriKind.Relative), new { kind = "channel", id = host.Channel.Id });
            return done.StatusCode;
        }
    }

    private static async Task NothingAsync(ProductHost product, Message message)
    {
        Assert.Empty((await product.Get<Outbox>().StateAsync(message.Tenant, message.Id, default))!.Events);
        Assert.Null(await product.Get<Suppressions>().FindAsync(message.Tenant, "anna@customer.example", default));
    }

    private static async Task ToldAsync(ProductHost product, Message message)
    {
        Assert.Equal("complained", Assert.Single((await product.Get<Outbox>().StateAsync(message.Tenant, message.Id, default))!.Events).Kind);
        Assert.Equal(SuppressionReason.Complaint, (await product.Get<Suppressions>().FindAsync(message.Tenant, "anna@customer.example", default))!.Reason);
    }
}

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>The disk is everybody's: a tenant takes its part of it in a day, and nobody takes the rest.</summary>
public sealed class StoredBytesTests
{
    private const string Other = "help@other.example";

    private static string Large(ProductHost host, int megabytes, string to = ProductHost.Address) =>
        host.Mail(string.Concat(Enumerable.Repeat(new string('x', 62) + "\r\n", megabytes * 1024 * 1024 / 64)), to: to);

    [Fact]
    public async Task A_tenant_is_sent_so_much_in_a_day_and_others_and_the_next_day_are_not_concerned()
    {
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Inbound = new() { TenantMegabytesPerDay = 10 } });
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, default);
        await host.Get<Mailboxes>().AddAsync(new Mailbox { Id = Ids.Random('m'), TenantId = other.Id, Address = Other }, Actor.Machine, default);
        Assert.StartsWith("250", await host.SmtpAsync(Large(host, 5)), StringComparison.Ordinal);
        Assert.StartsWith("250", await host.SmtpAsync(Large(host, 4)), StringComparison.Ordinal);

        Assert.StartsWith("452", await host.SmtpAsync(Large(host, 2)), StringComparison.Ordinal);

        Assert.StartsWith("452", await host.SmtpAsync(Large(host, 2)), StringComparison.Ordinal);
        var alert = Assert.Single(await host.Get<Alerts>().NewestAsync(5, default));
        Assert.Equal(("tenant-mail-full", host.Tenant.Id), (alert.Kind, alert.Subject));
        Assert.Equal(2, (await host.ListAsync()).Count);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(host.DataFolder, "blobs", host.Tenant.Id)).Length);
        Assert.StartsWith("250", await host.SmtpAsync(host.Mail("A small one fits.")), StringComparison.Ordinal);
        Assert.StartsWith("250", await host.SmtpAsync(Large(host, 2, Other), recipient: Other), StringComparison.Ordinal);
        host.Time.Advance(TimeSpan.FromHours(12));
        Assert.StartsWith("250", await host.SmtpAsync(Large(host, 2)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Small_mails_are_counted_too_and_the_API_is_told_when_to_come_again()
    {
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Inbound = new() { TenantMegabytesPerDay = 10 } });
        using var client = await host.KeyClientAsync("messages:write");
        Assert.StartsWith("250", await host.SmtpAsync(Large(host, 9)), StringComparison.Ordinal);
        // Kept in an item, without a look at the count before the commit.
        var small = host.Mail(string.Concat(Enumerable.Repeat(new string('x', 62) + "\r\n", 3_000)));
        var taken = 0;
        HttpResponseMessage answer;
        while ((answer = await PostAsync(client, host, small.Replace("Subject: ", $"Subject: {taken} ", StringComparison.Ordinal))).StatusCode == HttpStatusCode.Accepted && taken < 10)
            taken++;

        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(TimeSpan.FromHours(12), answer.Headers.RetryAfter?.Delta);
        Assert.InRange(taken, 1, 6);
        answer.Dispose();
    }

    [Fact]
    public async Task While_the_disk_is_nearly_full_no_mail_is_taken_and_the_rest_goes_on()
    {
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Inbound = new() { MinFreeMegabytes = 1_000_000 } });
        using var client = await host.KeyClientAsync("messages:write", "mailboxes:read");

        Assert.StartsWith("452", await host.SmtpAsync(host.Mail("When do you open?")), StringComparison.Ordinal);
        using var posted = await PostAsync(client, host, host.Mail("When do you open?"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, posted.StatusCode);
        Assert.NotNull(posted.Headers.RetryAfter);
        Assert.Empty(await host.ListAsync());
        using var ready = await client.GetAsync(new Uri(host.Http, "/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("disk", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var read = await client.GetAsync(new Uri(host.Http, "/api/v1/mailboxes"));
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
    }

    [Fact]
    public async Task A_tenant_has_so_many_mailboxes_however_many_are_claimed_at_once()
    {
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Accounts = settings.Accounts with { MailboxesPerTenant = 5 } });

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
            (await host.Get<Mailboxes>().AddAsync(new Mailbox { Id = Ids.Random('m'), TenantId = host.Tenant.Id, Address = $"box{i}@shop.example" }, Actor.Machine, default)).Result)));

        Assert.Equal(4, results.Count(result => result == ClaimResult.Claimed));
        Assert.Equal(16, results.Count(result => result == ClaimResult.TooMany));
        Assert.Equal(5, (await host.Get<Mailboxes>().ListAsync(host.Tenant.Id, default)).Count);
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, ProductHost host, string raw)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(raw)) { Headers = { ContentType = new MediaTypeHeaderValue("message/rfc822") } };
        return await client.PostAsync(new Uri(host.Http, $"/api/v1/messages?to={ProductHost.Address}"), content);
    }
}

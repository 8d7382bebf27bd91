using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Tests.Inbound;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>Header fields of any length are read, stored and decided like others: nothing of a stranger's mail may be too large for an item.</summary>
public sealed class LongHeadersTests
{
    // Each becomes six bytes in stored JSON; 60,000 of them stand below the limit of a header field.
    private static readonly string s_long = new('<', 60_000);

    private static string Hostile(string to, string extra = "", string subject = "A question", string name = "Anna", string text = "How long?") => string.Join("\r\n",
        [$"From: \"{name}\" <anna@customer.example>", $"To: {to}", $"Subject: {subject}", $"Message-ID: <{Guid.NewGuid():N}@customer.example>", .. extra.Length == 0 ? Array.Empty<string>() : [extra], "", text, ""]);

    [Fact]
    public async Task A_mail_with_a_subject_and_a_name_of_60000_characters_is_stored_and_decided()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft });

        var message = await host.DeliverAndDecideAsync(Hostile(ProductHost.Address, subject: s_long, name: s_long));

        Assert.Equal(2_000, message.Summary.Subject.Length);
        Assert.Equal(200, message.Summary.From.Name.Length);
    }

    [Fact]
    public async Task The_API_takes_such_a_mail_too()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft });
        using var client = await host.KeyClientAsync("messages:write");
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Hostile(ProductHost.Address, subject: s_long, name: s_long))) { Headers = { ContentType = new MediaTypeHeaderValue("message/rfc822") } };

        using var answer = await client.PostAsync(new Uri(host.Http, $"/api/v1/messages?to={ProductHost.Address}"), content);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Fact]
    public async Task A_provider_may_name_a_sender_of_any_length()
    {
        await using var host = await ProductHost.StartAsync();
        var channel = await host.Get<Channels>().AddAsync(Channel.Operator, Channel.Mailgun, MailgunHost.ChannelKey, Actor.Machine, default);
        using var form = new FormUrlEncodedContent([
            .. MailgunForm.Mail(ProductHost.Address).Select(field => field.Key == "sender" ? new(field.Key, new string('a', 500_000) + "@customer.example") : field),
            .. MailgunForm.Sign(MailgunHost.ChannelKey, host.Time.GetUtcNow(), new string('a', 50))]);
        using var http = new HttpClient();

        using var answer = await http.PostAsync(new Uri(host.Http, $"/webhooks/mailgun/{channel.Id}/inbound"), form);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Single(await host.ListAsync());
    }

    [Fact]
    public async Task Long_lists_beside_long_texts_are_decided_and_no_job_is_buried()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft });
        // Three bytes a character. A field is read to 64 KB, but there may be many.
        string Addresses(string field) => string.Join("\r\n", Enumerable.Range(0, 50).Select(i => $"{field}: \"{new string('€', 300)}\" <{new string('€', 1_000)}{i}@other.example>"));
        var references = "References: " + string.Join(' ', Enumerable.Range(0, 50).Select(i => $"<{new string('&', 900)}{i}@customer.example>"));
        var text = string.Join("\r\n", Enumerable.Repeat(new string('€', 300), 100)) + "\r\n" + string.Join("\r\n", Enumerable.Repeat("> " + new string('€', 300), 100));

        var message = await host.DeliverAndDecideAsync(Hostile(ProductHost.Address, string.Join("\r\n", Addresses("Cc"), Addresses("Reply-To"), references), text: text));

        Assert.NotEqual(MessageState.Received, message.Record.State);
        Assert.Empty(await host.Get<JobQueue>().DeadAsync(host.Tenant.Id, default));
        var kept = await host.Get<MessageTexts>().FindAsync(message, default);
        Assert.StartsWith("€€€", kept!.Reply, StringComparison.Ordinal);
        Assert.NotEmpty(kept.Cc);
    }

    [Fact]
    public async Task A_Message_ID_that_is_too_long_is_none_and_an_address_that_is_too_long_is_answered_to_nobody()
    {
        await using var host = await ProductHost.StartAsync();
        var raw = string.Join("\r\n",
            [$"From: {new string('a', 5_000)}@customer.example", $"To: {ProductHost.Address}", "Subject: A question", $"Message-ID: <{new string('\'', 5_000)}@customer.example>", "", "How long?", ""]);

        var message = await host.DeliverAndDecideAsync(raw);

        Assert.Equal("", message.Summary.MessageId);
        Assert.Empty(host.OutFiles);
        Assert.NotEqual(MessageState.Answered, message.Record.State);
    }
}

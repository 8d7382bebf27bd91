using System.Text;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Tests.Outbound;

public sealed class MailgunChannelTests : IDisposable
{
    private const string Key = "key-0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c";
    private readonly string _folder = Directory.CreateTempSubdirectory("mailgun-channel").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    private IOutboundChannel Channel(HttpSink sink, TimeProvider? time = null)
    {
        var file = Path.Combine(_folder, "key");
        File.WriteAllText(file, Key);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var settings = new OutboundSettings { Channel = "mailgun", Mailgun = new() { Endpoint = sink.Url, ApiKey = "file:" + file } };
        Assert.Empty(settings.Problems());
        return OutboundChannels.Create(settings, _folder, new SecretSource(null), time ?? TimeProvider.System);
    }

    [Fact]
    public async Task Posts_the_finished_mail_to_the_senders_domain()
    {
        await using var sink = new HttpSink();
        var outcome = await Channel(sink).SendAsync("o1", Mails.Answer(), default);
        Assert.Equal(SendResult.Sent, outcome.Result);
        var (head, body) = Assert.Single(sink.Requests);
        Assert.StartsWith("POST /v3/example.com/messages.mime HTTP/1.1\r\n", head);
        Assert.Contains("Authorization: Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("api:" + Key)), head);
        Assert.Contains("name=to\r\n\r\nann@customer.example\r\n", body);
        Assert.Contains(Encoding.Latin1.GetString(MimeWriter.Write(Mails.Answer()).Span), body);
    }

    [Theory]
    [InlineData("400 Bad Request", nameof(SendResult.Permanent))]
    [InlineData("413 Too Large", nameof(SendResult.Permanent))]
    [InlineData("401 Unauthorized", nameof(SendResult.Temporary))]
    [InlineData("402 Payment Required", nameof(SendResult.Temporary))]
    [InlineData("429 Too Many Requests", nameof(SendResult.Temporary))]
    [InlineData("503 Service Unavailable", nameof(SendResult.Temporary))]
    [InlineData("500 Internal Server Error", nameof(SendResult.Uncertain))]
    [InlineData("504 Gateway Timeout", nameof(SendResult.Uncertain))]
    [InlineData("302 Found\r\nLocation: http://127.0.0.1:1/", nameof(SendResult.Temporary))]
    [InlineData("drop-body", nameof(SendResult.Uncertain))]
    public async Task The_outcome_says_whether_it_left(string answer, string result)
    {
        await using var sink = new HttpSink { Answer = answer };
        var outcome = await Channel(sink).SendAsync("o1", Mails.Answer(), default);
        Assert.Equal(result, outcome.Result.ToString());
        Assert.Single(sink.Requests);
        Assert.DoesNotContain("@", outcome.Detail);
    }

    [Fact]
    public async Task Nobody_listening_is_temporary()
    {
        var sink = new HttpSink();
        var channel = Channel(sink);
        await sink.DisposeAsync();
        Assert.Equal(SendResult.Temporary, (await channel.SendAsync("o1", Mails.Answer(), default)).Result);
    }

    [Fact]
    public async Task A_server_that_hangs_after_the_body_leaves_it_uncertain()
    {
        var time = new FakeTimeProvider();
        await using var sink = new HttpSink { Answer = "hang" };
        var sending = Channel(sink, time).SendAsync("o1", Mails.Answer(), default);
        await sink.Reached.Task;
        time.Advance(TimeSpan.FromSeconds(61));
        var outcome = await sending;
        Assert.Equal(SendResult.Uncertain, outcome.Result);
        Assert.Contains("timed out", outcome.Detail);
    }

    [Fact]
    public void Only_https_or_this_machine()
    {
        var settings = new MailgunSettings { ApiKey = "credential:mailgun", Endpoint = "http://api.mailgun.net" };
        Assert.StartsWith("outbound.mailgun.endpoint:", Assert.Single(settings.Problems()));
        Assert.Empty((settings with { Endpoint = "https://api.eu.mailgun.net" }).Problems());
        Assert.StartsWith("outbound.mailgun.apiKey:", Assert.Single(new MailgunSettings().Problems()));
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Aws;
using ReplyMint.Cli;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Outbound;

namespace ReplyMint.Tests.Aws;

/// <summary>Mail out by Amazon SES's HTTPS API, signed by the role.</summary>
public sealed class SesChannelTests
{
    private const string Path = "POST /v2/email/outbound-emails";

    private static AwsServices Services(string address, TimeProvider? time = null) =>
        new(new() { Region = AwsFront.Region, Endpoint = address }, new Dictionary<string, string>
        {
            ["AWS_ACCESS_KEY_ID"] = AwsFront.AccessKey, ["AWS_SECRET_ACCESS_KEY"] = AwsFront.SecretKey, ["AWS_SESSION_TOKEN"] = AwsFront.SessionToken,
        }.GetValueOrDefault, time ?? TimeProvider.System);

    private static IOutboundChannel Channel(AwsServices aws, SesSettings? settings = null)
    {
        var outbound = new OutboundSettings { Channel = "ses", Ses = settings ?? new() };
        Assert.Empty(outbound.Problems());
        return OutboundChannels.Create(outbound, "/nowhere", new SecretSource(null), TimeProvider.System, AwsRooms.Send(aws.Mail()));
    }

    [Fact]
    public async Task The_finished_mail_is_handed_over_signed_for_its_one_recipient()
    {
        await using var front = await AwsFront.StartAsync(null);
        JsonNode? asked = null;
        front.Doubles[Path] = call =>
        {
            asked = call.Json;
            return Task.FromResult(AwsReply.Ok(new JsonObject { ["MessageId"] = "0102018f" }));
        };
        using var aws = Services(front.Address.ToString());
        var mail = Mails.Answer();
        Assert.Equal(new(SendResult.Sent, "200"), await Channel(aws, new() { ConfigurationSet = "replymint" }).SendAsync("o1", mail, default));
        Assert.Equal(MimeWriter.Write(mail).ToArray(), Convert.FromBase64String((string)asked!["Content"]!["Raw"]!["Data"]!));
        Assert.Equal(["ann@customer.example"], asked["Destination"]!["ToAddresses"]!.AsArray().Select(to => (string?)to));
        Assert.Equal((mail.ReversePath, "replymint"), ((string?)asked["FeedbackForwardingEmailAddress"], (string?)asked["ConfigurationSetName"]));
        // The stand-in checked the signature as AWS does, of the service "ses".
        Assert.Empty(front.Refused);
        Assert.Equal(SendResult.Sent, (await Channel(aws).SendAsync("o2", mail with { ReversePath = "" }, default)).Result);
        Assert.Null(asked["FeedbackForwardingEmailAddress"]);
    }

    [Theory]
    [InlineData("400 Bad Request\r\nx-amzn-ErrorType: MessageRejected:http://internal.amazon.com/", nameof(SendResult.Permanent))]
    [InlineData("400 Bad Request\r\nx-amzn-ErrorType: BadRequestException", nameof(SendResult.Permanent))]
    [InlineData("400 Bad Request\r\nx-amzn-ErrorType: MailFromDomainNotVerifiedException", nameof(SendResult.Temporary))]
    [InlineData("400 Bad Request\r\nx-amzn-ErrorType: SendingPausedException", nameof(SendResult.Temporary))]
    [InlineData("400 Bad Request\r\nx-amzn-ErrorType: AccountSuspendedException", nameof(SendResult.Temporary))]
    [InlineData("400 Bad Request\r\nx-amzn-ErrorType: LimitExceededException", nameof(SendResult.Temporary))]
    [InlineData("403 Forbidden\r\nx-amzn-ErrorType: AccessDeniedException", nameof(SendResult.Temporary))]
    [InlineData("404 Not Found\r\nx-amzn-ErrorType: NotFoundException", nameof(SendResult.Temporary))]
    [InlineData("429 Too Many Requests\r\nx-amzn-ErrorType: TooManyRequestsException", nameof(SendResult.Temporary))]
    [InlineData("503 Service Unavailable", nameof(SendResult.Temporary))]
    [InlineData("500 Internal Server Error", nameof(SendResult.Uncertain))]
    [InlineData("302 Found\r\nLocation: http://127.0.0.1:1/", nameof(SendResult.Temporary))]
    [InlineData("drop-body", nameof(SendResult.Uncertain))]
    public async Task The_outcome_says_whether_it_left(string answer, string result)
    {
        await using var sink = new HttpSink { Answer = answer };
        using var aws = Services(sink.Url);
        var outcome = await Channel(aws).SendAsync("o1", Mails.Answer(), default);
        Assert.Equal(result, outcome.Result.ToString());
        // Once: SES would not know it again.
        Assert.Single(sink.Requests);
        Assert.DoesNotContain("@", outcome.Detail, StringComparison.Ordinal);
        Assert.False(outcome.AddressRefused);
    }

    [Fact]
    public async Task Nobody_listening_and_no_role_are_temporary()
    {
        var sink = new HttpSink();
        using var aws = Services(sink.Url);
        await sink.DisposeAsync();
        Assert.Equal(SendResult.Temporary, (await Channel(aws).SendAsync("o1", Mails.Answer(), default)).Result);
        using var nobody = new AwsServices(new() { Region = AwsFront.Region, Endpoint = sink.Url }, static name => name == "AWS_EC2_METADATA_DISABLED" ? "true" : null, TimeProvider.System);
        Assert.Equal(SendResult.Temporary, (await Channel(nobody).SendAsync("o1", Mails.Answer(), default)).Result);
        Assert.Equal(SendResult.Temporary, (await new SesChannel(new(), null).SendAsync("o1", Mails.Answer(), default)).Result);
    }

    [Fact]
    public async Task A_server_that_hangs_after_the_mail_leaves_it_uncertain()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var sink = new HttpSink { Answer = "hang" };
        using var aws = Services(sink.Url, time);
        var sending = Channel(aws).SendAsync("o1", Mails.Answer(), default);
        await sink.Reached.Task;
        time.Advance(TimeSpan.FromSeconds(70));
        Assert.Equal(SendResult.Uncertain, (await sending).Result);
    }

    [Fact]
    public void Settings_say_where_SES_is()
    {
        var settings = new ReplyMintSettings { Outbound = new() { Channel = "ses" } };
        Assert.StartsWith("aws.region must be set", Assert.Single(settings.Problems()), StringComparison.Ordinal);
        Assert.Empty((settings with { Aws = new() { Region = "eu-central-1" } }).Problems());
        Assert.StartsWith("outbound.ses.configurationSet", Assert.Single(new OutboundSettings { Channel = "ses", Ses = new() { ConfigurationSet = "a b" } }.Problems()), StringComparison.Ordinal);
    }
}

using System.Net;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Mail;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Inbound;

public sealed class MailgunStrictTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("recipient", "help@other.example")]
    [InlineData("sender", "")]
    [InlineData("message-headers", "[]")]
    [InlineData("timestamp", "1")]
    [InlineData("token", "x")]
    [InlineData("signature", "x")]
    public async Task A_decisive_field_with_two_values_is_refused(string name, string value)
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, await host.PostAsync([new(name, value), .. MailgunForm.Mail(), .. host.Sign()]));
        Assert.Empty(host.Delivered);
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail(), new("recipient", "help@example.com"), .. host.Sign()]));
    }

    [Theory]
    [InlineData(" 1764000000")]
    [InlineData("1764000000 ")]
    [InlineData("+176400000")]
    [InlineData("176400000")]
    [InlineData("17640000000")]
    [InlineData("1764000000.0")]
    [InlineData("１７６４００００００")]
    public async Task A_timestamp_of_another_form_is_refused_however_it_is_signed(string timestamp)
    {
        await using var host = await MailgunHost.StartAsync();
        var token = new string('a', 50);
        var signature = Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes(MailgunHost.Key), System.Text.Encoding.UTF8.GetBytes(timestamp + token)));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(), new("timestamp", timestamp), new("token", token), new("signature", signature)]));
    }

    [Theory]
    [InlineData(49)]
    [InlineData(51)]
    [InlineData(0)]
    public async Task Digits_do_not_move_between_timestamp_and_token(int length)
    {
        await using var host = await MailgunHost.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign(token: new string('1', length))]));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.PostAsync([.. MailgunForm.Mail(), .. host.Sign(token: new string('A', 50))]));
    }

    [Fact]
    public async Task A_channel_says_for_itself_whether_its_verdicts_count()
    {
        await using var host = await MailgunHost.StartAsync(verdicts: true);
        var path = $"/webhooks/mailgun/{host.OtherChannel.Id}/inbound";
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail("help@other.example", headers: "X-Mailgun-Spf: Pass"), .. host.Sign(MailgunHost.ChannelKey)], path));
        Assert.Equal(SenderAuthentication.Unknown, Assert.Single(host.Delivered).Raw.ChannelVerdict);
        Assert.True(await host.Get<Channels>().ChangeAsync(host.OtherChannel.Id, channel => channel with { Verdicts = true }, Actor.Machine, None));
        Assert.Equal(HttpStatusCode.OK, await host.PostAsync([.. MailgunForm.Mail("help@other.example", id: "2@customer.example", headers: "X-Mailgun-Spf: Pass"), .. host.Sign(MailgunHost.ChannelKey)], path));
        Assert.Equal(AuthResult.Pass, host.Delivered[1].Raw.ChannelVerdict!.Spf);
    }

    [Fact]
    public async Task A_spent_signature_stays_spent_over_a_restart()
    {
        using var folder = new TemporaryFolder();
        var first = await ProductHost.StartAsync(folder: folder);
        var channel = await first.Get<Channels>().AddAsync(Channel.Operator, Channel.Mailgun, MailgunHost.ChannelKey, Actor.Machine, None);
        var path = $"webhooks/mailgun/{channel.Id}/inbound";
        var signature = MailgunForm.Sign(MailgunHost.ChannelKey, first.Time.GetUtcNow(), new string('b', 50));
        var mail = MailgunForm.Mail(ProductHost.Address);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(first, path, [.. mail, .. signature]));
        await first.StopAsync();

        var second = await ProductHost.StartAsync(folder: folder, time: first.Time, of: first.Tenant);
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(second, path, [.. MailgunForm.Mail(ProductHost.Address, id: "2@customer.example", text: "Something else"), .. signature]));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(second, path, [.. mail, .. signature]));
        Assert.Single(await second.ListAsync());
        await second.StopAsync();
    }

    private static async Task<HttpStatusCode> PostAsync(ProductHost host, string path, IEnumerable<KeyValuePair<string, string>> fields)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(host.Http, path), new FormUrlEncodedContent(fields), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}

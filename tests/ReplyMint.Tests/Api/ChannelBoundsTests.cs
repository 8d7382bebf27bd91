using System.Net;
using ReplyMint.Accounts;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>A tenant's ways in are few, and the id of one in an address is asked for its form first.</summary>
public sealed class ChannelBoundsTests
{
    [Fact]
    public async Task A_tenant_has_at_most_20_however_many_are_added_at_once()
    {
        await using var api = await ApiHost.StartAsync();
        var wanted = new { kind = "ses", topics = (string[])["arn:aws:sns:eu-west-1:123456789012:mail-in"] };

        var answers = await Task.WhenAll(Enumerable.Range(0, 2 * Channel.MostOfTenant).Select(_ => api.PostAsync("admin", "channels", wanted)));

        Assert.Equal(Channel.MostOfTenant, answers.Count(answer => answer.Code == 201));
        Assert.Equal(Channel.MostOfTenant, answers.Count(answer => answer.Code == 409));
        Assert.Equal(Channel.MostOfTenant, (await api.GetAsync("admin", "channels")).Expect(200)["items"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("mailgun/{0}/inbound")]
    [InlineData("mailgun/{0}/events")]
    [InlineData("ses/{0}")]
    public async Task What_has_not_the_form_of_an_id_is_no_channel_and_no_key(string path)
    {
        WatchedStore store = null!;
        await using var api = await ApiHost.StartAsync(services: services => store = WatchedStore.Put(services));
        foreach (var id in (string[])["m~x", new string('m', 65), "m%2Fx"])
        {
            using var http = new HttpClient();
            var address = new Uri(api.Product.Http, "webhooks/" + string.Format(System.Globalization.CultureInfo.InvariantCulture, path, id));
            using HttpContent body = path.StartsWith("ses", StringComparison.Ordinal) ? new StringContent(Inbound.SnsMail.Of("{}", api.Product.Time.GetUtcNow()).Sign(Inbound.SesHost.Key).Json())
                : path.EndsWith("events", StringComparison.Ordinal) ? new StringContent("{\"signature\":{\"timestamp\":\"1\",\"token\":\"t\",\"signature\":\"s\"},\"event-data\":{}}", System.Text.Encoding.UTF8, "application/json")
                : new FormUrlEncodedContent([new("timestamp", "1"), new("token", "t"), new("signature", "s")]);
            using var answer = await http.PostAsync(address, body);
            Assert.InRange((int)answer.StatusCode, 400, 499);
        }

        Assert.DoesNotContain(store.Read, key => key.Sort.StartsWith("channel-owner/", StringComparison.Ordinal));
    }
}

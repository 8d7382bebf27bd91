using System.Net;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Whoever guesses at a door is slowed where he comes from (AUTH-7).</summary>
public sealed class GuessingTests
{
    private const int Burst = 4;

    private static Task<ProductHost> StartAsync() =>
        ProductHost.StartAsync(settings: s => s with { Requests = s.Requests with { FailedFromNetwork = new() { PerMinute = 1, Burst = Burst } } });

    [Fact]
    public async Task Wrong_links_are_slowed()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < Burst; i++)
            Assert.Equal(400, (await host.CompleteAsync(new string('a', 43), new string('b', 43))).Code);
        Assert.Equal(429, (await host.CompleteAsync(new string('a', 43), new string('b', 43))).Code);
    }

    [Fact]
    public async Task Wrong_invitations_are_slowed()
    {
        await using var host = await StartAsync();
        var guess = new { token = new string('a', 43), challenge = SignInLinks.ChallengeOf(new string('b', 43)) };
        for (var i = 0; i < Burst; i++)
            Assert.Equal(400, (await host.PostAsync("/api/v1/invitations/accept", guess)).Code);
        Assert.Equal(429, (await host.PostAsync("/api/v1/invitations/accept", guess)).Code);
    }

    [Fact]
    public async Task Wrong_second_factors_are_slowed()
    {
        await using var host = await StartAsync();
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Admin), factor: false)).AccessToken;
        Assert.Equal(200, (await host.PostAsync("/api/v1/me/second-factor/totp", null, token)).Code);
        for (var i = 0; i < Burst; i++)
            Assert.Equal(403, (await host.PostAsync("/api/v1/me/second-factor/totp/confirm", new { code = "000000" }, token)).Code);
        Assert.Equal(429, (await host.PostAsync("/api/v1/me/second-factor/totp/confirm", new { code = "000000" }, token)).Code);
    }

    [Fact]
    public async Task Wrong_keys_are_slowed_and_good_ones_are_not()
    {
        await using var host = await StartAsync();
        using var good = await host.KeyClientAsync("messages:read");
        using var bad = host.Client();
        bad.DefaultRequestHeaders.Add("X-API-Key", "rm_test_nonsense");
        async Task<HttpStatusCode> AskAsync(HttpClient client)
        {
            using var answer = await client.GetAsync(new Uri("/api/v1/me", UriKind.Relative));
            return answer.StatusCode;
        }
        Assert.Equal(HttpStatusCode.OK, await AskAsync(good));
        for (var i = 0; i < Burst; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(bad));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync(bad));
        // Who was known before goes on.
        Assert.Equal(HttpStatusCode.OK, await AskAsync(good));
    }
}

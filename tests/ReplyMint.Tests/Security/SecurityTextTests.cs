using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

/// <summary>Who finds a hole finds whom to tell, where the operator named somebody, and nothing where not.</summary>
public sealed class SecurityTextTests
{
    private static readonly SecurityTextSettings Named = new() { Contacts = ["mailto:security@example.com", "https://example.com/report"], Policy = "https://example.com/disclosure", Languages = ["en", "de"] };

    [Fact]
    public async Task It_says_what_RFC_9116_asks_for()
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2030-03-10T12:34:56Z", System.Globalization.CultureInfo.InvariantCulture));
        await using var host = await TestHost.StartAsync(TestHost.Production(s => s.SecurityText = Named), services: services => services.AddSingleton<TimeProvider>(time));
        var answer = await Ask(host);
        Assert.Equal(200, answer.Status);
        Assert.Equal("text/plain; charset=utf-8", answer["Content-Type"]);
        Assert.Equal("nosniff", answer["X-Content-Type-Options"]);
        Assert.Equal("DENY", answer["X-Frame-Options"]);
        Assert.Equal("""
            Contact: mailto:security@example.com
            Contact: https://example.com/report
            Expires: 2030-06-08T00:00:00Z
            Preferred-Languages: en, de
            Canonical: https://api.example.com/.well-known/security.txt
            Policy: https://example.com/disclosure

            """, answer.Body);
        // However long it runs, what it serves is not over, and not good for more than a year.
        time.Advance(TimeSpan.FromDays(1_000));
        var expires = DateTimeOffset.Parse((await Ask(host)).Body.Split('\n').Single(line => line.StartsWith("Expires: ", StringComparison.Ordinal))[9..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(expires - time.GetUtcNow(), TimeSpan.FromDays(30), TimeSpan.FromDays(365));
        Assert.Equal("", (await Ask(host, "HEAD")).Body);
        Assert.Equal(405, (await Ask(host, "POST")).Status);
    }

    [Fact]
    public async Task Without_a_contact_there_is_none()
    {
        await using var host = await TestHost.StartAsync(TestHost.Production());
        Assert.Equal(404, (await Ask(host)).Status);
    }

    [Theory]
    [InlineData("security@example.com")]
    [InlineData("http://example.com/report")]
    [InlineData("mailto:security@example.com\nContact:mailto:somebody@example.net")]
    [InlineData("https://example.com/report\nContact:https://example.net")]
    [InlineData("javascript:alert(1)")]
    [InlineData("mailto:")]
    [InlineData("")]
    public void What_is_no_contact_is_refused(string contact) => Assert.StartsWith("http.securityText.contacts: ", Assert.Single(new SecurityTextSettings { Contacts = [contact] }.Problems()), StringComparison.Ordinal);

    [Fact]
    public void A_wrong_policy_or_language_is_refused()
    {
        Assert.Empty(Named.Problems());
        Assert.Single(new SecurityTextSettings { Policy = "http://example.com/" }.Problems());
        Assert.Single(new SecurityTextSettings { Languages = ["en\r\nX: y"] }.Problems());
        // The settings as a whole say so, too.
        Assert.NotEmpty(TestHost.Production(s => s.SecurityText = new() { Contacts = ["nobody"] }).Problems());
    }

    private static Task<Answer> Ask(TestHost host, string method = "GET") => host.AskAsync(method, SecurityText.Path, ["Host: " + TestHost.PublicName, "X-Forwarded-Proto: https"]);
}

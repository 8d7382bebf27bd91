using ReplyMint.Security;
using Xunit;

namespace ReplyMint.Tests.Security;

/// <summary>With what the product itself fetches certificates of SNS and of Amazon's authorities, where the tests of mail have a world of their own.</summary>
public sealed class SnsTrustTests
{
    /// <summary>Amazon's authorities hand their certificates out by plain http: who refuses that finds no chain to a root, and takes no mail by SNS.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:1/r2m02.cer")]
    [InlineData("https://127.0.0.1:1/SimpleNotificationService-1.pem")]
    public async Task An_address_is_judged_by_where_it_leads_and_not_by_its_scheme(string address)
    {
        using var http = SnsTrust.OfMachine().Http;
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(address), TestContext.Current.CancellationToken));
        Assert.Contains("leads to 127.0.0.1 port 1, which is not on", refused.ToString(), StringComparison.Ordinal);
    }
}

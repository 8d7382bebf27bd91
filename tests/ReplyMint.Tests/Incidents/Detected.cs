using System.Net;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>The product behind a proxy of this machine, so that requests come from wherever a test says.</summary>
internal static class Detected
{
    public const string Here = "93.184.216.34";
    public const string There = "8.8.8.8";

    public static Task<ProductHost> StartAsync(Func<DetectionSettings, DetectionSettings>? detection = null, string? knowledge = null, TemporaryFolder? folder = null) => ProductHost.StartAsync(
        settings: s => s with { Http = s.Http with { Proxies = ["127.0.0.1"] }, Detection = detection?.Invoke(s.Detection) ?? s.Detection }, knowledge: knowledge, folder: folder);

    public static async Task<int> AskAsync(this ProductHost host, string path, string network, string? key = null, HttpMethod? method = null, HttpContent? body = null)
    {
        using var client = host.Client();
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(path, UriKind.Relative)) { Content = body };
        request.Headers.Add("X-Forwarded-For", network);
        if (key is not null)
            request.Headers.Add("X-API-Key", key);
        using var answer = await client.SendAsync(request);
        return (int)answer.StatusCode;
    }

    /// <summary>All alerts of the detectors, after they looked.</summary>
    public static async Task<IReadOnlyList<Alert>> SeenAsync(this ProductHost host)
    {
        await host.Get<Detection>().FlushAsync(default);
        return [.. (await host.Get<Alerts>().NewestAsync(200, default)).Where(alert => DetectorNames.All.Contains(alert.Kind))];
    }

    public static async Task<Alert> OneAsync(this ProductHost host, string kind)
    {
        // What became of a mail is noted behind its decision.
        var alert = Assert.Single(await ProductHost.EventuallyAsync(async () => await host.SeenAsync() is { Count: > 0 } seen ? seen : null));
        Assert.Equal(kind, alert.Kind);
        return alert;
    }

    public static string MarkOf(this ProductHost host, string network) => host.Get<SecurityEvents>().MarkOf(IPAddress.Parse(network))!.Value.Near;

    /// <summary>A text of the right form that is nobody's.</summary>
    public static string WrongKey(string? id = null) => ApiKeyText.New(false, id ?? Ids.Random('k')).Text;

    public static async Task ScanAsync(this ProductHost host, string network, int from = 0, int count = 30)
    {
        for (var i = from; i < from + count; i++)
            await host.AskAsync($"/wp-{i}.php", network);
    }
}

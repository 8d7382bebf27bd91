using System.Text.Json.Nodes;
using ReplyMint.Privacy;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>What the tests of erasures share.</summary>
internal static class ErasureHost
{
    /// <summary>Erases by the API and waits for the end.</summary>
    public static async Task<JsonNode> EraseAsync(this ApiHost api, object wanted)
    {
        var started = (await api.PostAsync("admin", "erasures", wanted)).Expect(202);
        return await api.DoneAsync((string)started["id"]!);
    }

    public static Task<JsonNode> DoneAsync(this ApiHost api, string id) => ProductHost.EventuallyAsync(async () =>
        (await api.GetAsync("auditor", "erasures/" + id)).Expect(200) is { } now && (string)now["state"]! == "done" ? now : null);

    /// <summary>Runs an erasure to its end, as the job would.</summary>
    public static async Task<Erasure> FinishAsync(this ProductHost host, ErasureStart start)
    {
        var erasure = Assert.IsType<ErasureStart.Started>(start).Erasure;
        while (await host.Get<ErasureWork>().RunAsync(erasure.Home, erasure.Id, default) is { Progress: not Progress.Done })
        {
            // Each look does the next piece.
        }
        return (await host.Get<Erasures>().FindAsync(erasure.Home, erasure.Id, default))!.Erasure;
    }
}

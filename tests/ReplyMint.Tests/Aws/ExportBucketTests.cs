using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Aws;
using ReplyMint.Cli;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>Exports over HTTP where processes share a store: made into a bucket, and fetched from it at an address that is good for two minutes.</summary>
public sealed class ExportBucketTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly BucketBench _bucket = new();

    public ValueTask InitializeAsync() => _bucket.InitializeAsync();

    public ValueTask DisposeAsync() => _bucket.DisposeAsync();

    [Fact]
    public async Task An_administrator_is_shown_to_the_file_and_the_address_ends()
    {
        await using var api = await StartAsync();
        var answered = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var ready = await ReadyAsync(api, new { scope = "tenant" });
        var id = (string)ready["id"]!;

        Assert.Equal(403, (await api.GetAsync("auditor", $"exports/{id}/file")).Code);
        await api.AddTenantAsync("other");
        Assert.Equal(404, (await api.GetAsync("other", $"exports/{id}/file")).Code);
        var shown = await api.GetAsync("admin", $"exports/{id}/file");
        Assert.Equal((303, ""), (shown.Code, shown.Text));
        var address = new Uri(shown.Location!);

        // Without any credential but the address, whole and in part, under its name.
        using var whole = await _bucket.Outside.GetAsync(address, Ct);
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        var bytes = await whole.Content.ReadAsByteArrayAsync(Ct);
        Assert.Equal((long)ready["size"]!, bytes.Length);
        using var zip = new ZipArchive(new MemoryStream(bytes));
        await using var manifest = await zip.GetEntry("manifest.json")!.OpenAsync(Ct);
        Assert.Equal(api.Tenant, (string?)JsonNode.Parse(manifest)!["tenant"]);
        await using var messages = await zip.GetEntry("messages.jsonl")!.OpenAsync(Ct);
        Assert.Contains(answered.Id, await new StreamReader(messages).ReadToEndAsync(Ct), StringComparison.Ordinal);
        // As a browser gets it, which can't follow there with its key.
        Assert.Equal(403, (await api.GetAsync("auditor", $"exports/{id}/address")).Code);
        Assert.Equal(404, (await api.GetAsync("other", $"exports/{id}/address")).Code);
        var given = (await api.GetAsync("admin", $"exports/{id}/address")).Expect(200);
        Assert.Equal(api.Product.Time.GetUtcNow() + ExportBucket.Life, (DateTimeOffset)given["until"]!);
        Assert.Equal(bytes, await _bucket.Outside.GetByteArrayAsync(new Uri((string)given["address"]!), Ct));
        using var part = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Range = new(100, 199) } };
        using var some = await _bucket.Outside.SendAsync(part, Ct);
        Assert.Equal(Convert.ToHexString(bytes, 100, 100), Convert.ToHexString(await some.Content.ReadAsByteArrayAsync(Ct)));

        // Another file, a longer life, another method: none of them is what was signed.
        foreach (var changed in (string[])[address.AbsoluteUri.Replace(id, "x" + new string('0', id.Length - 1), StringComparison.Ordinal), address.AbsoluteUri.Replace("X-Amz-Expires=120", "X-Amz-Expires=12000", StringComparison.Ordinal)])
            Assert.Equal(HttpStatusCode.BadRequest, (await _bucket.Outside.GetAsync(new Uri(changed), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await _bucket.Outside.DeleteAsync(address, Ct)).StatusCode);
        _bucket.Front.Now = () => DateTimeOffset.UtcNow + TimeSpan.FromSeconds(121);
        Assert.Equal(HttpStatusCode.BadRequest, (await _bucket.Outside.GetAsync(address, Ct)).StatusCode);
        Assert.Contains(_bucket.Front.Refused, refusal => refusal.EndsWith("the address is over", StringComparison.Ordinal));
        Assert.Equal(3, _bucket.Front.Refused.Count(refusal => refusal.EndsWith("the signature does not fit", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("taken back")]
    [InlineData("erased")]
    [InlineData("over")]
    public async Task A_file_goes_from_the_bucket_when_its_export_does(string how)
    {
        await using var api = await StartAsync();
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var id = (string)(await ReadyAsync(api, new { scope = "correspondent", correspondent = "anna@customer.example" }))["id"]!;
        var name = $"exports/{api.Tenant}/{id}";
        Assert.Equal([name], await NamesAsync());
        // The sweep of large mails, and an erased tenant's, leave it alone; its own sweep, too, while its export is there.
        await api.Product.Get<Exports>().SweepAsync(Ct);
        Assert.Equal([name], await NamesAsync());
        var address = new Uri((await api.GetAsync("admin", $"exports/{id}/file")).Location!);

        switch (how)
        {
            case "taken back":
                Assert.Equal(204, (await api.DeleteAsync("admin", $"exports/{id}")).Code);
                break;
            case "erased":
                (await api.PostAsync("admin", "erasures", new { correspondent = "anna@customer.example" })).Expect(202);
                break;
            default:
                api.Product.Time.Advance(Exports.Kept + TimeSpan.FromMinutes(10));
                break;
        }
        await _bucket.EmptyAsync(api.Product, "exports/");
        Assert.Equal(HttpStatusCode.NotFound, (await _bucket.Outside.GetAsync(address, Ct)).StatusCode);
    }

    /// <summary>Each run has the same time, as on Lambda: another would do no better.</summary>
    [Fact]
    public async Task One_that_takes_longer_than_it_may_says_so_once_and_leaves_nothing()
    {
        var tries = 0;
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = AwsRooms.Files(_bucket.Files) with
        {
            WriteAsync = async (name, write, ct) =>
            {
                Interlocked.Increment(ref tries);
                began.TrySetResult();
                await Task.Delay(Timeout.Infinite, ct);
                return 0;
            },
        };
        await using var api = await ApiHost.StartAsync(services: services => services.AddSingleton(slow).AddSingleton(new ExportTime(LambdaHost.LongestExport)), aws: _bucket.Aws);
        var id = (string)(await api.PostAsync("admin", "exports", new { scope = "tenant" })).Expect(202)["id"]!;
        await began.Task;
        api.Product.Time.Advance(LambdaHost.LongestExport);
        var failed = await ProductHost.EventuallyAsync(async () => (await api.GetAsync("admin", $"exports/{id}")).Expect(200) is var now && (string?)now["state"] == "failed" ? now : null);
        Assert.EndsWith("the operator's command has no such bound: replymint export", (string?)failed["failure"], StringComparison.Ordinal);
        Assert.Equal(409, (await api.GetAsync("admin", $"exports/{id}/file")).Code);
        Assert.Equal(409, (await api.GetAsync("admin", $"exports/{id}/address")).Code);
        api.Product.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(1, tries);
    }

    /// <summary>What a store that was put back no longer knows.</summary>
    [Fact]
    public async Task A_file_that_no_export_names_is_swept()
    {
        await using var api = await StartAsync();
        await _bucket.Files.WriteAsync($"exports/{api.Tenant}/x00000000000000000000000000", to => to.WriteAsync("left"u8.ToArray(), Ct).AsTask(), Ct);
        await api.Product.Get<Exports>().SweepAsync(Ct);
        Assert.Empty(await NamesAsync());
    }

    [Fact]
    public async Task A_large_file_goes_over_in_parts_and_is_there_as_a_whole_or_not_at_all()
    {
        const int Part = 5 * 1024 * 1024;
        var files = new S3Files(_bucket.Client, new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30)), TimeProvider.System, Part);
        var content = new byte[2 * Part + 4_321];
        new Random(7).NextBytes(content);
        Assert.Equal(content.Length, await files.WriteAsync("exports/t/large", async to =>
        {
            for (var at = 0; at < content.Length; at += 64 * 1024)
                await to.WriteAsync(content.AsMemory(at, Math.Min(64 * 1024, content.Length - at)), Ct);
        }, Ct));
        Assert.Equal(3, _bucket.Front.Calls.Count(call => call == $"PUT /{_bucket.Name}/exports/t/large"));
        using var answer = await _bucket.Outside.GetAsync(await files.AddressAsync("exports/t/large", "large.zip", TimeSpan.FromMinutes(1), Ct), Ct);
        Assert.Equal(content, await answer.Content.ReadAsByteArrayAsync(Ct));

        // What breaks off leaves neither a file nor parts of one.
        await Assert.ThrowsAsync<IOException>(() => files.WriteAsync("exports/t/broken", async to =>
        {
            await to.WriteAsync(content, Ct);
            throw new IOException("broken");
        }, Ct));
        Assert.Contains($"DELETE /{_bucket.Name}/exports/t/broken", _bucket.Front.Calls);
        Assert.Equal(["exports/t/large"], await files.ListAsync("exports/t/", Ct).ToListAsync(Ct));
    }

    private Task<ApiHost> StartAsync() => ApiHost.StartAsync(knowledge: "# Where is my parcel?\n\nYour parcel is on its way.", services: _bucket.Serve, aws: _bucket.Aws);

    private Task<List<string>> NamesAsync() => _bucket.NamesAsync("exports/");

    private static async Task<JsonNode> ReadyAsync(ApiHost api, object wish)
    {
        var id = (string)(await api.PostAsync("admin", "exports", wish)).Expect(202)["id"]!;
        return await ProductHost.EventuallyAsync(async () =>
        {
            var now = (await api.GetAsync("admin", $"exports/{id}")).Expect(200);
            Assert.NotEqual("failed", (string?)now["state"]);
            return (string?)now["state"] == "ready" ? now : null;
        });
    }
}

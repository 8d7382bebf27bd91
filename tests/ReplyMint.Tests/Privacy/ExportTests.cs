using System.IO.Compression;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>What is stored of somebody comes out whole, readable by others' programs, and goes into an empty installation again (GDPR-3).</summary>
public sealed class ExportTests
{
    private const string Knowledge = "# Where is my parcel?\n\nYour parcel is on its way.";

    [Fact]
    public async Task A_tenant_is_exported_by_a_job_and_fetched_in_parts_by_an_administrator_alone()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var answered = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var odd = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Hello\r\nFrom here on it is quoted\r\n>From there too\r\nno more", from: "ben@customer.example"));
        Assert.Equal(403, (await api.PostAsync("auditor", "exports", new { scope = "tenant" })).Code);
        var asked = (await api.PostAsync("admin", "exports", new { scope = "tenant" })).Expect(202);
        var id = (string)asked["id"]!;
        var ready = await ReadyAsync(api, id);
        Assert.Equal((2, 100), ((int)ready["messages"]!, (int)ready["percent"]!));
        Assert.Contains(await api.Product.Get<Alerts>().NewestAsync(10, default), alert => alert.Kind == "mass-export" && alert.Subject == api.Tenant);

        Assert.Equal(403, (await api.GetAsync("auditor", $"exports/{id}/file")).Code);
        await api.AddTenantAsync("other");
        Assert.Equal(404, (await api.GetAsync("other", $"exports/{id}/file")).Code);
        Assert.Equal(401, (await api.GetAsync("nobody", $"exports/{id}/file")).Code);

        var (whole, _) = await FetchAsync(api, id, null);
        Assert.Equal((long)ready["size"]!, whole.Length);
        var (begin, status) = await FetchAsync(api, id, new(0, 99));
        Assert.Equal((206, 100), (status, begin.Length));
        var rest = (await FetchAsync(api, id, new(100, null))).Bytes;
        Assert.Equal(Convert.ToHexString(whole), Convert.ToHexString([.. begin, .. rest]));
        Assert.Equal(416, (await FetchAsync(api, id, new(whole.Length, null))).Status);
        // As far as there is: also where one more than the last runs over.
        foreach (var last in new[] { whole.Length, long.MaxValue - 1, long.MaxValue })
            Assert.Equal((206, whole.Length - 100), (await FetchAsync(api, id, new(100, last))) is var (most, code) ? (code, most.Length) : default);
        Assert.Equal(416, (await FetchAsync(api, id, new(long.MaxValue, long.MaxValue))).Status);
        Assert.Equal((206, whole.Length), (await FetchAsync(api, id, new(null, long.MaxValue))) is var (end, told) ? (told, end.Length) : default);

        using var zip = new ZipArchive(new MemoryStream(whole));
        var manifest = JsonNode.Parse(Read(zip, "manifest.json"))!;
        foreach (var file in manifest["files"]!.AsArray())
        {
            var bytes = Read(zip, (string)file!["name"]!);
            Assert.Equal(((long)file["size"]!, (string)file["sha256"]!), (bytes.LongLength, Convert.ToHexStringLower(SHA256.HashData(bytes))));
        }
        var lines = Encoding.UTF8.GetString(Read(zip, "messages.jsonl")).Trim().Split('\n').Select(line => JsonNode.Parse(line)!).ToList();
        var first = lines.Single(line => (string)line["message"]!["id"]! == answered.Id);
        Assert.Equal(("anna@customer.example", "Answered"), ((string)first["summary"]!["from"]!["address"]!, (string)first["message"]!["state"]!));
        Assert.Contains("on its way", (string)first["answerMail"]!["text"]!, StringComparison.Ordinal);
        // Each line is as the schema's record says: nothing of it is unknown to it.
        Assert.All(lines, line => Assert.NotNull(System.Text.Json.JsonSerializer.Deserialize(line, ExportJson.Default.ExportedMessage)));
        Assert.NotNull(JsonNode.Parse(Read(zip, "schema.json"))!["$defs"]!["messages.jsonl"]);

        var box = Encoding.UTF8.GetString(Read(zip, "mails.mbox"));
        Assert.Contains("\n>From here on it is quoted\r\n>>From there too\r\n", box, StringComparison.Ordinal);
        var mails = new Dictionary<string, byte[]>();
        await foreach (var (message, mail) in Mbox.ReadAsync(new MemoryStream(Read(zip, "mails.mbox")), default))
            mails[message] = mail;
        Assert.Equal((await api.Product.Get<Messages>().RawAsync(odd, default))!.Value.ToArray(), mails[odd.Id]);
        Assert.Equal(2, mails.Count);
        // No secret of any kind.
        Assert.DoesNotContain(zip.Entries, entry => Encoding.UTF8.GetString(Read(zip, entry.FullName)).Contains("secret\"", StringComparison.OrdinalIgnoreCase) && entry.FullName != "schema.json");
    }

    [Fact]
    public async Task The_file_lies_sealed_and_goes_when_it_is_over()
    {
        await using var api = await ApiHost.StartAsync(settings: settings => settings with { Jobs = settings.Jobs with { SweepSeconds = 300 } });
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("marked-text-of-a-mail"));
        var id = (string)(await api.PostAsync("admin", "exports", new { scope = "tenant" })).Expect(202)["id"]!;
        await ReadyAsync(api, id);
        var file = Assert.Single(Files(api));
        Assert.DoesNotContain("manifest.json", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        // A changed byte is noticed: nothing of that piece goes out.
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^40] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await Assert.ThrowsAnyAsync<Exception>(() => FetchAsync(api, id, null));

        api.Product.Time.Advance(Exports.Kept + TimeSpan.FromMinutes(10));
        api.Add("admin", Role.Admin);
        Assert.Equal(404, (await api.GetAsync("admin", $"exports/{id}")).Code);
        await ProductHost.EventuallyAsync(() => Task.FromResult(Files(api).Length == 0 ? "gone" : null));
    }

    [Fact]
    public async Task A_correspondents_export_holds_his_mails_and_nobody_elses()
    {
        await using var api = await ApiHost.StartAsync();
        var his = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", from: "ben@customer.example"));
        Assert.Equal(400, (await api.PostAsync("admin", "exports", new { scope = "correspondent" })).Code);
        var id = (string)(await api.PostAsync("admin", "exports", new { scope = "correspondent", correspondent = "Anna@Customer.example" })).Expect(202)["id"]!;
        await ReadyAsync(api, id);
        using var zip = new ZipArchive(new MemoryStream((await FetchAsync(api, id, null)).Bytes));
        Assert.Equal(his.Id, (string)JsonNode.Parse(Read(zip, "messages.jsonl"))!["message"]!["id"]!);
        Assert.DoesNotContain("ben@", Encoding.UTF8.GetString(Read(zip, "mails.mbox")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_members_export_holds_what_he_did_and_a_strangers_fails()
    {
        await using var api = await ApiHost.StartAsync();
        var user = await api.Product.PersonAsync(Role.Admin, "carla@people.example");
        var id = (string)(await api.PostAsync("admin", "exports", new { scope = "user", user })).Expect(202)["id"]!;
        await ReadyAsync(api, id);
        using var zip = new ZipArchive(new MemoryStream((await FetchAsync(api, id, null)).Bytes));
        Assert.Equal("carla@people.example", (string)JsonNode.Parse(Read(zip, "user.json"))!["address"]!);
        Assert.Contains("member.add", Encoding.UTF8.GetString(Read(zip, "audit.jsonl")), StringComparison.Ordinal);

        var other = (string)(await api.PostAsync("admin", "exports", new { scope = "user", user = "unobody" })).Expect(202)["id"]!;
        var failed = await ProductHost.EventuallyAsync(async () => (await api.GetAsync("admin", $"exports/{other}")).Expect(200) is var state && (string)state["state"]! == "failed" ? state : null);
        Assert.Equal("there is no such person", (string)failed["failure"]!);
    }

    [Fact]
    public async Task An_export_that_broke_off_is_never_offered_and_starts_over()
    {
        var folder = new TemporaryFolder();
        var first = await ProductHost.StartAsync(folder: folder);
        var tenant = first.Tenant;
        await first.DeliverAndDecideAsync(first.Mail("Where is my parcel?"));
        await first.StopAsync();
        // As a process leaves it that is killed while it writes: half a file, of an export that nothing names.
        await using (var open = await OpenStore.OpenAsync(DataFolder.Open(folder.Sub("data")), folder.Sub("config"), new MasterKeySettings(), TimeProvider.System, default))
        {
            Directory.CreateDirectory(Path.Combine(open.Folder.Exports, tenant.Id));
            await File.WriteAllTextAsync(Path.Combine(open.Folder.Exports, tenant.Id, "xleft.part"), "half");
        }
        await using var second = await ProductHost.StartAsync(folder: folder, of: tenant);
        await ProductHost.EventuallyAsync(() => Task.FromResult(Directory.GetFiles(Path.Combine(second.DataFolder, "exports"), "*", SearchOption.AllDirectories).Length == 0 ? "gone" : null));
        var id = (await second.Get<Exports>().AskAsync(tenant.Id, ExportScope.Tenant, null, Actor.Machine, default))!.Id;
        await ProductHost.EventuallyAsync(async () => (await second.Get<Exports>().FindAsync(tenant.Id, id, default))?.Value is { State: ExportState.Ready } ready ? ready : null);
    }

    [Fact]
    public async Task An_export_whose_writing_fails_is_made_anew()
    {
        await using var api = await ApiHost.StartAsync();
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        // Where the tenant's folder should be lies a file: nothing can be written.
        var blocked = Path.Combine(api.Product.DataFolder, "exports", api.Tenant);
        await File.WriteAllTextAsync(blocked, "in the way");
        var id = (string)(await api.PostAsync("admin", "exports", new { scope = "tenant" })).Expect(202)["id"]!;
        Assert.Equal(409, (await api.GetAsync("admin", $"exports/{id}/file")).Code);
        File.Delete(blocked);
        var ready = await ProductHost.EventuallyAsync(async () =>
        {
            api.Product.Time.Advance(TimeSpan.FromSeconds(10));
            return (await api.GetAsync("admin", $"exports/{id}")).Expect(200) is var state && (string)state["state"]! == "ready" ? state : null;
        });
        Assert.Equal(1, (int)ready["messages"]!);
    }

    /// <summary>What it read before holds the one who is erased, and would lie there for a day.</summary>
    [Fact]
    public async Task An_export_that_is_being_made_while_somebody_is_erased_is_not_kept()
    {
        WatchedStore? watched = null;
        await using var api = await ApiHost.StartAsync(services: services => watched = WatchedStore.Put(services));
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var (mails, erased) = (Messages.KeyOf("", "").Sort, new TaskCompletionSource<Erasure>());
        watched!.AfterQuery = async range =>
        {
            // Only the export reads so: all mails up to now, oldest first.
            if (range.Prefix != mails || range.Before is null || range.Descending || erased.Task.IsCompleted || Files(api).Length == 0)
                return;
            erased.SetResult(await api.Product.FinishAsync(await api.Product.Get<Erasures>().CorrespondentAsync(api.Tenant, "anna@customer.example", Actor.Machine, default)));
        };
        var id = (string)(await api.PostAsync("admin", "exports", new { scope = "tenant" })).Expect(202)["id"]!;
        Assert.Equal(ErasureState.Done, (await erased.Task.WaitAsync(ProductHost.Patience, TestContext.Current.CancellationToken)).State);
        await api.Product.IdleAsync();
        Assert.Equal(404, (await api.GetAsync("admin", "exports/" + id)).Code);
        Assert.Empty(Files(api));
    }

    private static Task<JsonNode> ReadyAsync(ApiHost api, string id) =>
        ProductHost.EventuallyAsync(async () => (await api.GetAsync("admin", $"exports/{id}")).Expect(200) is var state && (string)state["state"]! == "ready" ? state : null);

    private static async Task<(byte[] Bytes, int Status)> FetchAsync(ApiHost api, string id, RangeItemHeaderValue? range)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api.Product.Http, $"/api/v1/exports/{id}/file"));
        request.Headers.Add("X-API-Key", "admin");
        if (range is not null)
            request.Headers.Range = new RangeHeaderValue(range.From, range.To);
        using var answer = await client.SendAsync(request);
        if (answer.IsSuccessStatusCode)
            Assert.Equal($"attachment; filename=export-{id}.zip", answer.Content.Headers.ContentDisposition?.ToString());
        return (await answer.Content.ReadAsByteArrayAsync(), (int)answer.StatusCode);
    }

    private static byte[] Read(ZipArchive zip, string name)
    {
        using var from = zip.GetEntry(name)!.Open();
        using var to = new MemoryStream();
        from.CopyTo(to);
        return to.ToArray();
    }

    private static string[] Files(ApiHost api) => Directory.GetFiles(Path.Combine(api.Product.DataFolder, "exports"), "*", SearchOption.AllDirectories);
}

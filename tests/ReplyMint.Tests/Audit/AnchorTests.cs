using System.Text;
using ReplyMint.Audit;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Audit;

/// <summary>Documents that leave the machine: written once, tried again, read back.</summary>
public sealed class AnchorTests : IDisposable
{
    private static readonly byte[] Document = "what was so\n"u8.ToArray();

    private readonly TemporaryFolder _elsewhere = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _elsewhere.Dispose();

    private static Task<ProductHost> StartAsync(params AnchorSettings[] anchors) => StartAsync(null, anchors);

    private static Task<ProductHost> StartAsync(TemporaryFolder? folder, AnchorSettings[] anchors) => ProductHost.StartAsync(
        settings: settings => settings with { Audit = new() { Anchors = anchors } }, folder: folder);

    private AnchorSettings Folder => new() { Folder = _elsewhere.Path };

    private static async Task<List<(string Name, string Text)>> ReadAsync(ProductHost host, string prefix)
    {
        var found = new List<(string, string)>();
        await foreach (var document in host.Get<Anchors>().ReadAsync(prefix, Ct))
            found.Add((document.Name, Encoding.UTF8.GetString(document.Bytes)));
        return found;
    }

    /// <summary>How many places lack a document.</summary>
    private static async Task<int> WaitingAsync(ProductHost host, string name)
    {
        var count = 0;
        await foreach (var item in host.Get<IStore>().AllAsync(Table.Main, KeyRing.Installation, "anchor/", Ct))
            count += System.Text.Json.JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.WaitingDocument)!.Name == name ? 1 : 0;
        return count;
    }

    [Fact]
    public async Task A_document_lies_in_the_folder_once_and_is_read_back()
    {
        await using var host = await StartAsync(Folder);
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct)).Everywhere);
        // The same again is no other document.
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct)).Everywhere);
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01b.json", Document, Ct)).Everywhere);
        Assert.Equal(Document, await File.ReadAllBytesAsync(_elsewhere.Sub("erasure/01a.json"), Ct));
        Assert.Equal(["erasure/01a.json", "erasure/01b.json"], (await ReadAsync(host, "erasure/")).Select(document => document.Name));
        Assert.Equal(["01a.json", "01b.json"], Directory.GetFiles(_elsewhere.Sub("erasure")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Another_document_of_the_same_name_is_never_written_and_the_operator_hears_of_it()
    {
        await using var server = await PutOnceServer.StartAsync();
        await using var host = await StartAsync(Folder, new() { Url = server.Url });
        await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct);
        var outcome = await host.Get<Anchors>().WriteAsync("erasure/01a.json", "something else"u8.ToArray(), Ct);
        Assert.Equal(new AnchorOutcome(0, 0, 2), outcome);
        Assert.False(outcome.Everywhere);
        Assert.Equal(Document, await File.ReadAllBytesAsync(_elsewhere.Sub("erasure/01a.json"), Ct));
        Assert.Equal(Document, server.Documents["erasure/01a.json"]);
        Assert.Equal(2, (await host.Get<Alerts>().NewestAsync(10, Ct)).Count(alert => alert.Kind == "anchor-conflict"));
    }

    [Fact]
    public async Task A_web_server_gets_each_document_once_with_the_token_and_gives_them_back_without_a_listing()
    {
        var token = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(20));
        await File.WriteAllTextAsync(_elsewhere.Sub("token"), token + "\n", Ct);
        File.SetUnixFileMode(_elsewhere.Sub("token"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var server = await PutOnceServer.StartAsync();
        await using var folder = new Started();
        string[] names = [.. Enumerable.Range(1, 5).Select(i => $"erasure/0{i}.json")];
        foreach (var name in names)
        {
            // A new process each time: it has to find out where the index goes on.
            var host = await folder.StartAsync(new AnchorSettings { Url = server.Url, Secret = "file:" + _elsewhere.Sub("token") });
            Assert.True((await host.Get<Anchors>().WriteAsync(name, Document, Ct)).Everywhere);
            Assert.Equal(names.TakeWhile(other => other != name).Append(name), (await ReadAsync(host, "erasure/")).Select(document => document.Name));
            await host.StopAsync();
        }
        Assert.All(server.Authorizations, said => Assert.Equal("Bearer " + token, said));
    }

    [Fact]
    public async Task What_a_place_does_not_take_waits_through_restarts_and_the_operator_hears_of_it_after_three_hours()
    {
        await using var server = await PutOnceServer.StartAsync();
        server.Status = 503;
        await using var folder = new Started();
        var first = await folder.StartAsync(new AnchorSettings { Url = server.Url });
        Assert.Equal(new AnchorOutcome(0, 1, 0), await first.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct));
        await first.StopAsync();
        var host = await folder.StartAsync(new AnchorSettings { Url = server.Url });
        Assert.DoesNotContain(await host.Get<Alerts>().NewestAsync(10, Ct), alert => alert.Kind == "anchor-behind");
        host.Time.Advance(Anchors.MostBehind + TimeSpan.FromMinutes(1));
        var alert = await ProductHost.EventuallyAsync(async () => (await host.Get<Alerts>().NewestAsync(10, Ct)).FirstOrDefault(a => a.Kind == "anchor-behind"));
        Assert.Contains("503", alert.Text, StringComparison.Ordinal);
        server.Status = null;
        await ProductHost.EventuallyAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            return Task.FromResult(server.Documents.GetValueOrDefault("erasure/01a.json"));
        });
        await host.StopAsync();
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_a_place_that_is_silent_can_not_be_read()
    {
        await using var other = await PutOnceServer.StartAsync();
        await using var server = await PutOnceServer.StartAsync();
        server.RedirectTo = other.Url;
        await using var host = await StartAsync(new AnchorSettings { Url = server.Url });
        Assert.Equal(1, (await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct)).Waiting);
        Assert.Empty(other.Documents);
        await Assert.ThrowsAsync<IOException>(() => ReadAsync(host, "erasure/"));
    }

    /// <summary>Whoever answers at a place can say what he likes, and none of it goes on for ever.</summary>
    [Theory]
    [InlineData("<html>welcome</html>")]
    [InlineData("erasure/other.json")]
    [InlineData("roots/other.json")]
    public async Task An_index_that_has_no_end_is_given_up_and_the_other_places_get_their_copies(string page)
    {
        await using var server = await PutOnceServer.StartAsync();
        server.Page = _ => page;
        await using var host = await StartAsync(new AnchorSettings { Url = server.Url }, Folder);
        Assert.Equal(new AnchorOutcome(1, 1, 0), await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct).WaitAsync(ProductHost.Patience, Ct));
        Assert.True(File.Exists(_elsewhere.Sub("erasure/01a.json")));
        if (page != "erasure/other.json")
            await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(host, "erasure/").WaitAsync(ProductHost.Patience, Ct));
        host.Time.Advance(Anchors.MostBehind + TimeSpan.FromMinutes(1));
        await ProductHost.EventuallyAsync(async () => (await host.Get<Alerts>().NewestAsync(10, Ct)).FirstOrDefault(a => a.Kind == "anchor-behind"));
    }

    [Fact]
    public async Task An_index_that_leads_elsewhere_is_not_followed()
    {
        await using var server = await PutOnceServer.StartAsync();
        await using var host = await StartAsync(new AnchorSettings { Url = server.Url });
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct)).Everywhere);
        server.Documents["other.json"] = "somebody's own"u8.ToArray();
        server.Documents["index/erasure/0000000002"] = "erasure/../other.json"u8.ToArray();
        await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(host, "erasure/"));
    }

    [Fact]
    public async Task Each_number_of_an_index_that_is_said_to_be_taken_is_not_tried_for_ever()
    {
        await using var server = await PutOnceServer.StartAsync();
        await using var host = await StartAsync(new AnchorSettings { Url = server.Url });
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct)).Everywhere);
        server.Page = name => name.StartsWith("index/", StringComparison.Ordinal) ? "erasure/other.json" : "what was so\n";
        Assert.Equal(1, (await host.Get<Anchors>().WriteAsync("erasure/01b.json", Document, Ct).WaitAsync(ProductHost.Patience, Ct)).Waiting);
    }

    [Fact]
    public async Task A_place_that_hangs_keeps_nobody_waiting_for_long_and_no_other_place_at_all()
    {
        var held = new TaskCompletionSource();
        await using var server = await PutOnceServer.StartAsync();
        server.Held = held.Task;
        using var patient = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await using var host = await ProductHost.StartAsync(
            settings: settings => settings with { Audit = new() { Anchors = [new() { Url = server.Url }, Folder] } }, services: services => services.AddSingleton(new OutsideClients(patient, patient, patient, patient)));
        var write = host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct);
        await ProductHost.EventuallyAsync(async () => await WaitingAsync(host, "erasure/01a.json") == 1 && !server.Authorizations.IsEmpty ? "" : null);
        Assert.True(File.Exists(_elsewhere.Sub("erasure/01a.json")));
        Assert.False(write.IsCompleted);
        host.Time.Advance(Anchors.MostPatience);
        Assert.Equal(new AnchorOutcome(1, 1, 0), await write.WaitAsync(ProductHost.Patience, Ct));
        held.SetResult();
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01b.json", Document, Ct)).Everywhere);
        Assert.Equal(Document, server.Documents["erasure/01a.json"]);
    }

    [Fact]
    public async Task A_pipe_in_a_documents_place_is_not_read()
    {
        await using var host = await StartAsync(Folder);
        Directory.CreateDirectory(_elsewhere.Sub("erasure"));
        using (var made = System.Diagnostics.Process.Start("mkfifo", _elsewhere.Sub("erasure/01a.json")))
            await made.WaitForExitAsync(Ct);
        await Assert.ThrowsAsync<IOException>(() => ReadAsync(host, "erasure/").WaitAsync(ProductHost.Patience, Ct));
        Assert.Equal(1, (await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct).WaitAsync(ProductHost.Patience, Ct)).Waiting);
    }

    [Fact]
    public async Task A_folder_that_is_not_mounted_gets_nothing_until_it_is()
    {
        var mount = _elsewhere.Sub("mount");
        await using var host = await StartAsync(new AnchorSettings { Folder = mount });
        Assert.Equal(1, (await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct)).Waiting);
        Assert.False(Directory.Exists(mount));
        Directory.CreateDirectory(mount);
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01b.json", Document, Ct)).Everywhere);
        Assert.Equal(2, (await ReadAsync(host, "erasure/")).Count);
    }

    [Fact]
    public async Task A_mailbox_gets_each_document_once_as_a_mail()
    {
        await using var host = await StartAsync(new AnchorSettings { Mail = "safe@elsewhere.example", From = ProductHost.Address });
        Assert.True((await host.Get<Anchors>().WriteAsync("erasure/01a.json", Document, Ct)).Everywhere);
        // The first root of the audit log goes there, too.
        var mails = await ProductHost.EventuallyAsync(() => Task.FromResult(host.OutFiles.Count == 2 ? host.OutFiles.Select(file => MimeKit.MimeMessage.Load(Path.Combine(host.OutFolder, file + ".eml"), Ct)).ToList() : null));
        Assert.All(mails, mail => Assert.Equal("safe@elsewhere.example", mail.To.Mailboxes.Single().Address));
        Assert.Contains("what was so", mails.Single(mail => mail.Subject == "ReplyMint record: erasure/01a.json").TextBody, StringComparison.Ordinal);
        Assert.False(host.Get<Anchors>().Readable);
    }

    [Theory]
    [InlineData("erasure")]
    [InlineData("../erasure/01")]
    [InlineData("erasure/../../01")]
    [InlineData("/erasure/01")]
    [InlineData("erasure//01")]
    [InlineData("erasure/.hidden")]
    [InlineData("erasure/a b")]
    [InlineData("erasure/01?x")]
    [InlineData("a/b/c/d/e")]
    public async Task A_name_leads_nowhere_else(string name)
    {
        await using var host = await StartAsync(Folder);
        await Assert.ThrowsAsync<ArgumentException>(() => host.Get<Anchors>().WriteAsync(name, Document, Ct));
        // The log's own roots go there; nothing else does.
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_elsewhere.Path), entry => Path.GetFileName(entry) != "roots");
    }

    [Fact]
    public void Settings_say_what_is_wrong()
    {
        static string[] Wrong(AnchorSettings place) => [.. new AuditSettings { Anchors = [place] }.Problems(needsHttps: true)];
        Assert.Contains("exactly one", Wrong(new()).Single(), StringComparison.Ordinal);
        Assert.Contains("exactly one", Wrong(new() { Folder = "/a", Mail = "a@b.example", From = "a@b.example" }).Single(), StringComparison.Ordinal);
        Assert.Contains("absolute", Wrong(new() { Folder = "a" }).Single(), StringComparison.Ordinal);
        Assert.Contains("https", Wrong(new() { Url = "http://elsewhere.example" }).Single(), StringComparison.Ordinal);
        Assert.Contains("https", Wrong(new() { Url = "https://user@elsewhere.example" }).Single(), StringComparison.Ordinal);
        Assert.Contains("never written into the settings", Wrong(new() { Url = "https://elsewhere.example", Secret = "0123456789" }).Single(), StringComparison.Ordinal);
        Assert.Contains("sender", Wrong(new() { Mail = "a@b.example" }).Single(), StringComparison.Ordinal);
        Assert.Empty(Wrong(new() { Url = "https://10.0.0.7/log", Secret = "credential:anchor" }));
    }

    /// <summary>One folder for hosts that follow each other.</summary>
    private sealed class Started : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Task<ProductHost> StartAsync(AnchorSettings place) => AnchorTests.StartAsync(_folder, [place]);

        public ValueTask DisposeAsync()
        {
            _folder.Dispose();
            return default;
        }
    }
}

using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Privacy;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Secrets;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>An import lost its process just before its last commit, and the server was started on what it left: nothing of it may be lost, nor go in.</summary>
public sealed class HalfImportTests : IDisposable
{
    private const string Box = "help@moved.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Mail_to_it_comes_again_until_it_is_whole()
    {
        await using var host = await ProductHost.StartAsync(services: services => WatchedStore.Put(services));
        var (file, tenant) = await FileAsync();
        await BreakOffAsync(host, file);
        Assert.Equal(Box, (await host.Get<Mailboxes>().FindAsync(Box, Ct))?.Address);
        var before = await CountAsync(host, tenant);
        var mail = host.Mail("Is anybody there?", to: Box);
        Assert.Equal("451 4.3.0 Come again later", await host.SmtpAsync(mail, recipient: Box));
        Assert.Equal(before, await CountAsync(host, tenant));
        // Others are none the worse for it.
        await host.DeliverAsync(host.Mail("Where is my parcel?"));

        Assert.IsType<ImportOutcome.Done>(await ImportAsync(host, file));
        Assert.StartsWith("250", await host.SmtpAsync(mail, recipient: Box), StringComparison.Ordinal);
        Assert.Equal(before + 1, await CountAsync(host, tenant));
    }

    [Fact]
    public async Task Its_keys_follow_a_new_master_key()
    {
        await using var run = await SecretsRun.StartAsync(services: services => WatchedStore.Put(services));
        var (file, tenant) = await FileAsync();
        await BreakOffAsync(run.Host, file);
        await run.OkAsync("", "secrets", "rotate", "master-key");
        foreach (var old in Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.before-*"))
            File.Delete(old);
        await run.RestartAsync();
        Assert.IsType<ImportOutcome.Done>(await ImportAsync(run.Host, file));
        await MasterKeyRotationTests.CheckAsync(run, 2);
        Assert.Equal(3, await CountAsync(run.Host, tenant));
    }

    private async Task<(string File, string Tenant)> FileAsync()
    {
        // The host that takes it in has a mailbox of the same address.
        var file = ExportedFile.Resealed(ExportedFile.Changed(await ExportedFile.WithManyMailsAsync(_folder.Sub("moved.zip"), 3, Ct),
            (name, text) => name == "mailboxes.jsonl" ? text.Replace(ProductHost.Address, Box, StringComparison.Ordinal) : text));
        return (file, await WithAsync(file, export => Task.FromResult(export.Manifest.Tenant)));
    }

    /// <summary>All is there but what makes it a tenant.</summary>
    private static async Task BreakOffAsync(ProductHost host, string file)
    {
        var watched = (WatchedStore)host.Get<IStore>();
        watched.BeforeCommit = commit =>
        {
            if (commit.Operations.Any(operation => operation.Key.Sort == "tenant"))
                throw new StoreUnavailableException("The process ended.");
        };
        Assert.IsType<ImportOutcome.BrokenOff>(await ImportAsync(host, file));
        watched.BeforeCommit = _ => { };
    }

    private static Task<ImportOutcome> ImportAsync(ProductHost host, string file) => WithAsync(file, export => host.Get<Importer>().ImportAsync(export, Actor.Machine, _ => { }, Ct));

    private static async Task<int> CountAsync(ProductHost host, string tenant) => (await host.Get<Messages>().ListAsync(tenant, 100, null, Ct)).Messages.Count;

    private static async Task<T> WithAsync<T>(string path, Func<ImportFile, Task<T>> use)
    {
        await using var stream = File.OpenRead(path);
        var (file, _) = await ImportFile.OpenAsync(stream, ImportBounds.Usual, Ct);
        using (file)
            return await use(file!);
    }
}

using System.Text;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>A large mail's file is there exactly as long as something names it (GDPR-1).</summary>
public sealed class LeftFilesTests
{
    private static string Large(ProductHost host) => host.Mail(string.Concat(Enumerable.Repeat("When do you open?\r\n", 20_000)));

    private static IReadOnlyList<string> Files(ProductHost host) => Directory.Exists(Folder(host)) ? Directory.GetFiles(Folder(host)) : [];

    private static string Folder(ProductHost host) => Path.Combine(host.DataFolder, "blobs", host.Tenant.Id);

    [Fact]
    public async Task Who_hangs_up_before_the_commit_leaves_a_stored_mail_or_nothing()
    {
        WatchedStore store = null!;
        await using var host = await ProductHost.StartAsync(services: services => store = WatchedStore.Put(services));
        using var hangUp = new CancellationTokenSource();
        // The file is on the disk by then.
        store.BeforeCommit = commit =>
        {
            if (commit.Operations.Any(operation => operation.Key.Sort.StartsWith("raw/", StringComparison.Ordinal)))
                hangUp.Cancel();
        };
        var caller = new Caller(CallerKind.Key, "k1", host.Tenant.Id, PermissionSet.Of(Permission.MessagesWrite));
        var delivery = AuthenticatedDelivery.From(Encoding.UTF8.GetBytes(Large(host)), new Envelope("anna@customer.example", ProductHost.Address), caller)!;

        try
        {
            await host.Get<Inbox>().AcceptAsync(delivery, hangUp.Token);
        }
        catch (OperationCanceledException)
        {
            // He is gone; what counts is what was left.
        }

        Assert.True(hangUp.IsCancellationRequested);
        Assert.Equal((await host.ListAsync()).Select(message => message.Id), Files(host).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_large_mail_that_its_copy_overtakes_leaves_no_file()
    {
        WatchedStore store = null!;
        await using var host = await ProductHost.StartAsync(services: services => store = WatchedStore.Put(services));
        var large = Large(host);
        Task<string>? copy = null;
        // Its file is on the disk by then; the commit that follows meets the copy's.
        store.BeforeCommit = commit =>
        {
            if (copy is not null || !commit.Operations.Any(operation => operation.Key.Sort.StartsWith("raw/", StringComparison.Ordinal)))
                return;
            copy = Task.Run(() => host.SmtpAsync(large));
            while (!copy.IsCompleted)
                Thread.Yield();
        };

        Assert.StartsWith("250", await host.SmtpAsync(large), StringComparison.Ordinal);

        Assert.StartsWith("250", await copy!, StringComparison.Ordinal);
        Assert.Single(await host.ListAsync());
        Assert.Single(Files(host));
    }

    [Fact]
    public async Task What_a_crash_left_is_removed_at_the_start_and_a_mail_that_is_named_stays()
    {
        var folder = new TemporaryFolder();
        var host = await ProductHost.StartAsync(folder: folder);
        var message = await host.DeliverAsync(Large(host));
        var named = Assert.Single(Files(host));
        var old = host.Time.GetUtcNow().UtcDateTime.AddDays(-2);
        var (left, half, young) = (named + "x", named + "y.part", named + "z");
        foreach (var file in (string[])[left, half, young])
            await File.WriteAllTextAsync(file, "sealed");
        foreach (var file in (string[])[named, left, half])
            File.SetLastWriteTimeUtc(file, old);
        await host.StopAsync();

        await using var again = await ProductHost.StartAsync(folder: folder, time: host.Time, of: host.Tenant);

        await ProductHost.EventuallyAsync(() => Task.FromResult<object?>(File.Exists(left) || File.Exists(half) ? null : "gone"));
        Assert.True(File.Exists(young));
        Assert.NotNull(await again.Get<Messages>().RawAsync(message, default));
    }
}

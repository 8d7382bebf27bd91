using System.Globalization;
using System.Text.Json;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>A wish counts from its commit on, not from when all that is stored was moved; and many wishes are one piece of work (GDPR-1).</summary>
public sealed class PendingHoldTests
{
    [Fact]
    public async Task What_comes_due_before_a_hold_has_reached_it_stays()
    {
        var (api, watched) = await StartAsync();
        await using var _ = api;
        await SetAsync(api, 1);
        await LaterAsync(api, async () => await RunAsync(api) is null);
        var held = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel? " + string.Join("\r\n", Enumerable.Repeat(new string('x', 70), 4_000))));
        var other = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", from: "ben@customer.example"));
        var file = Path.Combine(api.Product.DataFolder, "blobs", api.Tenant, held.Id);
        Assert.True(File.Exists(file));
        var walk = new TaskCompletionSource();
        watched.AfterQuery = range => Walks(range) ? walk.Task : Task.CompletedTask;

        (await api.PostAsync("admin", "legal-holds", new { reason = "case 12/34", correspondent = "anna@customer.example" })).Expect(201);
        // All there is of the mail comes due.
        api.Product.Leap(TimeSpan.FromDays(2));
        await PurgeAsync(api);
        // The job that removes the file came, and waits on.
        await ProductHost.EventuallyAsync(async () =>
        {
            if (await JobsAsync(api, Messages.BlobJob) is [var due] && due > api.Product.Time.GetUtcNow())
                return "put off";
            api.Product.Time.Advance(TimeSpan.FromMinutes(5));
            return null;
        });
        Assert.NotNull(await api.Product.Get<Messages>().RawAsync(held, default));
        Assert.True(File.Exists(file));
        api.Add("admin", Role.Admin);
        Assert.Contains("parcel", (await api.GetAsync("admin", $"messages/{held.Id}")).Expect(200)["text"]!.ToJsonString(), StringComparison.Ordinal);

        walk.SetResult();
        await LaterAsync(api, async () => await RunAsync(api) is null);
        Assert.Equal([null, null, null, null], (await api.Product.Get<IStore>().GetAsync([Messages.KeyOf(api.Tenant, held.Id), Messages.RawKey(api.Tenant, held.Id), MessageTexts.KeyOf(api.Tenant, held.Id), Receipts.KeyOf(api.Tenant, held.Id)], default)).Select(item => item!.Expires));
        Assert.True(File.Exists(file));
        // What nobody holds goes as soon as the held was moved.
        Assert.Null(await api.Product.Get<Messages>().FindAsync(api.Tenant, other.Id, default));
        Assert.Null(await api.Product.Get<IStore>().GetAsync(ExpiryPause.KeyOf(api.Tenant), default));
    }

    [Fact]
    public async Task What_is_stored_by_the_wish_before_while_a_run_goes_on_is_moved_by_its_last_pass()
    {
        var (api, watched) = await StartAsync();
        await using var _ = api;
        watched.Interrupt("message/", async () =>
        {
            (await api.PostAsync("admin", "legal-holds", new { reason = "case 12/34" })).Expect(201);
            // A pass was through before the mail was there.
            await ProductHost.EventuallyAsync(async () => await RunAsync(api) is { } run && JsonSerializer.Deserialize(run.Value.Span, PrivacyJson.Default.RetentionRun)!.Began is not null ? run : null);
        });
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        Assert.NotNull((await api.Product.Get<IStore>().GetAsync(Messages.RawKey(api.Tenant, message.Id), default))!.Expires);
        await LaterAsync(api, async () => await RunAsync(api) is null);
        Assert.Null((await api.Product.Get<IStore>().GetAsync(Messages.RawKey(api.Tenant, message.Id), default))!.Expires);
    }

    [Fact]
    public async Task A_hundred_changes_make_one_run()
    {
        var (api, watched) = await StartAsync();
        await using var _ = api;
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        int passes = 0;
        var walk = new TaskCompletionSource();
        watched.AfterQuery = async range =>
        {
            if (!Walks(range))
                return;
            Interlocked.Increment(ref passes);
            await walk.Task;
        };
        for (var i = 0; i < 100; i++)
        {
            await SetAsync(api, 5 + i % 2);
            Assert.Single(await JobsAsync(api, RetentionMove.JobKind));
        }
        walk.SetResult();
        await LaterAsync(api, async () => await RunAsync(api) is null);
        Assert.Equal(message.Record.ReceivedAt.AddDays(6), (await api.Product.Get<IStore>().GetAsync(Messages.RawKey(api.Tenant, message.Id), default))!.Expires);
        Assert.Empty(await JobsAsync(api, RetentionMove.JobKind));
        // The one that the changes came into, the one that began anew, and the one behind the last of them.
        Assert.InRange(passes, 2, 3);
    }

    [Fact]
    public async Task A_run_that_was_given_up_begins_again_with_the_next_wish()
    {
        var (api, watched) = await StartAsync();
        await using var _ = api;
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        watched.AfterQuery = range => Walks(range) ? throw new StoreUnavailableException("the test broke it") : Task.CompletedTask;
        (await api.PostAsync("admin", "legal-holds", new { reason = "case 12/34" })).Expect(201);
        await LaterAsync(api, async () => (await api.Product.Get<JobQueue>().DeadAsync(api.Tenant, default)).Count == 1, TimeSpan.FromMinutes(33));
        // Nothing goes meanwhile.
        api.Product.Leap(TimeSpan.FromDays(10));
        await PurgeAsync(api);
        watched.AfterQuery = _ => Task.CompletedTask;
        api.Add("admin", Role.Admin);
        (await api.PostAsync("admin", "legal-holds", new { reason = "case 56" })).Expect(201);
        await LaterAsync(api, async () => await RunAsync(api) is null);
        Assert.Empty(await api.Product.Get<JobQueue>().DeadAsync(api.Tenant, default));
        Assert.NotNull(await api.Product.Get<Messages>().RawAsync(message, default));
    }

    [Fact]
    public async Task A_thread_goes_with_its_newest_mail()
    {
        var (api, _) = await StartAsync();
        await using var __ = api;
        var first = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", messageId: "<first@customer.example>"));
        api.Product.Leap(TimeSpan.FromDays(2));
        var second = await api.Product.DeliverAndDecideAsync(api.Product.Mail("And the other one?", extra: "In-Reply-To: <first@customer.example>\r\nReferences: <first@customer.example>"));
        Assert.Equal(first.Record.Thread, second.Record.Thread);
        api.Add("admin", Role.Admin);
        await SetAsync(api, 1);
        await LaterAsync(api, async () => await RunAsync(api) is null);
        Assert.Null(await api.Product.Get<Messages>().FindAsync(api.Tenant, first.Id, default));
        Assert.Equal(second.Record.ReceivedAt.AddDays(1), (await api.Product.Get<IStore>().GetAsync(Threads.KeyOf(api.Tenant, second.Record.Thread), default))!.Expires);
    }

    private static async Task<(ApiHost Api, WatchedStore Watched)> StartAsync()
    {
        WatchedStore? watched = null;
        // Months in steps of two seconds would be many looks for jobs.
        var api = await ApiHost.StartAsync(settings: settings => settings with { Jobs = settings.Jobs with { SweepSeconds = 300 } }, services: services => watched = WatchedStore.Put(services));
        return (api, watched!);
    }

    private static async Task SetAsync(ApiHost api, int days)
    {
        var read = await api.GetAsync("admin", "retention");
        (await api.PutAsync("admin", "retention", new { rawDays = days, textDays = days, recordDays = days, attachments = false }, read.ETag)).Expect(200);
    }

    // The pass over all messages, the oldest first; lists for people begin with the newest.
    private static bool Walks(ReplyMint.Storage.Range range) => range is { Prefix: "message/", Descending: false };

    private static async Task<Item?> RunAsync(ApiHost api) => await api.Product.Get<IStore>().GetAsync(ItemKey.Main(api.Tenant, "retention-run"), default);

    private static async Task<List<DateTimeOffset>> JobsAsync(ApiHost api, string kind)
    {
        var due = new List<DateTimeOffset>();
        await foreach (var (job, at) in JobQueue.AllAsync(api.Product.Get<IStore>(), default))
            if (job.Kind == kind)
                due.Add(at);
        return due;
    }

    /// <summary>Lets the store remove what has expired, and sees that it did.</summary>
    private static async Task PurgeAsync(ApiHost api)
    {
        var (store, now) = (api.Product.Get<IStore>(), api.Product.Time.GetUtcNow());
        await store.CommitAsync(new Commit().Put(ItemKey.Main("purged", "raw/1"), "{}"u8.ToArray(), Condition.Any, expires: now.AddSeconds(90)), default);
        api.Product.Time.Advance(TimeSpan.FromMinutes(2));
        await ProductHost.EventuallyAsync(async () =>
        {
            await store.CommitAsync(new Commit().Put(ItemKey.Main("purged", "other"), "{}"u8.ToArray(), Condition.Any), default);
            return (await store.QueryAsync(Table.Main, "purged", new ReplyMint.Storage.Range(string.Create(CultureInfo.InvariantCulture, $"{RemovedItems.Prefix}{RemovedItems.Day(now)}/")), null, default)).Items.Count > 0 ? "removed" : null;
        });
    }

    /// <summary>Waits while the clock goes on.</summary>
    private static Task LaterAsync(ApiHost api, Func<Task<bool>> look, TimeSpan? step = null) => ProductHost.EventuallyAsync(async () =>
    {
        api.Product.Time.Advance(step ?? TimeSpan.FromSeconds(20));
        return await look() ? "so it is" : null;
    });
}

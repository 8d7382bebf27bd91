using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Aws;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Limits;

/// <summary>The installation's answers of an hour, where several processes share the store: taken in blocks, and never more than is allowed.</summary>
public sealed class InstallationRateTests : IAsyncLifetime
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly List<InstallationRate> _processes = [];
    private readonly List<DynamoStore> _stores = [];
    private DynamoBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await DynamoBench.OpenAsync(_time, stores: 0);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            process.Dispose();
        foreach (var store in _stores)
            await store.DisposeAsync();
        await _bench.DisposeAsync();
    }

    private DynamoStore Store()
    {
        _stores.Add(_bench.Make(_time));
        return _stores[^1];
    }

    /// <summary>A process of its own: what it holds in memory no other sees.</summary>
    private InstallationRate Process(int most)
    {
        _processes.Add(new(Store(), new() { InstallationHour = most }, _time));
        return _processes[^1];
    }

    private async Task<int> TakenAsync(InstallationRate of, int tries)
    {
        var taken = 0;
        for (var i = 0; i < tries; i++)
            if (await of.TakeAsync(new(), _time.GetUtcNow(), always: false, Ct))
                taken++;
        return taken;
    }

    private async Task<long> CountAsync(DateTimeOffset? at = null) => (await Store().GetAsync(RateWindows.Hour(KeyRing.Installation, at ?? _time.GetUtcNow()), Ct))?.Count ?? 0;

    [Fact]
    public async Task Two_processes_at_once_never_pass_the_bound()
    {
        var (one, other) = (Process(150), Process(150));
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => TakenAsync(i % 2 == 0 ? one : other, 40), Ct)));
        Assert.InRange(taken.Sum(), 1, 150);
        Assert.InRange(await CountAsync(), taken.Sum(), 150);
        // What one of them holds is its own; then there is no more, for neither, and for a third that starts now.
        await Task.WhenAll(TakenAsync(one, 150), TakenAsync(other, 150));
        Assert.Equal(150, await CountAsync());
        Assert.Equal(0, await TakenAsync(Process(150), 1));
    }

    [Fact]
    public async Task Many_answers_move_the_counter_seldom()
    {
        var one = Process(6_000);
        if (_bench.StandIn is not { } standIn)
        {
            Assert.Skip("Calls are counted on the stand-in only.");
            return;
        }
        var commits = standIn.Written;
        Assert.Equal(500, await TakenAsync(one, 500));
        Assert.InRange(standIn.Written - commits, 1, 40);
        // Slowly again, and the next block is one.
        _time.Advance(TimeSpan.FromSeconds(11));
        await TakenAsync(one, (int)(await CountAsync() - 500));
        var before = await CountAsync();
        Assert.Equal(1, await TakenAsync(one, 1));
        Assert.Equal(before + 1, await CountAsync());
    }

    [Fact]
    public async Task An_end_gives_nobody_more_and_an_hour_is_not_begun_with_all_of_it()
    {
        // Ends with some of a block unused.
        Assert.Equal(9, await TakenAsync(Process(20), 9));
        var left = 20 - await CountAsync();
        Assert.Equal(left, await TakenAsync(Process(20), 40));

        // 59 minutes later nearly all of it is still of the last hour.
        var held = Process(40);
        _time.SetUtcNow(new(2026, 11, 24, 12, 59, 0, TimeSpan.Zero));
        Assert.Equal(1, await TakenAsync(held, 1));
        // The third of these is the first of four.
        Assert.Equal(3, await TakenAsync(held, 3));
        Assert.Equal(27, await CountAsync());
        _time.SetUtcNow(new(2026, 11, 24, 13, 0, 0, TimeSpan.Zero));
        Assert.Equal(40 - 27, await TakenAsync(held, 60));
        // In half an hour half of the 27 are over, and none of the 13.
        _time.SetUtcNow(new(2026, 11, 24, 13, 30, 0, TimeSpan.Zero));
        Assert.Equal(40 - 13 - 13, await TakenAsync(held, 60));
    }

    [Fact]
    public async Task A_commit_that_does_not_happen_gives_back()
    {
        var one = Process(1);
        var store = Store();
        Assert.True(await one.TakeAsync(new(), _time.GetUtcNow(), always: false, Ct));
        Assert.False(await one.TakeAsync(new(), _time.GetUtcNow(), always: false, Ct));
        one.GiveBack(_time.GetUtcNow());
        Assert.True(await one.TakeAsync(new(), _time.GetUtcNow(), always: false, Ct));
        // A person's answer is counted, whatever is left.
        var person = new Commit();
        Assert.True(await one.TakeAsync(person, _time.GetUtcNow(), always: true, Ct));
        Assert.Equal(CommitResult.Committed, await store.CommitAsync(person, Ct));
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task Mail_above_the_bound_is_held_by_all_processes_and_none_is_lost()
    {
        await using var aws = new AwsInstallation();
        var folder = new TemporaryFolder();
        ReplyMintSettings Set(ReplyMintSettings settings) => settings with { Rates = new() { InstallationHour = 5 } };
        await using var one = await ProductHost.StartAsync(knowledge: Faq, folder: folder, time: _time, aws: aws, settings: Set);
        await using var other = await ProductHost.StartAsync(folder: AwsInstallation.Beside(folder), time: _time, of: one.Tenant, aws: aws, settings: Set);
        var mails = Enumerable.Range(0, 10).Select(i => one.Mail("How long does delivery take?", from: string.Create(CultureInfo.InvariantCulture, $"person{i}@customer.example"))).ToList();
        await Task.WhenAll(mails.Select((mail, i) => (i % 2 == 0 ? one : other).SmtpAsync(mail)));
        var decided = new List<MessageState>();
        foreach (var message in await one.ListAsync())
            decided.Add((await one.DecidedAsync(message)).Record.State);
        Assert.Equal(10, decided.Count);
        Assert.InRange(decided.Count(state => state == MessageState.Answered), 1, 5);
        Assert.All(decided, state => Assert.True(state is MessageState.Answered or MessageState.Held));
    }
}

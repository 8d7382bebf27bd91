using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Storage;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Knowledge;

public sealed class KnowledgeStoreTests : IAsyncLifetime
{
    private const string Tenant = "t1";
    private readonly TemporaryFolder _temporary = new();
    private OpenStore _open = null!;
    private AuditLog _audit = null!;

    public async ValueTask InitializeAsync()
    {
        _open = await OpenStore.OpenAsync(DataFolder.Open(_temporary.Sub("data")), _temporary.Sub("config"), new MasterKeySettings(), TimeProvider.System, CancellationToken.None);
        _audit = new AuditLog(_open.Store, TimeProvider.System);
        foreach (var tenant in (string[])[Tenant, "t2"])
        {
            var commit = new Commit();
            await _open.Keys.CreateAsync(commit, tenant, default);
            Assert.Equal(CommitResult.Committed, await _open.Store.CommitAsync(commit, CancellationToken.None));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _open.DisposeAsync();
        _temporary.Dispose();
    }

    private KnowledgeStore Store(IStore? store = null, int most = 20_000) =>
        new(store ?? _open.Store, _open.Keys, new PassageVectors(store ?? _open.Store, _open.Keys), _audit, TimeProvider.System, new KnowledgeSettings { MaxPassages = most });

    private KnowledgeIndexes Search(int megabytes = 64) =>
        new(Store(), new PassageVectors(_open.Store, _open.Keys), _open.Keys, _open.Folder, new KnowledgeSettings { CacheMegabytes = megabytes }, NullLogger<KnowledgeIndexes>.Instance);

    private static SourceReading Faq(string name, params (string Question, string Answer)[] pairs) =>
        PassageReader.Read(name, Encoding.UTF8.GetBytes(string.Join("\n\n", pairs.Select(pair => $"# {pair.Question}\n{pair.Answer}"))));

    private static async Task<string> Answer(KnowledgeIndexes search, string question, string tenant = Tenant) =>
        (await search.OpenAsync(tenant, CancellationToken.None)).Search(question, 1) is [var hit, ..] ? hit.Passage.Answer : "";

    private async Task<List<string>> PassageKeys()
    {
        var keys = new List<string>();
        await foreach (var item in _open.Store.AllAsync(Table.Main, Tenant, "passage/", CancellationToken.None))
            keys.Add(item.Key.Sort);
        return keys;
    }

    [Fact]
    public async Task What_is_added_is_found_replaced_listed_and_removed()
    {
        var (store, search) = (Store(), Search());
        Assert.Equal("", await Answer(search, "When do you open?"));
        var first = Faq("hours.md", ("When do you open?", "At nine."), ("Where is your shop?", "In Berlin."));
        Assert.Equal((AddOutcome.Added, 2), Outcome(await store.AddAsync(Tenant, first, Actor.Machine, CancellationToken.None)));
        Assert.Equal("At nine.", await Answer(search, "When do you open?"));
        Assert.Equal((AddOutcome.Unchanged, 2), Outcome(await store.AddAsync(Tenant, first, Actor.Machine, CancellationToken.None)));
        Assert.Equal((AddOutcome.Replaced, 1), Outcome(await store.AddAsync(Tenant, Faq("hours.md", ("When do you open?", "At ten.")), Actor.Machine, CancellationToken.None)));
        Assert.Equal("At ten.", await Answer(search, "When do you open?"));
        Assert.Single(await PassageKeys());
        var source = Assert.Single(await store.ListAsync(Tenant, CancellationToken.None));
        Assert.Equal(("hours.md", 1), (source.Name, source.Passages));
        Assert.Equal("", await Answer(search, "When do you open?", "t2"));
        Assert.True(await store.RemoveAsync(Tenant, "hours.md", Actor.Machine, CancellationToken.None));
        Assert.False(await store.RemoveAsync(Tenant, "hours.md", Actor.Machine, CancellationToken.None));
        Assert.Equal("", await Answer(search, "When do you open?"));
        Assert.Empty(await PassageKeys());
        Assert.Equal(["knowledge.remove", "knowledge.replace", "knowledge.add"], (await _audit.NewestAsync(Tenant, 10, CancellationToken.None)).Select(entry => entry.Act));
    }

    [Fact]
    public async Task Nothing_of_it_lies_open()
    {
        await Store().AddAsync(Tenant, Faq("confidential-hours.md", ("When do you open?", "At ninefold.")), Actor.Machine, CancellationToken.None);
        await Search().OpenAsync(Tenant, CancellationToken.None);
        await _open.DisposeAsync();
        var files = Directory.EnumerateFiles(_temporary.Sub("data"), "*", SearchOption.AllDirectories).ToList();
        Assert.Contains(files, file => file.EndsWith("index/t1", StringComparison.Ordinal));
        foreach (var file in files)
        {
            var bytes = await File.ReadAllBytesAsync(file);
            foreach (var word in (string[])["confidential", "ninefold", "When do you", "open?"])
                Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(word)) < 0, $"{word} lies open in {file}");
        }
    }

    [Fact]
    public async Task An_interrupted_change_shows_the_old_state_and_leaves_nothing_behind()
    {
        var old = Enumerable.Range(0, 150).Select(i => ($"Question number{i}?", $"Old {i}")).ToArray();
        var changed = Enumerable.Range(0, 150).Select(i => ($"Question number{i}?", $"New {i}")).ToArray();
        // Two commits of passages, the switch, two of removal: cut before each of them.
        for (var commits = 0; commits < 5; commits++)
        {
            var name = $"{commits}.md";
            await Store().AddAsync(Tenant, Faq(name, old), Actor.Machine, CancellationToken.None);
            await Assert.ThrowsAsync<IOException>(() => Store(new FailingStore(_open.Store, commits)).AddAsync(Tenant, Faq(name, changed), Actor.Machine, CancellationToken.None));
            var expected = commits < 3 ? "Old" : "New";
            var index = await Search().OpenAsync(Tenant, CancellationToken.None);
            Assert.Equal(Enumerable.Range(0, 150).Select(i => $"{expected} {i}"), index.All().Where(passage => passage.Source == name).Select(passage => passage.Answer));
            await Store().AddAsync(Tenant, Faq(name, old), Actor.Machine, CancellationToken.None);
            await Store().AddAsync(Tenant, Faq(name, changed), Actor.Machine, CancellationToken.None);
            Assert.Equal(150 * (commits + 1), (await PassageKeys()).Count);
        }
    }

    [Fact]
    public async Task Too_much_and_nothing_are_refused_with_the_reason()
    {
        var store = Store(most: 3);
        await store.AddAsync(Tenant, Faq("a.md", ("One?", "1"), ("Two?", "2")), Actor.Machine, CancellationToken.None);
        var much = await store.AddAsync(Tenant, Faq("b.md", ("Three?", "3"), ("Four?", "4")), Actor.Machine, CancellationToken.None);
        Assert.Equal(AddOutcome.Refused, much.Outcome);
        Assert.Contains("knowledge.maxPassages", Assert.Single(much.Problems).What, StringComparison.Ordinal);
        var nothing = await store.AddAsync(Tenant, PassageReader.Read("c.jsonl", "{\"question\":\"Only asks?\"}"u8.ToArray()), Actor.Machine, CancellationToken.None);
        Assert.Equal(AddOutcome.Refused, nothing.Outcome);
        Assert.Contains("without an answer", Assert.Single(nothing.Problems).What, StringComparison.Ordinal);
        Assert.Equal(AddOutcome.Replaced, (await store.AddAsync(Tenant, Faq("a.md", ("One?", "1"), ("Two?", "2"), ("Three?", "3")), Actor.Machine, CancellationToken.None)).Outcome);
    }

    [Theory]
    [InlineData("changed")]
    [InlineData("older")]
    [InlineData("other tenant")]
    [InlineData("absent")]
    [InlineData("folder")]
    public async Task An_index_file_that_does_not_open_is_made_anew(string what)
    {
        var file = Path.Combine(_open.Folder.Index, Tenant);
        await Store().AddAsync(Tenant, Faq("a.md", ("When do you open?", "At nine.")), Actor.Machine, CancellationToken.None);
        await Store().AddAsync("t2", Faq("a.md", ("When do you open?", "Never.")), Actor.Machine, CancellationToken.None);
        await Search().OpenAsync(Tenant, CancellationToken.None);
        await Search().OpenAsync("t2", CancellationToken.None);
        var bytes = await File.ReadAllBytesAsync(file);
        if (what == "changed")
            bytes[^30] ^= 1;
        else if (what == "older")
            await Store().AddAsync(Tenant, Faq("a.md", ("When do you open?", "At ten.")), Actor.Machine, CancellationToken.None);
        else if (what == "other tenant")
            bytes = await File.ReadAllBytesAsync(Path.Combine(_open.Folder.Index, "t2"));
        File.Delete(file);
        if (what == "folder")
            Directory.CreateDirectory(file);
        else if (what != "absent")
            await File.WriteAllBytesAsync(file, bytes);
        Assert.Equal(what == "older" ? "At ten." : "At nine.", await Answer(Search(), "When do you open?"));
    }

    [Fact]
    public async Task Many_search_while_knowledge_changes()
    {
        await Store().AddAsync(Tenant, Faq("a.md", ("When do you open?", "At 0.")), Actor.Machine, CancellationToken.None);
        var search = Search(8);
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var found = 0;
            while (!stop.IsCancellationRequested)
            {
                Assert.StartsWith("At ", await Answer(search, "When do you open?"), StringComparison.Ordinal);
                found++;
            }
            return found;
        })).ToArray();
        var store = Store();
        for (var i = 1; i <= 20; i++)
        {
            await store.AddAsync(Tenant, Faq("a.md", ("When do you open?", $"At {i}.")), Actor.Machine, CancellationToken.None);
            Assert.Equal($"At {i}.", await Answer(search, "When do you open?"));
        }
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), found => Assert.True(found > 0));
    }

    [Fact]
    public void Closed_indexes_are_the_least_used()
    {
        var index = KnowledgeIndex.Of([new Passage("1", "a", "Question?", "Answer")]);
        var cache = new IndexCache(index.Size * 2);
        cache.Put("a", index);
        cache.Put("b", index);
        Assert.NotNull(cache.Get("a", 0));
        cache.Put("c", index);
        Assert.Null(cache.Get("b", 0));
        Assert.NotNull(cache.Get("a", 0));
        Assert.Null(cache.Get("c", 1));
    }

    private static (AddOutcome, int) Outcome(AddResult result) => (result.Outcome, result.Passages);

    /// <summary>A store that breaks off behind so many commits.</summary>
    private sealed class FailingStore(IStore inner, int commits) : IStore
    {
        private int _left = commits;

        public bool IsShared => inner.IsShared;

        public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => inner.GetAsync(key, ct);

        public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => inner.QueryAsync(table, partition, range, cursor, ct);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct) => _left-- > 0 ? inner.CommitAsync(commit, ct) : throw new IOException("cut");
    }
}

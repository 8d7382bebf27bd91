using System.Text;
using Microsoft.Data.Sqlite;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Storage;

public sealed class SqliteStoreTests : StoreConformance
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Sub("replymint.db");

    private protected override ValueTask<IStore> OpenAsync() => new(SqliteStore.Open(File, _folder.Sub("backup"), Time));

    public override async ValueTask DisposeAsync()
    {
        await ((SqliteStore)Store).DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_committed_is_there_after_reopening()
    {
        await Store.CommitAsync(new Commit().Put(ItemKey.Main("t", "a"), "x"u8.ToArray(), Condition.Any), TestContext.Current.CancellationToken);
        await ((SqliteStore)Store).DisposeAsync();
        await using var again = SqliteStore.Open(File, _folder.Sub("backup"), Time);
        Assert.NotNull(await again.GetAsync(ItemKey.Main("t", "a"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_newer_store_is_refused_with_the_way_out()
    {
        using (var connection = new SqliteConnection($"Data Source={_folder.Sub("new.db")};Pooling=False"))
        {
            connection.Open();
            SqliteMigrations.Execute(connection, "PRAGMA user_version=99");
        }
        var refused = Assert.Throws<StoreRefusedException>(() => SqliteStore.Open(_folder.Sub("new.db"), _folder.Sub("backup"), Time));
        Assert.Contains("newer ReplyMint", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_refused_and_left_as_it_is()
    {
        var bytes = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("this is not a database ", 500)));
        System.IO.File.WriteAllBytes(_folder.Sub("bad.db"), bytes);
        var refused = Assert.Throws<StoreRefusedException>(() => SqliteStore.Open(_folder.Sub("bad.db"), _folder.Sub("backup"), Time));
        Assert.Contains("damaged", refused.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, System.IO.File.ReadAllBytes(_folder.Sub("bad.db")));
    }

    [Fact]
    public async Task A_commit_waits_for_whoever_holds_the_writers_lock_for_a_moment()
    {
        // As a reader does that met the log's head while it was written.
        using var other = new SqliteConnection($"Data Source={File};Pooling=False");
        other.Open();
        for (var round = 0; round < 30; round++)
        {
            SqliteMigrations.Execute(other, "BEGIN IMMEDIATE");
            var commit = Store.CommitAsync(new Commit().Put(ItemKey.Main("t", "a"), "x"u8.ToArray(), Condition.Any), TestContext.Current.CancellationToken);
            await Task.Yield();
            SqliteMigrations.Execute(other, "COMMIT");
            Assert.Equal(CommitResult.Committed, await commit);
        }
    }

    [Fact]
    public async Task A_pause_is_known_after_reopening_and_to_a_copy()
    {
        var ct = TestContext.Current.CancellationToken;
        var commit = new Commit().Put(ItemKey.Main("t", "mail/1"), "x"u8.ToArray(), Condition.Any, expires: Time.GetUtcNow().AddMinutes(1)).Put(ItemKey.Main("t", "token/1"), "x"u8.ToArray(), Condition.Any, expires: Time.GetUtcNow().AddMinutes(1));
        ExpiryPause.Add(commit, "t", null, Time.GetUtcNow(), ["mail"]);
        await Store.CommitAsync(commit, ct);
        await ((SqliteStore)Store).DisposeAsync();
        Time.Advance(TimeSpan.FromDays(1));
        StoreCopy.Make(File, _folder.Sub("copy.db"), _folder.Sub("keys.db"), Time.GetUtcNow());
        foreach (var file in (string[])[File, _folder.Sub("copy.db")])
        {
            await using var again = SqliteStore.Open(file, _folder.Sub("backup"), Time);
            await again.CommitAsync(new Commit().Put(ItemKey.Main("u", "other"), "x"u8.ToArray(), Condition.Any), ct);
            Assert.NotNull(await again.GetAsync(ItemKey.Main("t", "mail/1"), ct));
            Assert.Null(await again.GetAsync(ItemKey.Main("t", "token/1"), ct));
        }
    }

    [Fact]
    public async Task Expired_rows_leave_the_file_by_themselves()
    {
        var ct = TestContext.Current.CancellationToken;
        await Store.CommitAsync(new Commit().Put(ItemKey.Main("t", "old"), "x"u8.ToArray(), Condition.Any, expires: Time.GetUtcNow().AddMinutes(1)), ct);
        Time.Advance(TimeSpan.FromMinutes(2));
        await Store.CommitAsync(new Commit().Put(ItemKey.Main("t", "new"), "x"u8.ToArray(), Condition.Any), ct);
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = new PreparedCommand(connection, "SELECT count(*) FROM main WHERE s='old'", 0);
        Assert.Equal(0, command.ReadNumber());
    }

    [Fact]
    public async Task Retention_keeps_up_when_much_expires_at_once()
    {
        var ct = TestContext.Current.CancellationToken;
        for (var batch = 0; batch < 12; batch++)
        {
            var commit = new Commit();
            for (var i = 0; i < 100; i++)
                commit.Put(ItemKey.Main("t", $"old/{batch}/{i}"), "x"u8.ToArray(), Condition.Any, expires: Time.GetUtcNow().AddMinutes(1));
            await Store.CommitAsync(commit, ct);
        }
        Time.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 3; i++)
            await Store.CommitAsync(new Commit().Put(ItemKey.Main("t", $"new/{i}"), "x"u8.ToArray(), Condition.Any), ct);
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = new PreparedCommand(connection, "SELECT count(*) FROM main WHERE s LIKE 'old/%'", 0);
        Assert.Equal(0, command.ReadNumber());
    }

    [Fact]
    public async Task Hashes_of_seen_mails_move_below_their_correspondents_when_an_older_file_is_opened()
    {
        var ct = TestContext.Current.CancellationToken;
        await Store.CommitAsync(new Commit()
            .Put(ItemKey.Main("t", "message/m1"), """{"v":1,"id":"m1","person":"anna"}"""u8.ToArray(), Condition.Any)
            .Put(ItemKey.Main("t", "seen/hash1"), """{"v":1,"message":"m1"}"""u8.ToArray(), Condition.Any)
            .Put(ItemKey.Main("t", "seen/hash2"), """{"v":1,"message":"gone"}"""u8.ToArray(), Condition.Any), ct);
        await ((SqliteStore)Store).DisposeAsync();
        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            SqliteMigrations.Execute(connection, "PRAGMA user_version=1");
        }
        await using var again = SqliteStore.Open(File, _folder.Sub("backup"), Time);
        Assert.Equal(["seen/anna/hash1", "seen/hash2"], (await again.QueryAsync(Table.Main, "t", new ReplyMint.Storage.Range("seen/"), null, ct)).Items.Select(item => item.Key.Sort));
    }

    [Fact]
    public async Task What_is_deleted_is_not_in_the_files_any_more_once_the_log_is_folded_in()
    {
        var ct = TestContext.Current.CancellationToken;
        var words = string.Concat(Enumerable.Repeat("these-words-were-deleted ", 2_000));
        await Store.CommitAsync(new Commit().Put(ItemKey.Main("t", "large"), Encoding.ASCII.GetBytes(words), Condition.Any).Put(ItemKey.Main("t", "small"), "these-words-were-deleted"u8.ToArray(), Condition.Any), ct);
        await ((SqliteStore)Store).TruncateLogAsync(ct);
        Assert.True(Holds("these-words-were-deleted"));
        await Store.CommitAsync(new Commit().Delete(ItemKey.Main("t", "large")).Delete(ItemKey.Main("t", "small")), ct);
        Assert.True(await ((SqliteStore)Store).TruncateLogAsync(ct));
        Assert.False(Holds("these-words-were-deleted"));
    }

    private bool Holds(string text) => ((string[])[File, File + "-wal"]).Any(file => System.IO.File.Exists(file) && Read(file).AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0);

    private static byte[] Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

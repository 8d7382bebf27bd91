using Microsoft.Extensions.Time.Testing;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Storage;

/// <summary>
/// One store as two processes see it: each with what it holds in memory, and neither told of what the other does. It is the embedded one,
/// which says that it is shared; on AWS it is tables of the same behaviour.
/// </summary>
internal sealed class SharedHouse : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<OpenStore> _open = [];
    private SqliteStore _store = null!;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    public IStore Store { get; private set; } = null!;
    public OpenStore One => _open[0];
    public OpenStore Other => _open[1];
    public MasterKeyPlace Place => (MasterKeyPlace)One.Vault;

    public static async Task<SharedHouse> OpenAsync()
    {
        var house = new SharedHouse();
        var data = DataFolder.Open(house._folder.Sub("data"));
        house._store = SqliteStore.Open(data.Database, data.Backup, house.Time);
        house.Store = new Shared(house._store);
        for (var i = 0; i < 2; i++)
            house._open.Add(await OpenStore.OpenAsync(house.Store, new BlobFolder(data.Blobs), data, house._folder.Sub("config"), new MasterKeySettings(), house.Time, default));
        return house;
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class Shared(IStore store) : IStore
    {
        public bool IsShared => true;

        public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => store.GetAsync(key, ct);

        public ValueTask<IReadOnlyList<Item?>> GetAsync(IReadOnlyList<ItemKey> keys, CancellationToken ct) => store.GetAsync(keys, ct);

        public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => store.QueryAsync(table, partition, range, cursor, ct);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct) => store.CommitAsync(commit, ct);
    }
}

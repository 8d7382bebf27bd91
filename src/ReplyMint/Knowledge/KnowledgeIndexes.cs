using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using ReplyMint.Storage;

namespace ReplyMint.Knowledge;

/// <summary>
/// Opens tenants' indexes. An index lies as one sealed file in the data folder's index directory; it is made
/// anew from the sealed passages when it is absent, of another state, or does not open. Losing it loses nothing.
/// </summary>
internal sealed partial class KnowledgeIndexes(KnowledgeStore knowledge, PassageVectors vectors, KeyRing keys, DataFolder folder, KnowledgeSettings settings, ILogger<KnowledgeIndexes> log)
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Changes that may come between while an index is made, before it is taken as it is.</summary>
    private const int MostTries = 5;

    private readonly IndexCache _cache = new(settings.CacheMegabytes * 1024L * 1024);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _openings = new(StringComparer.Ordinal);

    /// <summary>The tenant's index as the store is now.</summary>
    public async ValueTask<KnowledgeIndex> OpenAsync(string tenant, CancellationToken ct)
    {
        var version = await knowledge.VersionAsync(tenant, ct);
        if (_cache.Get(tenant, version) is { } open)
            return open;
        var gate = _openings.GetOrAdd(tenant, static _ => new SemaphoreSlim(1));
        await gate.WaitAsync(ct);
        try
        {
            if (_cache.Get(tenant, version) is { } meanwhile)
                return meanwhile;
            var own = await keys.RequireAsync(tenant, ct);
            var index = version == 0 ? KnowledgeIndex.Of([]) : await ReadAsync(own, version, ct) ?? await RebuildAsync(own, ct);
            _cache.Put(tenant, index);
            return index;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Removes a tenant's index, in memory and on disk. False when there was no file.</summary>
    public bool Remove(string tenant)
    {
        _cache.Remove(tenant);
        // A folder of a machine may be lost with all that was in it.
        if (!Directory.Exists(folder.Index))
            return false;
        var path = PathOf(tenant);
        var there = File.Exists(path);
        File.Delete(path + ".part");
        File.Delete(path);
        FolderSync.Sync(folder.Index);
        return there;
    }

    private async Task<KnowledgeIndex?> ReadAsync(TenantKeys own, long version, CancellationToken ct)
    {
        try
        {
            var file = await File.ReadAllBytesAsync(PathOf(own.Tenant), ct);
            // The version is part of what is sealed: an older file does not open.
            return own.Open(SealedAs(own.Tenant), version, file) is { } plain ? KnowledgeIndex.Open(plain) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task<KnowledgeIndex> RebuildAsync(TenantKeys own, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            var version = await knowledge.VersionAsync(own.Tenant, ct);
            var builder = new IndexBuilder();
            var known = settings.Embedding.IsConfigured ? await vectors.ReadAsync(own, settings.Embedding.Model, ct) : null;
            await foreach (var passage in knowledge.PassagesAsync(own.Tenant, ct))
                builder.Add(passage, known?.GetValueOrDefault(PassageVectors.HashOf(own, passage)));
            if (await knowledge.VersionAsync(own.Tenant, ct) != version && tries < MostTries)
                continue;
            var bytes = builder.Build(version, known is null ? 0 : Direction.MarkOf(settings.Embedding.Model));
            LogRebuilt(own.Tenant, builder.Passages, version);
            await WriteAsync(own, version, bytes, ct);
            return KnowledgeIndex.Open(bytes)!;
        }
    }

    private async Task WriteAsync(TenantKeys own, long version, byte[] bytes, CancellationToken ct)
    {
        var path = PathOf(own.Tenant);
        var temporary = path + ".part";
        try
        {
            Directory.CreateDirectory(folder.Index, Owner | UnixFileMode.UserExecute);
            await using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Owner, Options = FileOptions.Asynchronous }))
            {
                await stream.WriteAsync(own.Seal(SealedAs(own.Tenant), version, bytes), ct);
                RandomAccess.FlushToDisk(stream.SafeFileHandle);
            }
            File.Move(temporary, path, overwrite: true);
            FolderSync.Sync(folder.Index);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full disk must not stop searches: the index in memory is whole.
            LogNotWritten(own.Tenant, failure.GetType().Name);
        }
    }

    /// <summary>Removes a tenant's file when an older key sealed it, or another form: the next start makes it anew, from passages that are under the newest.</summary>
    public async Task RemoveOldAsync(string tenant, CancellationToken ct)
    {
        // Erased at this very moment, and its file with it.
        if (await keys.TenantAsync(tenant, ct) is not { } own)
            return;
        var head = new byte[8];
        try
        {
            using (var file = File.OpenHandle(PathOf(tenant)))
                if (RandomAccess.Read(file, head, 0) is var read && SealingKey.NumberOf(head.AsSpan(0, read)) == own.Current && SealingKey.FormOf(head.AsSpan(0, read)) == own.Form)
                    return;
            File.Delete(PathOf(tenant));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            // There is none.
        }
    }

    private string PathOf(string tenant) => Path.Combine(folder.Index, tenant);

    private static ItemKey SealedAs(string tenant) => ItemKey.Main(tenant, "index-file");

    [LoggerMessage(LogLevel.Information, "Knowledge of {Tenant} was indexed: {Passages} passages, version {Version}.")]
    private partial void LogRebuilt(string tenant, int passages, long version);

    [LoggerMessage(LogLevel.Warning, "The index of {Tenant} could not be written ({Failure}); it is made anew at the next start.")]
    private partial void LogNotWritten(string tenant, string failure);
}

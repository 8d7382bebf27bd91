using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Storage;

/// <summary>The store that the product was given, with somebody who watches what is asked of it.</summary>
internal sealed class WatchedStore(IStore inner) : IStore
{
    public ConcurrentQueue<ItemKey> Read { get; } = [];

    /// <summary>What happens between what is found and whoever asked for it.</summary>
    public Func<ReplyMint.Storage.Range, Task> AfterQuery { get; set; } = _ => Task.CompletedTask;

    public Action<Commit> BeforeCommit { get; set; } = _ => { };

    /// <summary>What others do once, between what somebody decided and the first commit of his that names such a key.</summary>
    public void Interrupt(string prefix, Func<Task> others) => _interruption = (prefix, others);

    /// <summary>What others do once, between what somebody finds under such a key and what he does by it.</summary>
    public void InterruptReading(string prefix, Func<Task> others) => _reading = (prefix, others);

    /// <summary>What others do once, between what somebody found in such a range of a partition and what he does by it.</summary>
    public void InterruptQuery(string partition, string prefix, Func<Task> others) => _query = (partition, prefix, others);

    private (string Partition, string Prefix, Func<Task> Others)? _query;
    private (string Prefix, Func<Task> Others)? _interruption;
    private (string Prefix, Func<Task> Others)? _reading;

    /// <summary>What happens between what was stored and whoever stored it.</summary>
    public Func<Commit, Task> AfterCommit { get; set; } = _ => Task.CompletedTask;

    /// <summary>Takes the place of the store among the product's services.</summary>
    public static WatchedStore Put(IServiceCollection services)
    {
        var watched = new WatchedStore((IStore)services.Last(service => service.ServiceType == typeof(IStore)).ImplementationInstance!);
        services.AddSingleton<IStore>(watched);
        return watched;
    }

    public bool IsShared => inner.IsShared;

    public async ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct)
    {
        Read.Enqueue(key);
        var item = await inner.GetAsync(key, ct);
        if (_reading is var (prefix, others) && key.Sort.StartsWith(prefix, StringComparison.Ordinal))
        {
            _reading = null;
            await others();
        }
        return item;
    }

    public async ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct)
    {
        var page = await inner.QueryAsync(table, partition, range, cursor, ct);
        await AfterQuery(range);
        if (_query is var (where, prefix, others) && where == partition && prefix == range.Prefix)
        {
            _query = null;
            await others();
        }
        return page;
    }

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct)
    {
        BeforeCommit(commit);
        if (_interruption is var (prefix, others) && commit.Operations.Any(operation => operation.Kind == OperationKind.Put && operation.Key.Sort.StartsWith(prefix, StringComparison.Ordinal)))
        {
            _interruption = null;
            await others();
        }
        var result = await inner.CommitAsync(commit, ct);
        if (result == CommitResult.Committed)
            await AfterCommit(commit);
        return result;
    }
}

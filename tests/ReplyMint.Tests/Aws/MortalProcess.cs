using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>A process that ends at one of its commits, without warning: from then on it reads and writes nothing, and sends nothing.</summary>
/// <param name="commits">How many commits it lives for.</param>
/// <param name="heard">Whether it hears of the last one.</param>
internal sealed class MortalProcess(int commits, bool heard) : IStore, IOutboundChannel
{
    private IStore _store = null!;
    private Outgoing _out = null!;
    private int _commits;

    public bool IsDead => Volatile.Read(ref _commits) > commits;
    public bool IsShared => _store.IsShared;
    public string Name => "test";

    public void End() => Interlocked.Exchange(ref _commits, commits + 1);

    public void Into(IServiceCollection services, Outgoing outgoing)
    {
        _store = (IStore)services.Last(service => service.ServiceType == typeof(IStore)).ImplementationInstance!;
        _out = outgoing;
        services.AddSingleton<IStore>(this).AddSingleton<IOutboundChannel>(this);
    }

    public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => Alive().GetAsync(key, ct);

    public ValueTask<IReadOnlyList<Item?>> GetAsync(IReadOnlyList<ItemKey> keys, CancellationToken ct) => Alive().GetAsync(keys, ct);

    public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => Alive().QueryAsync(table, partition, range, cursor, ct);

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct)
    {
        Alive();
        var number = Interlocked.Increment(ref _commits);
        if (number > commits + (heard ? 0 : 1))
            throw Gone();
        var result = await _store.CommitAsync(commit, ct);
        return IsDead ? throw Gone() : result;
    }

    public Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
    {
        Alive();
        return _out.SendAsync(outboxId);
    }

    private IStore Alive() => IsDead ? throw Gone() : _store;

    private static StoreUnavailableException Gone() => new("This process is gone.");
}

/// <summary>What left, of several processes.</summary>
internal sealed class Outgoing : IOutboundChannel
{
    private readonly List<string> _sent = [];

    /// <summary>What happens while a mail is handed over.</summary>
    public Func<Task> While { get; set; } = () => Task.CompletedTask;

    public string Name => "test";

    public IReadOnlyList<string> Sent
    {
        get
        {
            lock (_sent)
                return [.. _sent];
        }
    }

    public async Task<SendOutcome> SendAsync(string outboxId)
    {
        lock (_sent)
            _sent.Add(outboxId);
        await While();
        return new(SendResult.Sent, "taken");
    }

    public Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct) => SendAsync(outboxId);
}

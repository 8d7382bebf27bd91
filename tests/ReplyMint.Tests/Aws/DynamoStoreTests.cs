using ReplyMint.Storage;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>The adapter of DynamoDB does what every adapter has to do.</summary>
public sealed class DynamoStoreTests : StoreConformance
{
    private DynamoBench? _bench;

    private protected override async ValueTask<IStore> OpenAsync() => (_bench = await DynamoBench.OpenAsync(Time)).Store;

    public override async ValueTask DisposeAsync()
    {
        if (_bench is not null)
            await _bench.DisposeAsync();
    }
}

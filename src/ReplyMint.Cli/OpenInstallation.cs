using ReplyMint.Aws;
using ReplyMint.Storage;

namespace ReplyMint.Cli;

/// <summary>An open store, and the services of AWS where settings ask for them.</summary>
internal sealed class OpenInstallation(OpenStore store, AwsServices? aws) : IAsyncDisposable
{
    public OpenStore Store => store;
    public AwsServices? Aws => aws;

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        aws?.Dispose();
    }
}

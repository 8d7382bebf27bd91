using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Aws;
using ReplyMint.Cli;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>A bucket of one test behind a front that checks what was signed, the product's files in it, and somebody outside who has no credentials.</summary>
internal sealed class BucketBench : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly SocketsHttpHandler _handler = new() { AllowAutoRedirect = false };
    private AwsServices _services = null!;
    private S3Bench _bucket = null!;

    public BucketBench() => Outside = new(_handler, disposeHandler: false);

    /// <summary>For whatever the product stores besides.</summary>
    public AwsInstallation Aws { get; } = new();

    public HttpClient Outside { get; }

    public AwsFront Front { get; private set; } = null!;

    public S3Files Files { get; private set; } = null!;

    public string Name => _bucket.Name;

    public AwsClient Client => _services.Bucket(Name);

    public async ValueTask InitializeAsync()
    {
        _bucket = await S3Bench.OpenAsync(_handler);
        Front = await AwsFront.StartAsync(null, buckets: true);
        _services = new(new() { Region = AwsFront.Region, Bucket = Name, Endpoint = Front.Address.ToString() }, Front.Environment.GetValueOrDefault, TimeProvider.System);
        Files = _services.Files();
    }

    /// <summary>Gives the product this bucket for its files.</summary>
    public void Serve(IServiceCollection services) => services.AddSingleton(AwsRooms.Files(Files));

    public async Task<List<string>> NamesAsync(string prefix) => await Files.ListAsync(prefix, Ct).ToListAsync(Ct);

    /// <summary>Lets time go by until nothing lies there.</summary>
    public Task EmptyAsync(ProductHost host, string prefix) => ProductHost.EventuallyAsync(async () =>
    {
        if ((await NamesAsync(prefix)).Count == 0)
            return "gone";
        host.Time.Advance(TimeSpan.FromSeconds(5));
        return null;
    });

    public async ValueTask DisposeAsync()
    {
        _services?.Dispose();
        _bucket?.Dispose();
        if (Front is not null)
            await Front.DisposeAsync();
        await Aws.DisposeAsync();
        Outside.Dispose();
        _handler.Dispose();
    }
}

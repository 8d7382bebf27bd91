using ReplyMint.Aws;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;

namespace ReplyMint.Tests.Aws;

/// <summary>Commands as an operator types them on a machine that has a role of AWS and no store of its own.</summary>
internal sealed class AwsCli : IAsyncDisposable
{
    private readonly DynamoBench _tables;
    private readonly SocketsHttpHandler _handler;
    private readonly S3Bench _bucket;

    private AwsCli(DynamoBench tables, SocketsHttpHandler handler, S3Bench bucket, AwsFront front) => (_tables, _handler, _bucket, Front) = (tables, handler, bucket, front);

    public AwsFront Front { get; }
    public CliRun Run { get; } = CliRun.OnStore();
    public S3Blobs Blobs => _bucket.Blobs;
    public KmsDouble Kms { get; private set; } = null!;

    public static async Task<AwsCli> StartAsync()
    {
        var tables = await DynamoBench.OpenAsync(TimeProvider.System, stores: 0);
        var handler = new SocketsHttpHandler();
        var bucket = await S3Bench.OpenAsync(handler);
        var cli = new AwsCli(tables, handler, bucket, await AwsFront.StartAsync(tables));
        foreach (var (name, value) in cli.Front.Variables(tables, bucket.Name))
            cli.Run.Environment[name] = value;
        cli.Kms = new(cli.Front);
        cli.Run.Environment["REPLYMINT_AWS__KEY"] = cli.Kms.NewKey();
        return cli;
    }

    /// <summary>As its variables say.</summary>
    public static AwsSettings SettingsOf(CliRun run) => new()
    {
        Region = AwsFront.Region, Endpoint = run.Environment["REPLYMINT_AWS__ENDPOINT"], TablePrefix = run.Environment["REPLYMINT_AWS__TABLE_PREFIX"],
        Bucket = run.Environment["REPLYMINT_AWS__BUCKET"], Key = run.Environment["REPLYMINT_AWS__KEY"],
    };

    /// <summary>The same store, from another machine.</summary>
    public CliRun Elsewhere()
    {
        var other = CliRun.OnStore();
        foreach (var (name, value) in Run.Environment.Where(one => one.Key is not ("HOME" or "REPLYMINT_BASE")))
            other.Environment[name] = value;
        return other;
    }

    public async ValueTask DisposeAsync()
    {
        Run.Dispose();
        await Front.DisposeAsync();
        await _tables.DisposeAsync();
        _bucket.Dispose();
        _handler.Dispose();
    }
}

using Microsoft.Extensions.Logging;
using ReplyMint.Jobs;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>The services of AWS that settings name, called under the role of this process.</summary>
internal sealed class AwsServices : IDisposable
{
    // A service's addresses change, and a connection that stays open would never see it.
    private static readonly TimeSpan ConnectionLife = TimeSpan.FromMinutes(5);

    // Somebody waits for a secret in the middle of something else.
    private static readonly AwsPatience s_parameters = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5));

    private readonly HttpClient _http;
    private readonly OutsideAddress _allowed;
    private readonly CredentialSource _credentials;
    private readonly AwsSettings _settings;
    private readonly TimeProvider _time;

    /// <param name="settings">Without problems.</param>
    /// <param name="environment">Reads one variable: where the credentials are.</param>
    public AwsServices(AwsSettings settings, Func<string, string?> environment, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        // What is signed goes to the services that are named below, and nowhere else.
        _allowed = OutsideAddress.Named(CredentialSource.Endpoints(environment));
        var handler = OutsideHttp.Handler(_allowed);
        handler.ConnectTimeout = TimeSpan.FromSeconds(3);
        handler.PooledConnectionLifetime = ConnectionLife;
        _http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _credentials = new(_http, environment, time);
    }

    /// <param name="service">As signatures name it.</param>
    /// <param name="host">As its address does, where that is another word.</param>
    public AwsClient Client(string service, string? host = null) =>
        new(_http, _credentials, Place(service, host ?? service, ""), _time);

    public DynamoStore Store() => new(new(Client("dynamodb"), AwsPatience.Usual, _time), new(_settings.TablePrefix!), _time);

    public KmsVault Vault(IStore store, string storeId) => new KmsVault(new(Client("kms"), "TrentService.", AwsPatience.Usual, _time), _settings.Key!, store, storeId);

    /// <summary>Settings name queues of wake-ups.</summary>
    public bool HasQueues => _settings.Queue is not null;

    /// <summary>Hints of due jobs for the workers of other processes.</summary>
    public SqsWakeUps WakeUps(IEnumerable<ErasingKind> erasing, TimeProvider time, ILogger<SqsWakeUps> log) =>
        new(Client("sqs"), new(_settings.Queue!, _settings.EraseQueue!), erasing, AwsPatience.Usual, time, log);

    public S3Blobs Blobs() => new(Bucket(_settings.Bucket!), AwsPatience.Usual, _time);

    /// <summary>Files in the same bucket that callers fetch from it.</summary>
    public S3Files Files() => new(Bucket(_settings.Bucket!), AwsPatience.Usual, _time);

    /// <summary>The bucket into which SES puts mails.</summary>
    public S3Calls Mails() => new(Bucket(_settings.MailBucket!), AwsPatience.Usual, _time);

    public ParameterStore Parameters() => new(new(Client("ssm"), "AmazonSSM.", s_parameters, _time), _settings, _time);

    /// <summary>SES's API, which signatures call by another name than its address does.</summary>
    public AwsClient Mail() => Client("ses", "email");

    /// <summary>A bucket's own address; a stand-in has it as a folder.</summary>
    public AwsClient Bucket(string name) => new(_http, _credentials, Place("s3", $"{name}.s3", name + "/"), _time);

    public void Dispose()
    {
        _credentials.Dispose();
        _http.Dispose();
    }

    private AwsPlace Place(string service, string host, string folder)
    {
        var place = _settings.Endpoint is { } standIn
            ? new AwsPlace(_settings.Region!, service, new(new Uri(standIn), folder))
            : AwsPlace.Of(_settings.Region!, host) with { Service = service };
        _allowed.Add(place.Endpoint);
        return place;
    }
}

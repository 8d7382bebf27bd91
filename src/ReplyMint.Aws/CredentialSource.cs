using System.Net;
using System.Text.Json;

namespace ReplyMint.Aws;

/// <summary>
/// Credentials of the role that we run under, from where AWS puts them: the environment (Lambda), the container's endpoint (ECS, EKS)
/// or the instance's (EC2, IMDSv2 only). No file with a long-lived key is read (AWS-8). They are fetched anew five minutes before
/// their end, and what is still good is used when that fails, whatever the reason.
/// </summary>
/// <param name="http">For the two endpoints, which lie on the machine or its link: plain HTTP, no proxy.</param>
/// <param name="environment">Reads one variable.</param>
internal sealed class CredentialSource(HttpClient http, Func<string, string?> environment, TimeProvider time) : IDisposable
{
    private const string ContainerHost = "http://169.254.170.2";
    private const string InstanceHost = "http://169.254.169.254";
    private static readonly string[] s_containerHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile AwsCredentials? _last;
    private DateTimeOffset _notBefore;

    /// <exception cref="NoCredentialsException">There are none, or none that are still good.</exception>
    public async ValueTask<AwsCredentials> GetAsync(CancellationToken ct)
    {
        if (_last is { } known && IsGoodFor(known, Early))
            return known;
        await _one.WaitAsync(ct);
        try
        {
            var last = _last;
            if (last is not null && (IsGoodFor(last, Early) || (IsGoodFor(last, TimeSpan.Zero) && time.GetUtcNow() < _notBefore)))
                return last;
            try
            {
                return _last = await ReadAsync(ct);
            }
            // Whatever it is: a file that can't be read, an answer of another shape, or the end of the caller's patience while an endpoint hangs.
            catch (Exception) when (last is not null && IsGoodFor(last, TimeSpan.Zero))
            {
                _notBefore = time.GetUtcNow() + AfterFailure;
                return last;
            }
            catch (Exception failure) when (failure is not NoCredentialsException && !ct.IsCancellationRequested)
            {
                throw new NoCredentialsException("The endpoint for credentials of this machine's role did not answer as it should.", failure);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>AWS says that they are over, whatever they say themselves.</summary>
    public void Forget(AwsCredentials credentials) => Interlocked.CompareExchange(ref _last, null, credentials);

    public void Dispose() => _one.Dispose();

    /// <summary>What may be asked, by the environment: one of them, if any.</summary>
    public static IEnumerable<Uri> Endpoints(Func<string, string?> environment)
    {
        yield return new Uri(ContainerHost);
        if (environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") is { Length: > 0 } full && IsContainerHost(full, out var container))
            yield return container;
        if (Uri.TryCreate(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT") is { Length: > 0 } named ? named : InstanceHost, UriKind.Absolute, out var instance))
            yield return instance;
    }

    private bool IsGoodFor(AwsCredentials credentials, TimeSpan span) => credentials.Expires is not { } expires || time.GetUtcNow() + span < expires;

    private async Task<AwsCredentials> ReadAsync(CancellationToken ct)
    {
        if (Said("AWS_ACCESS_KEY_ID") is { } key && Said("AWS_SECRET_ACCESS_KEY") is { } secret)
            return new(key, secret, Said("AWS_SESSION_TOKEN"), null);
        if (Said("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { } relative)
            return await ContainerAsync(new Uri(ContainerHost + relative), ct);
        if (Said("AWS_CONTAINER_CREDENTIALS_FULL_URI") is { } full)
            return await ContainerAsync(IsContainerHost(full, out var uri) ? uri : throw new NoCredentialsException("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of the container's own."), ct);
        if (string.Equals(Said("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            throw new NoCredentialsException("No credentials are in the environment, and the instance's endpoint is not to be asked (AWS_EC2_METADATA_DISABLED).");
        return await InstanceAsync((Said("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? InstanceHost).TrimEnd('/'), ct);
    }

    private async Task<AwsCredentials> ContainerAsync(Uri uri, CancellationToken ct)
    {
        var token = Said("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") is { } file ? (await File.ReadAllTextAsync(file, ct)).Trim() : Said("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        return Parse(await AskAsync(HttpMethod.Get, uri, "Authorization", token, ct));
    }

    private async Task<AwsCredentials> InstanceAsync(string host, CancellationToken ct)
    {
        const string Folder = "/latest/meta-data/iam/security-credentials/";
        var token = await AskAsync(HttpMethod.Put, new(host + "/latest/api/token"), "X-aws-ec2-metadata-token-ttl-seconds", "300", ct);
        var role = (await AskAsync(HttpMethod.Get, new(host + Folder), "X-aws-ec2-metadata-token", token, ct)).Split('\n')[0].Trim();
        if (role.Length == 0)
            throw new NoCredentialsException("No credentials are in the environment, and this machine has no role.");
        return Parse(await AskAsync(HttpMethod.Get, new(host + Folder + Uri.EscapeDataString(role)), "X-aws-ec2-metadata-token", token, ct));
    }

    private async Task<string> AskAsync(HttpMethod method, Uri uri, string field, string? value, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        using var request = new HttpRequestMessage(method, uri);
        if (value is not null)
            request.Headers.TryAddWithoutValidation(field, value);
        using var answer = await http.SendAsync(request, limit.Token);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(limit.Token);
    }

    private static AwsCredentials Parse(string answer)
    {
        using var document = JsonDocument.Parse(answer);
        var root = document.RootElement;
        return Text("AccessKeyId") is { } key && Text("SecretAccessKey") is { } secret && root.TryGetProperty("Expiration", out var end) && end.TryGetDateTimeOffset(out var expires)
            ? new(key, secret, Text("Token"), expires)
            : throw new NoCredentialsException("The endpoint for credentials of this machine's role gave none.");

        string? Text(string name) => root.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text ? text : null;
    }

    // Elsewhere a token would go over plain HTTP, to whomever the variable names.
    private static bool IsContainerHost(string text, out Uri uri) =>
        Uri.TryCreate(text, UriKind.Absolute, out uri!)
        && (uri.Scheme == Uri.UriSchemeHttps
            || (uri.Scheme == Uri.UriSchemeHttp && (s_containerHosts.Contains(uri.Host) || uri.Host == "localhost" || (IPAddress.TryParse(uri.Host, out var address) && IPAddress.IsLoopback(address)))));

    private string? Said(string name) => environment(name) is { Length: > 0 } value ? value : null;
}

using System.Globalization;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Aws;

namespace ReplyMint.Tests.Aws;

/// <summary>Credentials come from where AWS puts those of a role, stay good, and go nowhere else.</summary>
public sealed class CredentialSourceTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Dictionary<string, string> _environment = [];
    private readonly Machine _machine;
    private readonly HttpClient _http;
    private readonly CredentialSource _source;

    public CredentialSourceTests()
    {
        _machine = new(_time);
        _http = new(_machine);
        _source = new(_http, name => _environment.GetValueOrDefault(name), _time);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _source.Dispose();
        _http.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public async Task The_environments_come_first()
    {
        (_environment["AWS_ACCESS_KEY_ID"], _environment["AWS_SECRET_ACCESS_KEY"], _environment["AWS_SESSION_TOKEN"]) = ("AKID", "secret", "session");
        var found = await _source.GetAsync(Ct);
        Assert.Equal(("AKID", "secret", "session"), (found.AccessKey, found.SecretKey, found.SessionToken));
        Assert.Empty(_machine.Calls);
        Assert.DoesNotContain("secret", found.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_is_asked_with_its_token()
    {
        _environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
        _environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "token";
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        Assert.Equal(["GET http://169.254.170.23/v1/credentials token"], _machine.Calls);
    }

    [Theory]
    [InlineData("http://203.0.113.5/credentials")]
    [InlineData("http://169.254.170.23.example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("nonsense")]
    public async Task A_containers_token_goes_to_nobody_else_in_the_clear(string address)
    {
        _environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = address;
        _environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "token";
        await Assert.ThrowsAsync<NoCredentialsException>(() => _source.GetAsync(Ct).AsTask());
        Assert.Empty(_machine.Calls);
    }

    [Fact]
    public async Task An_instance_is_asked_by_its_second_version_only()
    {
        Assert.Equal("session", (await _source.GetAsync(Ct)).SessionToken);
        Assert.Equal(
        [
            "PUT http://169.254.169.254/latest/api/token 300",
            "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/ instance-token",
            "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/the-role instance-token",
        ], _machine.Calls);
    }

    [Fact]
    public async Task An_instance_that_must_not_be_asked_is_not()
    {
        _environment["AWS_EC2_METADATA_DISABLED"] = "true";
        await Assert.ThrowsAsync<NoCredentialsException>(() => _source.GetAsync(Ct).AsTask());
        Assert.Empty(_machine.Calls);
    }

    [Fact]
    public async Task They_are_fetched_anew_before_their_end_and_old_ones_serve_until_it()
    {
        _environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/role";
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        _time.Advance(TimeSpan.FromMinutes(54));
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        _machine.IsDown = true;
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        // It is not asked again with each call.
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        Assert.Equal(2, _machine.Calls.Count);
        _machine.IsDown = false;
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("key-3", (await _source.GetAsync(Ct)).AccessKey);

        _machine.IsDown = true;
        _time.Advance(TimeSpan.FromMinutes(61));
        await Assert.ThrowsAsync<NoCredentialsException>(() => _source.GetAsync(Ct).AsTask());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"AccessKeyId":5}""")]
    [InlineData("""{"AccessKeyId":"k","SecretAccessKey":"s","Expiration":7}""")]
    [InlineData("no JSON")]
    public async Task What_is_still_good_serves_when_an_answer_has_another_shape(string answer)
    {
        _environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/role";
        await _source.GetAsync(Ct);
        _machine.Answer = answer;
        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        _time.Advance(TimeSpan.FromMinutes(4));
        await Assert.ThrowsAsync<NoCredentialsException>(() => _source.GetAsync(Ct).AsTask());
    }

    [Fact]
    public async Task What_is_still_good_serves_when_the_containers_token_can_not_be_read()
    {
        _environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/role";
        await _source.GetAsync(Ct);
        // A folder is no file, and no access to one is told in the same way.
        _environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = AppContext.BaseDirectory;
        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        Assert.Single(_machine.Calls);
        _time.Advance(TimeSpan.FromMinutes(4));
        await Assert.ThrowsAsync<NoCredentialsException>(() => _source.GetAsync(Ct).AsTask());
    }

    [Fact]
    public async Task What_is_still_good_serves_when_the_endpoint_hangs_for_longer_than_the_caller_waits()
    {
        _environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/role";
        await _source.GetAsync(Ct);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        _machine.Hangs = patience;
        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Equal("key-1", (await _source.GetAsync(patience.Token)).AccessKey);
        // And nobody waits for it again at once.
        Assert.Equal("key-1", (await _source.GetAsync(Ct)).AccessKey);
        Assert.Equal(2, _machine.Calls.Count);
    }

    [Fact]
    public async Task What_AWS_calls_expired_is_fetched_anew()
    {
        _environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/role";
        var first = await _source.GetAsync(Ct);
        _source.Forget(first);
        Assert.Equal("key-2", (await _source.GetAsync(Ct)).AccessKey);
        // Somebody else who still held the first one.
        _source.Forget(first);
        Assert.Equal("key-2", (await _source.GetAsync(Ct)).AccessKey);
    }

    /// <summary>The two endpoints of a machine, and a new key for each question.</summary>
    private sealed class Machine(TimeProvider time) : HttpMessageHandler
    {
        public List<string> Calls { get; } = [];
        public bool IsDown { get; set; }
        /// <summary>Instead of credentials.</summary>
        public string? Answer { get; set; }
        /// <summary>Whose patience ends without an answer.</summary>
        public CancellationTokenSource? Hangs { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Calls.Add($"{request.Method} {request.RequestUri} {request.Headers.SelectMany(field => field.Value).FirstOrDefault()}".TrimEnd());
            Hangs?.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
            if (IsDown)
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
            return Task.FromResult(new HttpResponseMessage
            {
                Content = new StringContent(request.RequestUri!.AbsolutePath switch
                {
                    "/latest/api/token" => "instance-token",
                    "/latest/meta-data/iam/security-credentials/" => "the-role",
                    _ => Answer ?? $$"""{"Code":"Success","AccessKeyId":"key-{{Calls.Count}}","SecretAccessKey":"secret","Token":"session","Expiration":"{{time.GetUtcNow().AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}}"}""",
                }),
            });
        }
    }
}

using System.Text.Json;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>What the live checks know together: the questions that several of them need are asked once.</summary>
internal sealed class LiveLook
{
    public const string Health = "/health";
    public const string SignIn = "/api/v1/sign-in";
    public const string Page = "/console/sign-in";
    public const string Me = "/api/v1/me";
    public const string Mailgun = "/webhooks/mailgun/inbound";
    public const string Nowhere = "/replymint-guide/nowhere";
    public const string Stranger = "https://stranger.example";

    private readonly Lazy<Task<IReadOnlyList<Exchange>>> _everyKind;
    private readonly Lazy<Task<DeploymentEnvironment?>> _environment;
    private readonly Lazy<Task<Exchange>> _preflight;
    private readonly Lazy<Task<Exchange>> _own;

    public LiveLook(RawHttp http, TimeProvider time, CancellationToken ct)
    {
        (Http, Time) = (http, time);
        _everyKind = new(() => EveryKindOfAnswer.AskAsync(this, ct));
        _own = new(() => AskAsync("GET", Health, [], ct));
        _environment = new(() => AskEnvironmentAsync(ct));
        _preflight = new(async () => await PreflightAsync((await OriginsAsync())[0], ct));
    }

    public RawHttp Http { get; }
    public TimeProvider Time { get; }
    public LiveTarget Target => Http.Target;

    /// <summary>The simplest question of all, under the service's own name.</summary>
    public Task<Exchange> OwnAsync() => _own.Value;

    /// <summary>One answer of each kind that a service gives.</summary>
    public Task<IReadOnlyList<Exchange>> EveryKindAsync() => _everyKind.Value;

    /// <summary>What the service says of itself; null when it says nothing, which counts as production.</summary>
    public Task<DeploymentEnvironment?> EnvironmentAsync() => _environment.Value;

    /// <summary>A browser's question for the first origin that may call.</summary>
    public Task<Exchange> PreflightAsync() => _preflight.Value;

    /// <summary>Who may call, the first one at least guessed.</summary>
    public async Task<IReadOnlyList<string>> OriginsAsync() =>
        Target.Origins is { Count: > 0 } known ? known : (await EnvironmentAsync() ?? DeploymentEnvironment.Production).DefaultOrigins();

    /// <summary>A developer's machine: nothing crosses a network, so plain HTTP and the machine's own names are allowed.</summary>
    public async Task<bool> IsDevelopmentAsync() => Target.IsHere && await EnvironmentAsync() == DeploymentEnvironment.Development;

    /// <param name="asked">How it shows in evidence; null takes method and path.</param>
    public async Task<Exchange> AskAsync(string method, string path, string[] headers, CancellationToken ct, string body = "", string? asked = null, bool early = false)
    {
        var head = Http.Head(method, path, body.Length == 0 ? headers : [.. headers, $"Content-Length: {body.Length}"]);
        return new(asked ?? (headers.Length == 0 ? $"{method} {path}" : $"{method} {path} ({string.Join("; ", headers)})"), await Http.SendAsync(head + body, ct), early);
    }

    public Task<Exchange> PreflightAsync(string origin, CancellationToken ct) =>
        AskAsync("OPTIONS", Health, [$"Origin: {origin}", "Access-Control-Request-Method: GET"], ct, asked: $"preflight of {origin}");

    /// <summary>Why what answers the simplest question like this shows nothing of the service; null when it does.</summary>
    public static string? Unseen(LiveTarget target, Exchange own) => own.Reply.Status switch
    {
        0 => own.ToString(),
        400 or 421 or 426 => $"{own}, asked as {target.Host}: this name, or plain HTTP, is not served; name the service's own address with --url",
        403 or 429 or >= 500 => $"{own}: even this is refused, so nothing behind it is seen",
        _ => null,
    };

    /// <summary>A limit that answered in place of what was asked: as a refusal of it it would pass.</summary>
    public static Outcome? Limited(IEnumerable<Exchange> answers) =>
        answers.FirstOrDefault(answer => answer.Reply.Status == 429) is { } limited ? Outcome.NotChecked($"{limited}: a limit answered instead; look again in some minutes") : null;

    private async Task<DeploymentEnvironment?> AskEnvironmentAsync(CancellationToken ct)
    {
        var reply = (await AskAsync("GET", "/info", [], ct)).Reply;
        if (reply.Status != 200)
            return null;
        try
        {
            using var json = JsonDocument.Parse(reply.Body);
            return json.RootElement is { ValueKind: JsonValueKind.Object } info && info.TryGetProperty("environment", out var named) && named.ValueKind == JsonValueKind.String
                ? DeploymentEnvironments.Parse(named.GetString()!) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

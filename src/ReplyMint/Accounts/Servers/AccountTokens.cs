using System.Collections.Concurrent;
using System.Text.Json;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>
/// OAuth2 for mail accounts: changes the refresh token that the channel keeps for access tokens (RFC 6749 6), by the guarded client for addresses that tenants
/// name. An access token lives in memory only. A provider that changes the refresh token with each use has the new one stored at once.
/// </summary>
internal sealed class AccountTokens(OutsideClients outside, Channels channels, TimeProvider time)
{
    // A connection is to be made with it yet.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(3);
    private const int MostSeconds = 86_400;
    private const int MostChars = 16_000;

    private readonly ConcurrentDictionary<string, (string Access, string Refresh, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <summary>A token, or why there is none.</summary>
    public async Task<(string? Token, string Problem)> AccessAsync(Channel channel, CancellationToken ct)
    {
        var account = channel.Account!;
        if (_known.TryGetValue(channel.Id, out var known) && known.Refresh == channel.Secret && time.GetUtcNow() < known.Until)
            return (known.Access, "");
        var host = new Uri(account.TokenUrl!).Host;
        var form = new List<KeyValuePair<string, string>> { new("grant_type", "refresh_token"), new("refresh_token", channel.Secret), new("client_id", account.ClientId!) };
        if (account.ClientSecret is { } secret)
            form.Add(new("client_secret", secret));
        try
        {
            using var content = new FormUrlEncodedContent(form);
            using var answer = await outside.Tenants.PostAsync(new Uri(account.TokenUrl!), content, ct);
            using var said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct), new JsonDocumentOptions { MaxDepth = 8 });
            if (!answer.IsSuccessStatusCode || Text(said, "access_token") is not { } access)
                return (null, $"{host} gives no access token ({Word(Text(said, "error"))})");
            var refresh = Text(said, "refresh_token") ?? channel.Secret;
            var seconds = said.RootElement.TryGetProperty("expires_in", out var expires) && expires.TryGetInt32(out var number) ? Math.Clamp(number, 0, MostSeconds) : 0;
            var lives = TimeSpan.FromSeconds(seconds);
            _known[channel.Id] = (access, refresh, time.GetUtcNow() + (lives > Shortest ? lives - Margin : TimeSpan.Zero));
            if (refresh != channel.Secret)
                await channels.ChangeAsync(channel.Id, before => before.Secret == channel.Secret ? before with { Secret = refresh } : before, Actor.System, ct);
            return (access, "");
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or JsonException or OperationCanceledException or InvalidOperationException)
        {
            return (null, $"{host} gives no access token (no answer that can be read)");
        }
    }

    /// <summary>The server did not take it: the next one is a new one.</summary>
    public void Forget(Channel channel) => _known.TryRemove(channel.Id, out _);

    private static string? Text(JsonDocument said, string name) =>
        said.RootElement.ValueKind == JsonValueKind.Object && said.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= MostChars } text
            && !text.Any(char.IsControl) ? text : null;

    /// <summary>Codes of RFC 6749 5.2 are words; what else a server says is not passed on.</summary>
    private static string Word(string? error) => error is { Length: <= 40 } && error.All(static c => char.IsAsciiLetterLower(c) || c == '_') ? error : "no reason given";
}

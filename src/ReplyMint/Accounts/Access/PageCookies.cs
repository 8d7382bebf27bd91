using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <summary>What a page's cookie says.</summary>
/// <param name="SeenAt">When its reader last opened a page, within five minutes.</param>
internal sealed record PageCookie(string User, string Session, DateTimeOffset SeenAt);

/// <summary>
/// A session in a browser's hands (AUTH-2): the cookie names the session under our MAC, and is worth nothing once the session's item
/// is gone. It says itself when its reader was last there, so that a page that is only read writes nothing into the store.
/// </summary>
internal sealed class PageCookies(KeyRing keys, AccessSettings settings, TimeProvider time)
{
    /// <summary>By this prefix a browser takes it over a secure connection from this very host only, for all of it (RFC 6265bis 4.1.3).</summary>
    public const string Name = "__Host-replymint";

    // So old a cookie is made anew with the next page.
    private static readonly TimeSpan Renewed = TimeSpan.FromMinutes(5);

    /// <summary>The one value that the request has for it; null when it has none or several.</summary>
    public static string? Of(HttpRequest request, string name = Name)
    {
        string? found = null;
        foreach (var header in request.Headers.Cookie)
            foreach (var part in (header ?? "").Split(';', StringSplitOptions.TrimEntries))
                if (part.StartsWith(name, StringComparison.Ordinal) && part.Length > name.Length && part[name.Length] == '=')
                {
                    if (found is not null)
                        return null;
                    found = part[(name.Length + 1)..];
                }
        return found;
    }

    /// <summary>Puts a session into the answer.</summary>
    public async Task GiveAsync(HttpResponse answer, string user, string session, CancellationToken ct)
    {
        var said = string.Create(CultureInfo.InvariantCulture, $"{user}.{session}.{time.GetUtcNow().ToUnixTimeSeconds()}");
        Set(answer, Name, $"{said}.{Base64Url.EncodeToString(Mac.Of(await KeyAsync(ct), Encoding.ASCII.GetBytes(said)))}", "Strict");
    }

    /// <summary>Renews the cookie of a reader who is there, when it is older than a few minutes.</summary>
    public async Task RenewAsync(HttpContext context, Caller caller)
    {
        if (Of(context.Request) is { } text && await ReadAsync(text, context.RequestAborted) is { } cookie && cookie.Session == caller.Session && time.GetUtcNow() - cookie.SeenAt >= Renewed)
            await GiveAsync(context.Response, cookie.User, cookie.Session, context.RequestAborted);
    }

    /// <summary>Takes it out of the browser; the session is ended apart from that.</summary>
    public static void Drop(HttpResponse answer, string name = Name) => Put(answer, name, $"{name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");

    /// <summary>Never readable for a script, and gone with the browser unless it is told for how long.</summary>
    public static void Set(HttpResponse answer, string name, string value, string sameSite, int? seconds = null) =>
        Put(answer, name, string.Create(CultureInfo.InvariantCulture, $"{name}={value}; Path=/; Secure; HttpOnly; SameSite={sameSite}{(seconds is { } age ? string.Create(CultureInfo.InvariantCulture, $"; Max-Age={age}") : "")}"));

    /// <summary>In place of one of the same name: an old cookie that was renewed on the way is not to come along with the new one.</summary>
    private static void Put(HttpResponse answer, string name, string cookie) =>
        answer.Headers.SetCookie = new([.. answer.Headers.SetCookie.Where(other => other?.StartsWith(name + "=", StringComparison.Ordinal) != true), cookie]);

    /// <summary>What a cookie of ours says, however old; null when it is none.</summary>
    public async ValueTask<PageCookie?> ReadAsync(string text, CancellationToken ct)
    {
        if (text.Split('.') is not [var user, var session, var seen, var mac] || !IdAttribute.IsId(user) || !IdAttribute.IsId(session)
            || !long.TryParse(seen, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at > time.GetUtcNow().ToUnixTimeSeconds() + 60
            || !Base64Url.IsValid(mac, out var length) || length != 32)
            return null;
        return Mac.IsRight(await KeyAsync(ct), Encoding.ASCII.GetBytes(text[..text.LastIndexOf('.')]), Base64Url.DecodeFromChars(mac))
            ? new(user, session, DateTimeOffset.FromUnixTimeSeconds(at)) : null;
    }

    /// <summary>When a cookie is over: its session's life in the console, or its reader's absence.</summary>
    public DateTimeOffset EndsAt(Session session, DateTimeOffset seenAt)
    {
        var (life, idle) = (session.SignedInAt.AddHours(settings.ConsoleHours), seenAt.AddMinutes(settings.ConsoleIdleMinutes));
        return life < idle ? life : idle;
    }

    private async ValueTask<byte[]> KeyAsync(CancellationToken ct) => (await keys.RequireAsync(KeyRing.Installation, ct)).Derive("page cookies");
}

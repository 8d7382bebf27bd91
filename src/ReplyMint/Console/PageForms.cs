using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>
/// What changes something comes from a page of ours (OWASP: CSRF): the browser says so by its own headers, and the form carries a
/// token that only a page for this very session and tenant has. With another tenant in another window an old form changes nothing.
/// </summary>
internal sealed class PageForms(KeyRing keys)
{
    public const string Field = "_page";

    private const int NonceBytes = 16;
    // Files stay in memory: what is put aside into a temporary file would lie there unsealed. The route bounds the body.
    private static readonly FormOptions Bounds = new() { ValueCountLimit = 200, KeyLengthLimit = 100, ValueLengthLimit = 200 * 1024, MemoryBufferThreshold = int.MaxValue };

    /// <summary>Another one for each page, so that no two answers can be compared to guess it.</summary>
    public async ValueTask<string> TokenAsync(HttpContext context)
    {
        var token = new byte[NonceBytes + HMACSHA256.HashSizeInBytes];
        RandomNumberGenerator.Fill(token.AsSpan(0, NonceBytes));
        (await MacAsync(context, token.AsMemory(0, NonceBytes))).CopyTo(token.AsSpan(NonceBytes));
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Null when a form may be acted upon, which was read then; else the answer.</summary>
    public async ValueTask<Problem?> RefusalAsync(HttpContext context)
    {
        var request = context.Request;
        if (!IsFromHere(request))
            return new(403, "This form was sent from another site.");
        if (!request.HasFormContentType)
            return new(415, ProblemAnswers.Detail(415));
        IFormCollection form;
        try
        {
            form = request.Form = await new FormFeature(request, Bounds).ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            return new(400, ProblemAnswers.Detail(400));
        }
        return await ProvesAsync(context, form[Field] is [{ } token] ? token : "") ? null : new(403, "This page is out of date.") { Type = "urn:replymint:problem:stale-page" };
    }

    /// <summary>Browsers say where a request began; one that says nothing is held to its token alone.</summary>
    private static bool IsFromHere(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin"
        && (request.Headers.Origin.ToString() is var origin && (origin.Length == 0 || origin == $"{request.Scheme}://{request.Host}"));

    private async ValueTask<bool> ProvesAsync(HttpContext context, string text)
    {
        if (!Base64Url.IsValid(text, out var length) || length != NonceBytes + HMACSHA256.HashSizeInBytes)
            return false;
        var token = Base64Url.DecodeFromChars(text);
        var right = await MacAsync(context, token.AsMemory(0, NonceBytes));
        return CryptographicOperations.FixedTimeEquals(token.AsSpan(NonceBytes), right);
    }

    private async ValueTask<byte[]> MacAsync(HttpContext context, ReadOnlyMemory<byte> nonce)
    {
        // Before there is a session, the page is bound to the cookie of the browser that asks. A second factor that is proved elsewhere leaves what was typed here good.
        var of = context.Features.Get<Caller>() is { Sitting: { } sitting } caller ? $"{sitting}\n{caller.Tenant}" : "\n" + (AskCookie.Of(context) ?? "");
        return Mac.Of((await keys.RequireAsync(KeyRing.Installation, context.RequestAborted)).Derive("page forms"), (byte[])[.. nonce.Span, .. Encoding.UTF8.GetBytes(of)]);
    }
}

/// <summary>
/// What a browser keeps that is on its way in: the verifier of the link that it asks for (RFC 7636), so that the link works in this
/// browser only. Lax, since the link is opened from the mail.
/// </summary>
internal static class AskCookie
{
    public const string Name = "__Host-replymint-ask";

    private const int Seconds = 15 * 60;

    /// <summary>The one that the browser sent, or that it gets with this answer; null when it has none.</summary>
    public static string? Of(HttpContext context) =>
        context.Items[Name] as string ?? (PageCookies.Of(context.Request, Name) is { } sent && SignInLinks.IsVerifier(sent) ? sent : null);

    /// <summary>The same, and a new one where there is none.</summary>
    public static string Ensure(HttpContext context)
    {
        if (Of(context) is { } known)
            return known;
        var made = SignInLinks.NewToken();
        context.Items[Name] = made;
        PageCookies.Set(context.Response, Name, made, "Lax", Seconds);
        return made;
    }
}

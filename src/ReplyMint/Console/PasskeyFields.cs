using System.Buffers.Text;
using ReplyMint.Accounts;

namespace ReplyMint.Console;

/// <summary>
/// The form that carries a passkey's answer. The page brings the challenge along, the script asks the authenticator and sends the
/// form; without a script, or without a site that passkeys belong to, it is not shown.
/// </summary>
internal static class PasskeyFields
{
    private const int MaxField = 8_192;

    /// <param name="html">Where to.</param>
    /// <param name="call">The page.</param>
    /// <param name="action">Where the answer goes.</param>
    /// <param name="to">Where the reader wants to.</param>
    /// <param name="own">For a person who is signed in and has passkeys; else for whoever it may be.</param>
    public static async Task AddAsync(Html html, PageCall call, string action, string to, bool own)
    {
        var (say, passkeys) = (call.Say, call.Get<Passkeys>());
        if (passkeys.Home is not { } home)
            return;
        IReadOnlyList<Passkey> known = own ? (await call.Get<SecondFactors>().FindAsync(call.Caller.Id, call.Stop)).Passkeys : [];
        if (own && known.Count == 0)
            return;
        var challenge = own ? await passkeys.NewChallengeAsync(WebAuthn.Get, call.Caller.Id, call.Caller.Session!, call.Stop) : await passkeys.NewSignInChallengeAsync(call.Stop);
        html.Add($"""<div class="passkey" hidden data-challenge="{challenge}" data-site="{home.Id}" data-known="{string.Join(' ', known.Select(one => Base64Url.EncodeToString(one.Credential)))}">""");
        html.Form(call, action);
        html.Add($"""
            <input type="hidden" name="to" value="{to}"><input type="hidden" name="id"><input type="hidden" name="client"><input type="hidden" name="data"><input type="hidden" name="signature">
            <button type="submit">{say["passkey.button"]}</button></form><p class="wrong" role="alert" hidden>{say["passkey.wrong"]}</p></div>
            """);
    }

    /// <summary>What the form brought; null when it is no answer of an authenticator.</summary>
    public static PasskeyProof? Read(PageCall call) =>
        Bytes(call, "id") is { } id && Bytes(call, "client") is { } client && Bytes(call, "data") is { } data && Bytes(call, "signature") is { } signature ? new(id, client, data, signature) : null;

    private static byte[]? Bytes(PageCall call, string field) => call.Field(field) is { Length: > 0 and <= MaxField } text && Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;
}

using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>AUTH-1, AUTH-2, AUTH-4 and AUTH-5 on a throw-away tenant.</summary>
internal static class AccessRehearsals
{
    // Minutes that an access token may live.
    private const int MostMinutes = 15;

    /// <summary>AUTH-1.</summary>
    public static async Task KeysAsync(RehearsalAct act, CancellationToken ct)
    {
        var admin = await act.SessionAsync(act.Own, Role.Admin, factor: true, ct);
        var made = await act.AskAsync("a key is made", "POST", "keys", admin.Line, [201], ct, new JsonObject { ["name"] = "rehearsal", ["scopes"] = new JsonArray("me:read") });
        var (id, text) = (RehearsalAct.Text(made, "key", "id"), RehearsalAct.Text(made, "secret"));
        await act.AskAsync("it works", "GET", "me", RehearsalAct.KeyLine(text), [200], ct);
        await act.AskAsync("it opens nothing else", "GET", "messages", RehearsalAct.KeyLine(text), [403], ct);
        var shown = await act.AskAsync("it is shown", "GET", $"keys/{id}", admin.Line, [200], ct);
        act.Holds(!shown.Body.Contains(text, StringComparison.Ordinal), "without its secret", "a key's secret is shown again after it was made");
        var stored = (await act.Get<ApiKeys>().FindAsync(act.Own.Id, id, ct))!.Secrets[0].Hash;
        act.Holds(stored.Length == 32 && !Encoding.UTF8.GetString(stored).Contains(text, StringComparison.Ordinal), "stored as a hash of 32 bytes", "what is stored of a key is no hash");
        var rotated = RehearsalAct.Text(await act.AskAsync("it is rotated", "POST", $"keys/{id}/rotate", admin.Line, [200], ct, new JsonObject { ["overlapHours"] = 1 }), "secret");
        await act.AskAsync("the old secret works on", "GET", "me", RehearsalAct.KeyLine(text), [200], ct);
        await act.AskAsync("the new one does", "GET", "me", RehearsalAct.KeyLine(rotated), [200], ct);
        await act.AskAsync("it is revoked", "DELETE", $"keys/{id}", admin.Line, [204], ct);
        foreach (var secret in (string[])[text, rotated])
            await act.BecomesAsync(async () => (await act.SendAsync("GET", "me", [RehearsalAct.KeyLine(secret)], "", "", ct)).Status == 401, "revoked: GET /api/v1/me -> 401", "a revoked key still works", ct);
    }

    /// <summary>AUTH-2.</summary>
    public static async Task SessionsAsync(RehearsalAct act, CancellationToken ct)
    {
        var user = await act.PersonAsync(act.Own, Role.Member, ct);
        var link = await act.Get<SignInDesk>().MakeAsync(user, act.Own.Id, Actor.Machine, ct) ?? throw RehearsalAct.Fail("no link could be made for a person who belongs");
        var session = await act.SignInAsync(link, user.Id, ct) ?? throw RehearsalAct.Fail("a good link lets nobody in");
        var parts = session.AccessToken.Split('.');
        using (var head = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0])))
        using (var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])))
        {
            var (algorithm, kid) = (head.RootElement.GetProperty("alg").GetString(), head.RootElement.GetProperty("kid").GetString());
            var life = claims.RootElement.GetProperty("exp").GetInt64() - claims.RootElement.GetProperty("iat").GetInt64();
            act.Holds(algorithm is not null && algorithm.StartsWith("ES", StringComparison.Ordinal), $"signed by {algorithm}", $"an access token is signed by {algorithm}, with no key pair");
            act.Holds(life is > 0 and <= MostMinutes * 60, string.Create(CultureInfo.InvariantCulture, $"good for {life} s"), string.Create(CultureInfo.InvariantCulture, $"an access token is good for {life} s"));
            var keys = await act.AskAsync("the public keys", "GET", "/.well-known/jwks.json", "", [200], ct);
            act.Holds(keys.Body.Contains($"\"{kid}\"", StringComparison.Ordinal), "name its key", "the public keys do not name the key of an access token");
        }
        await act.AskAsync("the session works", "GET", "me", session.Line, [200], ct);
        await act.AskAsync("a changed signature", "GET", "me", $"Authorization: Bearer {parts[0]}.{parts[1]}.{Flip(parts[2])}", [401], ct);
        await act.AskAsync("no signature", "GET", "me", $"Authorization: Bearer {Base64Url.EncodeToString("{\"alg\":\"none\",\"typ\":\"JWT\"}"u8)}.{parts[1]}.", [401], ct);
        var next = RehearsalAct.Text(await RefreshAsync(act, "a refresh token is spent", session.RefreshToken, 200, ct), "refreshToken");
        act.Holds(next != session.RefreshToken, "it gives another one", "a refresh token is good for more than one use");
        // It is we, so nobody has to look into it.
        await act.Get<Alerts>().ExpectAsync("refresh-token-reuse", session.Id, ct);
        await RefreshAsync(act, "it is used again", session.RefreshToken, 401, ct);
        await RefreshAsync(act, "which ends the family", next, 401, ct);
        await act.BecomesAsync(async () => (await act.SendAsync("GET", "me", [session.Line], "", "", ct)).Status == 401, "and the session: GET /api/v1/me -> 401", "a session goes on whose spent refresh token was used again", ct);
        var told = (await act.Get<Alerts>().NewestAsync(100, ct)).FirstOrDefault(alert => alert.Subject == session.Id);
        act.Holds(told is not null, "the operator is told", "the operator is not told that a spent refresh token was used again");
        await act.Get<Alerts>().AcknowledgeAsync(told!.Id, Actor.Machine, null, ct);
    }

    /// <summary>AUTH-4.</summary>
    public static async Task RolesAsync(RehearsalAct act, CancellationToken ct)
    {
        var member = await act.SessionAsync(act.Own, Role.Member, factor: true, ct);
        var auditor = await act.SessionAsync(act.Own, Role.Auditor, factor: true, ct);
        var (_, key) = await act.KeyAsync(act.Own, [.. Permissions.OfKeys.Each()], ct);
        JsonObject Admin() => new() { ["role"] = "admin" };
        await act.AskAsync("a member makes himself administrator", "PUT", $"members/{member.User}", member.Line, [403], ct, Admin());
        await act.AskAsync("an auditor does", "PUT", $"members/{auditor.User}", auditor.Line, [403], ct, Admin());
        await act.AskAsync("a key with all that keys may", "PUT", $"members/{member.User}", key, [403], ct, Admin());
        await act.AskAsync("an auditor reads mail", "GET", "messages", auditor.Line, [403], ct);
        await act.AskAsync("a member reads the audit log", "GET", "audit", member.Line, [403], ct);
        await act.AskAsync("a member asks for all tenants", "GET", "tenants", member.Line, [403], ct);
        JsonObject Key() => new() { ["name"] = "rehearsal", ["scopes"] = new JsonArray("me:read") };
        var plain = await act.SessionAsync(act.Own, Role.Admin, factor: false, ct);
        await act.AskAsync("an administrator without second factor makes a key", "POST", "keys", plain.Line, [403], ct, Key());
        var proved = await act.SessionAsync(act.Own, Role.Admin, factor: true, ct);
        await act.AskAsync("with one", "POST", "keys", proved.Line, [201], ct, Key());
        await act.AskAsync("a key that may change members", "POST", "keys", proved.Line, [400, 422], ct, new JsonObject { ["name"] = "rehearsal", ["scopes"] = new JsonArray("members:write") });
        // Nobody's role has moved by all of this.
        var members = await act.Get<Members>().ListAsync(act.Own.Id, ct);
        act.Holds(members.Count(one => one.Role == Role.Admin) == 1, "one administrator as before", "somebody became administrator");
    }

    /// <summary>AUTH-5.</summary>
    public static async Task TenantsAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, mailing) = await act.KeyAsync(act.Own, [Permission.MessagesWrite], ct);
        var message = await act.MailAsync(mailing, act.NewGuest(), ct);
        await act.DecidedAsync(message, ct);
        var (key, _) = await act.KeyAsync(act.Own, [Permission.Me], ct);
        var own = await act.SessionAsync(act.Own, Role.Admin, factor: true, ct);
        var other = await act.SessionAsync(act.Other, Role.Admin, factor: true, ct);
        (string Path, string Id)[] things = [("messages/", message), ("messages/{0}/raw", message), ("messages/{0}/receipt", message), ("mailboxes/", act.Own.Mailbox.Id), ("keys/", key), ("members/", own.User)];
        foreach (var (path, id) in things)
        {
            string At(string of) => path.Contains("{0}", StringComparison.Ordinal) ? string.Format(CultureInfo.InvariantCulture, path, of) : path + of;
            var there = (await act.SendAsync("GET", At(id), [own.Line], "", "", ct)).Status;
            if (there != 200)
                throw RehearsalAct.Fail($"a tenant's own: GET {RouteGroups.ApiRoot}/{At("ID")} -> {there}");
            var foreign = await act.SendAsync("GET", At(id), [other.Line], "", "", ct);
            var random = await act.SendAsync("GET", At(Swapped(id)), [other.Line], "", "", ct);
            act.Holds(foreign.Status == 404 && random.Status == 404 && Told(foreign) == Told(random), $"GET {RouteGroups.ApiRoot}/{At("ID")} of another tenant: 404, as of a random id",
                $"GET {RouteGroups.ApiRoot}/{At("ID")} of another tenant: {foreign.Shown}, of a random id: {random.Shown}{(foreign.Status == random.Status ? ", with another text" : "")}");
        }
        await act.AskAsync("another tenant's key is revoked", "DELETE", $"keys/{key}", other.Line, [404], ct);
        act.Holds(await act.Get<ApiKeys>().FindAsync(act.Own.Id, key, ct) is not null, "it is still there", "another tenant's administrator revoked a key");
    }

    private static Task<Reply> RefreshAsync(RehearsalAct act, string said, string token, int status, CancellationToken ct) =>
        act.AskAsync(said, "POST", "session/refresh", "", [status], ct, new JsonObject { ["refreshToken"] = token });

    private static string Flip(string signature) => (signature[0] == 'A' ? 'B' : 'A') + signature[1..];

    /// <summary>An id of the same form that nobody has.</summary>
    private static string Swapped(string id) => id[..^8] + string.Concat(id[^8..].Reverse().Select(letter => letter == '2' ? '3' : '2'));

    /// <summary>All that an error says but the trace id.</summary>
    private static string Told(Reply reply)
    {
        using var json = JsonDocument.Parse(reply.Body);
        return string.Join('|', json.RootElement.EnumerateObject().Where(member => member.Name is not ("traceId" or "instance")).Select(member => member.ToString()));
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>A session as its owner holds it.</summary>
internal sealed record RehearsedSession(string User, string Id, string AccessToken, string RefreshToken)
{
    /// <summary>The header line of a request.</summary>
    public string Line => $"Authorization: Bearer {AccessToken}";
}

/// <summary>The front door: real requests with keys and sessions that are made for it. No secret of them stands in evidence.</summary>
internal sealed partial class RehearsalAct
{
    /// <summary>Asks and demands a status.</summary>
    /// <param name="said">What is tried, as it stands in evidence.</param>
    /// <param name="path">Below /api/v1 when it does not begin with a slash.</param>
    /// <param name="who">The header line that names the caller, or "".</param>
    /// <param name="statuses">Which answers are right.</param>
    public async Task<Reply> AskAsync(string said, string method, string path, string who, int[] statuses, CancellationToken ct, JsonObject? body = null)
    {
        var reply = await SendAsync(method, path, who.Length == 0 ? [] : [who], body?.ToJsonString() ?? "", "application/json", ct);
        var shown = $"{said}: {method} {Shown(path)} -> {reply.Shown}";
        Holds(statuses.Contains(reply.Status), shown, $"{shown}, not {string.Join(" or ", statuses)}");
        return reply;
    }

    /// <summary>Asks, and says nothing of it yet. Where nobody answers nothing was looked at.</summary>
    public async Task<Reply> SendAsync(string method, string path, string[] headers, string body, string type, CancellationToken ct)
    {
        var full = path.StartsWith('/') ? path : $"{RouteGroups.ApiRoot}/{path}";
        var reply = await look.Http.SendHalfAsync(look.Http.Head(method, full, [.. headers, .. body.Length > 0 ? [$"Content-Type: {type}", $"Content-Length: {System.Text.Encoding.Latin1.GetByteCount(body)}"] : method == "GET" ? (string[])[] : ["Content-Length: 0"]]) + body, ct);
        return reply.Status != 0 ? reply : throw NotChecked($"{method} {Shown(path)} -> {reply.Shown}");
    }

    /// <summary>A header line with a new key of the machine's.</summary>
    public async Task<(string Id, string Line)> KeyAsync(RehearsedTenant tenant, Permission[] scopes, CancellationToken ct)
    {
        var made = await Get<ApiKeys>().CreateAsync(tenant.Id, new ApiKeyWish { Name = "rehearsal", Scopes = [.. scopes.Select(scope => scope.Name())] }, Actor.Machine.Id, Actor.Machine, ct);
        return (made.Key!.Id, KeyLine(made.Text!));
    }

    public static string KeyLine(string text) => $"{CallerFinder.KeyHeader}: {text}";

    public async Task<User> PersonAsync(RehearsedTenant tenant, Role role, CancellationToken ct) =>
        await Get<Users>().FindByAddressAsync(tenant.Person(role), ct) ?? throw new InvalidOperationException("A person of the rehearsal is gone.");

    /// <summary>A session as a sign-in starts it.</summary>
    /// <param name="factor">A second factor was proved just now.</param>
    public async Task<RehearsedSession> SessionAsync(RehearsedTenant tenant, Role role, bool factor, CancellationToken ct)
    {
        var user = await PersonAsync(tenant, role, ct);
        var start = await Get<IStore>().RetryAsync((commit, token) => Get<Sessions>().StartAsync(commit, user.Id, tenant.Id, factor ? Get<TimeProvider>().GetUtcNow() : null, new SessionClient("replymint-guide", "127.0.0.1"), token), ct);
        var tokens = await Get<TokenDesk>().WelcomeAsync(start, ct);
        return new(user.Id, start.Session.Id, tokens.AccessToken, tokens.RefreshToken!);
    }

    /// <summary>Signs in by a link, as its browser does; null when that lets nobody in.</summary>
    public async Task<RehearsedSession?> SignInAsync((string Token, string Verifier) link, string user, CancellationToken ct)
    {
        var reply = await SendAsync("POST", "sign-in/complete", [], new JsonObject { ["token"] = link.Token, ["verifier"] = link.Verifier }.ToJsonString(), "application/json", ct);
        return reply.Status == 200 ? new(user, Text(reply, "session"), Text(reply, "accessToken"), Text(reply, "refreshToken")) : null;
    }

    /// <summary>Hands a question over by the API; the message that it became.</summary>
    public async Task<string> MailAsync(string key, string from, CancellationToken ct, string subject = "When are you open?", string text = "When are you open on Saturday?", string? messageId = null)
    {
        var body = new JsonObject { ["from"] = from, ["to"] = Own.Mailbox.Address, ["subject"] = subject, ["text"] = text, ["fromName"] = "A guest" };
        if (messageId is not null)
            body["messageId"] = messageId;
        var reply = await SendAsync("POST", "messages", [key], body.ToJsonString(), "application/json", ct);
        return reply.Status == 202 ? Text(reply, "id") : throw Fail($"a mail is handed over: POST /api/v1/messages -> {reply.Shown}, not 202");
    }

    /// <summary>The same of a mail as it is (RFC 5322), whatever becomes of it.</summary>
    public Task<Reply> RawMailAsync(string key, string from, string mail, CancellationToken ct) =>
        SendAsync("POST", $"messages?to={Uri.EscapeDataString(Own.Mailbox.Address)}&from={Uri.EscapeDataString(from)}", [key], mail.ReplaceLineEndings("\r\n"), "message/rfc822", ct);

    public async Task<Message> DecidedAsync(string id, CancellationToken ct)
    {
        Message? decided = null;
        if (!await EventuallyAsync(async () => (decided = await Get<Messages>().FindAsync(Own.Id, id, ct)) is { Record.State: not MessageState.Received }, ct))
            throw Fail("a mail that was taken was not decided in time");
        return decided!;
    }

    /// <summary>What goes out for a message, once its turn has come; null when nothing does.</summary>
    public async Task<OutboxEntry?> AnswerAsync(string id, CancellationToken ct)
    {
        if ((await DecidedAsync(id, ct)).Record.State != MessageState.Answered)
            return null;
        OutboxEntry? entry = null;
        await EventuallyAsync(async () => (entry = await Get<Outbox>().FindAsync(Own.Id, id, ct)) is { Record.State: not (OutboxState.Queued or OutboxState.Sending) }, ct);
        return entry;
    }

    /// <summary>Its answer was given over: to nobody, since no mail goes to .invalid.</summary>
    public async Task<bool> HasLeftAsync(string id, CancellationToken ct) => await Get<Outbox>().StateAsync(Own.Id, id, ct) is { State: not OutboxState.Queued };

    public static string Text(Reply reply, params string[] path)
    {
        using var json = JsonDocument.Parse(reply.Body);
        var at = json.RootElement;
        foreach (var name in path)
            at = at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var inner) ? inner : throw Fail($"an answer lacks {string.Join('.', path)}");
        return at.ToString();
    }

    private static string Shown(string path) => (path.StartsWith('/') ? path : $"{RouteGroups.ApiRoot}/{path}").Split('?')[0];
}

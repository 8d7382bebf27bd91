using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <summary>That a key was used: claimed before the handler runs, completed with the commit that keeps its answer.</summary>
/// <param name="Body">Keyed hash of what was sent; null while the handler runs, and for good when it broke off.</param>
/// <param name="At">When it was claimed.</param>
internal sealed record IdempotencyRecord(int V, string? Body, DateTimeOffset At);

/// <summary>The answer as kept, sealed with the tenant's key.</summary>
internal sealed record KeptAnswer(int Status, string? ContentType, string? Location, string? ETag, byte[] Body);

/// <summary>On routes whose answer carries a secret, such as a new key: it is kept for minutes, or not at all, instead of a day.</summary>
internal sealed class SecretAnswerMark
{
    public static readonly SecretAnswerMark ForMinutes = new();
    public static readonly SecretAnswerMark NotAtAll = new();

    private SecretAnswerMark()
    {
    }
}

/// <summary>
/// Idempotency-Key on every POST of the API: the same key of the same caller (a person: in the same session) on the same address
/// has one effect, and one answer. The claim is a conditional write, so of two at once one runs. A process that dies, or a
/// handler that fails, leaves the claim: whether it had its effect nobody can tell, so the key is refused for its day instead of used twice.
/// </summary>
internal sealed class Idempotency(IStore store, KeyRing keys, TimeProvider time)
{
    public const string Header = "Idempotency-Key";

    /// <summary>For so long the same key gets the same answer.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>For so long an answer with a secret can be had again; after it the key is refused, never used anew.</summary>
    public static readonly TimeSpan SecretKept = TimeSpan.FromMinutes(10);

    /// <summary>Longer than any handler takes: what is not done by then broke off.</summary>
    public static readonly TimeSpan Runs = TimeSpan.FromMinutes(5);

    private const int MaxKey = 255;
    private const int MaxKeptBytes = 256 * 1024;

    public Task InvokeAsync(HttpContext context, RequestDelegate next) =>
        context.Request.Headers[Header] is var key && context.Features.Get<Caller>() is { } caller
            ? key is [{ Length: > 0 and <= MaxKey } one] && !one.AsSpan().ContainsAnyExceptInRange('!', '~')
                ? OnceAsync(context, next, caller, one) : Problem.Of(Header, $"must be 1 to {MaxKey} visible ASCII characters, once").ExecuteAsync(context)
            : next(context);

    private async Task OnceAsync(HttpContext context, RequestDelegate next, Caller caller, string key)
    {
        var ct = context.RequestAborted;
        var own = await keys.RequireAsync(caller.Tenant, ct);
        var name = own.Hash("idempotency", $"{caller.Id}\n{caller.Session}\n{context.Request.Path}\n{key}");
        var (claim, answer) = (ItemKey.Main(caller.Tenant, "idempotency/" + name), ItemKey.Main(caller.Tenant, "idempotency-answer/" + name));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{context.Request.QueryString}\n{context.Request.ContentType}\n"));
        var sent = new HashedBody(context.Request.Body, hash);
        context.Request.Body = sent;

        if (await store.GetAsync(claim, ct) is { } known)
        {
            await AgainAsync(context, own, known, answer, sent, ct);
            return;
        }
        var running = new Commit().Put(claim, Write(new(1, null, time.GetUtcNow())), Condition.Absent, expires: time.GetUtcNow() + Kept);
        if (await store.CommitAsync(running, ct) == CommitResult.Conflict)
            await Running.ExecuteAsync(context);
        else
            await RunAsync(context, next, own, claim, answer, sent);
    }

    private static readonly Problem Running = new(409, "A call with this Idempotency-Key is running. Ask again in a moment.");

    private static readonly Problem BrokeOff = new(409, "The call with this Idempotency-Key broke off, and may have had its effect. Look whether it had, then use a new key.");

    private static readonly Problem Gone = new(409, "The call with this Idempotency-Key was done before. Its answer is not kept (any more), because it carries a secret or is large.");

    private async Task AgainAsync(HttpContext context, TenantKeys own, Item known, ItemKey answer, HashedBody sent, CancellationToken ct)
    {
        var record = JsonSerializer.Deserialize(known.Value.Span, LimitsJson.Default.IdempotencyRecord)!;
        if (record.Body is null && time.GetUtcNow() - record.At >= Runs)
        {
            await BrokeOff.ExecuteAsync(context);
            return;
        }
        if (record.Body is null)
        {
            context.Response.Headers.RetryAfter = "5";
            await Running.ExecuteAsync(context);
            return;
        }
        if (await sent.FinishAsync(own, ct) != record.Body)
        {
            await new Problem(422, "This Idempotency-Key was used for another request. Use a new one for each new request.").ExecuteAsync(context);
            return;
        }
        if (await store.GetAsync(answer, ct) is not { } item)
        {
            await Gone.ExecuteAsync(context);
            return;
        }
        var kept = JsonSerializer.Deserialize(own.Open(item), LimitsJson.Default.KeptAnswer)!;
        var response = context.Response;
        response.StatusCode = kept.Status;
        response.ContentType = kept.ContentType;
        if (kept.Location is not null)
            response.Headers.Location = kept.Location;
        if (kept.ETag is not null)
            response.Headers.ETag = kept.ETag;
        if (kept.Body.Length == 0)
            return;
        response.ContentLength = kept.Body.Length;
        await response.Body.WriteAsync(kept.Body, ct);
    }

    private async Task RunAsync(HttpContext context, RequestDelegate next, TenantKeys own, ItemKey claim, ItemKey answer, HashedBody sent)
    {
        var real = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var written = new MemoryStream();
        try
        {
            context.Response.Body = written;
            await next(context);
        }
        catch (BadHttpRequestException)
        {
            // It could not even be read, so nothing was done.
            await ReleaseAsync(claim);
            throw;
        }
        finally
        {
            context.Features.Set(real);
        }
        // Not the caller's token from here on: what was done is to be remembered though he went away.
        if (context.Response.StatusCode is 400 or 408 or 413 or 415 or 429)
            await ReleaseAsync(claim);
        else if (context.Response.StatusCode < 500)
            await KeepAsync(context, own, claim, answer, await sent.FinishAsync(own, CancellationToken.None), written);
        if (written.Length > 0)
            await real.Stream.WriteAsync(written.GetBuffer().AsMemory(0, (int)written.Length), context.RequestAborted);
    }

    private Task ReleaseAsync(ItemKey claim) => store.CommitAsync(new Commit().Delete(claim, Condition.At(1)), CancellationToken.None).AsTask();

    private async Task KeepAsync(HttpContext context, TenantKeys own, ItemKey claim, ItemKey answer, string body, MemoryStream written)
    {
        var (response, now) = (context.Response, time.GetUtcNow());
        var secret = context.GetEndpoint()?.Metadata.GetMetadata<SecretAnswerMark>();
        var commit = new Commit().Put(claim, Write(new(1, body, now)), Condition.At(1), expires: now + Kept);
        if (written.Length <= MaxKeptBytes && secret != SecretAnswerMark.NotAtAll)
        {
            var kept = new KeptAnswer(response.StatusCode, response.ContentType, Text(response.Headers.Location), Text(response.Headers.ETag), written.ToArray());
            var plain = JsonSerializer.SerializeToUtf8Bytes(kept, LimitsJson.Default.KeptAnswer);
            commit.Put(answer, "{\"v\":1}"u8.ToArray(), Condition.Absent, own.Seal(answer, 1, plain), now + (secret is null ? Kept : SecretKept));
        }
        // A conflict means that the claim expired meanwhile; the answer is still this caller's.
        await store.CommitAsync(commit, CancellationToken.None);
    }

    private static string? Text(Microsoft.Extensions.Primitives.StringValues header) => header.Count == 0 ? null : header.ToString();

    private static byte[] Write(IdempotencyRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, LimitsJson.Default.IdempotencyRecord);
}

internal static class IdempotencySteps
{
    /// <param name="route">One whose answer carries a secret.</param>
    /// <param name="kept">False where the handler asks for more than the gate does, such as a fresh proof: who asks again is not asked for it.</param>
    public static TBuilder SecretAnswer<TBuilder>(this TBuilder route, bool kept = true) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(kept ? SecretAnswerMark.ForMinutes : SecretAnswerMark.NotAtAll);

    /// <summary>Stands behind the caller's gate.</summary>
    public static void UseIdempotency(this WebApplication app) => app.Use(next => context =>
        HttpMethods.IsPost(context.Request.Method) && context.Request.Headers.ContainsKey(Idempotency.Header)
            ? context.RequestServices.GetRequiredService<Idempotency>().InvokeAsync(context, next) : next(context));
}

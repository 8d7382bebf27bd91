using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>A mail in its parts.</summary>
/// <param name="From">Its author, who would be answered.</param>
/// <param name="To">A mailbox of the tenant.</param>
/// <param name="MessageId">Without angle brackets. The same mail with the same one is the same message; left out, each call is a mail of its own.</param>
/// <param name="InReplyTo">The Message-ID of the mail that this one answers.</param>
/// <param name="References">The Message-IDs of its thread, the oldest first.</param>
/// <param name="Date">When it was written; left out: now.</param>
internal sealed record NewMessage(
    [Address] string From, [Address] string To, [Line(500, Least = 0)] string Subject, [Text(200_000)] string Text, [Line(100, Least = 0)] string? FromName = null, [Token(250)] string? MessageId = null,
    [Token(250)] string? InReplyTo = null, [Items(50), Token(250)] IReadOnlyList<string>? References = null, DateTimeOffset? Date = null, [Address] string? ReplyTo = null);

/// <param name="Duplicate">The same mail came before; this is its message.</param>
internal sealed record MessageAccepted(string Id, bool Duplicate);

/// <summary>
/// One more channel in: a caller hands mail over and vouches for it. It meets all rules that other mail meets, and is durable
/// before the caller is told so.
/// </summary>
internal static class ApiMessages
{
    // Octets. The text's 200,000 characters may be written as six each; all else together is shorter than that. The serializer holds
    // all of it, and twice over as text, before any rule is asked, so it must not be much more.
    private const int MostParts = 2 * 1024 * 1024;

    public static void MapMessagesIn(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapApi(Permission.MessagesWrite, "messages");
        group.MapPost("/messages", PartsAsync).WithName("SubmitMessage")
            .WithSummary("Hand a mail over, in its parts. A whole mail (RFC 5322) may be posted as message/rfc822, with ?to= and ?from= as its envelope")
            .Accepts<NewMessage>("application/json").Produces<MessageAccepted>(202).WithMetadata(new BodyLimit(MostParts)).Costly();
        // The same address: the router tells them apart by what comes; what names no type meets the first.
        group.MapPost("/messages", RawAsync).WithMetadata(new MailBody(), new BodyLimit(routes.ServiceProvider.GetRequiredService<HttpSettings>().Limits.MaxMailBytes))
            .WithOrder(1).ExcludeFromDescription().Costly();
    }

    private static async Task<IResult> PartsAsync(HttpContext context, Caller caller, NewMessage wanted, [FromServices] Inbox inbox, [FromServices] TimeProvider time, CancellationToken ct)
    {
        if (wanted.ReplyTo is { } replyTo && (AddressRules.Normalize(replyTo) is null || !System.Text.Ascii.IsValid(replyTo)))
            return Problem.Of("replyTo", "is no mail address");
        var mail = new OutboundMail
        {
            MessageId = wanted.MessageId?.Trim('<', '>') ?? $"{Ids.Timed(time)}@{AddressRules.Domain(wanted.To)}",
            ReversePath = wanted.From,
            From = wanted.From,
            FromName = wanted.FromName ?? "",
            To = wanted.To,
            Subject = wanted.Subject,
            Text = wanted.Text,
            InReplyTo = wanted.InReplyTo?.Trim('<', '>') ?? "",
            References = [.. (wanted.References ?? []).Select(id => id.Trim('<', '>'))],
            Date = wanted.Date ?? time.GetUtcNow(),
            Headers = wanted.ReplyTo is null ? [] : [new("Reply-To", $"<{wanted.ReplyTo}>")],
        };
        if (MimeWriter.Problem(mail) is { } wrong)
            return new Problem(400, $"The mail can't be written: {wrong}.");
        return await SubmitAsync(context, caller, MimeWriter.Write(mail), new Envelope(wanted.From, wanted.To), inbox, time, ct, dated: wanted.Date is not null);
    }

    private static async Task<IResult> RawAsync(
        HttpContext context, Caller caller, [Address] string to, [Line(254, Least = 0)] string? from, [FromServices] Inbox inbox, [FromServices] ApiBodies bodies, [FromServices] TimeProvider time, CancellationToken ct)
    {
        // An empty one is the null reverse-path of a bounce; left out, nobody knows.
        if (from is { Length: > 0 } && AddressRules.Normalize(from) is null)
            return Problem.Of("from", "is no mail address");
        using var body = await bodies.ReadAsync(context, caller.Tenant, ct);
        if (body.Refusal is { } refused)
            return refused;
        if (body.Content.IsEmpty)
            return Problem.Of("body", "is empty");
        return body.TryProve() ? await SubmitAsync(context, caller, body.Content, new Envelope(from, to), inbox, time, ct) : UnprovedBodies.Later(context);
    }

    private static async Task<IResult> SubmitAsync(HttpContext context, Caller caller, ReadOnlyMemory<byte> content, Envelope envelope, Inbox inbox, TimeProvider time, CancellationToken ct, bool dated = true)
    {
        if (AuthenticatedDelivery.From(content, envelope, caller, dated) is not { } delivery)
            return new Problem(403);
        // What the caller does not see is not there for him, whoever's it is.
        if (await inbox.MailboxAsync(envelope.Recipient!, caller.Tenant, ct) is not { } mailbox || !caller.Sees(mailbox.Id))
            return Unknown();
        var (outcome, id) = await inbox.SubmitAsync(delivery, ct);
        return outcome switch
        {
            AcceptOutcome.Accepted or AcceptOutcome.Duplicate => TypedResults.Accepted($"{RouteGroups.ApiRoot}/messages/{id}", new MessageAccepted(id!, outcome == AcceptOutcome.Duplicate)),
            AcceptOutcome.TooBusy or AcceptOutcome.NoRoom => UnprovedBodies.Later(context),
            AcceptOutcome.TenantFull => new TooMany(UntilTomorrow(time.GetUtcNow()), "The tenant was sent as much mail as it may in a day (UTC)."),
            AcceptOutcome.DomainLost => new Problem(409, "Another tenant has proved the domain of this mailbox."),
            _ => Unknown(),
        };
    }

    private static TimeSpan UntilTomorrow(DateTimeOffset now) => now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime;

    private static Problem Unknown()
    {
        Measures.MailRefused.Add("api", "unknown-recipient");
        return new(422, "The mail can't be taken.", new Dictionary<string, string[]> { ["to"] = ["is no mailbox here"] });
    }

    /// <summary>The handler reads the mail itself.</summary>
    private sealed class MailBody : IAcceptsMetadata
    {
        public IReadOnlyList<string> ContentTypes { get; } = ["message/rfc822"];
        public Type? RequestType => null;
        public bool IsOptional => false;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewMessage))]
[JsonSerializable(typeof(MessageAccepted))]
internal sealed partial class InboundWire : JsonSerializerContext;

using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>
/// Mailgun's events about mails that we sent: stored on the mail, once; an uncertain mail is settled by them; permanent
/// failures and complaints suppress the address that we wrote to (never one that only the event names, for its body is not signed).
/// </summary>
internal sealed class MailgunEvents(MailgunSources sources, SpentTokens spent, ReplyTokens tokens, DeliveryEvents events, UnprovedBodies bodies, Containments contained, TimeProvider time)
{
    private const int MaxBytes = 256 * 1024;
    private static readonly SearchValues<char> CodeCharacters = SearchValues.Create("0123456789.");

    /// <param name="channel">Null for the operator's own route.</param>
    public async Task<IResult> ReceiveAsync(HttpContext context, string? channel, CancellationToken ct)
    {
        if (!context.Request.HasJsonContentType())
            return new Problem(415, "Post application/json.");
        using var body = await bodies.ReadAsync(context, MaxBytes, "mailgun", ct);
        if (body.Refusal is { } refusal)
            return refusal;
        MailgunEvent? posted;
        try
        {
            posted = JsonSerializer.Deserialize(body.Content.Span, MailgunJson.Default.MailgunEvent);
        }
        catch (JsonException)
        {
            posted = null;
        }
        if (posted is not { Signature: { } signature, EventData: { } data })
            return new Problem(400, "An event is a JSON object with \"signature\" and \"event-data\".");
        var proof = MailgunProof.From(await sources.FindAsync(channel, ct), signature.Timestamp, signature.Token, signature.Signature, time.GetUtcNow(), out var verdict);
        if (proof is null)
            return MailgunRefusal.For(verdict);
        if (!body.TryProve() || await contained.IsAsync(ContainedKind.Channel, proof.Source.Id, ct))
            return UnprovedBodies.Later(context);
        if (!await spent.SpendAsync(proof.Spend(SpentToken.FingerprintOf(body.Content.Span)), ct))
            return MailgunRefusal.Replayed();
        await RecordAsync(proof.Source, data, ct);
        // Events about others' mails, or of kinds that say nothing about delivery, are taken too, or Mailgun would repeat them for hours.
        return TypedResults.Ok();
    }

    private async Task RecordAsync(MailgunSource source, MailgunEventData data, CancellationToken ct)
    {
        var kind = Kind(data);
        if (kind is null || data.Message?.Headers?.MessageId is not { } messageId || tokens.ReadMessageId(messageId) is not { } subject)
            return;
        var id = data.Id is { Length: > 0 and <= 100 } given ? given : $"{kind}-{data.Timestamp.ToString(CultureInfo.InvariantCulture)}";
        SuppressionReason? reason = kind switch { "failed" => SuppressionReason.PermanentFailure, "complained" => SuppressionReason.Complaint, _ => null };
        await events.RecordAsync(source.Owner, subject, new DeliveryEvent("mailgun/" + id, kind, At(data.Timestamp), Detail(data)), reason, ct);
    }

    /// <summary>Null for what says nothing about delivery, such as opens and clicks, which are nobody's business.</summary>
    private static string? Kind(MailgunEventData data) => data.Event switch
    {
        "failed" => data.Severity == "temporary" ? "delayed" : "failed",
        "delivered" or "complained" or "rejected" or "accepted" => data.Event,
        _ => null,
    };

    private DateTimeOffset At(double timestamp)
    {
        var now = time.GetUtcNow();
        return timestamp is > 0 and < 253_402_300_799 ? DateTimeOffset.FromUnixTimeMilliseconds((long)(timestamp * 1000)) : now;
    }

    /// <summary>Numbers only: the server's words may name the address.</summary>
    private static string Detail(MailgunEventData data)
    {
        var status = data.DeliveryStatus;
        var code = status?.Code.ValueKind == JsonValueKind.Number && status.Code.TryGetInt32(out var number) ? number.ToString(CultureInfo.InvariantCulture) : "";
        var enhanced = status?.EnhancedCode is { Length: <= 12 } text && !text.AsSpan().ContainsAnyExcept(CodeCharacters) ? text : "";
        return $"{code} {enhanced}".Trim();
    }
}

internal sealed record MailgunEvent(MailgunEventSignature? Signature, [property: JsonPropertyName("event-data")] MailgunEventData? EventData);

internal sealed record MailgunEventSignature(string? Timestamp, string? Token, string? Signature);

internal sealed record MailgunEventData(
    string? Id, string? Event, string? Severity, double Timestamp, MailgunEventMessage? Message,
    [property: JsonPropertyName("delivery-status")] MailgunDeliveryStatus? DeliveryStatus);

internal sealed record MailgunEventMessage(MailgunEventHeaders? Headers);

internal sealed record MailgunEventHeaders([property: JsonPropertyName("message-id")] string? MessageId);

internal sealed record MailgunDeliveryStatus(JsonElement Code, [property: JsonPropertyName("enhanced-code")] string? EnhancedCode);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false, MaxDepth = 16)]
[JsonSerializable(typeof(MailgunEvent))]
internal sealed partial class MailgunJson : JsonSerializerContext;

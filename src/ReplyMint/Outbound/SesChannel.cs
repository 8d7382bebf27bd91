using System.Buffers;
using System.Text.Json;

namespace ReplyMint.Outbound;

/// <summary>Hands one request to SES's API, signed by the role of this process; given by the application, which knows AWS.</summary>
/// <param name="body">JSON.</param>
/// <param name="patience">Beside the time that its bytes need.</param>
internal delegate Task<SesAnswer> SesCall(ReadOnlyMemory<byte> body, TimeSpan patience, CancellationToken ct);

/// <param name="Status">Of HTTP; 0 when no whole answer came.</param>
/// <param name="Error">AWS's word for what went wrong; null when all went well.</param>
/// <param name="HandedOver">The whole request went to the connection: from then on the mail may have left.</param>
internal readonly record struct SesAnswer(int Status, string? Error, bool HandedOver);

/// <summary>
/// Hands mails to Amazon SES as finished MIME (SendEmail of version 2 with raw content), so that what was approved is what leaves. A call has no
/// token by which SES would know it again, so each is made once.
/// </summary>
/// <param name="call">Null where nobody may send, such as in a drill.</param>
internal sealed class SesChannel(SesSettings settings, SesCall? call) : IOutboundChannel
{
    public string Name => "ses";

    public async Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
    {
        if (MimeWriter.Problem(mail) is { } problem)
            return new(SendResult.Permanent, problem);
        if (call is null || ct.IsCancellationRequested)
            return new(SendResult.Temporary, "not handed over (stopped)");
        try
        {
            return Judge(await call(Request(mail), TimeSpan.FromSeconds(settings.TimeoutSeconds), ct));
        }
        catch (OperationCanceledException)
        {
            return new(SendResult.Uncertain, "no answer after the mail was handed over (stopped)");
        }
    }

    private static SendOutcome Judge(SesAnswer answer) => answer switch
    {
        { Status: >= 200 and < 300, Error: null } => new(SendResult.Sent, Word(answer)),
        { Status: 0, HandedOver: false } => new(SendResult.Temporary, $"not handed over ({answer.Error})"),
        { Status: 0 } => new(SendResult.Uncertain, $"no answer after the mail was handed over ({answer.Error})"),
        // About this mail, not about the account, the role or the rate.
        { Error: "MessageRejected" or "BadRequestException" or "ValidationException" } => new(SendResult.Permanent, Word(answer)),
        { Status: < 500 or 503 } => new(SendResult.Temporary, Word(answer)),
        // It broke on the way: the mail may have been taken all the same. A delivery event will tell.
        _ => new(SendResult.Uncertain, Word(answer)),
    };

    private static string Word(SesAnswer answer) => answer.Error is null ? $"{answer.Status}" : $"{answer.Status} {answer.Error}";

    private ReadOnlyMemory<byte> Request(OutboundMail mail)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("Content");
            json.WriteStartObject("Raw");
            json.WriteBase64String("Data", MimeWriter.Write(mail).Span);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("Destination");
            json.WriteStartArray("ToAddresses");
            json.WriteStringValue(mail.To);
            json.WriteEndArray();
            json.WriteEndObject();
            // The envelope's sender is SES's own, or of the domain's MAIL FROM; this is who hears of bounces.
            if (mail.ReversePath.Length > 0)
                json.WriteString("FeedbackForwardingEmailAddress", mail.ReversePath);
            if (settings.ConfigurationSet.Length > 0)
                json.WriteString("ConfigurationSetName", settings.ConfigurationSet);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}

using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Aws;

/// <summary>
/// Posts alarms of a topic of SNS to a chat, as an object with the text, which most chats take. An alarm that is not taken fails, so
/// that Lambda tries it again and then leaves it to the dead letters.
/// </summary>
/// <param name="http">Guarded: it calls public addresses only.</param>
/// <param name="address">Reads the chat's address, a secret; null when it can't be read.</param>
/// <param name="topic">Only this topic's alarms are posted; null is any, since whoever may call this function was chosen by its rights.</param>
internal sealed partial class LambdaAlarmSink(HttpClient http, Func<CancellationToken, ValueTask<string?>> address, string? topic, ILogger<LambdaAlarmSink> log)
{
    private const int MostText = 1_000;

    public async Task<LambdaOutcome> TakeAsync(JsonElement root, CancellationToken deadline)
    {
        if (!LambdaEvents.AreRecordsOf(root, "EventSource", "aws:sns"))
            return new LambdaOutcome.Refused("It is no event of SNS.");
        if (await address(deadline) is not { } text || !Uri.TryCreate(text, UriKind.Absolute, out var chat))
            return new LambdaOutcome.Refused("The address that alarms are posted to can't be read: see lambda.alarmWebhook.");
        foreach (var record in root.GetProperty("Records").EnumerateArray())
        {
            var notice = LambdaEvents.Member(record, "Sns");
            if (topic is not null && LambdaEvents.Text(notice, "TopicArn") != topic)
                return new LambdaOutcome.Refused("It is of another topic.");
            if (!await PostAsync(chat, Words(notice), deadline))
                return new LambdaOutcome.Refused("The chat did not take the alarm.");
        }
        return LambdaOutcome.Taken;
    }

    private async Task<bool> PostAsync(Uri chat, string words, CancellationToken ct)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        await using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("text", words);
            json.WriteEndObject();
        }
        using var content = new ReadOnlyMemoryContent(buffer.WrittenMemory);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var answer = await http.PostAsync(chat, content, ct);
            if (answer.IsSuccessStatusCode)
                return true;
            LogNotTaken(log, ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            LogNotTaken(log, failure.GetType().Name);
        }
        return false;
    }

    /// <summary>CloudWatch's alarms by their parts; of anything else, such as a budget, the subject and how it begins.</summary>
    private static string Words(JsonElement notice)
    {
        var (subject, message) = (LambdaEvents.Text(notice, "Subject"), LambdaEvents.Text(notice, "Message"));
        try
        {
            using var document = JsonDocument.Parse(message);
            var alarm = document.RootElement;
            if (LambdaEvents.Text(alarm, "AlarmName") is { Length: > 0 } name)
                return Line($"{LambdaEvents.Text(alarm, "NewStateValue")}: {name} ({LambdaEvents.Text(alarm, "Region")}, {LambdaEvents.Text(alarm, "StateChangeTime")}). {LambdaEvents.Text(alarm, "NewStateReason")}");
        }
        catch (JsonException)
        {
            // It is text.
        }
        return Line(subject.Length == 0 ? message : $"{subject}: {message}");
    }

    private static string Line(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, MostText));
        foreach (var rune in text.EnumerateRunes().Take(MostText))
            line.Append(Rune.IsControl(rune) ? new Rune(' ') : rune);
        return line.ToString();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An alarm was not taken by the chat: {Failure}")]
    private static partial void LogNotTaken(ILogger log, string failure);
}

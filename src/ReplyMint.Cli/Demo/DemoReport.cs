using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Inbound;

namespace ReplyMint.Cli.Demo;

/// <summary>One mail of `demo --json`.</summary>
internal sealed record DemoLine(
    int Mail, string What, string From, string Subject, string? Message, string Decision, IReadOnlyList<string> Reasons, string Why, string? Answer, bool Ok, string? Problem);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DemoLine))]
internal sealed partial class DemoJson : JsonSerializerContext;

/// <summary>Tells a person, or a program, what was decided on a mail and why.</summary>
internal static class DemoReport
{
    // For a terminal and for programs, never inside a page: letters stay letters.
    private static readonly DemoJson Json = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static void Write(DemoResult result, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"{result.Mail.Number}. {result.Mail.What}");
        if (result.Message is { } message)
        {
            output.WriteLine($"   {Plain.Line(message.Summary.From.Name)} writes: {Plain.Line(message.Summary.Subject)}");
            output.WriteLine($"   -> {Decision(message)}: {Why(result)}");
        }
        if (result.Answer is { } answer)
            foreach (var line in Plain.Text(answer).TrimEnd().Split('\n'))
                output.WriteLine($"      | {line}");
        if (!result.Ok)
            output.WriteLine($"   !! {result.Problem}");
    }

    public static void WriteJson(DemoResult result, TextWriter output)
    {
        var summary = result.Message?.Summary;
        output.WriteLine(JsonSerializer.Serialize(new DemoLine(
            result.Mail.Number, result.Mail.What, summary?.From.Address ?? result.Mail.ReversePath, summary?.Subject ?? "", result.Message?.Id,
            result.Message is { } message ? Decision(message) : "none", result.Message?.Record.Reasons ?? [], Why(result), result.Answer, result.Ok, result.Ok ? null : result.Problem), Json.DemoLine));
    }

    private static string Decision(Message message) => message.Record.State switch
    {
        MessageState.Answered => "answered",
        MessageState.Held => "held",
        MessageState.Ignored => "ignored",
        _ => "undecided",
    };

    private static string Why(DemoResult result)
    {
        if (result is not { Receipt: { } receipt, Message: { } message })
            return "";
        if (message.Record.State == MessageState.Answered && receipt.Passages is [{ } passage, ..])
            return string.Create(CultureInfo.InvariantCulture, $"every rule passed; rests on \"{Plain.Line(passage.Question)}\" of {passage.Source} (score {passage.Score:0.00})");
        return string.Join("; ", message.Record.Reasons.Select(reason => ReasonWords.Of(reason, receipt)));
    }
}

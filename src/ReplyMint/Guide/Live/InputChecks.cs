using System.Globalization;
using System.Text.Json;

namespace ReplyMint.Guide;

/// <summary>INPUT-1 and INPUT-4 from outside: bad input and unsigned webhooks are refused. Nothing that is asked here could change anything.</summary>
internal static class InputChecks
{
    private const string Json = "Content-Type: application/json";
    private const string Form = "Content-Type: application/x-www-form-urlencoded";

    /// <summary>INPUT-1. Each of these lacks something that a sign-in needs, so none starts one.</summary>
    public static async Task<Outcome> ValidationAsync(LiveLook look, CancellationToken ct)
    {
        (string Asked, string Body, string? Member)[] questions =
        [
            ("a number for a text", """{"address":5,"challenge":"x"}""", "address"),
            ("an unknown member", """{"address":"guide@replymint.invalid","replymintGuide":true}""", "replymintGuide"),
            ("a member given twice", """{"address":"a@replymint.invalid","address":"b@replymint.invalid"}""", null),
            ("a list for an object", "[]", null),
            ("JSON of depth 200", new string('[', 200), null),
            ("broken JSON", "{\"address\":", null),
        ];
        var answers = new List<Exchange>();
        foreach (var (asked, body, member) in questions)
        {
            var answer = await look.AskAsync("POST", LiveLook.SignIn, [Json], ct, body, asked);
            if (LiveLook.Limited([answer]) is { } limited)
                return limited;
            answers.Add(answer);
            switch (answer.Reply.Status)
            {
                case 400 or 422:
                    if (member is not null && !Named(answer.Reply.Body).Contains(member, StringComparer.Ordinal))
                        return Outcome.Fail($"{answer}, without naming {member}");
                    break;
                case 0 or 403 or 404 or (>= 300 and < 400):
                    return Outcome.NotChecked($"POST {LiveLook.SignIn}, {answer}: nothing takes JSON from a stranger here");
                default:
                    return Outcome.Fail($"POST {LiveLook.SignIn}, {answer}");
            }
        }
        return Outcome.Pass($"POST {LiveLook.SignIn}: {string.Join("; ", answers)}; the members are named");
    }

    private const string Stripe = "/webhooks/stripe";
    // Of a kind that nobody listens to, should it be taken after all.
    private const string NoEvent = """{"id":"evt_guide","object":"event","type":"guide.nothing","data":{"object":{"object":"guide"}}}""";

    /// <summary>INPUT-4. A forgery is refused before its mail is read, so 406 (no such mailbox) is no refusal of the signature.</summary>
    public static async Task<Outcome> WebhooksAsync(LiveLook look, CancellationToken ct)
    {
        var now = look.Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var mail = "recipient=guide%40replymint.invalid&sender=guide%40replymint.invalid&subject=x&body-plain=x";
        var forged = $"{mail}&timestamp={now}&token={new string('0', 50)}&signature={new string('0', 64)}";
        Exchange[] answers =
        [
            await look.AskAsync("POST", LiveLook.Mailgun, [Form], ct, mail, "a Mailgun mail without a signature"),
            await look.AskAsync("POST", LiveLook.Mailgun, [Form], ct, forged, "one with a forged signature"),
            await look.AskAsync("POST", LiveLook.Mailgun, [Form], ct, forged.Replace($"timestamp={now}", "timestamp=1", StringComparison.Ordinal), "one of 1970"),
            await look.AskAsync("POST", "/webhooks/ses/guide", ["Content-Type: text/plain"], ct, """{"Type":"Notification","Message":"{}"}""", "an SNS notification without a signature"),
            await look.AskAsync("POST", Stripe, [Json], ct, NoEvent, "an event of Stripe's without a signature"),
            await look.AskAsync("POST", Stripe, [Json, $"Stripe-Signature: t={now},v1={new string('0', 64)}"], ct, NoEvent, "one with a forged signature"),
        ];
        if (answers.All(answer => answer.Reply.Status is 0 or 404 || (answer.Reply.Status is 403 or (>= 300 and < 400) && !look.Target.IsHttps && !look.Target.StandsForProxy)))
            return Outcome.NotChecked($"{answers[0]}: no webhook is reached at this address");
        return answers.FirstOrDefault(answer => answer.Reply.Status is not (0 or 400 or 401 or 403 or 404 or 415 or 429)) is { } wrong
            ? Outcome.Fail(wrong.ToString()) : LiveLook.Limited(answers) ?? Outcome.Pass(string.Join("; ", (IEnumerable<Exchange>)answers));
    }

    private static List<string> Named(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement is { ValueKind: JsonValueKind.Object } problem && problem.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Object
                ? [.. errors.EnumerateObject().Select(error => error.Name)] : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}

using System.Globalization;

namespace ReplyMint.Guide;

/// <summary>NET-4 from outside: what is too large, too much, too slow or said twice is refused, and nobody hangs or breaks.</summary>
internal static class BoundChecks
{
    private const string Json = "Content-Type: application/json";

    public static async Task<Outcome> BoundsAsync(LiveLook look, CancellationToken ct)
    {
        var http = look.Http;
        var began = look.Time.GetTimestamp();
        Task<Exchange>[] questions =
        [
            .. Whole(http).Select(async question => new Exchange(question.Asked, await http.SendAsync(question.Raw, ct))),
            HalfAsync("a head that never ends", http.Head("GET", LiveLook.Health)[..^2]),
            HalfAsync("a body that never comes", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 1000") + "{"),
        ];
        var answers = await Task.WhenAll(questions);
        foreach (var answer in answers)
            if (answer.Reply.Ending == Ending.StillOpen)
                return Outcome.Fail(string.Create(CultureInfo.InvariantCulture, $"{answer.Asked} -> still open after {look.Target.Patience.TotalSeconds:0} s"));
            else if (answer.Reply.Status is (>= 100 and < 400) or >= 500)
                return Outcome.Fail(answer.ToString());
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{string.Join("; ", (IEnumerable<Exchange>)answers)} (within {look.Time.GetElapsedTime(began).TotalSeconds:0.0} s)"));

        async Task<Exchange> HalfAsync(string asked, string raw) => new(asked, await http.SendHalfAsync(raw, ct));
    }

    /// <summary>Each beyond what any setting allows, and none larger than it must be.</summary>
    private static IEnumerable<(string Asked, string Raw)> Whole(RawHttp http)
    {
        yield return ("a head of 140 KB", http.Head("GET", LiveLook.Health, "X-Filler: " + new string('x', 140_000)));
        yield return ("600 header fields", http.Head("GET", LiveLook.Health, [.. Enumerable.Range(0, 600).Select(number => $"X-{number}: x")]));
        yield return ("a target of 70 KB", http.Head("GET", "/" + new string('x', 70_000)));
        yield return ("a body of 1 TB announced", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 1000000000000"));
        yield return ("a length that is none", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: -1"));
        yield return ("two lengths", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 1", "Content-Length: 2") + "{}");
        yield return ("length and chunks", http.Head("POST", LiveLook.SignIn, Json, "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n");
        yield return ("a blank before a colon", http.Head("GET", LiveLook.Health, "X-Filler : x"));
        yield return ("a NUL in a header", http.Head("GET", LiveLook.Health, "X-Filler: \0"));
    }
}

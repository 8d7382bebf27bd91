namespace ReplyMint.Guide;

/// <summary>CORS-1 to CORS-6: which pages may call from a browser.</summary>
internal static class CorsChecks
{
    private const string AllowOrigin = "Access-Control-Allow-Origin";
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS"];
    private static readonly string[] Asked = ["Content-Type", "Authorization", "X-API-Key", "Idempotency-Key", "If-Match"];
    private static readonly string[] Exposed = ["ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Link", "X-Trace-Id"];

    /// <summary>CORS-1. A gateway that names its one origin whoever asks gives nobody anything.</summary>
    public static async Task<Outcome> OriginsAsync(LiveLook look, CancellationToken ct)
    {
        var origins = await look.OriginsAsync();
        var questions = new List<Task<(string Origin, Exchange Exchange)>>();
        foreach (var origin in LookAlikes(origins[0]).Where(origin => !origins.Contains(origin, StringComparer.Ordinal)))
        {
            questions.Add(PairAsync(origin, look.AskAsync("GET", LiveLook.Health, [$"Origin: {origin}"], ct)));
            questions.Add(PairAsync(origin, look.PreflightAsync(origin, ct)));
        }
        var answers = await Task.WhenAll(questions);
        foreach (var (_, exchange) in answers)
            if (exchange.Reply[AllowOrigin] is { } allowed && !origins.Contains(allowed, StringComparer.Ordinal))
                return Outcome.Fail($"{exchange}, {AllowOrigin}: {allowed}");
        if (LiveLook.Limited(answers.Select(answer => answer.Exchange)) is { } limited)
            return limited;
        if (look.Target.Origins is not { } known)
            return Outcome.Pass($"{questions.Count} questions of {questions.Count / 2} other origins: none may read an answer");
        foreach (var origin in known)
            if (await look.AskAsync("GET", LiveLook.Health, [$"Origin: {origin}"], ct) is var own && own.Reply.Status is >= 200 and < 300 && own.Reply[AllowOrigin] != origin)
                return Outcome.Fail($"{own}, {AllowOrigin}: {own.Reply[AllowOrigin] ?? "none"}, though this origin is configured");
        return Outcome.Pass($"{questions.Count} questions of {questions.Count / 2} other origins: none may read an answer; {(known.Count == 0 ? "no origin is configured" : string.Join(", ", known) + " may")}");
    }

    /// <summary>CORS-2.</summary>
    public static Task<Outcome> MethodsAsync(LiveLook look, CancellationToken ct) => OfPreflightAsync(look, reply => Same(reply, "Access-Control-Allow-Methods", Methods));

    /// <summary>CORS-3.</summary>
    public static Task<Outcome> HeadersAsync(LiveLook look, CancellationToken ct) => OfPreflightAsync(look, reply => Same(reply, "Access-Control-Allow-Headers", Asked),
        async origin => await look.AskAsync("GET", LiveLook.Health, [$"Origin: {origin}"], ct) is var plain && Same(plain.Reply, "Access-Control-Expose-Headers", Exposed) is { } wrong ? $"{plain}, {wrong}" : null);

    /// <summary>CORS-4.</summary>
    public static async Task<Outcome> CredentialsAsync(LiveLook look, CancellationToken ct)
    {
        var origin = (await look.OriginsAsync())[0];
        Exchange[] answers = [.. await look.EveryKindAsync(), await look.AskAsync("GET", LiveLook.Health, [$"Origin: {origin}"], ct)];
        return EveryKindOfAnswer.Told(answers, answer => answer.Reply["Access-Control-Allow-Credentials"] is { } value ? $"Access-Control-Allow-Credentials: {value}" : null) is { } told
            ? Outcome.Fail(told) : Outcome.Pass($"no Access-Control-Allow-Credentials on {answers.Length} answers");
    }

    /// <summary>CORS-5.</summary>
    public static Task<Outcome> MaxAgeAsync(LiveLook look, CancellationToken ct) => OfPreflightAsync(look, reply => reply["Access-Control-Max-Age"] is "300" ? null : $"Access-Control-Max-Age: {reply["Access-Control-Max-Age"] ?? "none"}");

    /// <summary>CORS-6. What looks the same to all origins needs no Vary.</summary>
    public static async Task<Outcome> VaryAsync(LiveLook look, CancellationToken ct)
    {
        var origin = (await look.OriginsAsync())[0];
        Exchange[] answers =
        [
            await look.AskAsync("GET", LiveLook.Health, [], ct), await look.AskAsync("GET", LiveLook.Health, [$"Origin: {LiveLook.Stranger}"], ct),
            await look.AskAsync("GET", LiveLook.Health, [$"Origin: {origin}"], ct), await look.AskAsync("GET", LiveLook.Nowhere, [$"Origin: {origin}"], ct), await look.PreflightAsync(),
        ];
        if (answers.All(answer => answer.Reply[AllowOrigin] == answers[0].Reply[AllowOrigin]) && !answers.Any(answer => answer.Reply.Lists("Vary", "Origin")))
            return Outcome.NotApplicable("no answer depends on the origin");
        return EveryKindOfAnswer.Told(answers, answer => answer.Reply.Lists("Vary", "Origin") ? null : $"Vary: {answer.Reply["Vary"] ?? "none"}") is { } told
            ? Outcome.Fail(told) : Outcome.Pass($"Vary: Origin on {answers.Length} answers, with and without an origin");
    }

    /// <summary>What only a browser's question for an origin that may call shows.</summary>
    private static async Task<Outcome> OfPreflightAsync(LiveLook look, Func<Reply, string?> wrong, Func<string, Task<string?>>? also = null)
    {
        var preflight = await look.PreflightAsync();
        var origin = (await look.OriginsAsync())[0];
        if (preflight.Reply.Status is < 200 or > 299)
            return Outcome.NotChecked($"{preflight}: the question was not answered");
        if (preflight.Reply[AllowOrigin] is null)
            return Outcome.NotChecked(look.Target.Origins is { Count: 0 } ? "no origin is configured" : $"{preflight}, without {AllowOrigin}; name an origin that may call: --origin ORIGIN");
        return wrong(preflight.Reply) is { } problem ? Outcome.Fail($"{preflight}, {problem}")
            : also is not null && await also(origin) is { } further ? Outcome.Fail(further)
            : Outcome.Pass($"{preflight}, as it should be");
    }

    private static string? Same(Reply reply, string name, string[] wanted)
    {
        var there = reply[name]?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        return there.Length == wanted.Length && there.All(one => wanted.Contains(one, StringComparer.OrdinalIgnoreCase)) ? null : $"{name}: {(there.Length == 0 ? "none" : string.Join(", ", there))}";
    }

    /// <summary>Origins that a careless comparison takes for the one that may: by its beginning, its end, its host alone, its case.</summary>
    public static IReadOnlyList<string> LookAlikes(string origin)
    {
        var uri = new Uri(origin);
        var (scheme, host) = (uri.Scheme, uri.Authority);
        var other = scheme == Uri.UriSchemeHttps ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        return
        [
            LiveLook.Stranger, "null", "*", $"{scheme}://{uri.Host}.stranger.example", $"{scheme}://stranger-{host}", $"{scheme}://x.{host}", $"{scheme}://{host}x", $"{scheme}://{uri.Host}:8443", $"{other}://{host}",
            $"{scheme}://{uri.Host}.{(uri.IsDefaultPort ? "" : $":{uri.Port}")}", $"{scheme}://{uri.Host}@stranger.example", $"{scheme}://stranger@{host}", origin.ToUpperInvariant(), $"{origin}/", $"{origin}, {LiveLook.Stranger}", $"{LiveLook.Stranger} {origin}",
            $"{origin}%00.stranger.example", $"{scheme}://{host.Replace('.', 'x')}",
        ];
    }

    private static async Task<(string Origin, Exchange Exchange)> PairAsync(string origin, Task<Exchange> exchange) => (origin, await exchange);
}

using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>NET-1 and NET-3 from outside: which names are served, and whether anything is in the clear.</summary>
internal static class TransportChecks
{
    /// <summary>NET-1.</summary>
    public static async Task<Outcome> HostsAsync(LiveLook look, CancellationToken ct)
    {
        var own = await look.OwnAsync();
        if (await look.EnvironmentAsync() == DeploymentEnvironment.Development && !look.Target.IsHere)
            return Outcome.Fail($"{look.Target.Url.Host} says that it is in development, and is no loopback address");
        var answers = await Task.WhenAll(Questions(look, await look.IsDevelopmentAsync()).Select(async question => new Exchange(question.Asked, await look.Http.SendAsync(question.Raw, ct))));
        // Gateways refuse with 403 or 421 what is not theirs; all of them before any handler runs.
        var served = answers.Where(answer => answer.Reply is { Status: not (400 or 403 or 421 or 429) } reply && (reply.Status > 0 || reply.Ending == Ending.StillOpen)).Select(answer => answer.ToString()).ToList();
        return served.Count > 0 ? Outcome.Fail(string.Join("; ", served)) : LiveLook.Limited(answers) ?? Outcome.Pass($"{own} for {look.Target.Host}; {answers.Length} other, missing and contradictory hosts refused, such as {answers[0]}");
    }

    private static IEnumerable<(string Asked, string Raw)> Questions(LiveLook look, bool development)
    {
        var host = look.Target.Host;
        var name = look.Target.Url.Host == host ? host : host.Split(':')[0];
        string[] others = [LiveLook.Stranger["https://".Length..], $"{name}.stranger.example", $"stranger-{name}", $"{name}:99999", $"{name}:80:80", $"{name}, stranger.example", $"{name}@stranger.example", .. development || name is "localhost" or "127.0.0.1" ? (string[])[] : ["localhost", "127.0.0.1"]];
        foreach (var other in others)
            yield return ($"Host: {other}", look.Http.Head("GET", LiveLook.Health, $"Host: {other}"));
        yield return ("an empty Host", look.Http.Head("GET", LiveLook.Health, "Host: "));
        yield return ("no Host", look.Http.Head("GET", LiveLook.Health, "Host:"));
        yield return ("two Host fields", look.Http.Head("GET", LiveLook.Health, $"Host: {host}", "Host: stranger.example"));
        yield return ("the same Host twice", look.Http.Head("GET", LiveLook.Health, $"Host: {host}", $"Host: {host}"));
        yield return ("a target that names another host than Host does", look.Http.Head("GET", "http://stranger.example" + LiveLook.Health));
        yield return ("a target and a Host of another host", look.Http.Head("GET", "http://stranger.example" + LiveLook.Health, "Host: stranger.example"));
        yield return ("a Host that names another host than the target does", look.Http.Head("GET", $"http://{host}{LiveLook.Health}", "Host: stranger.example"));
    }

    /// <summary>NET-3.</summary>
    public static async Task<Outcome> HttpsOnlyAsync(LiveLook look, CancellationToken ct)
    {
        var own = await look.OwnAsync();
        if (own.Reply.Ending == Ending.NoTls)
            return Outcome.Fail($"{look.Target.Url.GetLeftPart(UriPartial.Authority)}: TLS failed, or its certificate is not believed");
        if (own.Reply.Status == 0)
            return Outcome.NotChecked(own.ToString());
        if (await look.IsDevelopmentAsync())
            return Outcome.NotApplicable("in development, on a loopback address: nothing crosses a network");
        if (await look.EnvironmentAsync() == DeploymentEnvironment.Development)
            return Outcome.Fail($"{look.Target.Url.Host} says that it is in development, and is no loopback address: it serves plain HTTP");
        string[] plain = look.Target.StandsForProxy ? ["X-Forwarded-Proto: http"] : [];
        var answers = new List<Exchange>();
        foreach (var (method, path) in new[] { ("GET", "/"), ("GET", LiveLook.Health), ("GET", LiveLook.Me), ("POST", LiveLook.SignIn), ("POST", LiveLook.Mailgun), ("OPTIONS", LiveLook.Health) })
            answers.Add(new($"{method} {path} by plain HTTP", await look.Http.SendAsync(look.Http.Head(method, path, plain), ct, plain: true)));
        foreach (var answer in answers)
            if (Served(answer.Reply))
                return Outcome.Fail($"{answer}{(answer.Reply["Location"] is { } to ? $", Location: {to}" : "")}");
        // What refuses everything refuses plain HTTP, too, and shows nothing of a service behind it; one that sends readers on to HTTPS shows itself.
        if (LiveLook.Unseen(look.Target, own) is { } unseen && !answers.Any(answer => IsSentOn(answer.Reply)))
            return Outcome.NotChecked(unseen);
        return LiveLook.Limited(answers) ?? Outcome.Pass($"{string.Join("; ", answers)}");
    }

    /// <summary>Refused, closed, or sent to HTTPS by a reader's redirect: everything else was served in the clear.</summary>
    private static bool Served(Reply reply) => !IsSentOn(reply) && reply.Status switch
    {
        0 => reply.Ending == Ending.StillOpen,
        400 or 403 or 421 or 426 or 429 => false,
        _ => true,
    };

    private static bool IsSentOn(Reply reply) => reply.Status is 301 or 302 or 307 or 308 && reply["Location"]?.StartsWith("https://", StringComparison.OrdinalIgnoreCase) == true;
}

using System.Diagnostics;
using System.Net;
using ReplyMint.Cli.Demo;
using ReplyMint.Incidents;
using ReplyMint.Security;

namespace ReplyMint.Cli.Drill;

/// <summary>
/// Rehearses an incident on a throw-away installation (IR-1 to IR-4, IR-6): each command as a person types it, and each effect as somebody
/// outside sees it. What all of everybody's is ended by runs here and nowhere else.
/// </summary>
internal sealed class DrillRun(DrillDoor door, DrillCommands commands, string folder, Action<IncidentDrillStep> tell)
{
    // The effect of a revocation, within so many seconds (IR-2).
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(3);

    private readonly List<IncidentDrillStep> _steps = [];
    private string _incident = "";

    public async Task<IReadOnlyList<IncidentDrillStep>> RunAsync(CancellationToken ct)
    {
        await door.FillAsync(ct);
        var (lead, other) = (await door.PersonAsync("lead@demo-shop.example", ct), await door.PersonAsync("other@demo-shop.example", ct));
        var (key, keyText) = await door.KeyAsync(ct);
        var token = await door.SignInAsync(lead, ct) ?? "";

        await StepAsync("open an incident", async () =>
            (_incident = (await commands.RunAsync(["incident", "open", "drill"], ct)).Trim()).Length > 0 && (await commands.RunAsync(["incident", "list"], ct)).Contains(_incident, StringComparison.Ordinal) ? null : "it is not listed");
        await WaitsAsync("contain a tenant: its mail waits, and leaves after the release", ["tenant", door.Tenant], async () =>
            await door.ReadAsync(token, null, ct) != 200 || await door.ReadAsync(null, keyText, ct) != 200 ? "reading stopped"
            : await door.WriteAsync(keyText, ct) is not (HttpStatusCode.Forbidden, var type) || type != Problem.Contained.Type ? "a write was let in" : null, ct);
        await WaitsAsync("contain a mailbox: its mail waits, and leaves after the release", ["mailbox", DemoMail.Recipient], () => Task.FromResult<string?>(null), ct);
        await StepAsync("contain a user: out, and in again after the release", async () =>
        {
            await ContainAsync(true, ["user", lead.Id], ct);
            if (await door.ReadAsync(token, null, ct) != 401)
                return "the session still works";
            if (await door.SignInAsync(lead, ct) is not null)
                return "a new sign-in works";
            await ContainAsync(false, ["user", lead.Id], ct);
            return await door.ReadAsync(token, null, ct) == 200 ? null : "the session does not work after the release";
        });
        await StepAsync("contain a key: out, and in again after the release", async () =>
        {
            await ContainAsync(true, ["key", key], ct);
            if (await door.ReadAsync(null, keyText, ct) != 401)
                return "the key still works";
            await ContainAsync(false, ["key", key], ct);
            return await door.ReadAsync(null, keyText, ct) == 200 ? null : "the key does not work after the release";
        });
        await StepAsync("contain a channel: senders are told to come again", async () =>
        {
            await ContainAsync(true, ["channel", "smtp"], ct);
            if (await door.MailAsync(ct) is var (reply, _) && !reply.StartsWith("451", StringComparison.Ordinal))
                return $"the listener said {reply}";
            await ContainAsync(false, ["channel", "smtp"], ct);
            return await door.MailAsync(ct) is (_, { } message) && await door.LeavesAsync(message, ct) ? null : "no answer left after the release";
        });
        await StepAsync("stop all sending: mail is held, and answered afterwards", async () =>
        {
            await ContainAsync(true, ["sending"], ct);
            if (await door.MailAsync(ct) is not (_, { } message) || !await door.WaitsAsync(message, ct) || door.HasLeft(message))
                return "the mail was not taken, or something left";
            await ContainAsync(false, ["sending"], ct);
            await commands.RunAsync(["messages", "retry", message], ct);
            return await door.LeavesAsync(message, ct) ? null : "no answer left after the release";
        });
        await StepAsync("watch a key: its requests are noted", async () =>
        {
            await commands.RunAsync(["incident", "watch", "key", key, "--for", "5m", "--incident", _incident], ct);
            await door.ReadAsync(null, keyText, ct);
            if (!(await commands.RunAsync(["incident", "list"], ct)).Contains("WATCHED", StringComparison.Ordinal))
                return "it is not listed";
            await foreach (var seen in door.Get<Limits.Watches>().EventsAsync(null, ct))
                if (seen.Caller == key && seen is { Route: RouteGroups.ApiRoot + "/me", Status: 200 })
                    return null;
            return "nothing was noted";
        });
        await RevokedAsync("end a person's sessions", ["sessions", "--person", lead.Id], async () => await door.ReadAsync(token, null, ct) == 401, ct);
        await RevokedAsync("end a tenant's keys", ["keys", "--tenant", door.Tenant], async () => await door.ReadAsync(null, keyText, ct) == 401, ct);
        var link = await door.LinkAsync(lead, ct) ?? ("", "");
        await RevokedAsync("end links of the last hour", ["links", "--since", "1h"], async () => await door.SignInAsync(link, ct) is null, ct);
        var (first, second, last) = (await door.SignInAsync(lead, ct), await door.SignInAsync(other, ct), (await door.KeyAsync(ct)).Text);
        await RevokedAsync("end all sessions", ["sessions", "--all", "--yes"], async () => await door.ReadAsync(first, null, ct) == 401 && await door.ReadAsync(second, null, ct) == 401, ct);
        await RevokedAsync("end all keys", ["keys", "--all", "--yes"], async () => await door.ReadAsync(null, last, ct) == 401, ct);
        await StepAsync("take evidence, sealed and signed", () => EvidenceAsync(ct));
        await StepAsync("close with a follow-up", async () =>
        {
            await commands.RunAsync(["incident", "close", _incident, "--follow-up", "what the drill left"], ct);
            var timeline = await commands.RunAsync(["incident", "timeline", _incident], ct);
            return !(await commands.RunAsync(["record", "list"], ct)).Contains("what the drill left", StringComparison.Ordinal) ? "the follow-up is no record"
                : new[] { "incident.open", "contain.tenant", "release.tenant", "revoke.sessions", "evidence.take", "incident.close" }.FirstOrDefault(act => !timeline.Contains(act, StringComparison.Ordinal)) is { } missing ? $"{missing} is not in the timeline" : null;
        });
        return _steps;
    }

    private Task WaitsAsync(string name, string[] target, Func<Task<string?>> more, CancellationToken ct) => StepAsync(name, async () =>
    {
        await ContainAsync(true, target, ct);
        if (await more() is { } problem)
            return problem;
        if (await door.MailAsync(ct) is not (_, { } message))
            return "its mail was not taken";
        if (!await door.WaitsAsync(message, ct) || door.HasLeft(message))
            return "something left";
        await ContainAsync(false, target, ct);
        return await door.LeavesAsync(message, ct) ? null : "no answer left after the release";
    });

    private Task RevokedAsync(string name, string[] what, Func<Task<bool>> isOut, CancellationToken ct) => StepAsync(name, async () =>
    {
        var started = Stopwatch.GetTimestamp();
        await commands.RunAsync(["incident", "revoke", .. what, "--incident", _incident], ct);
        return !await isOut() ? "it still works" : Stopwatch.GetElapsedTime(started) > AtOnce ? $"it took longer than {AtOnce.TotalSeconds:0} s" : null;
    });

    private Task ContainAsync(bool on, string[] target, CancellationToken ct) => commands.RunAsync(["incident", on ? "contain" : "release", .. target, "--incident", _incident], ct);

    private async Task<string?> EvidenceAsync(CancellationToken ct)
    {
        var (passphrase, bundle, opened) = (Path.Combine(folder, "passphrase"), Path.Combine(folder, "bundle"), Path.Combine(folder, "opened"));
        await File.WriteAllTextAsync(passphrase, Secrets.Passphrase.Generate(), ct);
        await commands.RunAsync(["incident", "evidence", "--incident", _incident, "--out", bundle, "--passphrase-file", passphrase], ct);
        await commands.RunAsync(["incident", "open-evidence", bundle, "--out", opened, "--passphrase-file", passphrase], ct);
        foreach (var file in Directory.EnumerateFiles(opened))
            if ((await File.ReadAllTextAsync(file, ct)).Contains("customer.example", StringComparison.Ordinal))
                return "an address stands in it";
        foreach (var name in (string[])["audit.jsonl", "timeline.jsonl", "sign-ins.jsonl", "watch.jsonl", "outbox.jsonl"])
            if (!File.Exists(Path.Combine(opened, name)))
                return $"{name} is missing";
        var bytes = await File.ReadAllBytesAsync(bundle, ct);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(bundle, bytes, ct);
        return await commands.TryAsync(["incident", "open-evidence", bundle, "--out", opened + "-changed", "--passphrase-file", passphrase], ct) == ExitCode.Ok ? "a changed bundle was taken for good" : null;
    }

    /// <summary>One effect; what is thrown is one that was not seen, and the rest goes on.</summary>
    private async Task StepAsync(string name, Func<Task<string?>> look)
    {
        var started = Stopwatch.GetTimestamp();
        string? problem;
        try
        {
            problem = await look();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            problem = e is DrillException ? e.Message : $"it broke ({e.GetType().Name})";
        }
        var step = new IncidentDrillStep(name, (int)Stopwatch.GetElapsedTime(started).TotalMilliseconds, problem);
        _steps.Add(step);
        tell(step);
    }
}

/// <summary>A command of the drill failed; the message says which and what it said.</summary>
internal sealed class DrillException(string message) : Exception(message);

/// <summary>Commands as a person would type them on the machine of the throw-away installation, in a world that has nothing else.</summary>
internal sealed class DrillCommands(CommandHost host, string data, string config)
{
    /// <summary>What it printed.</summary>
    /// <exception cref="DrillException">It failed.</exception>
    public async Task<string> RunAsync(string[] arguments, CancellationToken ct)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync([.. arguments, "--data", data, "--config", config], host with { Out = output, Error = error }, ct);
        return code == ExitCode.Ok ? output.ToString() : throw new DrillException($"{string.Join(' ', arguments.Take(3))} failed: {error.ToString().Trim()}");
    }

    public Task<int> TryAsync(string[] arguments, CancellationToken ct) =>
        CommandLine.RunAsync([.. arguments, "--data", data, "--config", config], host with { Out = TextWriter.Null, Error = TextWriter.Null }, ct);
}

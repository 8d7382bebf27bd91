using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Guide;

namespace ReplyMint.Cli.Commands;

/// <summary>The guide's rehearsals: in the server that owns the store, or on a shared store beside its servers, always through the front door.</summary>
internal static class GuideRehearsal
{
    private const string Name = "guide-rehearse";

    /// <summary>What comes behind the last control.</summary>
    private const string Erasing = "erasing";

    /// <summary>Not shown. The name is asked for here, too: whoever calls it directly means it as well.</summary>
    public static Command Build()
    {
        var only = new Option<string[]>("--only") { HelpName = "ID", Description = "these controls", AllowMultipleArgumentsPerToken = true };
        var url = new Option<string?>("--url") { HelpName = "URL", Description = "where the service is; else where the server listens" };
        var confirm = new Option<string?>("--confirm") { HelpName = "NAME", Description = "its host name" };
        return new StoreCommand(Name, "rehearse controls on throw-away tenants", async (context, parse, ct) =>
        {
            var settings = context.Get<ReplyMintSettings>();
            if (await TargetAsync(context, settings, parse.GetValue(url), ct) is not { } target)
                return context.Fail("no server runs here; start one (replymint serve), or name its address with --url");
            if (!string.Equals(parse.GetValue(confirm), target.Name, StringComparison.OrdinalIgnoreCase))
                return context.Fail(Unsaid(target.Name));
            using var http = new RawHttp(target, TimeProvider.System, RehearsalLook.MostRequests);
            if (await IsAnotherAsync(context, http, ct) is { } another)
                return context.Fail(another);
            var stage = await RehearsalStage.OpenAsync(context.Services, ct);
            if (stage is null)
                return context.Fail($"another rehearsal is at work, or ended in the middle; its tenants are erased by one that starts {RehearsalStage.Longest.TotalMinutes:0} minutes after it");
            var controls = parse.GetValue(only) is { Length: > 0 } ids ? [.. ids.Select(Catalogue.Find).OfType<Control>()] : Catalogue.All;
            IReadOnlyDictionary<Check, Outcome> outcomes;
            await using (stage)
            {
                using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
                bounded.CancelAfter(RehearsalStage.Longest - TimeSpan.FromMinutes(1));
                outcomes = await GuideRun.AtStageAsync(controls, new RehearsalLook(context.Services, http, settings.ForGuide(), stage), control => context.Out.WriteLine(GuideWire.Begun(control.Id)), bounded.Token);
                context.Out.WriteLine(GuideWire.Begun(Erasing));
            }
            foreach (var control in controls)
                for (var check = 0; check < control.Checks.Count; check++)
                    if (outcomes.TryGetValue(control.Checks[check], out var outcome))
                        context.Out.WriteLine(GuideWire.Write(control, check, outcome));
            context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({http.Requests} requests; {stage.Left ?? "the throw-away tenants are erased"})"));
            return ExitCode.Ok;
        }) { Hidden = true, Options = { only, url, confirm } };
    }

    /// <summary>Asks for the name where it was not given; null after saying why nothing was rehearsed.</summary>
    public static async Task<IReadOnlyDictionary<Check, Outcome>?> RunAsync(ReplyMintSettings settings, IReadOnlyList<Control> controls, Uri? url, ServedAt? served, string? confirm, CommandHost host, CancellationToken ct)
    {
        var meant = controls.Where(control => control.Checks.Any(check => check.AtStage is not null)).Select(control => control.Id).ToList();
        var progress = new GuideProgress(host, controls.Sum(control => control.Checks.Count(check => check.AtStage is not null)));
        if (meant.Count == 0)
            return new Dictionary<Check, Outcome>();
        if ((url?.Host ?? (served is null ? null : GuideWire.TargetOf(served, null)?.Name)) is not { } name)
            return Refused(host, "no server runs here to rehearse in; start one (replymint serve), or name its address with --url");
        if (confirm is null && host.Interactive)
        {
            await host.Error.WriteAsync($"This makes two tenants at {Plain.Line(name, 200)}, hands mail to them, isolates and erases them again. Type the name of the service: ".AsMemory(), ct);
            confirm = (await host.In.ReadLineAsync(ct))?.Trim();
        }
        if (!string.Equals(confirm, name, StringComparison.OrdinalIgnoreCase))
            return Refused(host, Unsaid(name));
        host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"(rehearsing {meant.Count} controls at {name}, with at most {RehearsalLook.MostRequests} requests)"));
        var (code, output, error) = await StoreRun.AskAsync(settings, host, [Name, "--only", .. meant, "--confirm", name, .. url is null ? (string[])[] : ["--url", url.GetLeftPart(UriPartial.Authority)]], ct, heard: line =>
        {
            if (GuideWire.BegunIn(line) is { } what)
                progress.Show(what);
        });
        progress.End();
        if (code != ExitCode.Ok)
            return Refused(host, $"nothing was rehearsed: {error}");
        host.Error.WriteLine(error);
        return GuideWire.Read(output).Outcomes;
    }

    private static IReadOnlyDictionary<Check, Outcome>? Refused(CommandHost host, string why)
    {
        host.Fail(why);
        return null;
    }

    private static string Unsaid(string name) => $"a rehearsal acts for real; to say that it is meant, repeat the name of the service: --confirm {Plain.Line(name, 200)}";

    private static async Task<LiveTarget?> TargetAsync(CommandContext context, ReplyMintSettings settings, string? url, CancellationToken ct)
    {
        var served = context.InServer ? GuideFacts.ServedAt(context, settings) : null;
        if (url is null)
            return served is null ? null : GuideWire.TargetOf(served, null);
        return Uri.TryCreate(url, UriKind.Absolute, out var named) && await LiveTarget.ResolveAsync(named.Host, ct) is { } addresses
            ? new() { Url = named, Addresses = addresses, Host = LiveTarget.HostOf(named), Smtp = served is null ? null : GuideWire.TargetOf(served, null)?.Smtp } : null;
    }

    /// <summary>Keys of this store are sent nowhere but to its own servers, which show the keys that it signs sessions with.</summary>
    private static async Task<string?> IsAnotherAsync(CommandContext context, RawHttp http, CancellationToken ct)
    {
        // Of a store where nobody has signed in yet it is made now.
        await context.Get<SigningKeys>().SignerAsync(ct);
        var reply = await http.SendHalfAsync(http.Head("GET", "/.well-known/jwks.json"), ct);
        if (reply.Status != 200)
            return $"{http.Target.Url.GetLeftPart(UriPartial.Authority)} does not show its keys: {reply.Shown}";
        var own = (await context.Get<SigningKeys>().ShownAsync(ct)).Select(key => key.Id).ToList();
        try
        {
            using var json = JsonDocument.Parse(reply.Body);
            return json.RootElement.GetProperty("keys").EnumerateArray().Any(key => own.Contains(key.GetProperty("kid").GetString()!)) ? null
                : $"{http.Target.Url.GetLeftPart(UriPartial.Authority)} serves another installation than the store that this command opens";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"{http.Target.Url.GetLeftPart(UriPartial.Authority)} does not show its keys";
        }
    }
}

using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ReplyMint.Cli.Reach;
using ReplyMint.Guide;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>The security guide that runs: asks a service, its settings and its store for each control, and says what is missing and how to mend it.</summary>
internal static class GuideCommand
{
    private static readonly string[] Looks = ["live", "config", "record", "template"];

    /// <summary>Where it lies in a copy of the project.</summary>
    private const string UsualTemplate = "infra/template.yaml";

    /// <param name="Url">What the user named, or null.</param>
    private sealed record Wish(IReadOnlyList<Control> Controls, Uri? Url, string? Smtp, IReadOnlyList<string> Origins, IReadOnlyList<string> Looks, string? Environment, X509Certificate2? Authority = null, string? Template = null, string? Caller = null, bool Rehearse = false, string? Confirm = null);

    public static Command Build(CommandHost host)
    {
        var url = new Option<string?>("--url") { HelpName = "URL", Description = "look at this service from outside, such as https://api.example.com; else at the server of the data folder" };
        var smtp = new Option<string?>("--smtp") { HelpName = "ADDRESS:PORT", Description = "the SMTP listener, with --url" };
        var origin = new Option<string[]>("--origin") { HelpName = "ORIGIN", Description = "a page's origin that may call, with --url; may be repeated" };
        var look = new Option<string?>("--look") { HelpName = "WHERE,...", Description = "where to look: live (from outside), config (settings and store), record (dated entries), template (of AWS); else all that are there" };
        var template = new Option<string?>("--template") { HelpName = "FILE", Description = $"the template of AWS, as YAML or as aws cloudformation get-template gives it; else {UsualTemplate} where it is there" };
        var authority = new Option<string?>("--authority") { HelpName = "FILE", Description = "a certificate (PEM) whose signatures are believed beside the system's, with --url" };
        var rehearse = new Option<bool>("--rehearse") { Description = "act for real, too: on two throw-away tenants in the running installation, which are erased after it; nothing leaves it" };
        var confirm = new Option<string?>("--confirm") { HelpName = "NAME", Description = "with --rehearse: the service's host name again, so that it is no mistake; else it is asked for" };
        var only = new Option<string?>("--only") { HelpName = "ID,...", Description = "these controls, or groups of them, such as CORS,NET-1" };
        var format = new Option<string>("--format") { HelpName = "FORM", Description = "table, json, sarif (for build servers) or html (one page for auditors)", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "sarif", "html");
        var baseline = new Option<string?>("--baseline") { HelpName = "FILE", Description = "accepted findings (JSON), each with owner, reason and the day until when" };
        var environment = new Option<string?>("--environment") { HelpName = "NAME", Description = "as given to serve" };
        var token = new Option<string?>("--token-file") { HelpName = "FILE", Description = "a file whose first line is an auditor's access token, or an API key, for what only a caller sees; - reads it from standard input" };
        var keys = new Option<string?>("--keys") { HelpName = "FILE", Description = "with verify: the installation's /.well-known/attestation-keys.json; else the store at hand is asked" };
        var word = new Argument<string?>("write|verify") { Description = "write: print the catalogue of controls as a page of the documentation. verify FILE: whether a report (--format html) is as it was made, and who signed it. Neither looks at anything", Arity = ArgumentArity.ZeroOrOne };
        word.AcceptOnlyFromAmong("write", "verify");
        var file = new Argument<string?>("FILE") { Description = "with verify: the report", Arity = ArgumentArity.ZeroOrOne };
        var guide = new Verb("guide", "check what the product promises about its own security, say what is missing and how to mend it; status 1 for findings, 2 when nothing could be looked at")
        {
            Arguments = { word, file }, Options = { url, smtp, origin, authority, token, look, template, rehearse, confirm, only, format, baseline, keys, environment },
            Examples = ["guide", "guide --url https://api.example.com --origin https://app.example.com", "guide --only CORS,HDR-6 --format json", "guide --template infra/template.yaml --look template", "guide --rehearse --only AUTH,MAIL-4", "guide verify report.html", "guide write"],
        };
        guide.SetAction(async (parse, ct) =>
        {
            if (parse.GetValue(word) == "write")
            {
                host.Out.Write(GuidePage.Write());
                return ExitCode.Ok;
            }
            if (parse.GetValue(word) == "verify")
                return await GuideVerify.RunAsync(parse.GetValue(file), parse.GetValue(keys), parse, host, ct);
            if (WishOf(parse.GetValue(url), parse.GetValue(smtp), parse.GetValue(origin) ?? [], parse.GetValue(look), parse.GetValue(only), parse.GetValue(environment), out var wrong) is not { } wish)
                return host.Fail(wrong, ExitCode.Usage);
            if (parse.GetValue(authority) is { } pem && (wish = wish with { Authority = Certificate(host.Full(pem)) }).Authority is null)
                return host.Fail($"--authority {Plain.Line(pem, 200)}: this is no certificate in PEM, or it can't be read", ExitCode.Usage);
            wish = wish with { Template = parse.GetValue(template) };
            if (wish.Template is not null && !wish.Looks.Contains("template"))
                wish = wish with { Looks = [.. wish.Looks, "template"] };
            if (parse.GetValue(token) is { } secret && (wish = wish with { Caller = await CallerAsync(secret, host, ct) }).Caller is null)
                return host.Fail("--token-file takes a file, or - for standard input, whose first line is an access token or an API key", ExitCode.Usage);
            wish = wish with { Rehearse = parse.GetValue(rehearse), Confirm = parse.GetValue(confirm) };
            if (wish is { Confirm: not null, Rehearse: false })
                return host.Fail("--confirm goes with --rehearse", ExitCode.Usage);
            IReadOnlyList<Acceptance>? accepted = [];
            if (parse.GetValue(baseline) is { } known && (accepted = await ReadAsync(host.Full(known), ct) is { } bytes ? Baseline.Read(bytes, out wrong) : null) is null)
                return host.Fail($"--baseline {Plain.Line(known, 200)}: {(wrong.Length > 0 ? wrong : "the file can't be read")}", ExitCode.Usage);
            if (await RunAsync(wish, parse, host, ct) is not var (report, settings))
                return ExitCode.Usage;
            Baseline.Apply(accepted, report.Judgements, report.At);
            switch (parse.GetValue(format))
            {
                case "json":
                    host.Out.WriteLine(GuideJson.Write(report));
                    break;
                case "sarif":
                    host.Out.WriteLine(GuideSarif.Write(report));
                    break;
                case "html":
                    var page = GuideHtml.Write(report);
                    host.Out.Write(GuideSeal.Seal(page, settings is null ? null : await SignAsync(settings, GuideSeal.HashOf(page), host, ct)));
                    break;
                default:
                    GuideTable.Write(report, host.Out);
                    break;
            }
            return report.HasFindings ? ExitCode.Failed : ExitCode.Ok;
        });
        return guide;
    }

    /// <summary>Null where it can't be signed: the page then says so in its last line.</summary>
    private static async Task<string?> SignAsync(ReplyMintSettings settings, string hash, CommandHost host, CancellationToken ct)
    {
        var (code, output, error) = await StoreRun.AskAsync(settings, host, [GuideFacts.SignName, hash], ct);
        if (code == ExitCode.Ok)
            return output.Trim();
        host.Error.WriteLine($"(the report is not signed: {Plain.Line(error, 300)})");
        return null;
    }

    /// <summary>The header line of a caller; null for what is no token.</summary>
    private static async Task<string?> CallerAsync(string file, CommandHost host, CancellationToken ct)
    {
        try
        {
            var read = await NamedFiles.OneAsync(file, host, ct);
            var token = System.Text.Encoding.UTF8.GetString(read[0].Bytes).Split('\n')[0].Trim();
            // What goes into a header line may hold nothing that ends it.
            return token.Length is 0 or > 4_096 || token.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : token.StartsWith("rm_", StringComparison.Ordinal) ? $"X-API-Key: {token}" : $"Authorization: Bearer {token}";
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static X509Certificate2? Certificate(string path)
    {
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }
    }

    private static async Task<byte[]?> ReadAsync(string path, CancellationToken ct)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Wish? WishOf(string? url, string? smtp, string[] origins, string? looks, string? only, string? environment, out string wrong)
    {
        Uri? named = null;
        wrong = "--url takes http:// or https://, a host and perhaps a port, such as https://api.example.com";
        if (url is not null && (!Uri.TryCreate(url, UriKind.Absolute, out named) || named.Scheme is not ("http" or "https") || named.UserInfo.Length > 0 || named.PathAndQuery != "/"))
            return null;
        wrong = "--smtp takes the address and port of a listener, such as 192.0.2.1:25";
        if (smtp is not null && (!IPEndPoint.TryParse(smtp, out var listener) || listener.Port == 0))
            return null;
        wrong = "--origin takes an origin as a browser writes it, such as https://app.example.com";
        if (origins.Any(one => !Uri.TryCreate(one, UriKind.Absolute, out var origin) || origin.GetLeftPart(UriPartial.Authority) != one))
            return null;
        var where = looks?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? (named is null ? Looks : ["live"]);
        wrong = $"--look takes {string.Join(", ", Looks)}, with commas between";
        if (where.Length == 0 || where.Except(Looks, StringComparer.Ordinal).Any())
            return null;
        var controls = Catalogue.All;
        if (only is not null)
        {
            var ids = only.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            bool Meant(Control control, string id) => control.Id.Equals(id, StringComparison.OrdinalIgnoreCase) || control.Id.StartsWith(id + "-", StringComparison.OrdinalIgnoreCase);
            wrong = $"there is no control {ids.FirstOrDefault(id => !Catalogue.All.Any(control => Meant(control, id))) ?? only}; replymint guide shows all";
            if (ids.Length == 0 || ids.Any(id => !Catalogue.All.Any(control => Meant(control, id))))
                return null;
            controls = [.. Catalogue.All.Where(control => ids.Any(id => Meant(control, id)))];
        }
        wrong = "";
        return new(controls, named, smtp, origins, where, environment);
    }

    /// <summary>Null after saying why nothing could be looked at.</summary>
    private static async Task<(GuideReport Report, ReplyMintSettings? Settings)?> RunAsync(Wish wish, ParseResult parse, CommandHost host, CancellationToken ct)
    {
        var (time, outcomes, of) = (TimeProvider.System, new Dictionary<Check, Outcome>(), new List<string>());
        ServedAt? served = null;
        ReplyMintSettings? own = null;
        var (noStore, noService, noStage) = ("only what --look names was looked at", "only what --look names was looked at", "needs a rehearsal: replymint guide --rehearse");
        var noTemplate = noStore;
        if (wish.Looks.Contains("template") && await TemplateAsync(wish, host, ct) is var (shown, template, wrong))
        {
            if (template is null && wish.Template is not null)
            {
                host.Fail($"--template {Plain.Line(wish.Template, 200)}: {Plain.Line(wrong, 300)}", ExitCode.Usage);
                return null;
            }
            noTemplate = wrong;
            if (template is not null)
            {
                foreach (var (check, outcome) in await GuideRun.AtTemplateAsync(wish.Controls, template, ct))
                    outcomes[check] = outcome;
                of.Add(shown);
            }
        }
        if (wish.Looks.Any(look => look is not ("live" or "template")) || (wish.Url is null && wish.Looks.Contains("live")) || wish.Rehearse)
        {
            if (SettingsOfCommand.Read(parse, host, ("environment", wish.Environment, "--environment")) is not { } settings)
                return null;
            settings = settings with { Data = settings.Data ?? (settings.Store == StoreKind.Embedded ? new Folders(host).ForCommand().Folder : new Folders(host).Data) };
            (served, var found, noStore) = await StoreAsync(settings, wish, host, ct);
            noService = served is null ? noStore.Length > 0 ? noStore : $"no server runs on {settings.Data}; start one (replymint serve), or name one with --url" : "";
            foreach (var (check, outcome) in found)
                if (wish.Looks.Contains(check.Look.Name()))
                    outcomes[check] = outcome;
            if (found.Count > 0)
            {
                own = settings;
                of.Add(settings.Data!);
            }
            if (wish.Rehearse)
            {
                if (await GuideRehearsal.RunAsync(settings, wish.Controls, wish.Url, served, wish.Confirm, host, ct) is not { } rehearsed)
                    return null;
                noStage = "";
                foreach (var (check, outcome) in rehearsed)
                    outcomes[check] = outcome;
            }
        }
        if (wish.Looks.Contains("live") && await TargetAsync(wish, served, ct) is { } target)
        {
            foreach (var (check, outcome) in await LiveAsync(wish, target, time, host, ct))
                outcomes[check] = outcome;
            of.Insert(0, target.Url.GetLeftPart(UriPartial.Authority));
        }
        else if (wish.Url is not null && wish.Looks.Contains("live"))
            noService = $"{wish.Url.Host} leads to no address";
        if (outcomes.Values.All(outcome => outcome.Verdict == Verdict.NotChecked) && wish.Controls.Any(control => control.IsBuilt))
        {
            host.Fail($"nothing could be looked at: {Plain.Line(outcomes.Values.FirstOrDefault()?.Evidence ?? (wish.Looks.Contains("live") ? noService : wish.Looks is ["template"] ? noTemplate : noStore), 300)}");
            return null;
        }
        var judged = GuideRun.Judge(wish.Controls, check => outcomes.GetValueOrDefault(check), check => check.Look switch { Look.Live => noService, Look.Template => noTemplate, Look.Rehearse => noStage, _ => noStore } is { Length: > 0 } why ? why : "only what --look names was looked at");
        return (new(time.GetUtcNow(), HealthEndpoints.Version, string.Join(", ", of), judged), own);
    }

    private static async Task<(string Shown, TemplateLook? Look, string Wrong)> TemplateAsync(Wish wish, CommandHost host, CancellationToken ct)
    {
        var file = wish.Template ?? UsualTemplate;
        if (await ReadAsync(host.Full(file), ct) is not { } bytes)
            return (file, null, wish.Template is null ? $"there is no {UsualTemplate} here; name a template with --template" : "the file can't be read");
        var (template, wrong) = TemplateText.Read(System.Text.Encoding.UTF8.GetString(bytes));
        if (template is null)
            return (file, null, $"{file} is no template of CloudFormation that can be read here: {wrong}");
        return TemplateLook.Missing(template) is { } missing ? (file, null, $"{file} is no template of ReplyMint: it has no {missing}") : (file, new(file, template), "");
    }

    private static async Task<(ServedAt? At, IReadOnlyDictionary<Check, Outcome> Found, string Why)> StoreAsync(ReplyMintSettings settings, Wish wish, CommandHost host, CancellationToken ct)
    {
        if (settings.Store == StoreKind.Embedded && !Folders.HoldsStore(settings.Data!))
            return (null, new Dictionary<Check, Outcome>(), $"there is no store in {settings.Data}");
        host.Error.WriteLine($"(looking at the settings and the store of {settings.Data})");
        var (code, output, error) = await StoreRun.AskAsync(settings, host, [GuideFacts.Name, "--only", .. wish.Controls.Select(control => control.Id)], ct);
        if (code != ExitCode.Ok)
            return (null, new Dictionary<Check, Outcome>(), $"the store can't be looked at: {error}");
        try
        {
            var (at, found) = GuideWire.Read(output);
            return (at, found, "");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return (null, new Dictionary<Check, Outcome>(), "the running server has another version than this command; use the same one");
        }
    }

    private static async Task<LiveTarget?> TargetAsync(Wish wish, ServedAt? served, CancellationToken ct)
    {
        if (wish.Url is null)
            return served is null ? null : GuideWire.TargetOf(served, wish.Caller);
        return await LiveTarget.ResolveAsync(wish.Url.Host, ct) is { } addresses ? new()
        {
            Url = wish.Url, Addresses = addresses, Host = LiveTarget.HostOf(wish.Url), Origins = wish.Origins.Count > 0 ? wish.Origins : null,
            Smtp = wish.Smtp is null ? null : IPEndPoint.Parse(wish.Smtp), Authority = wish.Authority, Caller = wish.Caller,
        } : null;
    }

    private static async Task<IReadOnlyDictionary<Check, Outcome>> LiveAsync(Wish wish, LiveTarget target, TimeProvider time, CommandHost host, CancellationToken ct)
    {
        var (all, done, began) = (wish.Controls.Sum(control => control.Checks.Count(check => check.AtService is not null)), 0, time.GetTimestamp());
        host.Error.WriteLine($"(asking {target.Url.GetLeftPart(UriPartial.Authority)} for {all} checks; slow refusals take some seconds)");
        using var http = new RawHttp(target, time);
        var outcomes = await GuideRun.AtServiceAsync(wish.Controls, new LiveLook(http, time, ct), control =>
        {
            done++;
            if (host.Interactive)
                host.Error.Write($"\r{done}/{all} {control.Id,-8}");
        }, ct);
        if (host.Interactive)
            host.Error.Write("\r                    \r");
        host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({http.Requests} requests in {time.GetElapsedTime(began).TotalSeconds:0.0} s)"));
        return outcomes;
    }
}

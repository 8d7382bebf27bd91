using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using ReplyMint.Cli.Reach;
using ReplyMint.Guide;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Looks wherever a wish asks it to, and puts one report together.</summary>
internal sealed class GuideLooks(GuideWish wish, ParseResult parse, CommandHost host)
{
    /// <summary>Where it lies in a copy of the project.</summary>
    public const string UsualTemplate = "infra/template.yaml";

    private const string Unnamed = "only what --look names was looked at";

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Dictionary<Check, Outcome> _outcomes = [];
    private readonly List<string> _of = [];

    /// <summary>Why nobody looked there.</summary>
    private readonly Dictionary<Look, string> _why = new() { [Look.Rehearse] = "needs a rehearsal: replymint guide --rehearse" };

    private ServedAt? _served;
    private ReplyMintSettings? _own;

    /// <summary>Null after saying why nothing could be looked at.</summary>
    public static Task<(GuideReport Report, ReplyMintSettings? Settings)?> RunAsync(GuideWish wish, ParseResult parse, CommandHost host, CancellationToken ct) => new GuideLooks(wish, parse, host).RunAsync(ct);

    private async Task<(GuideReport Report, ReplyMintSettings? Settings)?> RunAsync(CancellationToken ct)
    {
        if (wish.Looks.Contains("template") && !await AtTemplateAsync(ct))
            return null;
        if (wish.Looks.Contains("repo") && !await AtRepositoryAsync(ct))
            return null;
        if ((wish.Looks.Any(look => look is "config" or "record") || (wish.Url is null && wish.Looks.Contains("live")) || wish.Rehearse) && !await AtStoreAsync(ct))
            return null;
        if (wish.Looks.Contains("live"))
            await AtServiceAsync(ct);
        if (_outcomes.Values.All(outcome => outcome.Verdict == Verdict.NotChecked) && wish.Controls.Any(control => control.IsBuilt))
        {
            host.Fail($"nothing could be looked at: {Plain.Line(WhyNothing(), 300)}");
            return null;
        }
        return (new(_time.GetUtcNow(), HealthEndpoints.Version, string.Join(", ", _of), GuideRun.Judge(wish.Controls, check => _outcomes.GetValueOrDefault(check), check => Why(check.Look))), _own);
    }

    /// <summary>What most checks said: one that asks elsewhere, such as for an SMTP listener, would mislead.</summary>
    private string WhyNothing()
    {
        if (_outcomes.Count > 0)
            return _outcomes.Values.GroupBy(outcome => outcome.Evidence, StringComparer.Ordinal).MaxBy(told => told.Count())!.Key;
        if (wish.Controls.All(control => control.Checks.All(check => check.Look == Look.Rehearse)))
            return Why(Look.Rehearse);
        return wish.Controls.Any(control => control.Checks.Any(check => wish.Looks.Contains(check.Look.Name())))
            ? Why(wish.Looks.Contains("live") ? Look.Live : wish.Looks switch { ["template", ..] => Look.Template, ["repo", ..] => Look.Repo, _ => Look.Config })
            : $"none of these controls is looked at there ({string.Join(", ", wish.Looks)}); replymint guide write says where each is";
    }

    private string Why(Look look) => _why.GetValueOrDefault(look == Look.Record ? Look.Config : look) is { Length: > 0 } why ? why : Unnamed;

    private void Add(IReadOnlyDictionary<Check, Outcome> found)
    {
        foreach (var (check, outcome) in found)
            _outcomes[check] = outcome;
    }

    /// <returns>False after saying that what the user named is none.</returns>
    private async Task<bool> AtTemplateAsync(CancellationToken ct)
    {
        var (shown, template, wrong) = await TemplateAsync(ct);
        if (template is null && wish.Template is not null)
        {
            host.Fail($"--template {Plain.Line(wish.Template, 200)}: {Plain.Line(wrong, 300)}", ExitCode.Usage);
            return false;
        }
        _why[Look.Template] = wrong;
        if (template is null)
            return true;
        Add(await GuideRun.AtTemplateAsync(wish.Controls, template, ct));
        _of.Add(shown);
        return true;
    }

    private async Task<(string Shown, TemplateLook? Look, string Wrong)> TemplateAsync(CancellationToken ct)
    {
        var file = wish.Template ?? UsualTemplate;
        if (await GuideWish.ReadAsync(host.Full(file), ct) is not { } bytes)
            return (file, null, wish.Template is null ? $"there is no {UsualTemplate} here; name a template with --template" : "the file can't be read");
        var (template, wrong) = TemplateText.Read(System.Text.Encoding.UTF8.GetString(bytes));
        if (template is null)
            return (file, null, $"{file} is no template of CloudFormation that can be read here: {wrong}");
        return TemplateLook.Missing(template) is { } missing ? (file, null, $"{file} is no template of ReplyMint: it has no {missing}") : (file, new(file, template), "");
    }

    /// <returns>False after saying that what the user named is none.</returns>
    private async Task<bool> AtRepositoryAsync(CancellationToken ct)
    {
        var folder = host.Full(wish.Repo ?? ".");
        if (!RepositoryFiles.Is(folder))
        {
            _why[Look.Repo] = "the working folder is no copy of the project; name one with --repo";
            if (wish.Repo is not null)
                host.Fail($"--repo {Plain.Line(wish.Repo, 200)}: this is no copy of the project: it holds no {RepositoryFiles.Mark} with src/ReplyMint", ExitCode.Usage);
            return wish.Repo is null;
        }
        if (!wish.Controls.Any(control => control.Checks.Any(check => check.AtRepository is not null)))
            return true;
        host.Error.WriteLine($"(reading the project in {Plain.Line(folder, 200)})");
        Add(await GuideRun.AtRepositoryAsync(wish.Controls, new RepositoryLook(wish.Repo ?? ".", RepositoryFiles.Of(folder), _time.GetUtcNow()), ct));
        _of.Add(wish.Repo ?? folder);
        return true;
    }

    /// <returns>False after saying what is wrong with the settings or the rehearsal.</returns>
    private async Task<bool> AtStoreAsync(CancellationToken ct)
    {
        if (SettingsOfCommand.Read(parse, host, ("environment", wish.Environment, "--environment")) is not { } settings)
            return false;
        settings = settings with { Data = settings.Data ?? (settings.Store == StoreKind.Embedded ? new Folders(host).ForCommand().Folder : new Folders(host).Data) };
        (_served, var found, var wrong) = await StoreAsync(settings, ct);
        _why[Look.Config] = wrong;
        _why[Look.Live] = _served is not null ? "" : wrong.Length > 0 ? wrong : $"no server runs on {settings.Data}; start one (replymint serve), or name one with --url";
        foreach (var (check, outcome) in found)
            if (wish.Looks.Contains(check.Look.Name()))
                _outcomes[check] = outcome;
        if (found.Count > 0)
        {
            _own = settings;
            _of.Add(settings.Data!);
        }
        if (!wish.Rehearse)
            return true;
        if (await GuideRehearsal.RunAsync(settings, wish.Controls, wish.Url, _served, wish.Confirm, host, ct) is not { } rehearsed)
            return false;
        _why[Look.Rehearse] = "";
        Add(rehearsed);
        return true;
    }

    private async Task AtServiceAsync(CancellationToken ct)
    {
        if (await TargetAsync(ct) is { } target)
        {
            Add(await AskAsync(target, ct));
            _of.Insert(0, target.Url.GetLeftPart(UriPartial.Authority));
        }
        else if (wish.Url is not null)
            _why[Look.Live] = $"{wish.Url.Host} leads to no address";
    }

    private async Task<(ServedAt? At, IReadOnlyDictionary<Check, Outcome> Found, string Why)> StoreAsync(ReplyMintSettings settings, CancellationToken ct)
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

    private async Task<LiveTarget?> TargetAsync(CancellationToken ct)
    {
        if (wish.Url is null)
            return _served is null ? null : GuideWire.TargetOf(_served, wish.Caller);
        return await LiveTarget.ResolveAsync(wish.Url.Host, ct) is { } addresses ? new()
        {
            Url = wish.Url, Addresses = addresses, Host = LiveTarget.HostOf(wish.Url), Origins = wish.Origins.Count > 0 ? wish.Origins : null,
            Smtp = wish.Smtp is null ? null : IPEndPoint.Parse(wish.Smtp), Authority = wish.Authority, Caller = wish.Caller,
        } : null;
    }

    private async Task<IReadOnlyDictionary<Check, Outcome>> AskAsync(LiveTarget target, CancellationToken ct)
    {
        var (all, began) = (wish.Controls.Sum(control => control.Checks.Count(check => check.AtService is not null)), _time.GetTimestamp());
        if (all == 0)
            return new Dictionary<Check, Outcome>();
        host.Error.WriteLine($"(asking {target.Url.GetLeftPart(UriPartial.Authority)} for {all} checks; slow refusals take some seconds)");
        using var http = new RawHttp(target, _time);
        var progress = new GuideProgress(host, all);
        var outcomes = await GuideRun.AtServiceAsync(wish.Controls, new LiveLook(http, _time, ct), control => progress.Show(control.Id), ct);
        progress.End();
        host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({http.Requests} requests in {_time.GetElapsedTime(began).TotalSeconds:0.0} s)"));
        return outcomes;
    }
}

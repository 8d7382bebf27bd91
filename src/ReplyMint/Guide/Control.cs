namespace ReplyMint.Guide;

/// <summary>What became of a look, the weightier the higher: of several looks of one control the weightiest stands for it.</summary>
internal enum Verdict
{
    /// <summary>Nobody looked; the evidence says why.</summary>
    NotChecked,
    /// <summary>It can't hold or fail here; the evidence says why.</summary>
    NotApplicable,
    Pass,
    Warn,
    Fail,
}

/// <summary>Where a check looks.</summary>
internal enum Look
{
    /// <summary>From outside, read only, at a running service.</summary>
    Live,
    /// <summary>The settings in effect, and the open store.</summary>
    Config,
    /// <summary>The synthesised AWS template.</summary>
    Template,
    /// <summary>The project's own files.</summary>
    Repo,
    /// <summary>Dated entries that people make.</summary>
    Record,
    /// <summary>Acts on a throw-away tenant.</summary>
    Rehearse,
}

/// <param name="Evidence">The request and its answer, the setting, or why nobody looked.</param>
internal sealed record Outcome(Verdict Verdict, string Evidence)
{
    public static Outcome Pass(string evidence) => new(Verdict.Pass, evidence);
    public static Outcome Fail(string evidence) => new(Verdict.Fail, evidence);
    public static Outcome Warn(string evidence) => new(Verdict.Warn, evidence);
    public static Outcome NotApplicable(string why) => new(Verdict.NotApplicable, why);
    public static Outcome NotChecked(string why) => new(Verdict.NotChecked, why);
}

/// <summary>One way to look whether a control holds. Exactly one of its ways is there; a look that is not built yet says so.</summary>
internal sealed class Check
{
    private Check(Look look) => Look = look;

    public Look Look { get; }
    public Func<LiveLook, CancellationToken, Task<Outcome>>? AtService { get; private init; }
    public Func<StoreLook, CancellationToken, Task<Outcome>>? AtStore { get; private init; }
    /// <summary>Given the control's id.</summary>
    public Func<TemplateLook, string, Outcome>? AtTemplate { get; private init; }
    public Func<RepositoryLook, Outcome>? AtRepository { get; private init; }
    public Func<RehearsalLook, CancellationToken, Task<Outcome>>? AtStage { get; private init; }
    /// <summary>Why nobody can look.</summary>
    public string? Missing { get; private init; }

    /// <summary>Asks by HTTP. Where nobody answers, or something refuses whatever is asked, nothing was looked at: neither must look like a pass.</summary>
    public static Check Live(Func<LiveLook, CancellationToken, Task<Outcome>> run) => new(Look.Live)
    {
        AtService = async (look, ct) => LiveLook.Unseen(look.Target, await look.OwnAsync()) is { } nothing ? Outcome.NotChecked(nothing) : await run(look, ct),
    };

    /// <summary>Asks, and knows itself what silence and refusals mean.</summary>
    public static Check LiveUnasked(Func<LiveLook, CancellationToken, Task<Outcome>> run) => new(Look.Live) { AtService = run };

    public static Check Config(Func<StoreLook, CancellationToken, Task<Outcome>> run) => new(Look.Config) { AtStore = run };

    public static Check Config(Func<StoreLook, Outcome> run) => new(Look.Config) { AtStore = (look, _) => Task.FromResult(run(look)) };

    public static Check Record(Func<StoreLook, CancellationToken, Task<Outcome>> run) => new(Look.Record) { AtStore = run };

    /// <param name="types">Of the resources that the control's promise rests on.</param>
    public static Check Template(params string[] types) => new(Look.Template) { AtTemplate = (look, control) => look.Judge(control, types) };

    public static Check Repo(Func<RepositoryLook, Outcome> run) => new(Look.Repo) { AtRepository = run };

    /// <summary>Acts for real, only when it is asked for.</summary>
    public static Check Rehearse(Func<RehearsalAct, CancellationToken, Task> play) => new(Look.Rehearse) { AtStage = (look, ct) => RehearsalAct.PlayAsync(look, play, ct) };

    /// <summary>The catalogue asks for a look that this version can't do.</summary>
    public static Check Unbuilt(Look look, string? why = null) => new(look)
    {
        Missing = why ?? look switch
        {
            Look.Rehearse => "needs a rehearsal, which this version can't do yet",
            Look.Template => "this version can't read the AWS template yet",
            Look.Repo => "this version can't read the repository for it yet",
            Look.Record => "this version can't judge these records yet",
            Look.Live => "this version can't ask a running service for it yet",
            _ => "this version can't judge the settings and the store for it yet",
        },
    };
}

/// <summary>A promise about the product's own security, by the id of the catalogue.</summary>
/// <param name="id">Such as CORS-1; what stands before the dash is its group.</param>
/// <param name="title">What must hold.</param>
/// <param name="why">What happens where it does not.</param>
/// <param name="remedy">What to do then.</param>
/// <param name="sources">Which lists ask for it: ids, and pages by name.</param>
/// <param name="checks">Where it can be looked for.</param>
internal sealed class Control(string id, string title, string why, string remedy, string sources, params Check[] checks)
{
    public string Id => id;
    public string Title => title;
    public string Why => why;
    public string Remedy => remedy;
    public string Sources => sources;
    public IReadOnlyList<Check> Checks => checks;
    public bool IsBuilt => checks.Any(check => check.Missing is null);
}

/// <summary>One look of a run.</summary>
internal sealed record Finding(Look Look, Outcome Outcome);

/// <summary>What a run says of a control.</summary>
internal sealed class Judgement(Control control, IReadOnlyList<Finding> findings)
{
    public Control Control => control;
    public IReadOnlyList<Finding> Findings => findings;

    public Verdict Verdict { get; } = findings.Max(finding => finding.Outcome.Verdict);

    /// <summary>Set when somebody accepted it for a time: who, and until when.</summary>
    public string? Accepted { get; set; }

    /// <summary>Set when it was accepted for a time that is over.</summary>
    public string? Note { get; set; }

    /// <summary>It counts against the exit status.</summary>
    public bool Counts => Verdict is Verdict.Fail or Verdict.Warn && Accepted is null;
}

internal static class GuideWords
{
    public static string Name(this Verdict verdict) => verdict switch
    {
        Verdict.Pass => "pass",
        Verdict.Warn => "warn",
        Verdict.Fail => "fail",
        Verdict.NotApplicable => "not applicable",
        _ => "not checked",
    };

    public static string Name(this Look look) => look switch
    {
        Look.Live => "live",
        Look.Config => "config",
        Look.Template => "template",
        Look.Repo => "repo",
        Look.Record => "record",
        _ => "rehearse",
    };
}

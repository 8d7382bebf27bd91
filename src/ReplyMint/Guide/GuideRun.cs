using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>Runs checks and puts together what they say. A check that breaks has looked at nothing, and says so.</summary>
internal static class GuideRun
{
    // Evidence quotes what strangers answered.
    private const int MostEvidence = 2_000;

    /// <param name="controls">Whose checks are meant.</param>
    /// <param name="told">Hears of each control whose check is done.</param>
    public static async Task<IReadOnlyDictionary<Check, Outcome>> AtServiceAsync(IEnumerable<Control> controls, LiveLook look, Action<Control> told, CancellationToken ct)
    {
        var outcomes = new Dictionary<Check, Outcome>();
        // Most of the time is spent on waiting for slow refusals, so all wait together; requests are few at once all the same.
        var running = controls.SelectMany(control => control.Checks, (control, check) => (control, check)).Where(one => one.check.AtService is not null)
            .Select(one => RunAsync(one.control, one.check, () => one.check.AtService!(look, ct), ct)).ToList();
        await foreach (var done in Task.WhenEach(running).WithCancellation(ct))
        {
            var (control, check, outcome) = await done;
            outcomes[check] = outcome;
            told(control);
        }
        return outcomes;
    }

    public static Task<IReadOnlyDictionary<Check, Outcome>> AtStoreAsync(IEnumerable<Control> controls, StoreLook look, CancellationToken ct) =>
        InTurnAsync(controls, (_, check) => check.AtStore is { } run ? () => run(look, ct) : null, ct);

    public static Task<IReadOnlyDictionary<Check, Outcome>> AtTemplateAsync(IEnumerable<Control> controls, TemplateLook look, CancellationToken ct) =>
        InTurnAsync(controls, (control, check) => check.AtTemplate is { } run ? () => Task.FromResult(run(look, control.Id)) : null, ct);

    public static Task<IReadOnlyDictionary<Check, Outcome>> AtRepositoryAsync(IEnumerable<Control> controls, RepositoryLook look, CancellationToken ct) =>
        InTurnAsync(controls, (_, check) => check.AtRepository is { } run ? () => Task.FromResult(run(look)) : null, ct);

    /// <param name="controls">Whose checks are meant.</param>
    /// <param name="begun">Hears of each control whose rehearsal begins.</param>
    public static Task<IReadOnlyDictionary<Check, Outcome>> AtStageAsync(IEnumerable<Control> controls, RehearsalLook look, Action<Control> begun, CancellationToken ct) =>
        InTurnAsync(controls, (_, check) => check.AtStage is { } run ? () => run(look, ct) : null, ct, begun);

    /// <summary>One judgement for each control.</summary>
    /// <param name="outcome">What a look found; null when nobody looked there.</param>
    /// <param name="why">Why nobody looked.</param>
    public static IReadOnlyList<Judgement> Judge(IEnumerable<Control> controls, Func<Check, Outcome?> outcome, Func<Check, string> why) =>
        [.. controls.Select(control => new Judgement(control, [.. control.Checks.Select(check => new Finding(check.Look, check.Missing is { } missing ? Outcome.NotChecked(missing) : outcome(check) ?? Outcome.NotChecked(why(check))))]))];

    /// <summary>One after the other: what a rehearsal isolates or revokes the next one must not meet.</summary>
    /// <param name="run">Null for a check that looks elsewhere.</param>
    private static async Task<IReadOnlyDictionary<Check, Outcome>> InTurnAsync(IEnumerable<Control> controls, Func<Control, Check, Func<Task<Outcome>>?> run, CancellationToken ct, Action<Control>? begun = null)
    {
        var outcomes = new Dictionary<Check, Outcome>();
        foreach (var control in controls)
            foreach (var check in control.Checks)
                if (run(control, check) is { } look)
                {
                    begun?.Invoke(control);
                    outcomes[check] = (await RunAsync(control, check, look, ct)).Outcome;
                }
        return outcomes;
    }

    private static async Task<(Control Control, Check Check, Outcome Outcome)> RunAsync(Control control, Check check, Func<Task<Outcome>> run, CancellationToken ct)
    {
        try
        {
            var outcome = await run();
            return (control, check, outcome.Evidence.Length <= MostEvidence ? outcome : outcome with { Evidence = outcome.Evidence[..MostEvidence] + "..." });
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            return (control, check, Outcome.NotChecked($"the check itself failed: {Failure.Types(e)}"));
        }
    }
}

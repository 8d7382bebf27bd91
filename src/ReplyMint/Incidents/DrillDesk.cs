using ReplyMint.Audit;

namespace ReplyMint.Incidents;

/// <summary>One effect that a drill looked for.</summary>
/// <param name="Problem">What was seen instead; null when it was as it should be.</param>
internal sealed record IncidentDrillStep(string Name, int Milliseconds, string? Problem);

/// <summary>What a drill saw, to be signed.</summary>
internal sealed record IncidentDrillReport(int V, DateTimeOffset At, int Milliseconds, string Version, IReadOnlyList<IncidentDrillStep> Steps)
{
    public bool Passed => Steps.Count > 0 && Steps.All(step => step.Problem is null);
}

/// <summary>Keeps what a drill saw: the report, signed by the installation, in a record of the kind drill.</summary>
internal sealed class DrillDesk(Attestations attestations, Records records)
{
    public const string Kind = "drill";

    /// <summary>A drill that failed is due again at once.</summary>
    public async Task<KeptRecord> KeepAsync(IncidentDrillReport report, Actor actor, CancellationToken ct)
    {
        var failed = report.Steps.Count(step => step.Problem is not null);
        var note = report.Passed ? $"incident drill: {report.Steps.Count} effects seen in {report.Milliseconds / 1000.0:0.0} s" : $"incident drill failed: {failed} of {report.Steps.Count} effects not seen";
        return await records.AddAsync(RecordKinds.Drill, actor.Id, note, report.Passed ? null : TimeSpan.Zero, ct, await attestations.SignAsync(Kind, report, IncidentsJson.Default.IncidentDrillReport, ct));
    }
}

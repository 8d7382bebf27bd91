using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Secrets;

/// <summary>
/// Changes what is due (SEC-2), at the start and every hour, and tells the operator of what only he can change. All of it is in the store and
/// done on conditions, so it does no harm to be asked twice or to be broken off.
/// </summary>
internal sealed partial class RotationClock(
    KeyRing keys, Tenants tenants, TenantKeyRotation rotation, FormChange forms, Pepper pepper, SigningKeys signing, SecretList list, Alerts alerts, SecretsSettings settings, TimeProvider time, ILogger<RotationClock> log) : PeriodicService(Every, time)
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    // Bringing a tenant's items under a new key is work; after an upgrade all tenants may be due at once.
    private const int TenantsAtOnce = 20;

    protected override async Task TickAsync(CancellationToken ct)
    {
        try
        {
            await RotateAsync(ct);
            await LookAsync(ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            LogFailed(log, Failure.Of(failure));
        }
    }

    /// <summary>Tells of what is overdue, and how old keys are.</summary>
    private async Task LookAsync(CancellationToken ct)
    {
        var (overdue, oldest) = (0, TimeSpan.Zero);
        await foreach (var fact in list.AllAsync(ct))
        {
            overdue += fact.Overdue ? 1 : 0;
            if (fact is { Since: { } since, Next: not null } && Time.GetUtcNow() - since is var age && age > oldest)
                oldest = age;
            if (fact is { Overdue: true, Problem: { } problem })
                await alerts.RaiseAsync("secret-overdue", fact.Name, $"{fact.Name} {problem}", ct);
        }
        Measures.SecretsOverdue.Set(overdue);
        Measures.OldestKey.Set(oldest.TotalSeconds);
    }

    private async Task RotateAsync(CancellationToken ct)
    {
        var now = Time.GetUtcNow();
        var versions = (await pepper.KeysAsync(ct)).Versions;
        if (versions[^1].MadeAt <= now.AddDays(-settings.PepperDays))
            await pepper.RotateAsync(Actor.System, ct);
        if (versions.Count > 1)
            await pepper.DropOldAsync(ct);
        // Makes the next key when it is due, also where nobody signs in.
        if ((await signing.RingAsync(ct)).Keys.Count > 0)
            await signing.SignerAsync(ct);
        var due = new List<string>();
        if (await IsDueAsync(KeyRing.Installation, now, ct))
            due.Add(KeyRing.Installation);
        await foreach (var tenant in tenants.IdsAsync(ct))
            if (due.Count < TenantsAtOnce && await IsDueAsync(tenant, now, ct))
                due.Add(tenant);
        foreach (var tenant in due)
            await rotation.RotateAsync(tenant, Actor.System, ct);
        await forms.BeginAsync(KeyRing.Installation, ct);
        await foreach (var tenant in tenants.IdsAsync(ct))
            await forms.BeginAsync(tenant, ct);
    }

    /// <summary>One of unknown age is due; one whose last change is not over is not.</summary>
    private async ValueTask<bool> IsDueAsync(string tenant, DateTimeOffset now, CancellationToken ct) =>
        await keys.RecordAsync(tenant, ct) is { Value: { Keys: [var only] } } && (only.MadeAt is not { } made || made <= now.AddDays(-settings.TenantKeyDays));

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for keys that are due failed: {failure}")]
    private static partial void LogFailed(ILogger log, string failure);
}

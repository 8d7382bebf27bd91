using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Telemetry;

namespace ReplyMint.Guide;

/// <summary>The settings in effect, as far as controls ask for them.</summary>
internal sealed record GuideSettings(
    HttpSettings Http, SmtpListenerSettings Smtp, OperatorNoticeSettings Notices, string? Topic, RateSettings Rates, RequestLimitSettings Requests, AccountsSettings Accounts,
    BackupSettings Backup, AuditSettings Audit, SecretsSettings Secrets, OutboundSettings Outbound, OutsideSettings Outside, bool SharedStore, bool UsesAws)
{
    public DetectionSettings Detection { get; init; } = new();

    /// <summary>Nobody's mail is at stake there: what only matters where it runs for real is not asked for.</summary>
    public bool IsDevelopment => Http.Environment == DeploymentEnvironment.Development;
}

/// <summary>What the checks of settings and store work with: the rooms' own doors.</summary>
internal sealed record StoreLook(IServiceProvider Services, GuideSettings Settings)
{
    /// <summary>Of a long chain of the audit log its newest entries are looked at; the command looks at all.</summary>
    public const long NewestEntries = 200_000;

    public DateTimeOffset Now => Services.GetRequiredService<TimeProvider>().GetUtcNow();

    /// <summary>What decides whether a mail is answered.</summary>
    public Func<PolicyFacts, Replies.Verdict> Decide { get; init; } = ReplyPolicy.Decide;

    /// <summary>What keeps a draft from leaving by itself.</summary>
    public Func<GuardInput, IReadOnlyList<GuardFinding>> Guard { get; init; } = DraftGuard.Check;

    /// <summary>What a role may.</summary>
    public Func<Role, PermissionSet> May { get; init; } = Permissions.Of;

    /// <summary>Whether mail for an address is taken; null asks the inbox.</summary>
    public Func<string, CancellationToken, ValueTask<bool>>? Knows { get; init; }

    /// <summary>What signs names that come back to us; null takes the store's.</summary>
    public Func<string, string, TokenSubject?>? ReadToken { get; init; }

    /// <summary>Which lines are logged; null asks the process.</summary>
    public Func<string, LogLevel, bool>? Writes { get; init; }

    /// <summary>The settings are those of a server that runs.</summary>
    public bool Serves { get; init; } = true;

    /// <summary>Variables of the process that serves.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>When what runs was committed.</summary>
    public DateTimeOffset? Built { get; init; } = BuildTime.OfProcess;

    public T Get<T>() where T : notnull => Services.GetRequiredService<T>();
}

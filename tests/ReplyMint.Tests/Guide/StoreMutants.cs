using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Guide;
using ReplyMint.Incidents;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Guide;

/// <summary>Settings or a store that lack something.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Controls">Which control it is, and which depend on it.</param>
internal sealed record StoreMutant(string Name, params string[] Controls)
{
    public Func<GuideSettings, GuideSettings> Settings { get; init; } = settings => settings;

    /// <summary>What is done to the store; it gets one of its own then.</summary>
    public Func<ProductHost, Task>? Change { get; init; }

    public Func<PolicyFacts, ReplyMint.Replies.Verdict> Decide { get; init; } = ReplyPolicy.Decide;

    public Func<string, string?> Variable { get; init; } = _ => null;

    public TimeSpan Age { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Another guard, table of rights or log.</summary>
    public Func<StoreLook, StoreLook> With { get; init; } = look => look;

    /// <summary>Which look of the first control has to tell.</summary>
    public Look At { get; init; } = Look.Config;
}

internal static class StoreMutants
{
    public static IReadOnlyList<StoreMutant> All { get; } =
    [
        new("members do what administrators do", "AUTH-4") { With = look => look with { May = role => Permissions.Of(role == Role.Member ? Role.Admin : role) } },
        new("operators read mail", "AUTH-4") { With = look => look with { May = role => role == Role.Operator ? new(uint.MaxValue >> 5) : Permissions.Of(role) } },
        new("each line of the web server is logged", "MON-2") { With = look => look with { Writes = (_, _) => true } },
        new("mail for anybody is taken", "MAIL-1") { With = look => look with { Knows = (_, _) => new(true) } },
        new("no draft is held", "MAIL-7") { With = look => look with { Guard = _ => [] } },
        new("prices are not looked at", "MAIL-7") { With = look => look with { Guard = input => [.. DraftGuard.Check(input).Where(finding => finding.Rule != GuardRule.Price)] } },
        new("each draft is held", "MAIL-7") { With = look => look with { Guard = _ => [new(GuardRule.Length, "x")] } },
        new("forged bounces are believed", "MAIL-7") { With = look => look with { ReadToken = (_, _) => new("tguide", "oguide") } },
        new("nobody knows who let somebody in", "SOC-1")
        {
            Change = async host =>
            {
                var commit = new Commit();
                await host.Get<Members>().SetAsync(commit, host.Tenant.Id, "usomebody", Role.Member, null, new Actor(""), default);
                await host.Get<IStore>().CommitAsync(commit, default);
            },
        },
        new("a secret was set past the audit log", "SEC-3")
        {
            Change = async host =>
            {
                var commit = new Commit();
                await host.Get<StoredSecrets>().SetAsync(commit, "relay-password", "0123456789abcdef0123456789abcdef"u8.ToArray(), host.Time.GetUtcNow(), default);
                await host.Get<IStore>().CommitAsync(commit, default);
            },
        },
        new("other settings run than the start wrote down", "SOC-2")
        {
            Change = host => new SettingsChanges(host.Get<IStore>(), host.Get<KeyRing>(), new SettingsToKeep(() => """{"environment":"staging"}"""), host.Get<Records>()).LookAsync("somebody", default),
        },
        new("an operator's credentials are too old", "AWS-8", "SOC-5") { At = Look.Record, Change = host => OverdueAsync(host, RecordKinds.KeyRotation) },
        new("no name is served", "NET-1") { Settings = s => s with { Http = s.Http with { PublicUrl = null } } },
        new("this machine's name is served", "NET-1") { Settings = s => s with { Http = s.Http with { Hosts = ["localhost"] } } },
        new("half of the world is a proxy", "NET-2") { Settings = s => s with { Http = s.Http with { Proxies = ["10.0.0.0/8"] } } },
        new("nothing arrives by HTTPS", "NET-2") { Settings = s => s with { Http = s.Http with { Proxies = [] } } },
        new("heads may take two minutes", "NET-4") { Settings = s => s with { Http = s.Http with { Limits = new() { HeadSeconds = 120 } } } },
        new("one address may take all connections", "NET-4") { Settings = s => s with { Http = s.Http with { Limits = new() { MaxConnectionsPerAddress = 2_000 } } } },
        new("keys live for ten years", "AUTH-1") { Settings = s => s with { Accounts = s.Accounts with { Access = new() { KeyMaxDays = 3_650 } } } },
        new("sessions live for three months", "AUTH-2") { Settings = s => s with { Accounts = s.Accounts with { Access = new() { SessionDays = 90 } } } },
        new("links lead to plain HTTP", "AUTH-3") { Settings = s => s with { Accounts = s.Accounts with { SignInUrl = "http://localhost:3000/sign-in" } } },
        new("tenants reach the metadata service", "INPUT-6") { Settings = s => s with { Outside = new() { Networks = ["169.254.0.0/16"] } } },
        new("tenants reach all of the operator's network", "INPUT-6") { Settings = s => s with { Outside = new() { Networks = ["10.0.0.0/8"] } } },
        new("tenants reach any host at any mail exchanger's port", "INPUT-6") { Settings = s => s with { Outside = new() { Allow = ["hooks.example.com:443", "*:25"] } } },
        new("a user's key opens AWS", "AWS-8") { Variable = name => name == "AWS_ACCESS_KEY_ID" ? "AKIAIOSFODNN7EXAMPLE" : null },
        new("everybody may write a thousand times a second", "AUTH-6") { Settings = s => s with { Requests = new() { Write = new() { PerMinute = 60_000, Burst = 60_000 } } } },
        new("guessing is free", "AUTH-7") { Settings = s => s with { Requests = new() { FailedFromNetwork = new() { PerMinute = 1_000_000, Burst = 1_000_000 } } } },
        new("each server counts for itself", "AUTH-6") { Settings = s => s with { SharedStore = true } },
        new("nobody is told", "MON-1", "MON-3") { Settings = s => s with { Notices = new() } },
        new("nothing is noticed", "MON-3") { Settings = s => s with { Detection = new() { Enabled = false } } },
        new("nobody looks for scans", "MON-3") { Settings = s => s with { Detection = new() { Off = ["scanning"] } } },
        new("a thousand networks may try one account", "MON-3") { Settings = s => s with { Detection = new() { StuffingNetworks = 1_000 } } },
        new("secrets may be ten years old", "SEC-2") { Settings = s => s with { Secrets = new() { RemindDays = 3_650 } } },
        new("no backup is made", "IR-5") { Settings = s => s with { Backup = new() } },
        new("answers stay in clear", "GDPR-1") { Settings = s => s with { Outbound = new() } },
        new("no proof leaves the machine", "SOC-3") { Settings = s => s with { Audit = new() } },
        new("a tenant may answer the world in an hour", "MAIL-5") { Settings = s => s with { Rates = new() { TenantHour = 1_000_000 } } },
        new("everybody may say who wrote a mail", "MAIL-6") { Settings = s => s with { Smtp = s.Smtp with { Networks = ["0.0.0.0/0"] } } },
        new("lists and robots are answered", "MAIL-3") { Decide = facts => ReplyPolicy.Decide(facts with { Overrides = new HashSet<int> { 5, 6, 7, 8, 9 } }) },
        new("nobody is answered", "MAIL-3") { Decide = facts => ReplyPolicy.Decide(facts with { SeenBefore = true }) },
        new("others may read the master key", "SEC-1")
        {
            Change = host =>
            {
                var key = Assert.Single(Directory.GetFiles(Path.Combine(Path.GetDirectoryName(host.DataFolder)!, "config", "keys")));
                File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
                return Task.CompletedTask;
            },
        },
        new("a tenant keeps mail for longer", "GDPR-1")
        {
            Change = async host => await host.Get<IStore>().CommitAsync(new Commit().Put(Retention.KeyOf(host.Tenant.Id), System.Text.Encoding.UTF8.GetBytes("""{"v":1,"rawDays":30,"textDays":365,"recordDays":400,"attachments":true}"""), Condition.Any), default),
        },
        new("the last access review is too old", "SOC-1", "SOC-5") { At = Look.Record, Change = host => OverdueAsync(host, RecordKinds.Review) },
        new("the last restore drill is too old", "IR-5", "SOC-5") { At = Look.Record, Change = host => OverdueAsync(host, RecordKinds.RestoreDrill) },
        new("nobody looked for patches", "SOC-6", "SOC-5") { At = Look.Record, Change = host => OverdueAsync(host, RecordKinds.Patch) },
        new("what runs is two years old", "SOC-6") { Age = TimeSpan.FromDays(730) },
        new("nobody is named whom a finder could tell", "IR-6") { Settings = s => s with { Http = s.Http with { SecurityText = new() } } },
        new("nobody was trained", "SOC-5") { At = Look.Record, Change = host => OverdueAsync(host, RecordKinds.Training) },
        new("what an incident left to do was not done", "IR-6", "SOC-5")
        {
            At = Look.Record,
            Change = async host =>
            {
                var commit = new Commit();
                await host.Get<Records>().AddFollowUpAsync(commit, "inc", "somebody", "change the relay's password", host.Time.GetUtcNow().AddDays(1), default);
                await host.Get<IStore>().CommitAsync(commit, default);
                host.Leap(TimeSpan.FromDays(2));
            },
        },
        new("somebody changed the audit log", "SOC-3")
        {
            Change = async host =>
            {
                var at = AuditLog.KeyOf(host.Tenant.Id, 1);
                var entry = System.Text.Encoding.UTF8.GetString((await host.Get<IStore>().GetAsync(at, default))!.Value.Span);
                Assert.StartsWith("{\"v\":1,", entry, StringComparison.Ordinal);
                await host.Get<IStore>().CommitAsync(new Commit().Put(at, System.Text.Encoding.UTF8.GetBytes("{\"v\":1,\"note\":\"was not I\"," + entry[7..]), Condition.Any), default);
            },
        },
    ];

    private static async Task OverdueAsync(ProductHost host, string kind)
    {
        await host.Get<Records>().AddAsync(kind, "somebody", "done", TimeSpan.FromDays(1), default);
        host.Leap(TimeSpan.FromDays(2));
    }

    /// <summary>As somebody sets up a service that runs for real.</summary>
    public static GuideSettings Good { get; } = new(
        new() { Environment = DeploymentEnvironment.Production, PublicUrl = "https://api.example.com", Proxies = ["127.0.0.1"], SecurityText = new() { Contacts = ["mailto:security@example.com"] } }, new() { AuthservId = ProductHost.TrustedServer }, new() { Email = "ops@example.com", From = ProductHost.Address },
        null, new(), new(), new() { From = ProductHost.Address, SignInUrl = "https://app.example.com/sign-in" }, new() { Folder = "/var/backups/replymint" }, new() { Anchors = [new() { Folder = "/mnt/elsewhere" }] }, new(), new() { Channel = "smtp" }, new(), false, true);
}

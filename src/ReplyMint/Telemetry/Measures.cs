using System.Diagnostics.Metrics;

namespace ReplyMint.Telemetry;

/// <summary>
/// The catalogue of all that is measured, and the only place where a metric is made: docs/metrics.md is written from it, and dashboards and
/// rules are tested against it. Measuring costs next to nothing while nobody exports.
/// </summary>
internal static class Measures
{
    public const string MeterName = "ReplyMint";

    /// <summary>Who makes <see cref="Requests"/>.</summary>
    public const string HttpMeterName = "Microsoft.AspNetCore.Hosting";

    private static readonly Meter s_meter = new(MeterName);
    private static readonly List<Metric> s_all = [];

    private static readonly MetricAttribute Channel = new("replymint.channel", "smtp", "mailgun", "ses", "api", "file", "imap");
    private static readonly MetricAttribute Refusal = new("replymint.reason",
        "unknown-recipient", "network", "connections", "signature", "stale", "no-key", "replay", "topic", "version", "form", "bodies", "slow", "memory", "not-inline", "bucket", "too-large", "subscribe-url", "busy", "no-room", "tenant-full", "domain-lost", "aside");
    private static readonly MetricAttribute Scan = new("replymint.outcome", "clean", "found", "too-large", "too-many", "away", "late", "odd");
    private static readonly MetricAttribute Ending = new("replymint.ending", "answer", "hold", "ignore", "later");
    private static readonly MetricAttribute Rule = new("replymint.rule",
        "link", "address", "phone", "price", "percentage", "promise", "date", "reference", "language", "length", "restored", "support", "recipient", "header", "secret", "canary", "size", "html", "systemprompt", "hidden");
    private static readonly MetricAttribute Sending = new("replymint.outcome", "sent", "failed", "uncertain", "dead", "queued");
    private static readonly MetricAttribute Model = new("replymint.outcome", "drafted", "nothing-fits", "failed");
    private static readonly MetricAttribute Direction = new("gen_ai.token.type", "input", "output");
    private static readonly MetricAttribute Committed = new("replymint.outcome", "committed", "conflict", "error");
    private static readonly MetricAttribute Limit = new("replymint.limit", "read", "write", "costly", "tenant-read", "tenant-write", "tenant-costly", "sign-in", "webhooks", "public", "unproved");
    private static readonly MetricAttribute Try = new("replymint.outcome", "begun", "good", "slowed");
    private static readonly MetricAttribute Job = new("replymint.job", "mail", "send", "webhook", "retention", "blob", "export", "export-end", "upload-end", "erase", "rekey", "reseal", "master-key", "backup", "revocation", "resume", "sign-in", "invitation", "notice", "reminder", "alert", "overtaken", "draft-decision", "embed");
    private static readonly MetricAttribute Signal = new("replymint.signal", "metrics", "traces", "logs", "security-events");
    private static readonly MetricAttribute Control = new("replymint.verdict", "pass", "warn", "fail", "not-applicable", "not-checked");
    private static readonly MetricAttribute Backup = new("replymint.backup", "data", "keys");
    private static readonly MetricAttribute Method = new("http.request.method", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "_OTHER");
    private static readonly MetricAttribute Route = new("http.route") { Form = "the route's own template", Fits = static value => value is ['/', ..] and { Length: < 200 } && !value.Contains('@', StringComparison.Ordinal) };
    private static readonly MetricAttribute Status = new("http.response.status_code") { Form = "100 to 599", Fits = static value => value is [>= '1' and <= '5', >= '0' and <= '9', >= '0' and <= '9'] };

    public static readonly CountMetric MailAccepted = Count("replymint.mail.accepted", "{mail}", "Mails that were durably stored.", false, Channel);
    public static readonly CountMetric MailDuplicates = Count("replymint.mail.duplicates", "{mail}", "Mails that were there already, by whatever path.", false, Channel);
    public static readonly CountMetric MailRefused = Count("replymint.mail.refused", "{mail}", "Mails, recipients and webhooks that were refused.", true, Channel, Refusal);
    public static readonly CountMetric AttachmentScans = Count("replymint.attachment.scans", "{attachment}", "Attachments that were shown to the scanner of malware, by what it said. Only clean ones are kept.", true, Scan);
    public static readonly CountMetric Verdicts = Count("replymint.reply.verdicts", "{mail}", "What became of mails: answered, held for a person, ignored, or tried again later.", false, Ending);
    public static readonly CountMetric Drafts = Count("replymint.reply.drafts", "{draft}", "Texts that were written, before the guard saw them.", false);
    public static readonly CountMetric GuardFindings = Count("replymint.guard.findings", "{finding}", "What the guard found in drafts.", false, Rule);
    public static readonly CountMetric Sendings = Count("replymint.mail.sendings", "{mail}", "Tries to send a mail, by how they ended. Uncertain and dead ones need a person.", true, Sending, Channel);
    public static readonly TimeMetric AnswerTime = Time("replymint.answer.duration", "From a mail's arrival until its answer was handed over.", true);
    public static readonly CountMetric ModelTokens = Count("replymint.model.tokens", "{token}", "Tokens that the model's server counted, or our estimate where it does not.", false, Direction);
    public static readonly CountMetric ModelCost = Count("replymint.model.cost", "{millionth}", "What model calls cost, in millionths of the currency of the settings' prices.", false);
    public static readonly TimeMetric ModelTime = Time("replymint.model.duration", "Calls of the model, from the question to the answer.", true, Model);
    public static readonly StateMetric QueueDepth = State("replymint.queue.depth", "{job}", "Jobs that are due and not done; counted up to 4,000.", false);
    public static readonly StateMetric QueueAge = State("replymint.queue.age", "s", "For how long the oldest of them has been due.", true);
    public static readonly TimeMetric JobTime = Time("replymint.job.duration", "Runs of jobs.", false, Job);
    public static readonly CountMetric JobsFailed = Count("replymint.job.failures", "{job}", "Runs of jobs that failed, and come again.", true, Job);
    public static readonly CountMetric JobsBuried = Count("replymint.job.dead_letters", "{job}", "Jobs that were given up, and wait for a person.", true, Job);
    public static readonly TimeMetric StoreTime = Time("replymint.store.commit.duration", "Commits, from the wish to the synced log. Conflicts are tried again, errors are not.", true, Committed);
    public static readonly CountMetric RateLimited = Count("replymint.http.rate_limited", "{request}", "Requests that were refused since too many came.", true, Limit);
    public static readonly CountMetric CredentialTries = Count("replymint.credential.tries", "{try}", "Keys, tokens, links and codes that were tried. Those that begun and were not good have failed; slowed ones were not looked at.", true, Try);
    public static readonly StateMetric SecretsOverdue = State("replymint.secret.overdue", "{secret}", "Keys and secrets that should have been changed by now.", true);
    public static readonly StateMetric OldestKey = State("replymint.secret.age", "s", "Age of the oldest key that changes by itself.", false);
    public static readonly StateMetric RootAge = State("replymint.audit.root.age", "s", "Age of the newest signed root of the audit log.", true);
    public static readonly StateMetric BackupAge = State("replymint.backup.age", "s", "Age of the newest backup.", true, Backup);
    public static readonly StateMetric BuildAge = State("replymint.build.age", "s", "Since what runs was committed, which is what the guide judges (SOC-6). Absent where a build carries no time: it was not published.", true);
    public static readonly StateMetric GuideControls = State("replymint.guide.controls", "{control}", "Controls of the security guide, by what the server's own last look at settings, store and records said of them.", true, Control);
    public static readonly CountMetric ExportLost = Count("replymint.telemetry.lost", "{item}", "Measurements, spans and log lines that could not be exported, and security events that no detector saw.", true, Signal);
    public static readonly Metric Requests = Listed(new Metric("http.server.request.duration", MetricKind.Histogram, "s", "HTTP requests.", [Method, Route, Status]) { Alerts = true, Foreign = true });

    public static IReadOnlyList<Metric> All => s_all;

    /// <summary>The entry of an instrument, if it is one of ours or one that is taken as it is.</summary>
    public static Metric? Find(Instrument instrument) =>
        instrument.Meter.Name == MeterName ? s_all.Find(metric => !metric.Foreign && metric.Name == instrument.Name)
        : instrument.Meter.Name == HttpMeterName ? s_all.Find(metric => metric.Foreign && metric.Name == instrument.Name) : null;

    private static CountMetric Count(string name, string unit, string meaning, bool alerts, params MetricAttribute[] attributes) => Listed(new CountMetric(s_meter, name, unit, meaning, attributes) { Alerts = alerts });

    private static TimeMetric Time(string name, string meaning, bool alerts, params MetricAttribute[] attributes) => Listed(new TimeMetric(s_meter, name, meaning, attributes) { Alerts = alerts });

    private static StateMetric State(string name, string unit, string meaning, bool alerts, params MetricAttribute[] attributes) => Listed(new StateMetric(s_meter, name, unit, meaning, attributes) { Alerts = alerts });

    private static T Listed<T>(T metric) where T : Metric
    {
        s_all.Add(metric);
        return metric;
    }
}

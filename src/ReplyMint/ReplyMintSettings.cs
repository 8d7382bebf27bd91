using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Guide;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Limits;
using ReplyMint.Monitoring;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint;

/// <summary>All settings of an installation: what each room asks for, and what concerns the process itself. Tenants' settings live in the store.</summary>
internal sealed record ReplyMintSettings
{
    /// <summary>The data folder; null is chosen by the command (see docs/operations.md).</summary>
    public string? Data { get; init; }

    /// <summary>The folder of the master key and of replymint.json, outside the data folder; null is the user's.</summary>
    public string? Config { get; init; }

    /// <summary>Who changed these settings last, such as the role that deployed them; stands in the record of the change. At most 200 characters.</summary>
    public string? ChangedBy { get; init; }

    public DeploymentEnvironment Environment { get; init; } = DeploymentEnvironment.Production;

    /// <summary>Where HTTP is served.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://localhost:8080"];

    /// <summary>Where all that is kept lies: embedded is the data folder.</summary>
    public StoreKind Store { get; init; }

    /// <summary>What of AWS is used.</summary>
    public AwsSettings Aws { get; init; } = new();

    /// <summary>What this process is for on AWS Lambda.</summary>
    public LambdaSettings Lambda { get; init; } = new();

    public MasterKeySettings MasterKey { get; init; } = new();

    /// <summary>The built-in SMTP listener.</summary>
    public SmtpListenerSettings Smtp { get; init; } = new();

    /// <summary>How much mail is taken.</summary>
    public InboundSettings Inbound { get; init; } = new();

    /// <summary>Mailgun's webhooks for the operator's own routes.</summary>
    public MailgunWebhookSettings Mailgun { get; init; } = new();

    /// <summary>When keys and secrets are changed.</summary>
    public SecretsSettings Secrets { get; init; } = new();

    public RateSettings Rates { get; init; } = new();

    /// <summary>How much may be asked of the API.</summary>
    public RequestLimitSettings Requests { get; init; } = new();

    public JobsSettings Jobs { get; init; } = new();

    /// <summary>The audit log, and where its proofs are kept off this machine.</summary>
    public AuditSettings Audit { get; init; } = new();

    /// <summary>How the HTTP front is reached.</summary>
    public HttpSettings Http { get; init; } = new();

    /// <summary>How answers leave.</summary>
    public OutboundSettings Outbound { get; init; } = new();

    /// <summary>What answers rest on.</summary>
    public KnowledgeSettings Knowledge { get; init; } = new();

    /// <summary>The language model; without an endpoint none is asked.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>Who is told of alerts.</summary>
    public OperatorNoticeSettings Notices { get; init; } = new();

    /// <summary>Who may come in, and how people sign in.</summary>
    public AccountsSettings Accounts { get; init; } = new();

    /// <summary>Who is asked for names.</summary>
    /// <summary>Where calls to addresses that a tenant named may lead.</summary>
    public OutsideSettings Outside { get; init; } = new();

    public DnsSettings Dns { get; init; } = new();

    /// <summary>How often reviews, drills, tests and the like are due.</summary>
    public RecordSettings Records { get; init; } = new();

    /// <summary>Backups that are made by themselves.</summary>
    public BackupSettings Backup { get; init; } = new();

    /// <summary>Metrics, traces and logs for others to read.</summary>
    public MonitoringSettings Monitoring { get; init; } = new();

    /// <summary>What counts as suspicious, and what may be done about it without a person.</summary>
    public DetectionSettings Detection { get; init; } = new();

    /// <summary>Plans and payments.</summary>
    public BillingSettings Billing { get; init; } = new();

    /// <summary>When a running server looks itself whether the security guide's controls hold.</summary>
    public GuideClockSettings Guide { get; init; } = new();

    /// <summary>For a copy of the settings: all secrets lie elsewhere, but who knows a chat's address may write there.</summary>
    public ReplyMintSettings WithoutSecrets() => this with { Notices = Notices with { Webhook = null } };

    /// <summary>What is wrong, one sentence each, beginning with the member's path.</summary>
    public IEnumerable<string> Problems()
    {
        IEnumerable<string>[] rooms =
        [
            HttpFront().Problems(), Of("aws", Aws.Problems(Store == StoreKind.Aws, Environment)), Of("lambda", Lambda.Problems(this)), Of("masterKey", MasterKey.Problems(Store)), Of("smtp", Smtp.Problems()), Of("inbound", Inbound.Problems()),
            Of("outbound", Outbound.Problems()), Of("mailgun", Mailgun.Problems()), Of("rates", Rates.Problems()), Of("requests", Requests.Problems()), Of("jobs", Jobs.Problems()),
            Of("knowledge", Knowledge.Problems()), Of("model", Model.Problems()), Of("notices", Notices.Problems()), Outside.Problems(), Of("dns", Dns.Problems()), Of("accounts", Accounts.Problems()), Of("secrets", Secrets.Problems()),
            Of("audit", Audit.Problems(Environment.NeedsHttps())), Records.Problems(), Of("backup", Backup.Problems(Store)), Monitoring.Problems(), Detection.Problems(), Billing.Problems(), Guide.Problems(),
        ];
        foreach (var problem in rooms.SelectMany(room => room))
            yield return problem;
        if (ChangedBy is not null && (ChangedBy.Length is 0 or > 200 || ChangedBy.AsSpan().ContainsAnyInRange('\0', '\u001f')))
            yield return "changedBy must be one line of at most 200 characters.";
        if (Outbound.Channel == OutboundSettings.ToFile && Store == StoreKind.Aws && Environment != DeploymentEnvironment.Development)
            yield return "outbound.channel: \"file\" writes into a folder of one machine, which is lost with it; where the store lies on AWS it works in development only.";
        if (Outbound.Channel == OutboundSettings.ToSes && Aws.Region is null && Store != StoreKind.Aws)
            yield return "aws.region must be set: answers are to leave by SES.";
        foreach (var secret in Parameters().Where(_ => Aws.Parameters is null || Aws.Region is null))
            yield return $"{secret.Setting} names a parameter, but aws.parameters or aws.region does not say where it lies.";
    }

    /// <summary>Where the secrets lie that these settings name.</summary>
    public IEnumerable<NamedSecret> SecretReferences() => new NamedSecret[]
    {
        new("mailgun.signingKey", Mailgun.SigningKey), new("mailgun.previousSigningKey", Mailgun.PreviousSigningKey),
        new("outbound.smtp.password", Outbound.Smtp.Password), new("outbound.mailgun.apiKey", Outbound.Mailgun.ApiKey), new("model.apiKey", Model.ApiKey), new("lambda.alarmWebhook", Lambda.AlarmWebhook), new("notices.webhookSecret", Notices.WebhookSecret ?? ""), new("monitoring.prometheus.token", Monitoring.Prometheus.Token), new("monitoring.otlp.headers", Monitoring.Otlp.Headers),
        new("billing.stripe.apiKey", Billing.Stripe.ApiKey), new("billing.stripe.webhookSecret", Billing.Stripe.WebhookSecret), new("billing.stripe.previousWebhookSecret", Billing.Stripe.PreviousWebhookSecret),
        new("knowledge.embedding.apiKey", Knowledge.Embedding.ApiKey),
    }.Where(secret => secret.Reference.Length > 0);

    /// <summary>Those that lie in SSM Parameter Store.</summary>
    public IEnumerable<NamedSecret> Parameters() =>
        SecretReferences().Concat(Audit.Anchors.Select((anchor, i) => new NamedSecret($"audit.anchors[{i}].secret", anchor.Secret ?? "")))
            .Where(secret => secret.Reference.StartsWith(SecretSource.ParameterPrefix, StringComparison.Ordinal));

    /// <summary>Something of AWS is called.</summary>
    public bool NeedsAws() => Store == StoreKind.Aws || Aws.Parameters is not null || Outbound.Channel == OutboundSettings.ToSes;

    /// <summary>What the HTTP front needs, with what stands at the root because it concerns more than HTTP.</summary>
    public HttpSettings HttpFront() => Http with { Environment = Environment, Urls = Urls };

    /// <summary>What the security guide judges.</summary>
    public GuideSettings ForGuide() => new(
        HttpFront(), Smtp, Notices, Store == StoreKind.Aws ? Aws.Topic : null, Rates, Requests, Accounts, Backup, Audit, Secrets, Outbound, Outside, Store != StoreKind.Embedded, NeedsAws()) { Detection = Detection };

    /// <summary>A room names its members; the path to the room is only known here.</summary>
    private static IEnumerable<string> Of(string room, IEnumerable<string> problems) =>
        problems.Select(p => p.StartsWith("http.urls", StringComparison.Ordinal) || p.StartsWith("http.environment", StringComparison.Ordinal)
            ? p["http.".Length..] : p.StartsWith(room, StringComparison.Ordinal) ? p : $"{room}.{p}");
}

using System.Net;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>How finished mails leave. The member names are those of the settings file.</summary>
internal sealed record OutboundSettings
{
    public const string ToFile = "file";
    public const string ToSmtp = "smtp";
    public const string ToMailgun = "mailgun";
    public const string ToSes = "ses";

    /// <summary>"file" (into the data folder's out), "smtp", "mailgun" or "ses".</summary>
    public string Channel { get; set; } = ToFile;

    /// <summary>For channel "smtp".</summary>
    public SmtpSettings Smtp { get; set; } = new();

    /// <summary>For channel "mailgun".</summary>
    public MailgunSettings Mailgun { get; set; } = new();

    /// <summary>For channel "ses".</summary>
    public SesSettings Ses { get; set; } = new();

    /// <summary>Mails that are handed over at once to a mail server, Mailgun or SES, 1 to 64.</summary>
    public int Concurrency { get; set; } = 8;

    /// <summary>How many sendings may be under way. Nobody has to be spared from files, and those written at once share their syncs.</summary>
    internal int Places => Channel == ToFile ? FilesAtOnce : Concurrency;

    /// <summary>No handing over takes longer: it is called off then. A mail server gets two tries, the first by a kept connection. A mailbox's own server counts, too.</summary>
    internal TimeSpan LongestHandOver => TimeSpan.FromSeconds(Math.Max(OwnPlaces.Longest.TotalSeconds, Channel switch
    {
        ToSmtp => 2 * Smtp.TimeoutSeconds,
        ToMailgun => Mailgun.TimeoutSeconds,
        ToSes => Ses.TimeoutSeconds,
        _ => 60,
    }) + 10);

    private const int FilesAtOnce = 32;

    public IEnumerable<string> Problems()
    {
        if (Channel is not (ToFile or ToSmtp or ToMailgun or ToSes))
            yield return $"outbound.channel: \"{Channel}\" is none of \"file\", \"smtp\", \"mailgun\", \"ses\".";
        if (Concurrency is < 1 or > 64)
            yield return "outbound.concurrency: must be a number from 1 to 64.";
        foreach (var problem in Channel == ToSmtp ? Smtp.Problems() : Channel == ToMailgun ? Mailgun.Problems() : Channel == ToSes ? Ses.Problems() : [])
            yield return problem;
    }
}

/// <summary>The mail server that takes our answers.</summary>
internal sealed record SmtpSettings
{
    public const string StartTls = "starttls";
    public const string Tls = "tls";
    public const string None = "none";

    public string Host { get; set; } = "";

    public int Port { get; set; } = 587;

    /// <summary>"starttls" (required, never optional), "tls" (from the first octet, port 465) or "none" (to this machine only).</summary>
    public string Security { get; set; } = StartTls;

    /// <summary>Empty: no authentication.</summary>
    public string User { get; set; } = "";

    /// <summary>Where the password lies: "file:/absolute/path", "credential:NAME", "store:NAME" or "parameter:NAME".</summary>
    public string Password { get; set; } = "";

    /// <summary>A PEM file with the certificate authority that signed the server's certificate; empty trusts the system's.</summary>
    public string AuthorityFile { get; set; } = "";

    /// <summary>Our name in EHLO; empty takes the machine's.</summary>
    public string HostName { get; set; } = "";

    /// <summary>How long one mail may take, 5 to 900.</summary>
    public int TimeoutSeconds { get; set; } = 120;

    /// <summary>How long a connection waits for the next mail, 1 to 300; servers close idle ones after a while.</summary>
    public int IdleSeconds { get; set; } = 20;

    public IEnumerable<string> Problems()
    {
        if (Host.Length == 0 || Uri.CheckHostName(Host) == UriHostNameType.Unknown)
            yield return "outbound.smtp.host: must be a host name or IP address.";
        if (Port is < 1 or > 65535)
            yield return "outbound.smtp.port: must be a number from 1 to 65535.";
        if (Security is not (StartTls or Tls or None))
            yield return $"outbound.smtp.security: \"{Security}\" is none of \"starttls\", \"tls\", \"none\".";
        if (Security == None && !IsLoopback(Host))
            yield return "outbound.smtp.security: \"none\" is allowed to this machine only (localhost, 127.0.0.1, ::1).";
        if ((User.Length == 0) != (Password.Length == 0))
            yield return "outbound.smtp.user and outbound.smtp.password: give both or neither.";
        if (Password.Length > 0 && SecretSource.Problem("outbound.smtp.password", Password) is { } problem)
            yield return problem;
        if (AuthorityFile.Length > 0 && !Path.IsPathFullyQualified(AuthorityFile))
            yield return "outbound.smtp.authorityFile: must be the absolute path of a PEM file.";
        if (TimeoutSeconds is < 5 or > 900)
            yield return "outbound.smtp.timeoutSeconds: must be a number from 5 to 900.";
        if (IdleSeconds is < 1 or > 300)
            yield return "outbound.smtp.idleSeconds: must be a number from 1 to 300.";
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>Mailgun's HTTP API.</summary>
internal sealed record MailgunSettings
{
    /// <summary>https://api.mailgun.net, https://api.eu.mailgun.net, or a server on this machine.</summary>
    public string Endpoint { get; set; } = "https://api.mailgun.net";

    /// <summary>The sending domain as registered with Mailgun; empty takes that of the mail's sender.</summary>
    public string Domain { get; set; } = "";

    /// <summary>Where the API key lies: "file:/absolute/path", "credential:NAME", "store:NAME" or "parameter:NAME".</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>How long one mail may take, 5 to 300.</summary>
    public int TimeoutSeconds { get; set; } = 60;

    public IEnumerable<string> Problems()
    {
        if (!Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && !(uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
            || uri.UserInfo.Length > 0 || uri.Query.Length > 0)
            yield return "outbound.mailgun.endpoint: must be https://api.mailgun.net, https://api.eu.mailgun.net or another https address.";
        if (Domain.Length > 0 && Uri.CheckHostName(Domain) != UriHostNameType.Dns)
            yield return "outbound.mailgun.domain: must be a domain name, or empty.";
        if (SecretSource.Problem("outbound.mailgun.apiKey", ApiKey) is { } problem)
            yield return problem;
        if (TimeoutSeconds is < 5 or > 300)
            yield return "outbound.mailgun.timeoutSeconds: must be a number from 5 to 300.";
    }
}

/// <summary>Amazon SES's HTTPS API, in aws.region and under the role of the process: there is no key or password to name.</summary>
internal sealed record SesSettings
{
    /// <summary>The configuration set that publishes deliveries, bounces and complaints; empty takes the identity's own.</summary>
    public string ConfigurationSet { get; set; } = "";

    /// <summary>How long one mail may take, 5 to 300.</summary>
    public int TimeoutSeconds { get; set; } = 60;

    public IEnumerable<string> Problems()
    {
        if (ConfigurationSet.Length > 64 || !ConfigurationSet.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            yield return "outbound.ses.configurationSet: must be a name of at most 64 letters, digits, '_' and '-', or empty.";
        if (TimeoutSeconds is < 5 or > 300)
            yield return "outbound.ses.timeoutSeconds: must be a number from 5 to 300.";
    }
}

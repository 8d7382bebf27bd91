using System.Net;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
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

    public DeploymentEnvironment Environment { get; init; } = DeploymentEnvironment.Production;

    /// <summary>Where HTTP is served.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://localhost:8080"];

    public MasterKeySettings MasterKey { get; init; } = new();

    /// <summary>The built-in SMTP listener.</summary>
    public SmtpListenerSettings Smtp { get; init; } = new();

    public RateSettings Rates { get; init; } = new();

    public JobsSettings Jobs { get; init; } = new();

    /// <summary>How the HTTP front is reached.</summary>
    public HttpSettings Http { get; init; } = new();

    /// <summary>How answers leave.</summary>
    public OutboundSettings Outbound { get; init; } = new();

    public NoticesSettings Notices { get; init; } = new();

    public DnsSettings Dns { get; init; } = new();

    /// <summary>What is wrong, one sentence each, beginning with the member's path.</summary>
    public IEnumerable<string> Problems()
    {
        if (Urls.Count == 0)
            yield return "urls must name at least one address such as http://localhost:8080";
        foreach (var url in Urls)
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.AbsolutePath != "/")
                yield return "urls must be addresses such as http://localhost:8080 or https://mail.example.com, without a path";
        if (Notices.Operator.Email is { } email && !(email.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && at < email.Length - 1))
            yield return "notices.operator.email must be a mail address";
        if (Notices.Operator.Webhook is { } webhook && !(webhook.IsAbsoluteUri && webhook.Scheme is "http" or "https"))
            yield return "notices.operator.webhook must be an http or https address";
        if (Dns.Server is { } server && !IPEndPoint.TryParse(server, out _))
            yield return "dns.server must be an IP address, with or without a port, such as 9.9.9.9 or 127.0.0.1:5353";
        foreach (var problem in Of("masterKey", MasterKey.Problems()).Concat(Of("smtp", Smtp.Problems()))
            .Concat(Of("rates", Rates.Problems())).Concat(Of("jobs", Jobs.Problems())).Concat(Of("http", HttpFront().Problems())).Concat(Of("outbound", Outbound.Problems())))
            yield return problem;
    }

    /// <summary>The HTTP front's settings with what concerns the whole process.</summary>
    public HttpSettings HttpFront() => Http with { Environment = Environment, Urls = Urls };

    /// <summary>A room names its members; the path to the room is only known here.</summary>
    private static IEnumerable<string> Of(string room, IEnumerable<string> problems) =>
        problems.Select(p => p.StartsWith(room, StringComparison.Ordinal) ? p : $"{room}.{p}");
}

internal sealed record NoticesSettings
{
    public OperatorNotices Operator { get; init; } = new();
}

/// <summary>Who is told of alerts.</summary>
internal sealed record OperatorNotices
{
    public string? Email { get; init; }
    public Uri? Webhook { get; init; }
}

internal sealed record DnsSettings
{
    /// <summary>The resolver to ask, address and port; null is the system's.</summary>
    public string? Server { get; init; }
}

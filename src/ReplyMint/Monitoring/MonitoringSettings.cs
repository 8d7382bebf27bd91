using System.Net;
using ReplyMint.Security;

namespace ReplyMint.Monitoring;

/// <summary>Who may see how the service fares. Nothing is shown or sent unless it is said here.</summary>
internal sealed record MonitoringSettings
{
    public PrometheusSettings Prometheus { get; init; } = new();

    public OtlpSettings Otlp { get; init; } = new();

    /// <summary>On AWS Lambda: metrics go to CloudWatch by a line of the log (embedded metric format). Each name and function is one metric that AWS asks money for.</summary>
    public bool Emf { get; init; }

    /// <summary>Somebody wants metrics: only then they are gathered.</summary>
    internal bool Measures => Prometheus.IsOpen || (Otlp.IsOn && Otlp.Metrics) || Emf;

    public IEnumerable<string> Problems() => [.. Prometheus.Problems(), .. Otlp.Problems()];
}

/// <summary>/metrics in Prometheus' text format. Without a listener or a token there is none.</summary>
internal sealed record PrometheusSettings
{
    /// <summary>A listener of its own on this machine, such as http://127.0.0.1:9464, which asks for no token.</summary>
    public string Listen { get; init; } = "";

    /// <summary>Where the bearer token lies (a secret's reference) that opens /metrics beside the API.</summary>
    public string Token { get; init; } = "";

    internal bool IsOpen => Listen.Length > 0 || Token.Length > 0;

    public IEnumerable<string> Problems()
    {
        if (Listen.Length > 0 && (ListenAddress.Parse(Listen) is not { Https: false } address || !DeploymentEnvironments.IsLoopback(address.Host)))
            yield return "monitoring.prometheus.listen must be http on this machine only, such as http://127.0.0.1:9464; elsewhere take monitoring.prometheus.token.";
        if (Token.Length > 0 && SecretSource.Problem("monitoring.prometheus.token", Token) is { } problem)
            yield return problem;
    }
}

/// <summary>Metrics, traces and logs to a collector by the OpenTelemetry protocol (OTLP over HTTP, JSON). Without an endpoint nothing is sent.</summary>
internal sealed record OtlpSettings
{
    /// <summary>Such as https://collector.example:4318; /v1/metrics and the like are added. http only to this machine.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Where headers lie that the collector asks for (a secret's reference): "name=value", several with commas.</summary>
    public string Headers { get; init; } = "";

    public bool Metrics { get; init; } = true;

    public bool Traces { get; init; } = true;

    public bool Logs { get; init; } = true;

    /// <summary>Seconds between two sendings, 1 to 300.</summary>
    public int Seconds { get; init; } = 15;

    internal bool IsOn => Endpoint.Length > 0;

    public IEnumerable<string> Problems()
    {
        if (Seconds is < 1 or > 300)
            yield return $"monitoring.otlp.seconds is {Seconds}; allowed are 1 to 300.";
        if (Headers.Length > 0 && SecretSource.Problem("monitoring.otlp.headers", Headers) is { } problem)
            yield return problem;
        if (Endpoint.Length > 0 && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip)))))))
            yield return "monitoring.otlp.endpoint must be an https address without user, query and fragment; http only to this machine.";
    }
}

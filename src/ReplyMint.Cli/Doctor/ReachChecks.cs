using System.Net;
using System.Net.Sockets;
using MailKit;
using MailKit.Security;
using ReplyMint.Aws;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Doctor;

/// <summary>Can the servers be reached that answers are written and sent with? Connects and greets; sends nothing and costs nothing.</summary>
internal static class ReachChecks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<Finding> ModelAsync(ModelSettings model, CancellationToken ct)
    {
        if (model.Endpoint.Length == 0)
            return Finding.Ok("model", "none is configured: answers are taken from the knowledge itself");
        if (Secret("model.apiKey", model.ApiKey) is { } problem)
            return problem;
        var endpoint = new Uri(model.Endpoint);
        return await ConnectsAsync(endpoint, ct) is { } why
            ? Finding.Fail("model", $"{endpoint.Host} port {endpoint.Port} can't be reached ({why})", "start the model's server, or correct the setting model.endpoint; until then mails are held")
            : Finding.Ok("model", $"{endpoint.Host} port {endpoint.Port} can be reached");
    }

    public static async Task<Finding> EmbeddingAsync(EmbeddingSettings model, CancellationToken ct)
    {
        if (Secret("knowledge.embedding.apiKey", model.ApiKey) is { } problem)
            return problem;
        var endpoint = new Uri(model.Endpoint);
        return await ConnectsAsync(endpoint, ct) is { } why
            ? Finding.Warn("embedding", $"{endpoint.Host} port {endpoint.Port} can't be reached ({why})", "start the model's server, or correct the setting knowledge.embedding.endpoint; until then passages are found by their words")
            : Finding.Ok("embedding", $"{endpoint.Host} port {endpoint.Port} can be reached");
    }

    public static async Task<Finding> ScannerAsync(AttachmentSettings attachments, CancellationToken ct)
    {
        if (!attachments.IsScanned)
            return Finding.Ok("scanner", attachments.MayKeep ? "none, by inbound.attachments.scanner: attachments that tenants want to keep are not scanned" : "none is named: no attachments are kept");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        var version = "";
        try
        {
            version = await new Clamd(attachments).VersionAsync(limit.Token) ?? "";
        }
        catch (OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
        }
        return version.Length > 0 ? Finding.Ok("scanner", $"{version} answers at {attachments.Scanner}")
            : Finding.Fail("scanner", $"{attachments.Scanner} does not answer", "start clamav-daemon, let this user reach its socket, or correct inbound.attachments.scanner; until then attachments are not kept");
    }

    public static async Task<Finding> OutboundAsync(OutboundSettings outbound, AwsSettings aws, string data, CancellationToken ct)
    {
        switch (outbound.Channel)
        {
            case OutboundSettings.ToSmtp:
                return Secret("outbound.smtp.password", outbound.Smtp.Password) ?? await SmtpAsync(outbound.Smtp, ct);
            case OutboundSettings.ToMailgun:
                if (Secret("outbound.mailgun.apiKey", outbound.Mailgun.ApiKey) is { } problem)
                    return problem;
                var endpoint = new Uri(outbound.Mailgun.Endpoint);
                return await ConnectsAsync(endpoint, ct) is { } why
                    ? Finding.Fail("outbound", $"{endpoint.Host} port {endpoint.Port} can't be reached ({why})", "check the way out to the internet and the setting outbound.mailgun.endpoint; answers wait meanwhile")
                    : Finding.Ok("outbound", $"Mailgun at {endpoint.Host} can be reached");
            case OutboundSettings.ToSes:
                var ses = aws.Endpoint is { } standIn ? new Uri(standIn) : AwsPlace.Of(aws.Region!, "email").Endpoint;
                return await ConnectsAsync(ses, ct) is { } silent
                    ? Finding.Fail("outbound", $"{ses.Host} port {ses.Port} can't be reached ({silent})", "check the way out (on AWS: the endpoint of SES, or the NAT) and the setting aws.region; answers wait meanwhile")
                    : Finding.Ok("outbound", $"Amazon SES at {ses.Host} can be reached");
            default:
                return Finding.Warn("outbound", $"answers are written to files in {Path.Combine(data, "out")} and reach nobody", "to send them, set outbound.channel to smtp, mailgun or ses");
        }
    }

    private static async Task<Finding> SmtpAsync(SmtpSettings smtp, CancellationToken ct)
    {
        var name = $"{smtp.Host} port {smtp.Port}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            // Without the password: a sign-in is something that the other side may count.
            using var pool = new SmtpPool(smtp with { User = "", Password = "" }, SecretSource.FromEnvironment(), TimeProvider.System);
            using var client = (await pool.TakeAsync(fresh: true, limit.Token)).Client;
            await client.DisconnectAsync(quit: true, limit.Token);
            return Finding.Ok("outbound", $"{name} greets{(smtp.Security == SmtpSettings.None ? "" : " and speaks TLS")}");
        }
        catch (SslHandshakeException)
        {
            return Finding.Fail("outbound", $"{name} has a certificate that is not trusted", "correct outbound.smtp.host to the certificate's name, or name its authority with outbound.smtp.authorityFile");
        }
        catch (NotSupportedException)
        {
            return Finding.Fail("outbound", $"{name} offers no STARTTLS", "set outbound.smtp.security to tls (port 465), or switch TLS on at that server");
        }
        catch (Exception e) when (e is IOException or SocketException or ProtocolException or OperationCanceledException or TimeoutException)
        {
            ct.ThrowIfCancellationRequested();
            return Finding.Fail("outbound", $"{name} does not greet ({Why(e)})", "check outbound.smtp.host and port, and the firewall between; answers wait meanwhile");
        }
    }

    /// <summary>What lies in the store or in Parameter Store is judged where that is open (secrets list).</summary>
    private static Finding? Secret(string setting, string reference) =>
        reference.Length > 0 && !reference.StartsWith(SecretSource.StorePrefix, StringComparison.Ordinal) && !reference.StartsWith(SecretSource.ParameterPrefix, StringComparison.Ordinal) && SecretSource.FromEnvironment().Read(setting, reference).Problem is { } problem
            ? Finding.Fail("secret", problem, "put the secret where the setting says, for this user alone") : null;

    private static async Task<string?> ConnectsAsync(Uri endpoint, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            using var socket = await OutsideHttp.OpenAsync(new DnsEndPoint(endpoint.IdnHost, endpoint.Port), OutsideAddress.Named(endpoint), limit.Token);
            return null;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            return Why(e);
        }
    }

    private static string Why(Exception e) => e switch
    {
        SocketException s => s.SocketErrorCode.ToString(),
        OperationCanceledException or TimeoutException => "no answer in time",
        _ => e.GetType().Name,
    };
}

using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using ReplyMint.Audit;
using ReplyMint.Guide;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Not shown: the guide's look at settings and store, in the server or here, and where the server is reached.</summary>
internal static class GuideFacts
{
    public const string Name = "guide-facts";

    public static Command Build()
    {
        var only = new Option<string[]>("--only") { HelpName = "ID", Description = "these controls", AllowMultipleArgumentsPerToken = true };
        return new StoreCommand(Name, "print what the guide finds in the settings in effect and the store", async (context, parse, ct) =>
        {
            var settings = context.Get<ReplyMintSettings>();
            if (context.InServer && ServedAt(context, settings) is { } at)
                context.Out.WriteLine(GuideWire.Write(at));
            var controls = parse.GetValue(only) is { Length: > 0 } ids ? [.. ids.Select(Catalogue.Find).OfType<Control>()] : Catalogue.All;
            var outcomes = await GuideRun.AtStoreAsync(controls, new StoreLook(context.Services, settings.ForGuide()) { Serves = context.InServer }, ct);
            foreach (var control in controls)
                for (var check = 0; check < control.Checks.Count; check++)
                    if (outcomes.TryGetValue(control.Checks[check], out var outcome))
                        context.Out.WriteLine(GuideWire.Write(control, check, outcome));
            return ExitCode.Ok;
        }) { Hidden = true, Options = { only } };
    }

    public const string SignName = "guide-sign";

    /// <summary>Not shown: signs a report's hash with the installation's key for statements.</summary>
    public static Command Sign()
    {
        var hash = new Argument<string>("HASH") { Description = "SHA-256 of the report, in lower-case hex" };
        return new StoreCommand(SignName, "sign the hash of a report of the guide", async (context, parse, ct) =>
        {
            var sha256 = parse.GetValue(hash)!;
            if (sha256.Length != 64 || !sha256.All(char.IsAsciiHexDigitLower))
                return context.Fail("this is no hash");
            context.Out.WriteLine(await context.Get<Attestations>().SignAsync(GuideSeal.Kind, new ReportStatement(1, sha256, context.Get<TimeProvider>().GetUtcNow()), AuditJson.Default.ReportStatement, ct));
            return ExitCode.Ok;
        }) { Hidden = true, Arguments = { hash } };
    }

    /// <summary>The first listener, as somebody on this machine reaches it, and the name that is served there.</summary>
    internal static ServedAt? ServedAt(CommandContext context, ReplyMintSettings settings)
    {
        if (context.Services.GetService(typeof(IServer)) is not IServer server || server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is not { } address)
            return null;
        var url = new Uri(address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("//+", "//127.0.0.1", StringComparison.Ordinal).Replace("//*", "//127.0.0.1", StringComparison.Ordinal));
        var http = settings.HttpFront();
        var hosts = http.EffectiveHosts();
        var host = hosts.Count == 0 || hosts.Contains(url.Host, StringComparer.OrdinalIgnoreCase) ? LiveTarget.HostOf(url) : http.PublicUrl is { } named ? new Uri(named).Host : hosts[0];
        var proxied = url.Scheme == Uri.UriSchemeHttp && http.Environment.NeedsHttps() && context.Get<TrustedProxies>().Contains(IPAddress.Loopback);
        return new(url.GetLeftPart(UriPartial.Authority), host, proxied, http.EffectiveOrigins(), SmtpAt(context, settings), settings.Smtp.CertificateFile.Length > 0);
    }

    private static string? SmtpAt(CommandContext context, ReplyMintSettings settings)
    {
        if (!settings.Smtp.Enabled || context.Services.GetService(typeof(SmtpListener)) is not SmtpListener { Port: > 0, Address: { } bound } listener)
            return null;
        var address = bound.Equals(IPAddress.Any) ? IPAddress.Loopback : bound.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : bound;
        return new IPEndPoint(address, listener.Port).ToString();
    }
}

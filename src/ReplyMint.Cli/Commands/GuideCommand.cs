using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ReplyMint.Cli.Reach;
using ReplyMint.Guide;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>The security guide that runs: asks a service, its settings and its store for each control, and says what is missing and how to mend it.</summary>
internal static class GuideCommand
{
    public static Command Build(CommandHost host)
    {
        var url = new Option<string?>("--url") { HelpName = "URL", Description = "look at this service from outside, such as https://api.example.com; else at the server of the data folder" };
        var smtp = new Option<string?>("--smtp") { HelpName = "ADDRESS:PORT", Description = "the SMTP listener, with --url" };
        var origin = new Option<string[]>("--origin") { HelpName = "ORIGIN", Description = "a page's origin that may call, with --url; may be repeated" };
        var look = new Option<string?>("--look") { HelpName = "WHERE,...", Description = "where to look: live (from outside), config (settings and store), record (dated entries), template (of AWS), repo (the project's files); else all that are there" };
        var template = new Option<string?>("--template") { HelpName = "FILE", Description = $"the template of AWS, as YAML or as aws cloudformation get-template gives it; else {GuideLooks.UsualTemplate} where it is there" };
        var repo = new Option<string?>("--repo") { HelpName = "FOLDER", Description = "a copy of the project, whose code, locks, scans and requests for updates are looked at; else the working folder where it is one" };
        var authority = new Option<string?>("--authority") { HelpName = "FILE", Description = "a certificate (PEM) whose signatures are believed beside the system's, with --url" };
        var rehearse = new Option<bool>("--rehearse") { Description = "act for real, too: on two throw-away tenants in the running installation, which are erased after it; nothing leaves it" };
        var confirm = new Option<string?>("--confirm") { HelpName = "NAME", Description = "with --rehearse: the service's host name again, so that it is no mistake; else it is asked for" };
        var only = new Option<string?>("--only") { HelpName = "ID,...", Description = "these controls, or groups of them, such as CORS,NET-1" };
        var format = new Option<string>("--format") { HelpName = "FORM", Description = "table, json, sarif (for build servers) or html (one page for auditors)", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "sarif", "html");
        var baseline = new Option<string?>("--baseline") { HelpName = "FILE", Description = "accepted findings (JSON), each with owner, reason and the day until when" };
        var environment = new Option<string?>("--environment") { HelpName = "NAME", Description = "as given to serve" };
        var token = new Option<string?>("--token-file") { HelpName = "FILE", Description = "a file whose first line is an auditor's access token, or an API key, for what only a caller sees; - reads it from standard input" };
        var keys = new Option<string?>("--keys") { HelpName = "FILE", Description = "with verify: the installation's /.well-known/attestation-keys.json; else the store at hand is asked" };
        var word = new Argument<string?>("write|verify") { Description = "write: print the catalogue of controls as a page of the documentation. verify FILE: whether a report (--format html) is as it was made, and who signed it. Neither looks at anything", Arity = ArgumentArity.ZeroOrOne };
        word.AcceptOnlyFromAmong("write", "verify");
        var file = new Argument<string?>("FILE") { Description = "with verify: the report", Arity = ArgumentArity.ZeroOrOne };
        var guide = new Verb("guide", "check what the product promises about its own security, say what is missing and how to mend it; status 1 for findings, 2 when nothing could be looked at")
        {
            Arguments = { word, file }, Options = { url, smtp, origin, authority, token, look, template, repo, rehearse, confirm, only, format, baseline, keys, environment },
            Examples = ["guide", "guide --url https://api.example.com --origin https://app.example.com", "guide --only CORS,HDR-6 --format json", "guide --template infra/template.yaml --look template", "guide --repo . --look repo", "guide --rehearse --only AUTH,MAIL-4", "guide verify report.html", "guide write"],
        };
        guide.SetAction(async (parse, ct) =>
        {
            if (parse.GetValue(word) == "write")
            {
                host.Out.Write(GuidePage.Write());
                return ExitCode.Ok;
            }
            if (parse.GetValue(word) == "verify")
                return await GuideVerify.RunAsync(parse.GetValue(file), parse.GetValue(keys), parse, host, ct);
            if (GuideWish.Of(parse.GetValue(url), parse.GetValue(smtp), parse.GetValue(origin) ?? [], parse.GetValue(look), parse.GetValue(only), parse.GetValue(environment), out var wrong) is not { } wish)
                return host.Fail(wrong, ExitCode.Usage);
            if (parse.GetValue(authority) is { } pem && (wish = wish with { Authority = GuideWish.Certificate(host.Full(pem)) }).Authority is null)
                return host.Fail($"--authority {Plain.Line(pem, 200)}: this is no certificate in PEM, or it can't be read", ExitCode.Usage);
            wish = wish.Naming(parse.GetValue(template), parse.GetValue(repo));
            if (parse.GetValue(token) is { } secret && (wish = wish with { Caller = await GuideWish.CallerAsync(secret, host, ct) }).Caller is null)
                return host.Fail("--token-file takes a file, or - for standard input, whose first line is an access token or an API key", ExitCode.Usage);
            wish = wish with { Rehearse = parse.GetValue(rehearse), Confirm = parse.GetValue(confirm) };
            if (wish is { Confirm: not null, Rehearse: false })
                return host.Fail("--confirm goes with --rehearse", ExitCode.Usage);
            IReadOnlyList<Acceptance>? accepted = [];
            if (parse.GetValue(baseline) is { } known && (accepted = await GuideWish.ReadAsync(host.Full(known), ct) is { } bytes ? Baseline.Read(bytes, out wrong) : null) is null)
                return host.Fail($"--baseline {Plain.Line(known, 200)}: {(wrong.Length > 0 ? wrong : "the file can't be read")}", ExitCode.Usage);
            if (await GuideLooks.RunAsync(wish, parse, host, ct) is not var (report, settings))
                return ExitCode.Usage;
            Baseline.Apply(accepted, report.Judgements, report.At);
            switch (parse.GetValue(format))
            {
                case "json":
                    host.Out.WriteLine(GuideJson.Write(report));
                    break;
                case "sarif":
                    host.Out.WriteLine(GuideSarif.Write(report));
                    break;
                case "html":
                    var page = GuideHtml.Write(report);
                    host.Out.Write(GuideSeal.Seal(page, settings is null ? null : await SignAsync(settings, GuideSeal.HashOf(page), host, ct)));
                    break;
                default:
                    GuideTable.Write(report, host.Out, host.Columns());
                    break;
            }
            return report.HasFindings ? ExitCode.Failed : ExitCode.Ok;
        });
        return guide;
    }

    /// <summary>Null where it can't be signed: the page then says so in its last line.</summary>
    private static async Task<string?> SignAsync(ReplyMintSettings settings, string hash, CommandHost host, CancellationToken ct)
    {
        var (code, output, error) = await StoreRun.AskAsync(settings, host, [GuideFacts.SignName, hash], ct);
        if (code == ExitCode.Ok)
            return output.Trim();
        host.Error.WriteLine($"(the report is not signed: {Plain.Line(error, 300)})");
        return null;
    }
}

using System.CommandLine;
using ReplyMint.Cli.Eval;
using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>How a mail is read and what the policy says of it, offline: no store, no DNS, no channel.</summary>
internal static class ExplainCommand
{
    /// <summary>Far above what any channel takes.</summary>
    private const long MaxBytes = 128L * 1024 * 1024;

    public static Command Build(CommandHost host)
    {
        var files = new Argument<string[]>("FILE") { Description = "mails (.eml), or bodies alone (.txt, .html)", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "one JSON object a file" };
        var authserv = new Option<string?>("--authserv-id")
        {
            HelpName = "NAME", Description = "the receiving server whose Authentication-Results count; without it rule 11 is not asked",
        };
        var mailbox = new Option<string?>("--mailbox") { HelpName = "ADDRESS", Description = "the mailbox that got the mail; without it rule 10 is not asked" };
        var explain = new Verb("explain", "show how a mail is read and whether it may be answered, and why")
        {
            Arguments = { files }, Options = { json, authserv, mailbox },
            Examples = ["explain mail.eml", "explain --json --mailbox support@example.com --authserv-id mx.example.com *.eml"],
        };
        explain.SetAction(async (parse, ct) =>
        {
            var address = parse.GetValue(mailbox);
            if (address is not null && AddressRules.Normalize(address) is null)
                return host.Fail("--mailbox takes a mail address, such as support@example.com", ExitCode.Usage);
            var code = ExitCode.Ok;
            foreach (var file in parse.GetValue(files)!)
            {
                var explained = await ExplainAsync(file, host, address, parse.GetValue(authserv), ct);
                if (explained.Error is not null)
                    code = ExitCode.Failed;
                if (parse.GetValue(json))
                    host.Out.WriteLine(CliJson.Line(explained));
                else if (explained.Error is { } error)
                    host.Fail($"{file}: {error}");
                else
                    ExplainText.Write(explained, host.Out);
            }
            return code;
        });
        return explain;
    }

    private static async Task<ExplainedMail> ExplainAsync(string file, CommandHost host, string? mailbox, string? authserv, CancellationToken ct)
    {
        byte[] bytes;
        try
        {
            var path = host.Full(file);
            if (Directory.Exists(path))
                return ExplainedMail.Of(file, "this is a folder; name its files");
            if (new FileInfo(path).Length > MaxBytes)
                return ExplainedMail.Of(file, $"larger than {MaxBytes / 1024 / 1024} MB; no channel takes such a mail");
            bytes = await File.ReadAllBytesAsync(path, ct);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ExplainedMail.Of(file, "there is no such file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ExplainedMail.Of(file, "it can't be read; check its mode and owner");
        }
        if (bytes.Length == 0)
            return ExplainedMail.Of(file, "it is empty");
        var mail = ReadBody.Parse(file, bytes, mailbox);
        if (mail.Headers.Count == 0)
            return ExplainedMail.Of(file, "it has no header field, so it is no mail; name it .txt if it is a body alone");
        var authentication = authserv is null ? null : AuthenticationResults.Read(mail.TrustFields, authserv);
        var verdict = ReplyPolicy.Decide(new() { Mail = mail, MailboxAddress = mailbox, Authentication = authentication });
        return ExplainedMail.Of(file, mail, authentication, verdict);
    }
}

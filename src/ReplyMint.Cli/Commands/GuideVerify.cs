using System.CommandLine;
using ReplyMint.Audit;
using ReplyMint.Guide;

namespace ReplyMint.Cli.Commands;

/// <summary>replymint guide verify: whether a report that was handed on is the one that the installation made.</summary>
internal static class GuideVerify
{
    public static async Task<int> RunAsync(string? file, string? keys, ParseResult parse, CommandHost host, CancellationToken ct)
    {
        if (file is null)
            return host.Fail("guide verify takes the file of a report (replymint guide --format html > FILE)", ExitCode.Usage);
        var (name, path) = (Plain.Line(file, 200), host.Full(file));
        try
        {
            if (GuideSeal.Read(await File.ReadAllBytesAsync(path, ct)) is not var (said, hash, statement))
                return host.Fail($"{name} is no report that replymint guide --format html wrote, or its last line is missing or changed");
            if (said != hash)
                return host.Fail($"{name} was changed since it was made: its hash is {hash}, and its last line says {Plain.Line(said, 64)}");
            if (statement is null)
                return host.Fail($"{name}: the hash is right, but nobody signed it: anybody could have written both. Reports of an installation's own guide are signed");
            if (await EvidenceCommands.KeysAsync(host, parse, keys, ct) is not { } known)
                return ExitCode.Failed;
            if (Attestations.Verify(GuideSeal.Kind, statement, AuditJson.Default.ReportStatement, known) is not { } report)
                return host.Fail($"{name}: this installation did not sign it: it proves nothing");
            if (report.Sha256 != hash)
                return host.Fail($"{name}: the signature is of another report: it proves nothing");
            host.Out.WriteLine($"{name}: unchanged since {StoreWords.Time(report.At)}, signed by this installation; sha256 {hash}");
            return ExitCode.Ok;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return host.Fail($"{name} can't be read", ExitCode.Usage);
        }
    }
}

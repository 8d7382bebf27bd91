using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ReplyMint.Audit;

namespace ReplyMint.Cli.Commands;

/// <summary>What anybody can verify who has the public keys: no store, no network.</summary>
internal static class AuditFileCommands
{
    private const long MaxBytes = 4 * Attestations.MaxLength;

    private static Option<string> KeysOption() => new("--keys") { HelpName = "FILE", Required = true, Description = "the public keys, from /.well-known/attestation-keys.json or \"replymint audit keys\"" };

    public static Command Statement(CommandHost host)
    {
        var file = new Argument<string>("FILE") { Description = "a root, certificate or report, as it was copied off the machine or mailed" };
        var keys = KeysOption();
        var verb = new Verb("verify-statement", "verify something that an installation signed, and print what it says") { Arguments = { file }, Options = { keys }, Examples = ["audit verify-statement 000000000012.json --keys keys.json"] };
        verb.SetAction(async (parse, ct) => await FileAsync(host, async () =>
        {
            var set = await KeysAsync(host, parse.GetValue(keys)!, ct);
            if (FindJws(await ReadAsync(host, parse.GetValue(file)!, ct)) is not { } jws || Attestations.Read(jws, set) is not { } read)
                return host.Fail("there is no statement in it that one of these keys signed");
            host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"genuine: kind {read.Kind}, signed by {read.Key} at {read.SignedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z"));
            host.Out.WriteLine(Encoding.UTF8.GetString(read.Payload));
            return ExitCode.Ok;
        }));
        return verb;
    }

    public static Command Export(CommandHost host)
    {
        var file = new Argument<string>("FILE") { Description = "as \"replymint audit export\" wrote it" };
        var keys = KeysOption();
        var verb = new Verb("verify-export", "verify an exported log") { Arguments = { file }, Options = { keys }, Examples = ["audit verify-export acme.jsonl --keys keys.json"] };
        verb.SetAction(async (parse, ct) => await FileAsync(host, async () =>
        {
            var set = await KeysAsync(host, parse.GetValue(keys)!, ct);
            var (says, root, findings) = await AuditExport.VerifyAsync(File.ReadLinesAsync(host.Full(parse.GetValue(file)!), ct), set, ct);
            foreach (var finding in findings)
                host.Out.WriteLine(Plain.Line(string.Create(CultureInfo.InvariantCulture, $"{finding.Fault}: entry {finding.Entry}: {finding.Says}")));
            if (findings.Count > 0)
                return host.Fail("the export was altered");
            host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"chain {says!.Chain}, entries {says.First} to {says.Last}: whole, and held by the root of {root!.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z (number {root.Number})"));
            return ExitCode.Ok;
        }));
        return verb;
    }

    private static async Task<int> FileAsync(CommandHost host, Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            return host.Fail(failure is JsonException ? "the keys are not in the form of attestation-keys.json" : failure.Message);
        }
    }

    private static async Task<AttestationKeySet> KeysAsync(CommandHost host, string path, CancellationToken ct) =>
        JsonSerializer.Deserialize(await ReadAsync(host, path, ct), AuditJson.Default.AttestationKeySet) ?? throw new JsonException();

    private static async Task<string> ReadAsync(CommandHost host, string path, CancellationToken ct) =>
        new FileInfo(host.Full(path)).Length <= MaxBytes ? await File.ReadAllTextAsync(host.Full(path), ct) : throw new IOException($"{path} is too large");

    /// <summary>A statement by itself, in the member "jws" of a document, or broken into the lines of a mail.</summary>
    private static string? FindJws(string text)
    {
        // What stands around it holds no two dots with long runs of these characters between.
        var joined = text.ReplaceLineEndings("");
        for (var start = joined.IndexOf("eyJ", StringComparison.Ordinal); start >= 0; start = joined.IndexOf("eyJ", start + 1, StringComparison.Ordinal))
        {
            var end = start;
            while (end < joined.Length && (char.IsAsciiLetterOrDigit(joined[end]) || joined[end] is '-' or '_' or '.'))
                end++;
            if (joined.AsSpan(start, end - start).Count('.') == 2)
                return joined[start..end];
        }
        return null;
    }
}

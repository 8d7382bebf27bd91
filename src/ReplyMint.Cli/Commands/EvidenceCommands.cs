using System.CommandLine;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Secrets;

namespace ReplyMint.Cli.Commands;

/// <summary>
/// A bundle of what an investigator needs. The server gathers and signs, line by line; this end seals with the passphrase, which the
/// server never sees, and writes the file where the user stands.
/// </summary>
internal static class EvidenceCommands
{
    private const string DataName = "evidence-data";
    private const string KeysName = "evidence-keys";

    public static Verb Take(CommandHost host)
    {
        var incident = new Option<string>("--incident") { HelpName = "ID", Description = "the incident", Required = true };
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "only of this tenant, beside the installation's own" };
        var since = SinceOption();
        var to = new Option<string>("--out") { HelpName = "FILE", Description = "the bundle; must not be there yet", Required = true };
        var pass = PassphraseOption();
        var also = AlsoOption();
        var take = new Verb("evidence", "gather audit entries, sign-ins, key use, changes, alerts, watches and states into a sealed bundle")
        {
            Options = { incident, tenant, since, also, to, pass }, Examples = ["incident evidence --incident ID --out case.evidence --passphrase-file passphrase.txt"],
        };
        take.SetAction(async (parse, ct) =>
        {
            if (await PassphraseAsync(host, parse.GetValue(pass)!, ct) is not { } passphrase)
                return ExitCode.Failed;
            var path = host.Full(parse.GetValue(to)!);
            var partial = path + ".part";
            try
            {
                using var file = new FileStream(partial, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
                if (File.Exists(path))
                    return Drop(host, partial, $"{parse.GetValue(to)} is there already; name another file");
                using var sealing = new PassphraseWriter(file, passphrase);
                using var lines = new SealedLines(sealing);
                string[] asked = ["incident", DataName, parse.GetValue(incident)!, .. parse.GetValue(tenant) is { } of ? (string[])["--tenant", of] : [], .. parse.GetValue(since) is { } from ? (string[])["--since", from] : [],
                    .. (parse.GetValue(also) ?? []).SelectMany(file => (string[])["--also", host.Full(file)])];
                var code = await RunAsync(host with { Out = lines }, parse, asked, ct);
                if (code != ExitCode.Ok || !lines.IsWhole)
                    return Drop(host, partial, code == ExitCode.Ok ? "the evidence broke off; try again" : null);
                sealing.Complete();
                file.Flush(flushToDisk: true);
                file.Dispose();
                File.Move(partial, path, overwrite: false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Drop(host, partial, $"{parse.GetValue(to)} can't be written ({e.Message})");
            }
            host.Out.WriteLine($"{parse.GetValue(to)}; open it with: replymint incident open-evidence {parse.GetValue(to)} --out FOLDER --passphrase-file FILE");
            return ExitCode.Ok;
        });
        return take;
    }

    public static Verb Open(CommandHost host)
    {
        var file = new Argument<string>("FILE") { Description = "the bundle" };
        var to = new Option<string>("--out") { HelpName = "FOLDER", Description = "where its files go; made here", Required = true };
        var pass = PassphraseOption();
        var keys = new Option<string?>("--keys") { HelpName = "FILE", Description = "the installation's /.well-known/attestation-keys.json; else the store at hand is asked" };
        var open = new Verb("open-evidence", "open a bundle and check it: passphrase, hashes, signature")
        {
            Arguments = { file }, Options = { to, pass, keys }, Examples = ["incident open-evidence case.evidence --out case --passphrase-file passphrase.txt"],
        };
        open.SetAction(async (parse, ct) =>
        {
            if (await PassphraseAsync(host, parse.GetValue(pass)!, ct) is not { } passphrase)
                return ExitCode.Failed;
            try
            {
                var (path, folder) = (host.Full(parse.GetValue(file)!), host.Full(parse.GetValue(to)!));
                if (!File.Exists(path))
                    return host.Fail($"there is no file {path}");
                if (await KeysAsync(host, parse, parse.GetValue(keys), ct) is not { } known)
                    return ExitCode.Failed;
                var opened = EvidenceBundle.Open(path, folder, passphrase);
                if (opened.Statement is not { } statement || Attestations.Verify(EvidenceDesk.Kind, statement, IncidentsJson.Default.EvidenceManifest, known) is not { } manifest)
                    return host.Fail($"{parse.GetValue(file)} opens, but this installation did not sign it: it proves nothing");
                if (!manifest.Files.SequenceEqual(opened.Files))
                    return host.Fail($"{parse.GetValue(file)} opens, but what it holds is not what was signed: it proves nothing");
                host.Out.WriteLine($"incident {manifest.Incident}, made {StoreWords.Time(manifest.MadeAt)} by {manifest.By}, of what happened since {StoreWords.Time(manifest.Since)}; signed by this installation, all hashes are right");
                foreach (var one in manifest.Files)
                    host.Out.WriteLine($"{one.Sha256}  {one.Name}  {one.Lines} lines");
                return ExitCode.Ok;
            }
            catch (InvalidDataException e)
            {
                return host.Fail($"{parse.GetValue(file)} {e.Message}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return host.Fail($"{e.Message}; the folder must not be there yet");
            }
        });
        return open;
    }

    /// <summary>Not shown: the lines, each behind its file's name, and at last the signed manifest.</summary>
    public static StoreCommand Data()
    {
        var (incident, tenant, since, also) = (StoreWords.Id("ID", "the incident"), StoreWords.TenantOption(), SinceOption(), AlsoOption());
        return new StoreCommand(DataName, "print the evidence of an incident", async (context, parse, ct) =>
        {
            var seen = await context.Get<IncidentBook>().FindAsync(parse.GetValue(incident)!, ct) ?? throw new WrongException($"there is no incident {Plain.Line(parse.GetValue(incident)!, 60)}; list them with: replymint incident list");
            var from = RevokeCommand.TimeOf("--since", parse.GetValue(since), context.Get<TimeProvider>().GetUtcNow()) ?? seen.Incident.OpenedAt.AddDays(-7);
            var scope = new EvidenceScope(seen.Incident.Id, parse.GetValue(tenant) is { } named ? (await context.TenantAsync(named, ct)).Id : null, from);
            if (context.Files.FirstOrDefault(file => !EvidenceBundle.IsBrought(file.Name)) is { } strange)
                return context.Fail($"{Plain.Line(strange.Name, 60)} is no name for what was brought along: aws-, then a-z and '-', then .jsonl");
            await context.Get<EvidenceDesk>().BeginAsync(scope, StoreWords.Actor, ct);
            var hashes = new EvidenceHashes();
            await foreach (var line in context.Get<EvidenceDesk>().GatherAsync(scope, ct))
            {
                hashes.Add(line.File, line.Json);
                context.Out.Write($"{line.File}\t{Encoding.UTF8.GetString(line.Json)}\n");
            }
            foreach (var (name, bytes) in context.Files)
                foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    hashes.Add(name, Encoding.UTF8.GetBytes(line));
                    context.Out.Write($"{name}\t{line}\n");
                }
            context.Out.Write($"{EvidenceBundle.Statement}\t{await context.Get<EvidenceDesk>().SignAsync(scope, StoreWords.Actor, hashes, ct)}\n");
            return ExitCode.Ok;
        })
        {
            Arguments = { incident }, Options = { tenant, since, also }, Hidden = true,
            ReadFiles = (parse, host, ct) => NamedFiles.ManyAsync(parse.GetValue(also) ?? [], [], host, ct),
        };
    }

    /// <summary>Not shown: the public keys that sign this installation's statements.</summary>
    public static StoreCommand Keys() => new(KeysName, "print the public keys of this installation's statements", async (context, _, ct) =>
    {
        context.Out.WriteLine(System.Text.Json.JsonSerializer.Serialize(await context.Get<AttestationKeys>().PublicAsync(ct), AuditJson.Default.AttestationKeySet));
        return ExitCode.Ok;
    }) { Hidden = true };

    private static Option<string[]> AlsoOption() => new("--also") { HelpName = "FILE", Description = "what was seen elsewhere, such as aws-access.jsonl (infra/evidence.sh gathers it); may be given again" };

    private static Option<string> PassphraseOption() => new("--passphrase-file") { HelpName = "FILE", Description = $"a file whose first line is the passphrase, of at least {Passphrase.MinLength} characters; - reads it from standard input", Required = true };

    private static Option<string?> SinceOption() => new("--since") { HelpName = "TIME", Description = "what happened from then on: 2030-01-31, 2030-01-31T13:30Z, or how long ago, such as 3d (7 days before the incident)" };

    private static async Task<string?> PassphraseAsync(CommandHost host, string file, CancellationToken ct)
    {
        try
        {
            var read = await NamedFiles.OneAsync(file, host, ct);
            var passphrase = Encoding.UTF8.GetString(read[0].Bytes).Split('\n')[0].Trim();
            if (Passphrase.Problem(passphrase) is not { } problem)
                return passphrase;
            host.Fail($"the passphrase {problem}");
        }
        catch (IOException e)
        {
            host.Fail(e.Message);
        }
        return null;
    }

    internal static async Task<AttestationKeySet?> KeysAsync(CommandHost host, ParseResult parse, string? file, CancellationToken ct)
    {
        string text;
        if (file is not null)
            text = await File.ReadAllTextAsync(host.Full(file), ct);
        else
        {
            using var output = new StringWriter();
            if (await RunAsync(host with { Out = output }, parse, ["incident", KeysName], ct) != ExitCode.Ok)
                return null;
            text = output.ToString();
        }
        try
        {
            return System.Text.Json.JsonSerializer.Deserialize(text, AuditJson.Default.AttestationKeySet);
        }
        catch (System.Text.Json.JsonException)
        {
            host.Fail($"{file} holds no attestation keys");
            return null;
        }
    }

    /// <summary>Another command, with the folders and settings of this one.</summary>
    internal static async Task<int> RunAsync(CommandHost host, ParseResult parse, IReadOnlyList<string> asked, CancellationToken ct)
    {
        var also = new List<string>(asked);
        foreach (var option in new[] { GlobalOptions.Data, GlobalOptions.Config, GlobalOptions.Settings })
            if (parse.GetValue(option) is { } value)
                also.AddRange([option.Name, value]);
        foreach (var pair in parse.GetValue(GlobalOptions.Set) ?? [])
            also.AddRange([GlobalOptions.Set.Name, pair]);
        return await CommandLine.RunAsync(also, host, ct);
    }

    private static int Drop(CommandHost host, string partial, string? problem)
    {
        File.Delete(partial);
        return problem is null ? ExitCode.Failed : host.Fail(problem);
    }
}

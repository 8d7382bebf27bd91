using System.CommandLine;
using System.Globalization;
using ReplyMint.Incidents;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Commands on the files of a backup, which need its master key but no store: on the worst day there is none.</summary>
internal static class BackupFileCommands
{
    public static Command Verify(CommandHost host)
    {
        var files = new Argument<string[]>("FILE") { Description = "a part of a backup", Arity = ArgumentArity.OneOrMore };
        var verify = new Verb("verify", "read a backup whole: decrypt it, check every hash and its signature, open its database and count")
        {
            Arguments = { files }, Examples = ["backup verify replymint-s0000000000000000000-20260101T000000000Z.data.rmbackup"],
        };
        verify.SetAction(async (parse, ct) =>
        {
            if (SettingsOfCommand.Read(parse, host) is not { } settings)
                return ExitCode.Usage;
            var code = ExitCode.Ok;
            foreach (var file in parse.GetValue(files)!)
                code = Math.Max(code, await VerifyAsync(host.Full(file), settings, host, ct));
            return code;
        });
        return verify;
    }

    public static Command Restore(CommandHost host)
    {
        var data = new Argument<string>("DATA") { Description = "the part with the data" };
        var keys = new Argument<string>("KEYS") { Description = "the part with the keys: of the same moment or a newer one" };
        var into = new Option<string>("--into") { HelpName = "DIR", Description = "the new data folder, empty or not there yet", Required = true };
        var older = new Option<bool>("--older-keys") { Description = "take keys of before the data: whoever wrote between them can't be read" };
        var restore = new Verb("restore", "make a store of a backup in an empty folder; it serves once the ledger of erasures was replayed")
        {
            Arguments = { data, keys }, Options = { into, older },
            Examples = ["backup restore X.data.rmbackup X.keys.rmbackup --into /var/lib/replymint --config /etc/replymint"],
        };
        restore.SetAction(async (parse, ct) =>
        {
            if (SettingsOfCommand.Read(parse, host) is not { } settings)
                return ExitCode.Usage;
            try
            {
                var order = new RestoreOrder(host.Full(parse.GetValue(data)!), host.Full(parse.GetValue(keys)!), host.Full(parse.GetValue(into)!), settings.Config!, settings.MasterKey, parse.GetValue(older));
                Say(await Incidents.Restore.RunAsync(order, TimeProvider.System, ct), order, settings, host);
                return ExitCode.Ok;
            }
            catch (StoreRefusedException refused)
            {
                return host.Fail(refused.Message.TrimEnd('.'));
            }
        });
        return restore;
    }

    private static async Task<int> VerifyAsync(string file, ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        // Of its user alone; TMPDIR says where, for a database that is larger than what is free there.
        var work = Directory.CreateTempSubdirectory("replymint-verify-").FullName;
        try
        {
            await using var reader = await BackupReader.OpenAsync(file, ct);
            var (master, _) = MasterKeyFiles.Find(reader.Header, settings.Config!, settings.MasterKey);
            var part = await BackupCheck.ReadAsync(reader, master, Path.Combine(work, "copy.db"), null, ct);
            var (manifest, items) = (part.Manifest, part.Manifest.Items.Where(pair => !pair.Key.Contains('/', StringComparison.Ordinal)).Sum(pair => pair.Value));
            host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Path.GetFileName(file)} is whole: {StoreWords.Word(manifest.Part)} of store {manifest.StoreId} at {manifest.At:yyyy-MM-dd HH:mm:ss} UTC, {items} items, {manifest.Blobs.Count} files, {manifest.Audit.Chains} audit chains, signed by {part.Key} (ReplyMint {manifest.Version})"));
            if (manifest.Blobs.Missing == 0)
                return ExitCode.Ok;
            return host.Fail($"{manifest.Blobs.Missing} files of mails were missing in the store already when it was made");
        }
        catch (BackupRefusedException refused)
        {
            return host.Fail($"{file}: {refused.Message}");
        }
        catch (StoreRefusedException refused)
        {
            return host.Fail(refused.Message.TrimEnd('.'));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return host.Fail($"{file} can't be read, or its contents not be written to {work}: {failure.Message.TrimEnd('.')}");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>What a restored store leaves to people.</summary>
    public static void SayHolds(RestoreHolds holds, TextWriter to)
    {
        to.WriteLine($"{holds.Uncertain} mails that were on their way out are uncertain now (replymint outbox list --state uncertain, then outbox settle)");
        to.WriteLine($"{holds.Undecided} mails that were not decided, and mails of before this restore that are delivered again, will wait for a person (replymint drafts list)");
        to.WriteLine($"{holds.Drafts} drafts wait that may have been approved, and sent, after the backup: each leaves only with --override restored (replymint drafts list), so look before, or reject it");
        to.WriteLine($"{holds.Access.Sessions} sessions, {holds.Access.Keys} API keys and all refresh tokens, sign-in links and invitations have ended, and the signing key is a new one, since some may have been revoked after the backup (replymint key rotate ID gives a key a new secret)");
        to.WriteLine($"{holds.Access.Members} members and operators can't come in until you say that they still belong (replymint user confirm lists them); a passkey signs nobody in before it was added anew");
        to.WriteLine("nothing is answered or sent, since stops, containments and legal holds of after the backup are missing (wishes too, but for those that erase replay finds): set them again, then run replymint switch set start");
        to.WriteLine("secrets of channels and of settings are those of the backup: change again what was changed since (replymint secrets list)");
    }

    private static void Say(RestoredStore restored, RestoreOrder order, ReplyMintSettings settings, CommandHost host)
    {
        var (header, holds) = (restored.Data.Header, restored.Holds);
        host.Out.WriteLine($"store {header.StoreId} of {header.At:yyyy-MM-dd HH:mm:ss} UTC lies in {order.Into}, with keys of {restored.Keys.Header.At:yyyy-MM-dd HH:mm:ss} UTC");
        SayHolds(holds, host.Out);
        host.Out.WriteLine($"before it serves: replymint erase replay --data {order.Into} (--ledger FOLDER, where no place of audit.anchors can be read)");
        if (holds.Closed > 0)
            host.Error.WriteLine($"replymint: {holds.Closed} tenants do not open: their key of then is not in this part, which was made before that key or longer than backup.keepDays after its end; restore with keys that are nearer to the data");
        if (restored.KeyFile != MasterKeyPlace.Of(settings.MasterKey, settings.Config!, header.StoreId).File)
            host.Out.WriteLine($"its master key is {restored.KeyFile}: name it with masterKey.file, or put it in the usual place");
    }
}

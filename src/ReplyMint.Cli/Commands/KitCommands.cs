using System.CommandLine;
using System.Text;
using ReplyMint.Cli.Reach;
using ReplyMint.Secrets;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>The master key on paper, and back from there.</summary>
internal static class KitCommands
{
    private const string TextName = "recovery-kit-text";

    /// <summary>Asks for the passphrase and writes the file where the user stands; the store does the rest.</summary>
    public static Command Make(CommandHost host)
    {
        var file = new Argument<string>("FILE") { Description = "the kit, a text to print; - writes it to standard output" };
        var from = PassphraseOption();
        var generate = new Option<bool>("--generate") { Description = "make a passphrase of eight words, and print it this once" };
        var verb = new Verb("recovery-kit", "write the master key, wrapped by a passphrase, as a text for paper")
        {
            Arguments = { file }, Options = { from, generate }, Examples = ["secrets recovery-kit kit.txt", "secrets recovery-kit kit.txt --generate"],
        };
        verb.SetAction(async (parse, ct) =>
        {
            if (SettingsOfCommand.Read(parse, host) is not { } settings)
                return ExitCode.Usage;
            settings = settings with { Data = settings.Data ?? new Folders(host).ForCommand().Folder };
            var target = parse.GetValue(file)! is var named && named == "-" ? null : host.Full(named);
            if (File.Exists(target))
                return host.Fail($"{target} is there already, and a kit overwrites nothing; name another file");
            var (passphrase, made) = parse.GetValue(generate) ? (Passphrase.Generate(), true) : await AskTwiceAsync(parse.GetValue(from), host, ct);
            if (passphrase is null)
                return ExitCode.Failed;
            if (Passphrase.Problem(passphrase) is { } weak)
                return host.Fail($"the passphrase {weak}; --generate makes a good one");
            var (code, text, error) = await StoreRun.AskAsync(settings, host, ["secrets", TextName], ct, passphrase);
            if (code != ExitCode.Ok)
                return host.Fail(error, code);
            if (target is not null && Write(target, text) is { } problem)
                return host.Fail(problem);
            if (target is null)
                await host.Out.WriteAsync(text);
            else
                host.Out.WriteLine($"wrote {target}; print it, keep it away from the data and from its passphrase, and remove the file");
            if (made)
            {
                host.Error.WriteLine("The passphrase is shown this once:");
                // Never where the kit went: whoever keeps that output has both in one place.
                (target is null ? host.Error : host.Out).WriteLine(passphrase);
            }
            return ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>Not shown: the part of the store. The passphrase comes by standard input, and over the socket as a file.</summary>
    public static Command MakeText() => new StoreCommand(TextName, "print a recovery kit", async (context, _, ct) =>
    {
        if (await context.Get<RecoveryKits>().MakeAsync(Encoding.UTF8.GetString(context.Files[0].Bytes), StoreWords.Actor, ct) is not { } kit)
            return context.Fail("the master key is being changed; end that first: replymint secrets rotate master-key");
        context.Out.Write(kit.Write());
        return ExitCode.Ok;
    }) { Hidden = true, ReadFiles = (_, host, ct) => NamedFiles.OneAsync("-", host, ct) };

    public static Command Restore(CommandHost host)
    {
        var file = new Argument<string>("FILE") { Description = "the kit, as it was written or typed off paper" };
        var from = PassphraseOption();
        var to = new Option<string?>("--to") { HelpName = "FILE", Description = "write the key here; else where the settings look for it" };
        var verb = new Verb("restore-key", "put the master key of a recovery kit in place, on a new machine")
        {
            Arguments = { file }, Options = { from, to }, Examples = ["secrets restore-key kit.txt --data /var/lib/replymint --config /etc/replymint"],
        };
        verb.SetAction(async (parse, ct) =>
        {
            if (SettingsOfCommand.Read(parse, host) is not { } settings)
                return ExitCode.Usage;
            settings = settings with { Data = settings.Data ?? new Folders(host).ForCommand().Folder };
            try
            {
                var (kit, problem) = RecoveryKit.Read(Encoding.UTF8.GetString((await NamedFiles.OneAsync(parse.GetValue(file)!, host, ct))[0].Bytes));
                if (kit is null)
                    return host.Fail($"the kit {problem}");
                return await RestoreAsync(kit, parse.GetValue(from), parse.GetValue(to), settings, host, ct);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or StoreRefusedException or RefusedException)
            {
                return host.Fail(e.Message.TrimEnd('.'));
            }
        });
        return verb;
    }

    private static async Task<int> RestoreAsync(RecoveryKit kit, string? from, string? to, ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        if (settings.Store != StoreKind.Embedded && to is null)
        {
            if (await OpenAsync(kit, from, host, ct) is not { } opened)
                return ExitCode.Failed;
            if (await Installation.PutBackAsync(kit.StoreId, opened, settings, host, ct) is { } wrong)
                return host.Fail($"the kit was not put back: {wrong}");
            host.Out.WriteLine($"the master key of store {kit.StoreId} is wrapped by {settings.Aws.Key} now");
            return ExitCode.Ok;
        }
        if (to is null && settings.MasterKey.Credential is not null)
            return host.Fail("the settings look for the key in a systemd credential, which can't be written from here; write it elsewhere with --to FILE and name that in LoadCredential=");
        var target = to is not null ? host.Full(to) : settings.MasterKey.File ?? MasterKey.DefaultFile(settings.Config!, kit.StoreId);
        if (File.Exists(target))
            return host.Fail($"{target} is there already, and a key overwrites nothing; move it away first, or name another place with --to");
        if (await MisfitAsync(kit, settings.Data!, ct) is { } misfit)
            return host.Fail(misfit);
        if (await OpenAsync(kit, from, host, ct) is not { } master)
            return ExitCode.Failed;
        var folder = Path.GetDirectoryName(target)!;
        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        master.WriteTo(target);
        host.Out.WriteLine($"the master key of store {kit.StoreId} is {target}; start the server, then make a new kit if others saw this one");
        return ExitCode.Ok;
    }

    /// <summary>Null after the problem was printed.</summary>
    private static async Task<MasterKey?> OpenAsync(RecoveryKit kit, string? from, CommandHost host, CancellationToken ct)
    {
        var passphrase = from is not null ? await FromFileAsync(from, host, ct)
            : host.Interactive ? await host.AskHiddenAsync("The kit's passphrase (it is not shown)", ct) : null;
        if (passphrase is null)
            host.Fail("there is nobody to ask for the passphrase here; name a file that holds it: --passphrase-file FILE");
        else if (kit.Open(passphrase) is { } master)
            return master;
        else
            host.Fail($"the kit of {kit.Made:yyyy-MM-dd} does not open: it has another passphrase, or a slip in its first lines");
        return null;
    }

    /// <summary>A store that lies in the data folder already has to be the kit's.</summary>
    private static async Task<string?> MisfitAsync(RecoveryKit kit, string data, CancellationToken ct)
    {
        if (!Folders.HoldsStore(data))
            return null;
        using var taken = await StoreLock.TakeAsync(data, TimeSpan.FromSeconds(2), ct);
        if (taken is null)
            return StoreLock.Held(data);
        var identity = await OpenStore.IdentityAsync(DataFolder.Open(data), ct);
        return identity is null ? null
            : identity.Id != kit.StoreId ? $"the kit is of store {kit.StoreId}; {data} holds {identity.Id}"
            : identity.KeyCheck != kit.KeyCheck && identity.NextKeyCheck != kit.KeyCheck ? $"the kit of {kit.Made:yyyy-MM-dd} holds another master key than the one that this store needs: one of the two is from before the key was changed"
            : null;
    }

    private static Option<string?> PassphraseOption() => new("--passphrase-file") { HelpName = "FILE", Description = "read the passphrase from a file; - reads standard input" };

    private static async Task<(string? Passphrase, bool Made)> AskTwiceAsync(string? from, CommandHost host, CancellationToken ct)
    {
        try
        {
            if (from is not null)
                return (await FromFileAsync(from, host, ct), false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            host.Fail(e.Message);
            return (null, false);
        }
        if (!host.Interactive)
        {
            host.Fail("there is nobody to ask for a passphrase here; add --generate, or --passphrase-file FILE");
            return (null, false);
        }
        var first = await host.AskHiddenAsync("A passphrase of at least 20 characters (it is not shown; nothing makes one)", ct);
        if (first.Length == 0)
            return (Passphrase.Generate(), true);
        if (await host.AskHiddenAsync("The same again", ct) == first)
            return (first, false);
        host.Fail("the two are not the same; nothing was written");
        return (null, false);
    }

    private static async Task<string> FromFileAsync(string file, CommandHost host, CancellationToken ct) =>
        Encoding.UTF8.GetString((await NamedFiles.OneAsync(file, host, ct))[0].Bytes).Trim();

    private static string? Write(string file, string text)
    {
        try
        {
            using var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{file} can't be written ({e.GetType().Name}); the kit was made all the same, so name another file and make a new one";
        }
    }
}

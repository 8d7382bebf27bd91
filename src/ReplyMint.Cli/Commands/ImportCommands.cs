using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Privacy;

namespace ReplyMint.Cli.Commands;

/// <summary>A tenant's export back into an installation, and a look at one without.</summary>
internal static class ImportCommands
{
    public static Command Build()
    {
        var file = new Argument<string>("FILE") { Description = "an export of a tenant" };
        var most = MostMegabytes();
        var undo = new Option<bool>("--undo") { Description = "remove what an import of this file's tenant left that broke off" };
        return new StoreCommand("import", "put a tenant's export into this installation; nothing of it is answered", async (context, parse, ct) =>
        {
            var path = Path.GetFullPath(parse.GetValue(file)!);
            if (context.InServer)
                return context.Fail("an import needs the store for itself; stop the server, then try again");
            await using var stream = File.OpenRead(path);
            var (export, wrong) = await ImportFile.OpenAsync(stream, new(parse.GetValue(most)), ct);
            if (export is null)
                return context.Fail($"{Name(path)} {wrong}");
            using (export)
                return parse.GetValue(undo) ? await UndoAsync(context, export, path, ct) : await ImportAsync(context, export, path, ct);
        })
        {
            MakesStore = true, Arguments = { file }, Options = { undo, most }, Examples = ["import acme.zip", "import acme.zip --undo"],
            // A store that is made for a file that is none would only be in the way.
            ReadFiles = async (parse, host, ct) =>
            {
                var path = host.Full(parse.GetValue(file)!);
                if (!File.Exists(path))
                    throw new IOException($"there is no file {Plain.Line(path, 200)}");
                await using var stream = File.OpenRead(path);
                return await ImportFile.FirstWrongAsync(stream, new(parse.GetValue(most)), ct) is { } wrong ? throw new IOException($"{Name(path)} {wrong}") : [];
            },
        };
    }

    /// <summary>A small file can hold very much of the same; what nobody named is refused from its list of files on.</summary>
    private static Option<int> MostMegabytes()
    {
        var most = new Option<int>("--most-megabytes") { HelpName = "N", Description = $"how much the file may hold when it is unpacked ({ImportBounds.UsualMegabytes} unless said)", DefaultValueFactory = _ => ImportBounds.UsualMegabytes };
        most.Validators.Add(given =>
        {
            if (given.Tokens.Count == 1 && int.TryParse(given.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number is < 1 or > ImportBounds.MostMegabytes)
                given.AddError($"--most-megabytes takes 1 to {ImportBounds.MostMegabytes}");
        });
        return most;
    }

    /// <summary>Needs no store: whoever was given a file looks at it anywhere.</summary>
    public static Verb Verify(CommandHost host)
    {
        var file = new Argument<string>("FILE") { Description = "an export" };
        var most = MostMegabytes();
        var verify = new Verb("verify", "read an export whole: every file's hash, and each record of a tenant's") { Arguments = { file }, Options = { most }, Examples = ["export verify acme.zip"] };
        verify.SetAction(async (parse, ct) =>
        {
            var path = host.Full(parse.GetValue(file)!);
            if (!File.Exists(path))
                return host.Fail($"there is no file {Plain.Line(path, 200)}");
            await using var stream = File.OpenRead(path);
            var (export, wrong) = await ImportFile.OpenAsync(stream, new(parse.GetValue(most)), ct);
            if (export is null)
                return host.Fail($"{Name(path)} {wrong}");
            using (export)
            {
                var manifest = export.Manifest;
                if (manifest.Scope == ExportScope.Tenant && await ImportCheck.FindWrongAsync(export, int.MaxValue, ct) is { } bad)
                    return host.Fail($"{Name(path)} {bad}");
                host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{Name(path)} is whole: a {StoreWords.Word(manifest.Scope)}'s of {manifest.MadeAt:yyyy-MM-dd HH:mm:ss} UTC, tenant {Plain.Line(manifest.Tenant, 60)}, {export.Count("messages.jsonl")} messages, {export.Count("mails.mbox")} of them as they came, {manifest.Files.Count} files"));
                return ExitCode.Ok;
            }
        });
        return verify;
    }

    private static async Task<int> ImportAsync(CommandContext context, ImportFile export, string path, CancellationToken ct)
    {
        var bar = new ProgressBar(context);
        var outcome = await context.Get<Importer>().ImportAsync(export, StoreWords.Actor, bar.Show, ct);
        if (outcome is ImportOutcome.Done done)
        {
            bar.End();
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"imported tenant {Plain.Line(done.Name)} ({done.Tenant}): {done.Messages} messages, {done.Mails} of them as they came"));
            context.Out.WriteLine("not carried:");
            foreach (var one in export.Manifest.NotCarried)
                context.Out.WriteLine("  " + Plain.Line(one, 200));
            if (context.Get<Channels>().AreOnAws)
                await TellOwnServersAsync(context, export, ct);
            return ExitCode.Ok;
        }
        bar.BreakOff();
        return context.Fail(outcome is ImportOutcome.BrokenOff off
            ? $"{Name(path)} was not taken in whole, and nothing of it is there for anybody yet. {Plain.Line(off.Why)} Run the same command again, and it goes on where it stopped; with --undo it removes what it left"
            : $"{Name(path)} {Plain.Line(((ImportOutcome.Refused)outcome).Why)}");
    }

    private static async Task TellOwnServersAsync(CommandContext context, ImportFile export, CancellationToken ct)
    {
        await foreach (var channel in export.LinesAsync("channels.jsonl", ExportJson.Default.ChannelView, ct))
            if (channel.Smtp is { } own)
                context.Out.WriteLine($"mailbox {Plain.Line(own.Mailbox, 60)} had an SMTP server of its own: {MailboxChecks.NoOwnServer}");
    }

    private static async Task<int> UndoAsync(CommandContext context, ImportFile export, string path, CancellationToken ct)
    {
        if (!await context.Get<Importer>().UndoAsync(export, ct))
            return context.Fail($"no import of the tenant of {Name(path)} has broken off here");
        context.Out.WriteLine("what the import had left is removed; accounts of people that it made stay");
        return ExitCode.Ok;
    }

    private static string Name(string path) => Plain.Line(Path.GetFileName(path), 60);
}

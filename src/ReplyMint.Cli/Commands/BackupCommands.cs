using System.CommandLine;
using System.Globalization;
using ReplyMint.Incidents;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Backups of the open store: make, list, prune, and the rehearsal of a restore.</summary>
internal static class BackupCommands
{
    public static Command Build(CommandHost host) => new("backup", "copies of the store, and the restore of one") { Create(), List(), BackupFileCommands.Verify(host), BackupFileCommands.Restore(host), Restored(), Drill(), Prune() };

    private static Option<string?> FolderOption(string name) => new(name) { HelpName = "DIR", Description = "another folder than backup.folder (a whole path; without both it is backup/ in the data folder)" };

    private static StoreCommand Create()
    {
        var to = FolderOption("--to");
        var keysOnly = new Option<bool>("--keys-only") { Description = "only the part with the wrapped keys" };
        return new StoreCommand("create", "make a backup while the server works: one file with the data, one with the wrapped keys", async (context, parse, ct) =>
        {
            try
            {
                var made = await context.Get<Backups>().CreateAsync(Folder(parse.GetValue(to)), !parse.GetValue(keysOnly), StoreWords.Actor, null, ct);
                foreach (var file in (BackupFile?[])[made.Data, made.Keys])
                    if (file is not null)
                        context.Out.WriteLine($"{file.Path} ({Size(file.Bytes)})");
                if (made.MissingBlobs > 0)
                    context.Error.WriteLine($"replymint: the store lacks {made.MissingBlobs} files that its items name; the backup lacks them too");
                return ExitCode.Ok;
            }
            catch (BackupFailedException failure)
            {
                return context.Fail(failure.Message);
            }
        }) { Options = { to, keysOnly }, OpensRestored = true, Examples = ["backup create", "backup create --to /mnt/backup"] };
    }

    private static StoreCommand List()
    {
        var (folder, json) = (FolderOption("--in"), StoreWords.JsonOption());
        return new StoreCommand("list", "list backups, the newest first, and how old the last one and the last drill are", async (context, parse, ct) =>
        {
            var backups = context.Get<Backups>();
            var rows = new List<string[]>();
            foreach (var file in await BackupFiles.ListAsync(Folder(parse.GetValue(folder)) ?? backups.Folder, ct))
            {
                if (parse.GetValue(json))
                    context.Out.WriteLine(CliJson.Line(new BackupView(file.Part.ToString().ToLowerInvariant(), file.At.UtcDateTime, file.Bytes, file.StoreId, file.Path)));
                rows.Add([StoreWords.Time(file.At), StoreWords.Word(file.Part), Size(file.Bytes), file.Path]);
            }
            var (state, settings) = (await backups.StateAsync(ct), backups.Settings);
            var ages = BackupAges.Of(state, settings, context.Get<TimeProvider>().GetUtcNow());
            if (parse.GetValue(json))
                return ExitCode.Ok;
            StoreWords.Table(context.Out, rows, "OF", "PART", "SIZE", "FILE");
            context.Out.WriteLine(AgesWords.Line(ages));
            foreach (var problem in ages.Overdue)
                context.Out.WriteLine($"overdue: {problem.Text}");
            if (settings.Folder is null)
                context.Out.WriteLine("none are made by themselves: the setting backup.folder names no folder");
            return ExitCode.Ok;
        }) { Options = { folder, json }, OpensRestored = true };
    }

    /// <summary>What a restore of the embedded store does by itself: AWS brings tables back without asking us.</summary>
    private static StoreCommand Restored()
    {
        var at = new Option<string>("--at") { HelpName = "TIME", Description = "the moment that the restored tables show, such as 2026-11-26T09:30:00Z", Required = true };
        var yes = StoreWords.YesOption();
        return new StoreCommand("restored", "say that tables of AWS were restored, before a server works on them: what may have happened since is put into people's hands", async (context, parse, ct) =>
        {
            var open = context.Get<OpenStore>();
            if (open.IsEmbedded)
                return context.Fail("the embedded store is restored by: replymint backup restore");
            var now = context.Get<TimeProvider>().GetUtcNow();
            if (!DateTimeOffset.TryParse(parse.GetValue(at), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) || moment > now)
                return context.Fail($"--at: {Plain.Line(parse.GetValue(at)!, 60)} is no moment that has passed, such as 2026-11-26T09:30:00Z");
            if (!parse.GetValue(yes) && !await context.Confirm("All sessions and keys end, nothing is answered or sent, and members wait to be confirmed. Were these tables restored?", ct))
                return ExitCode.Failed;
            try
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"tables of {moment.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
                BackupFileCommands.SayHolds(await Incidents.Restore.HoldAsync(open, new(moment, now, name, "keys as they are"), context.Get<TimeProvider>(), ct), context.Out);
            }
            catch (StoreRefusedException refused)
            {
                return context.Fail(refused.Message.TrimEnd('.'));
            }
            context.Out.WriteLine("before it serves: replymint erase replay (--ledger FOLDER, where no place of audit.anchors can be read)");
            return ExitCode.Ok;
        }) { Options = { at, yes }, OpensRestored = true, Examples = ["backup restored --at 2026-11-26T09:30:00Z --store aws --set aws.tablePrefix=restored-"] };
    }

    private static StoreCommand Drill()
    {
        var json = new Option<bool>("--json") { Description = "the signed report, as a compact JWS" };
        return new StoreCommand("drill", "rehearse a restore: make a backup, restore it into an empty folder, compare and use it, and leave a signed report", async (context, parse, ct) =>
        {
            try
            {
                var (report, statement) = await context.Get<BackupDrill>().RunAsync(StoreWords.Actor, ct);
                if (parse.GetValue(json))
                    context.Out.WriteLine(statement);
                else
                    foreach (var line in report.Checked)
                        context.Out.WriteLine(line);
                foreach (var problem in report.Problems)
                    context.Error.WriteLine($"replymint: {problem}");
                if (!parse.GetValue(json))
                    context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the drill {(report.Passed ? "passed" : "FAILED")} in {report.Seconds:0.0} s (report {report.Id})"));
                return report.Passed ? ExitCode.Ok : ExitCode.Failed;
            }
            catch (BackupFailedException failure)
            {
                return context.Fail(failure.Message);
            }
        }) { Options = { json }, OpensRestored = true };
    }

    private static StoreCommand Prune()
    {
        var folder = FolderOption("--in");
        return new StoreCommand("prune", "remove backups that are older than backup.keepDays and backup.keysKeepDays; a running server does it by itself", async (context, parse, ct) =>
        {
            foreach (var name in await context.Get<Backups>().PruneAsync(Folder(parse.GetValue(folder)), StoreWords.Actor, ct))
                context.Out.WriteLine($"removed {name}");
            return ExitCode.Ok;
        }) { Options = { folder }, OpensRestored = true };
    }

    /// <summary>The server that runs the command stands elsewhere than the user.</summary>
    private static string? Folder(string? named) => named is null || Path.IsPathRooted(named) ? named
        : throw new WrongException($"{Plain.Line(named, 60)} is no whole path; name the folder from the root on, such as {Path.GetFullPath(Path.GetFileName(named), "/mnt")}");

    public static string Size(long bytes) => bytes < 1 << 20 ? $"{(bytes + 1023) >> 10} KB" : $"{(bytes + (1 << 20) - 1) >> 20} MB";
}

internal sealed record BackupView(string Part, DateTime Of, long Bytes, string Store, string File);

/// <summary>Ages in words, for the list and the doctor.</summary>
internal static class AgesWords
{
    public static string Line(BackupAges ages) =>
        $"last backup of the data: {Age(ages.Data)}; of the keys: {Age(ages.Keys)}; last drill: {Age(ages.Drill)}{(ages.Drill is not null && !ages.DrillPassed ? ", FAILED" : "")}";

    private static string Age(TimeSpan? age) => age switch
    {
        null => "never",
        { TotalHours: < 1 } => "within the hour",
        { TotalDays: < 2 } hours => string.Create(CultureInfo.InvariantCulture, $"{(int)hours.TotalHours} h ago"),
        { } days => string.Create(CultureInfo.InvariantCulture, $"{(int)days.TotalDays} days ago"),
    };
}

using System.CommandLine;
using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Incidents;

namespace ReplyMint.Cli.Commands;

/// <summary>What was done and when it is due again (SOC-5).</summary>
internal static class RecordCommands
{
    public static Command Build() => new("record", "reviews, drills, tests, rotations: what was done, and what is due") { List(), Add(), Change(), Settle() };

    private static StoreCommand List()
    {
        var (limit, json) = (StoreWords.LimitOption(), StoreWords.JsonOption());
        return new StoreCommand("list", "list what is due, findings first, then what was done; status 1 when something is overdue", async (context, parse, ct) =>
        {
            var records = context.Get<Records>();
            var due = await records.DueAsync(ct);
            var (done, _) = await records.PageAsync(Math.Clamp(parse.GetValue(limit), 1, 1000), null, ct);
            if (parse.GetValue(json))
            {
                foreach (var one in due)
                    context.Out.WriteLine(CliJson.Line(DueAnswer.Of(one)));
                foreach (var one in done)
                    context.Out.WriteLine(CliJson.Line(RecordAnswer.Of(one)));
            }
            else
            {
                StoreWords.Table(context.Out, [.. due.Select(one => (string[])[Word(one.State), one.Kind, one.DueAt is { } at ? Date(at) : "", one.LastAt is { } last ? Date(last) : "", one.Kind == RecordKinds.FollowUp ? one.Record! : ""])], "STATE", "KIND", "DUE", "LAST", "RECORD");
                context.Out.WriteLine();
                StoreWords.Table(context.Out, [.. done.Select(one => (string[])[one.Item.Id, StoreWords.Time(one.Item.At), one.Item.Kind, one.Item.By, one.Item.DoneAt is null ? "" : "done", one.Note])], "ID", "AT", "KIND", "BY", "", "NOTE");
            }
            return due.Any(one => one.State == DueState.Overdue) ? ExitCode.Failed : ExitCode.Ok;
        }) { Options = { limit, json } };
    }

    private static StoreCommand Add()
    {
        var kind = new Argument<string>("KIND") { Description = string.Join(", ", RecordKinds.Repeated) };
        kind.AcceptOnlyFromAmong([.. RecordKinds.Repeated]);
        var note = new Option<string>("--note") { HelpName = "TEXT", Description = "what was done and found", Required = true };
        var due = new Option<string?>("--due") { HelpName = "YYYY-MM-DD", Description = "when the next one is due; else as the settings say" };
        return new StoreCommand("add", "write down that something was done", async (context, parse, ct) =>
        {
            var now = context.Get<TimeProvider>().GetUtcNow();
            var record = await context.Get<Records>().AddAsync(parse.GetValue(kind)!, StoreWords.Actor.Id, NoteOf("--note", parse.GetValue(note)!), parse.GetValue(due) is { } day ? DayOf("--due", day, now) - now : null, ct);
            context.Out.WriteLine($"{record.Item.Id}{(record.Item.DueAt is { } next ? $"; the next one is due on {Date(next)}" : "")}");
            return ExitCode.Ok;
        }) { Arguments = { kind }, Options = { note, due }, Examples = ["record add penetration-test --note \"two findings, both mended\"", "record add patch --note \"packages of May\" --due 2030-06-30"] };
    }

    private static StoreCommand Change()
    {
        var what = new Argument<string>("WHAT") { Description = "what was changed, such as infrastructure" };
        var by = new Option<string>("--by") { HelpName = "NAME", Description = "whose change it is, such as the role that deployed", Required = true };
        var (before, after) = (new Option<string>("--before") { HelpName = "FILE", Description = "how it was: JSON or text, without secrets", Required = true }, new Option<string>("--after") { HelpName = "FILE", Description = "how it is now", Required = true });
        return new StoreCommand("change", "write down a change of infrastructure, with before and after; changed settings leave such a record by themselves at the next start", async (context, parse, ct) =>
        {
            var differences = ChangeText.Of(Text(context.Files[0]), Text(context.Files[1]));
            if (differences.Count == 0)
                return context.Fail("the two files say the same, so nothing was changed");
            var note = SettingsChanges.Note(Plain.Line(parse.GetValue(what)!, 100), Plain.Line(parse.GetValue(by)!, 200), [.. differences.Select(line => Plain.Line(line, 500))]);
            var record = await context.Get<Records>().AddAsync(RecordKinds.Change, StoreWords.Actor.Id, note, null, ct);
            context.Out.WriteLine($"{record.Item.Id}; {differences.Count} differences");
            return ExitCode.Ok;
        })
        {
            Arguments = { what }, Options = { by, before, after }, Examples = ["record change infrastructure --by deploy --before old.json --after new.json"],
            ReadFiles = async (parse, host, ct) => [.. await NamedFiles.OneAsync(parse.GetValue(before)!, host, ct), .. await NamedFiles.OneAsync(parse.GetValue(after)!, host, ct)],
        };
    }

    private static string Text(ForwardedFile file) => System.Text.Encoding.UTF8.GetString(file.Bytes);

    private static StoreCommand Settle()
    {
        var id = StoreWords.Id("ID", "the follow-up's record");
        return new StoreCommand("settle", "say that an incident's follow-up is done", async (context, parse, ct) =>
        {
            if (!await context.Get<Records>().SettleAsync(parse.GetValue(id)!, StoreWords.Actor, ct))
                return context.Fail($"there is no open follow-up {Plain.Line(parse.GetValue(id)!, 60)}; list them with: replymint record list");
            context.Out.WriteLine($"settled {parse.GetValue(id)}");
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    /// <exception cref="WrongException">It is empty or too long.</exception>
    internal static string NoteOf(string option, string text) => Plain.Text(text).Trim() is { Length: > 0 and <= Records.MaxNote } note ? note
        : throw new WrongException($"{option} has 1 to {Records.MaxNote} characters");

    /// <summary>The end of a day that is still to come.</summary>
    /// <exception cref="WrongException">It is none.</exception>
    internal static DateTimeOffset DayOf(string option, string text, DateTimeOffset now) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero).AddDays(1) is var end && end > now && end < now + Records.Kept
            ? end : throw new WrongException($"{option}: {Plain.Line(text, 60)} is no day to come, such as {now.AddDays(30):yyyy-MM-dd}");

    internal static string Date(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Word(DueState state) => state switch { DueState.Overdue => "OVERDUE", DueState.Never => "NEVER", _ => "in time" };
}

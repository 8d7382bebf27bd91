using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Limits;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>What the person on duty does when something went wrong: docs/incident-response.md says in which order.</summary>
internal static class IncidentCommands
{
    public static Command Build(CommandHost host) => new("incident", "when something went wrong")
    {
        Open(), List(), Show(), Note(), ContainCommands.Contain(), ContainCommands.Release(), RevokeCommand.Build(), WatchCommands.Start(), WatchCommands.End(),
        EvidenceCommands.Take(host), EvidenceCommands.Open(host), EvidenceCommands.Data(), EvidenceCommands.Keys(), Timeline(), Close(), DrillCommand.Build(host), DrillCommand.Keep(),
    };

    /// <summary>Names an incident in whose timeline the act stands.</summary>
    public static Option<string?> IncidentOption() => new("--incident") { HelpName = "ID", Description = "the incident in whose timeline it stands" };

    /// <summary>The line for a result that is none to be glad of; null for a good one.</summary>
    public static string? Problem(ActResult result, string? incident, string notThere, string already) => result switch
    {
        ActResult.NoIncident => $"there is no open incident {Plain.Line(incident ?? "", 60)}; list them with: replymint incident list",
        ActResult.NotFound => notThere,
        ActResult.Already => already,
        _ => null,
    };

    private static StoreCommand Open()
    {
        var text = new Argument<string>("TEXT") { Description = "what happened, in your words" };
        return new StoreCommand("open", "open an incident; prints its ID, which later acts name with --incident", async (context, parse, ct) =>
        {
            var words = Plain.Text(parse.GetValue(text)!).Trim();
            if (words.Length is 0 or > IncidentBook.MaxText)
                return context.Fail($"the text has 1 to {IncidentBook.MaxText} characters");
            context.Out.WriteLine((await context.Get<IncidentBook>().OpenAsync(words, StoreWords.Actor, ct)).Id);
            return ExitCode.Ok;
        }) { Arguments = { text }, Examples = ["incident open \"a key was posted in a forum\""] };
    }

    private static StoreCommand List()
    {
        var limit = StoreWords.LimitOption();
        return new StoreCommand("list", "list incidents, what is contained, and what is watched", async (context, parse, ct) =>
        {
            var (incidents, _) = await context.Get<IncidentBook>().PageAsync(Math.Clamp(parse.GetValue(limit), 1, 1000), null, ct);
            StoreWords.Table(context.Out, [.. incidents.Select(one => (string[])[one.Incident.Id, StoreWords.Time(one.Incident.OpenedAt), one.Incident.ClosedAt is { } closed ? $"closed {StoreWords.Time(closed)}" : "OPEN", one.Text])], "INCIDENT", "OPENED", "STATE", "WHAT");
            var rows = new List<string[]>();
            if ((await context.Get<Switches>().ReadAsync(KeyRing.Installation, null, ct)).Stopped)
                rows.Add(["sending", "all", "", "", ""]);
            rows.AddRange((await context.Get<Containments>().ListAsync(ct)).Select(one => (string[])[StoreWords.Word(one.Kind), one.Id, StoreWords.Time(one.At), one.By, one.Incident ?? ""]));
            Section(context, "CONTAINED", rows, "ID", "SINCE", "BY", "INCIDENT");
            var watches = await context.Get<Watches>().ActiveAsync(ct);
            Section(context, "WATCHED", [.. watches.Select(one => (string[])[StoreWords.Word(one.Kind), one.Target, StoreWords.Time(one.Until), one.Id, one.Incident ?? ""])], "ID", "UNTIL", "WATCH", "INCIDENT");
            return ExitCode.Ok;
        }) { Options = { limit } };
    }

    private static void Section(CommandContext context, string title, IReadOnlyList<string[]> rows, params string[] head)
    {
        if (rows.Count == 0)
            return;
        context.Out.WriteLine();
        StoreWords.Table(context.Out, rows, [title, .. head]);
    }

    private static StoreCommand Show()
    {
        var id = StoreWords.Id("ID", "the incident");
        return new StoreCommand("show", "show an incident with its timeline", async (context, parse, ct) =>
        {
            var seen = await FindAsync(context, parse.GetValue(id)!, ct);
            context.Out.WriteLine($"{seen.Incident.Id}, opened {StoreWords.Time(seen.Incident.OpenedAt)} by {seen.Incident.By}, {(seen.Incident.ClosedAt is { } closed ? $"closed {StoreWords.Time(closed)}" : "open")}");
            context.Out.WriteLine(Plain.Text(seen.Text));
            context.Out.WriteLine();
            await WriteAsync(context, seen.Incident.Id, ct);
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    private static StoreCommand Timeline()
    {
        var id = StoreWords.Id("ID", "the incident");
        return new StoreCommand("timeline", "print what was done, when and by whom", async (context, parse, ct) =>
        {
            await WriteAsync(context, (await FindAsync(context, parse.GetValue(id)!, ct)).Incident.Id, ct);
            return ExitCode.Ok;
        }) { Arguments = { id } };
    }

    private static async Task WriteAsync(CommandContext context, string id, CancellationToken ct)
    {
        await foreach (var (line, note) in context.Get<IncidentBook>().TimelineAsync(id, ct))
            context.Out.WriteLine($"{line.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}  {line.By}  {line.Act}  {line.Target}  {Plain.Line(note ?? string.Join(", ", (line.Details ?? new Dictionary<string, string>()).Select(one => $"{one.Key} {one.Value}")), 400)}".TrimEnd());
    }

    private static StoreCommand Note()
    {
        var (id, text) = (StoreWords.Id("ID", "the incident"), new Argument<string>("TEXT") { Description = "what you saw or decided" });
        return new StoreCommand("note", "write a line into the timeline", async (context, parse, ct) =>
        {
            if (!await context.Get<IncidentBook>().NoteAsync(parse.GetValue(id)!, RecordCommands.NoteOf("the text", parse.GetValue(text)!), StoreWords.Actor, ct))
                return context.Fail(Problem(ActResult.NoIncident, parse.GetValue(id), "", "")!);
            context.Out.WriteLine("written down");
            return ExitCode.Ok;
        }) { Arguments = { id, text } };
    }

    private static StoreCommand Close()
    {
        var id = StoreWords.Id("ID", "the incident");
        var left = new Option<string[]>("--follow-up") { HelpName = "TEXT", Description = "what is left to do; may be repeated", AllowMultipleArgumentsPerToken = false };
        var due = new Option<string?>("--due") { HelpName = "YYYY-MM-DD", Description = "until when it has to be done (30 days from now)" };
        var nothing = new Option<bool>("--nothing-left") { Description = "there is nothing left to do" };
        return new StoreCommand("close", "close an incident with what is left to do; that is a finding when it is late", async (context, parse, ct) =>
        {
            var notes = parse.GetValue(left) ?? [];
            if (notes.Length == 0 != parse.GetValue(nothing))
                return context.Fail("say what is left to do with --follow-up TEXT, or --nothing-left");
            if (notes.Length > IncidentBook.MostFollowUps)
                return context.Fail($"at most {IncidentBook.MostFollowUps} follow-ups");
            var now = context.Get<TimeProvider>().GetUtcNow();
            var until = parse.GetValue(due) is { } day ? RecordCommands.DayOf("--due", day, now) : now.AddDays(30);
            if (!await context.Get<IncidentBook>().CloseAsync(parse.GetValue(id)!, [.. notes.Select(note => new FollowUp(RecordCommands.NoteOf("--follow-up", note), until))], StoreWords.Actor, ct))
                return context.Fail(Problem(ActResult.NoIncident, parse.GetValue(id), "", "")!);
            context.Out.WriteLine(notes.Length == 0 ? "closed" : $"closed; {notes.Length} follow-up{(notes.Length == 1 ? "" : "s")} due on {RecordCommands.Date(until)} (replymint record list)");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { left, due, nothing } };
    }

    private static async Task<IncidentSeen> FindAsync(CommandContext context, string id, CancellationToken ct) =>
        await context.Get<IncidentBook>().FindAsync(id, ct) ?? throw new WrongException($"there is no incident {Plain.Line(id, 60)}; list them with: replymint incident list");
}

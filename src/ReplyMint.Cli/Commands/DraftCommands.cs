using System.CommandLine;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>What waits for a person, and the person's decision.</summary>
internal static class DraftCommands
{
    public static Command Build() => new("drafts", "answers that wait for a person") { List(), Show(), Edit(), Approve(), Reject(), Assign(), Note() };

    private static StoreCommand List()
    {
        var tenant = StoreWords.TenantOption();
        var json = StoreWords.JsonOption();
        return new StoreCommand("list", "list what waits, the oldest first", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var rows = new List<string[]>();
            foreach (var draft in await context.Get<Drafts>().WaitingAsync(owner.Id, ct))
            {
                if (await context.Get<Messages>().FindAsync(owner.Id, draft.Id, ct) is not { } message)
                    continue;
                if (parse.GetValue(json))
                    context.Out.WriteLine(CliJson.Line(await MessageView.WholeAsync(context, message, ct)));
                rows.Add([draft.Id, StoreWords.Time(draft.Record.CreatedAt), string.Join(", ", draft.Record.Reasons),
                    draft.Content.Text.Length > 0 ? "ready" : "no text", message.Summary.From.Address, message.Summary.Subject]);
            }
            if (!parse.GetValue(json))
                StoreWords.Table(context.Out, rows, "ID", "SINCE", "WHY", "DRAFT", "FROM", "SUBJECT");
            return ExitCode.Ok;
        }) { Options = { tenant, json } };
    }

    private static StoreCommand Show()
    {
        var (id, tenant, json) = (DraftId(), StoreWords.TenantOption(), StoreWords.JsonOption());
        return new StoreCommand("show", "show a draft with the mail it answers and why it waits", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            if (await context.Get<Drafts>().FindAsync(owner.Id, parse.GetValue(id)!, ct) is null
                || await context.Get<Messages>().FindAsync(owner.Id, parse.GetValue(id)!, ct) is not { } message)
                return Tell(context, parse.GetValue(id)!, "", new DeskOutcome.NotFound());
            var view = await MessageView.WholeAsync(context, message, ct);
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(view));
            else
                view.Write(context.Out);
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { tenant, json } };
    }

    private static StoreCommand Edit()
    {
        var (id, tenant, file) = (DraftId(), StoreWords.TenantOption(), FileOption("the new text; - reads it from standard input", required: true));
        return new StoreCommand("edit", "replace a draft's text; it is checked again when it is approved", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            return Tell(context, parse.GetValue(id)!, "edited", await context.Get<DraftDesk>().EditAsync(owner.Id, parse.GetValue(id)!, Text(context)!, null, StoreWords.Actor, ct));
        })
        {
            Arguments = { id }, Options = { tenant, file }, ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(file), host, ct),
        };
    }

    private static StoreCommand Approve()
    {
        var (id, tenant, file) = (DraftId(), StoreWords.TenantOption(), FileOption("send this text instead; - reads it from standard input", required: false));
        var over = new Option<string?>("--override") { HelpName = "RULES", Description = "rules of the guard that you decide against, separated by commas; recorded" };
        return new StoreCommand("approve", "send a draft, as it is or with another text", async (context, parse, ct) =>
        {
            var rules = new HashSet<GuardRule>();
            foreach (var name in (parse.GetValue(over) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                if (!Enum.TryParse<GuardRule>(name, ignoreCase: true, out var rule) || !Enum.IsDefined(rule) || !rules.Add(rule))
                    return context.Fail($"--override: {Plain.Line(name, 40)} is no rule of the guard; it names them when it holds a draft");
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var outcome = await context.Get<DraftDesk>().ApproveAsync(owner.Id, parse.GetValue(id)!, Text(context), rules, null, StoreWords.Actor, ct);
            return Tell(context, parse.GetValue(id)!, context.InServer ? "approved; it is being sent" : "approved; it is sent when the server runs", outcome);
        })
        {
            Arguments = { id }, Options = { tenant, file, over }, ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(file), host, ct),
            Examples = ["drafts approve ID", "drafts approve ID --file answer.txt --override price"],
        };
    }

    private static StoreCommand Reject()
    {
        var (id, tenant) = (DraftId(), StoreWords.TenantOption());
        return new StoreCommand("reject", "leave the mail without an answer", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            return Tell(context, parse.GetValue(id)!, "rejected", await context.Get<DraftDesk>().RejectAsync(owner.Id, parse.GetValue(id)!, StoreWords.Actor, ct));
        }) { Arguments = { id }, Options = { tenant } };
    }

    private static StoreCommand Assign()
    {
        var (id, tenant) = (DraftId(), StoreWords.TenantOption());
        var user = new Argument<string>("USER") { Description = "who is to look at it: an address or a user's id; - frees it" };
        return new StoreCommand("assign", "say who is to look at a draft", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var named = parse.GetValue(user)!;
            var found = named == "-" ? null : (await context.Get<Users>().FindByAddressAsync(named, ct))?.Id ?? named;
            return Tell(context, parse.GetValue(id)!, found is null ? "is nobody's" : $"is for {Plain.Line(named, 60)}", await context.Get<DraftTalk>().AssignAsync(owner.Id, parse.GetValue(id)!, found, StoreWords.Actor, ct));
        }) { Arguments = { id, user }, Options = { tenant }, Examples = ["drafts assign ID lead@example.com"] };
    }

    private static StoreCommand Note()
    {
        var (id, tenant) = (DraftId(), StoreWords.TenantOption());
        var text = new Argument<string[]>("TEXT") { Description = "what the others should know; it is never sent", Arity = ArgumentArity.OneOrMore };
        return new StoreCommand("note", "add a note to a draft", async (context, parse, ct) =>
        {
            var note = string.Join(' ', parse.GetValue(text)!).Trim();
            if (note.Length is 0 or > DraftTalk.MaxNote)
                return context.Fail($"a note has 1 to {DraftTalk.MaxNote} characters");
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            return Tell(context, parse.GetValue(id)!, "noted", await context.Get<DraftTalk>().NoteAsync(owner.Id, parse.GetValue(id)!, note, StoreWords.Actor, ct));
        }) { Arguments = { id, text }, Options = { tenant } };
    }

    internal static int Tell(CommandContext context, string id, string done, DeskOutcome outcome)
    {
        id = Plain.Line(id, 60);
        switch (outcome)
        {
            case DeskOutcome.Done:
                context.Out.WriteLine($"{id} {done}");
                return ExitCode.Ok;
            case DeskOutcome.NotWaiting waiting:
                return context.Fail($"{id} does not wait any more: it is {StoreWords.Word(waiting.State)}");
            case DeskOutcome.QuotaUsedUp:
                return context.Fail($"the tenant's quota is used up; {id} still waits");
            case DeskOutcome.NotWanted:
                return context.Fail($"{Plain.Line(id, 60)}: the person wants no automatic answers, or has not consented to them; write the answer yourself (the draft still waits)");
            case DeskOutcome.InShadow:
                return context.Fail($"the mailbox of {id} is in shadow mode: nothing that a machine wrote leaves; write the answer yourself (the draft still waits)");
            case DeskOutcome.DomainLost:
                return context.Fail($"another tenant has proved the domain of the mailbox, so nothing leaves from it; {id} still waits");
            case DeskOutcome.Held:
                return context.Fail($"a legal hold keeps {id} as it is, and what was decided on it; write the answer yourself");
            case DeskOutcome.NotAMember:
                return context.Fail("that is nobody of the tenant who may decide this mailbox's drafts; name an address or an id of a member");
            case DeskOutcome.TooManyNotes:
                return context.Fail($"{id} has {DraftTalk.MaxNotes} notes already");
            case DeskOutcome.Gone:
                return context.Fail($"the mail of {id} was removed, so there is nothing to answer");
            case DeskOutcome.Guarded guarded:
                foreach (var finding in guarded.Findings)
                    context.Error.WriteLine($"  {StoreWords.Word(finding.Rule)}: {Plain.Line(finding.Found)}{(finding.Overridable ? "" : " (nobody may override this)")}");
                var names = string.Join(',', guarded.Findings.Where(f => f.Overridable).Select(f => StoreWords.Word(f.Rule)).Distinct());
                return context.Fail(guarded.Findings.All(f => f.Overridable)
                    ? $"the guard holds {id}; change its text (--file), or decide against it with --override {names}"
                    : $"the guard holds {id}; change its text (--file)");
            default:
                return context.Fail($"there is no draft {id}; list them with: replymint drafts list");
        }
    }

    internal static string? Text(CommandContext context) =>
        context.Files.Count == 0 ? null : Encoding.UTF8.GetString(context.Files[0].Bytes).Replace("\r\n", "\n", StringComparison.Ordinal).Trim();

    private static Argument<string> DraftId() => StoreWords.Id("ID", "the draft, as listed");

    private static Option<string?> FileOption(string description, bool required) => new("--file") { HelpName = "FILE", Description = description, Required = required };
}

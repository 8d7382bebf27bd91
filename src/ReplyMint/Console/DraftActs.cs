using System.Globalization;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>What people do with a draft. The desk decides, as it does for the API; approving and rejecting can be taken back for ten seconds.</summary>
internal static class DraftActs
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var write = routes.MapPages(Permission.DraftsWrite);
        write.Act("/inbox/{id}/approve", call => DecideAsync(call, reject: false, null));
        write.Act("/inbox/{id}/send", call => DecideAsync(call, reject: false, Text(call)));
        write.Act("/inbox/{id}/reject", call => DecideAsync(call, reject: true, null));
        write.Act("/inbox/{id}/undo", call => DoAsync(call, (_, id) => call.Get<DraftDecisions>().UndoAsync(call.Caller.Tenant, id, call.Stop), "undone"));
        write.Act("/inbox/{id}/keep", call => DoAsync(call, (actor, id) => call.Get<DraftDesk>().EditAsync(call.Caller.Tenant, id, Text(call), Version(call), actor, call.Stop), "kept", Text(call)));
        write.Act("/inbox/{id}/assign", call => DoAsync(call, (actor, id) => call.Get<DraftTalk>().AssignAsync(call.Caller.Tenant, id, call.Field("user") is { Length: > 0 } user ? user : null, actor, call.Stop), "assigned"));
        write.Act("/inbox/{id}/note", call => DoAsync(call, (actor, id) => call.Field("note") is { Length: > 0 and <= DraftTalk.MaxNote } note
            ? call.Get<DraftTalk>().NoteAsync(call.Caller.Tenant, id, note, actor, call.Stop) : Task.FromResult<DeskOutcome>(new DeskOutcome.NotFound()), "noted"));
        write.Act("/inbox/{id}/retry", call => DoAsync(call, (actor, id) => call.Get<DraftDesk>().RetryAsync(call.Caller.Tenant, id, actor, call.Stop), "retried"));
        write.Act("/inbox/{id}/answered", AnsweredAsync);
        write.Act("/inbox/{id}/thumb", ThumbAsync);
        routes.MapPages(Permission.MailboxesWrite).Act("/inbox/{id}/hold-always", HoldAlwaysAsync);
    }

    private static string Text(PageCall call) => call.Field("text").ReplaceLineEndings("\n") is { Length: <= DraftGuard.MaxCharacters } text ? text : "";

    private static long Version(PageCall call) => long.TryParse(call.Field("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static async Task DecideAsync(PageCall call, bool reject, string? text)
    {
        if (WireWord.Read<GuardRule>("override", call.Fields("override"), out var overridden) is { } unknown)
        {
            await call.RefuseAsync(unknown);
            return;
        }
        if (text is { Length: 0 })
        {
            await MessagePages.ShowAsync(call, call.Say["draft.wrong.text"], "");
            return;
        }
        if (await MessagePages.FindMessageAsync(call) is not { } message)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var outcome = await call.Get<DraftDecisions>().DecideAsync(call.Caller.Tenant, message.Id, reject, text, overridden, Version(call), Actor.Of(call.Caller), call.Stop);
        if (outcome is DeskOutcome.Done)
            await call.GoAsync($"/console/inbox?{(reject ? "rejected" : "approved")}={message.Id}");
        else
            await MessagePages.ShowAsync(call, call.Say[Wrong(outcome)], text, (outcome as DeskOutcome.Guarded)?.Findings);
    }

    private static async Task DoAsync(PageCall call, Func<Actor, string, Task<DeskOutcome>> act, string done, string? typed = null)
    {
        if (await MessagePages.FindMessageAsync(call) is not { } message)
            await call.RefuseAsync(Problem.NotFound);
        else if (await act(Actor.Of(call.Caller), message.Id) is var outcome && outcome is DeskOutcome.Done)
            await call.GoAsync($"{MessagePages.PathOf(message.Id)}?done={done}");
        else
            await MessagePages.ShowAsync(call, call.Say[Wrong(outcome)], typed);
    }

    private static async Task AnsweredAsync(PageCall call)
    {
        if (await MessagePages.FindMessageAsync(call) is not { } message)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        await call.Get<ThreadDesk>().AnsweredAsync(message, null, Actor.Of(call.Caller), call.Stop);
        await call.GoAsync("/console/inbox?done=answered");
    }

    private static Task ThumbAsync(PageCall call)
    {
        var wish = new ThumbGiven(call.Field("thumb"), call.Fields("reasons"));
        return call.DoAsync(wish, () => QualityRoutes.ThumbAsync(call.Caller, call.Id(), wish, call.Get<Messages>(), call.Get<Thumbs>(), call.Stop), MessagePages.PathOf(call.Id()) + "?done=thumb");
    }

    /// <summary>A rule of the mailbox, before all others: what this person writes waits for somebody. Its name is random, since names stand in the clear.</summary>
    private static async Task HoldAlwaysAsync(PageCall call)
    {
        if (await MessagePages.FindMessageAsync(call) is not { } message)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var from = message.Summary.From.Address;
        var rule = new MailRule("hold-" + Ids.Secret(6), from, "", "", RuleAction.Hold);
        var (result, _) = await call.Get<Mailboxes>().ChangeAsync(call.Caller.Tenant, message.Record.Mailbox, null,
            mailbox => mailbox.Rules.Any(known => known.Action == RuleAction.Hold && known.From == from && known.Subject.Length == 0 && known.Word.Length == 0) ? mailbox : mailbox with { Rules = [rule, .. mailbox.Rules] },
            Actor.Of(call.Caller), new Dictionary<string, string> { ["rule"] = rule.Name }, call.Stop);
        if (result == ChangeResult.Done)
            await call.GoAsync(MessagePages.PathOf(message.Id) + "?done=holds");
        else
            await MessagePages.ShowAsync(call, call.Say["draft.wrong.changed"]);
    }

    internal static string Wrong(DeskOutcome outcome) => "draft.wrong." + outcome switch
    {
        DeskOutcome.NotWaiting => "decided",
        DeskOutcome.Guarded => "guarded",
        DeskOutcome.QuotaUsedUp => "quota",
        DeskOutcome.NotWanted => "not-wanted",
        DeskOutcome.DomainLost => "domain-lost",
        DeskOutcome.InShadow => "in-shadow",
        DeskOutcome.Held => "held",
        DeskOutcome.Changed => "changed",
        DeskOutcome.NotAMember => "not-a-member",
        DeskOutcome.TooManyNotes => "notes",
        DeskOutcome.Gone => "gone",
        _ => "text",
    };
}

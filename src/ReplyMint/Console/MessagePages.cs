using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>All that is known of one mail and of its answer.</summary>
/// <param name="Hidden">What a reader of the mail would not have seen; null when the mail as it came is not kept any more, or too large.</param>
/// <param name="Findings">What the guard holds the draft for.</param>
/// <param name="People">Names of those who may decide, by id.</param>
internal sealed record MailShown(
    Message Message, MessageText? Text, IReadOnlyList<string>? Hidden, Mailbox? Mailbox, Draft? Draft, IReadOnlyList<GuardFinding> Findings, Receipt? Receipt, OutboxEntry? Answer, IReadOnlyDictionary<string, string> People);

/// <summary>One mail: what it says, what was decided and why, and what may be done.</summary>
internal static class MessagePages
{
    // Larger ones are not read anew for a look.
    private const int MaxRaw = 512 * 1024;
    // A list to choose from; each name is opened for itself.
    private const int MostPeople = 100;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPages(Permission.MessagesRead).Show("/inbox/{id}", call => ShowAsync(call, ""));

    public static string PathOf(string id) => "/console/inbox/" + id;

    /// <param name="call">Names the mail in its path.</param>
    /// <param name="wrong">Why what was just tried did not happen; empty when nothing was.</param>
    /// <param name="typed">A text that the reader typed and that must not be lost; null when there is none.</param>
    /// <param name="guarded">What the guard holds that text for.</param>
    public static async Task ShowAsync(PageCall call, string wrong, string? typed = null, IReadOnlyList<GuardFinding>? guarded = null)
    {
        if (await FindAsync(call) is not { } mail)
        {
            await call.RefuseAsync(Problem.NotFound);
            return;
        }
        var summary = mail.Message.Summary;
        var html = await call.BeginAsync(summary.Subject.Length > 0 ? summary.Subject : call.Say["inbox.no-subject"], "inbox");
        html.Add($"""
            <p class="back"><a href="/console/inbox#{InboxPages.MarkOf(mail.Message.Id)}" data-key="u">{call.Say["mail.back"]}</a> · <a href="{ThreadPages.PathOf(mail.Message.Record.Thread)}">{call.Say["thread.link"]}</a></p>
            <div class="head"><h1><bdi>{(summary.Subject.Length > 0 ? summary.Subject : call.Say["inbox.no-subject"])}</bdi></h1>
            <span class="pill is-{Reasons.WordOf(mail.Message.Record.State)}">{call.Say["state." + Reasons.WordOf(mail.Message.Record.State)]}</span></div>
            """);
        if (wrong.Length > 0)
            html.Add($"""<p class="wrong" role="alert" tabindex="-1" autofocus>{wrong}</p>""");
        html.Add($"""<div class="two"><div>""");
        MailSlice.Write(html, call, mail);
        html.Add($"""</div><div>""");
        if (call.May(Permission.DraftsRead) && mail.Draft is { } draft)
            DraftSlice.Write(html, call, mail, draft, typed, guarded ?? mail.Findings);
        if (mail.Answer is { } answer)
            AnswerSlice.Write(html, call, answer, mail);
        if (mail.Receipt is { } receipt && call.May(Permission.ReceiptsRead))
            ReceiptSlice.Write(html, call, mail.Message.Record, receipt);
        html.Add($"""</div></div>""");
        await call.ShowAsync(html, wrong.Length > 0 ? 409 : 200);
    }

    /// <summary>The message that the path names, if the reader may see it; all others are not there.</summary>
    public static async ValueTask<Message?> FindMessageAsync(PageCall call) =>
        call.Route("id") is var id && IdAttribute.IsId(id) && await call.Get<Messages>().FindAsync(call.Caller.Tenant, id, call.Stop) is { } message && call.Caller.Sees(message.Record.Mailbox) ? message : null;

    private static async Task<MailShown?> FindAsync(PageCall call)
    {
        if (await FindMessageAsync(call) is not { } message)
            return null;
        call.Get<SecurityEvents>().Note(SecurityEventKind.MailRead, call.Caller, 1);
        var (tenant, id, ct) = (call.Caller.Tenant, message.Id, call.Stop);
        var text = await call.Get<MessageTexts>().FindAsync(message, ct);
        var draft = await call.Get<Drafts>().FindAsync(tenant, id, ct);
        return new(message, text, await HiddenAsync(call, message), await call.Get<Mailboxes>().GetAsync(tenant, message.Record.Mailbox, ct), draft,
            draft is null ? [] : await call.Get<DraftDesk>().FindingsAsync(draft, message, text, ct), (await call.Get<Receipts>().FindAsync(tenant, id, message.Record.Person, ct))?.Receipt,
            await call.Get<Outbox>().FindAsync(tenant, id, ct), draft is null ? new Dictionary<string, string>() : await PeopleAsync(call, message.Record.Mailbox));
    }

    private static async Task<IReadOnlyList<string>?> HiddenAsync(PageCall call, Message message) =>
        message.Record.Size <= MaxRaw && await call.Get<Messages>().RawAsync(message, call.Stop) is { } raw ? MailParser.Parse(raw, message.Summary.Envelope).Hidden : null;

    private static async Task<IReadOnlyDictionary<string, string>> PeopleAsync(PageCall call, string mailbox)
    {
        var people = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in (await call.Get<Members>().ListAsync(call.Caller.Tenant, call.Stop)).TakeWhile(_ => people.Count < MostPeople))
            if (Permissions.Of(member.Role).Has(Permission.DraftsWrite) && (member.Mailboxes is null || member.Mailboxes.Contains(mailbox)) && await call.Get<Users>().FindAsync(member.User, call.Stop) is { } user)
                people[user.Id] = user.Name.Length > 0 ? user.Name : user.Address;
        return people;
    }
}

using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>MAIL-1, MAIL-2, MAIL-4, MAIL-5 and MAIL-7: mails to a throw-away mailbox, whose answers go to nobody.</summary>
internal static class MailRehearsals
{
    /// <summary>MAIL-1.</summary>
    public static async Task UnknownAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesWrite], ct);
        var (nobody, guest, before) = ($"nobody@{AddressRules.Domain(act.Own.Mailbox.Address)}", act.NewGuest(), await act.CountAsync(ct));
        await act.AskAsync("a mail for nobody by the API", "POST", "messages", key, [422], ct, new JsonObject { ["from"] = guest, ["to"] = nobody, ["subject"] = "Hello", ["text"] = "Hello" });
        var mailgun = await act.MailgunAsync(ct);
        var refused = await act.PostMailgunAsync(mailgun, RehearsalAct.Raw(guest, nobody, "Hello"), nobody, guest, ct);
        act.Holds(refused.Status == 406, "by a webhook: 406", $"a webhook's mail for nobody: {refused.Shown}, not 406");
        if (await act.SmtpAsync(guest, nobody, RehearsalAct.Raw(guest, nobody, "Hello"), ct) is { } reply)
            act.Holds(reply.StartsWith("550", StringComparison.Ordinal), "by SMTP: 550", $"SMTP takes a mail for nobody: {RehearsalAct.Short(reply)}");
        act.Holds(await act.CountAsync(ct) == before, "nothing of them is stored", "a mail for nobody was stored");
    }

    /// <summary>MAIL-2.</summary>
    public static async Task RelayAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesWrite], ct);
        var (guest, third) = (act.NewGuest(), act.Own.Guest("third"));
        var plain = await act.TakenAsync(key, guest, RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "When are you open?", $"Cc: {third}"), ct);
        var answer = await act.AnswerAsync(plain, ct) ?? throw RehearsalAct.Fail("a plain question gets no answer");
        act.Holds(answer.Mail.From == act.Own.Mailbox.Address, "an answer is from the mailbox", "an answer is from somebody else than the mailbox");
        act.Holds(answer.Mail.To == guest, "to who wrote", "an answer goes to somebody else than who wrote");
        act.Holds(RehearsalAct.RecipientsOf(answer.Mail) is [var only] && only == guest, "and to nobody else", "an answer has more recipients than who wrote");
        // A reply address in another organisation is a stranger's word on where our mail goes.
        var elsewhere = await act.TakenAsync(key, guest = act.NewGuest(), RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "When are you open?", "Reply-To: victim@elsewhere.invalid"), ct);
        act.Holds(await act.AnswerAsync(elsewhere, ct) is not { } relayed || RehearsalAct.RecipientsOf(relayed.Mail) is [var to] && to == guest, "a reply address elsewhere gets nothing", "an answer goes where a mail's Reply-To points, to another organisation");
    }

    /// <summary>MAIL-4.</summary>
    public static async Task TwiceAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesWrite], ct);
        var (guest, before) = (act.NewGuest(), await act.CountAsync(ct));
        var mail = RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "Do you deliver to Ghent?");
        var first = await act.TakenAsync(key, guest, mail, ct);
        await act.AnswerAsync(first, ct);
        var again = await act.RawMailAsync(key, guest, mail, ct);
        act.Holds(again.Status == 202 && RehearsalAct.Text(again, "id") == first, "the same mail by the API: the first one", "the same mail twice by the API becomes two messages");
        var posted = await act.PostMailgunAsync(await act.MailgunAsync(ct), mail, act.Own.Mailbox.Address, guest, ct);
        act.Holds(posted.Status == 200, "by a webhook: taken", $"a webhook's good mail: {posted.Shown}, not 200");
        if (await act.SmtpAsync(guest, act.Own.Mailbox.Address, mail, ct) is { } reply)
            act.Holds(reply.StartsWith("250", StringComparison.Ordinal), "by SMTP: taken", $"SMTP does not take it: {RehearsalAct.Short(reply)}");
        var (entries, _) = await act.Get<Outbox>().ListAsync(act.Own.Id, 100, null, ct);
        var answers = entries.Count(entry => entry.Mail.To == guest);
        act.Holds(await act.CountAsync(ct) == before + 1 && answers == 1, "one message and one answer", $"the same mail by several paths: {await act.CountAsync(ct) - before} messages, {answers} answers");
    }

    /// <summary>MAIL-5.</summary>
    public static async Task RatesAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesWrite], ct);
        var (guest, id) = (act.NewGuest(), $"{Ids.Secret(12)}@guests.invalid");
        var first = await act.MailAsync(key, guest, ct, messageId: id);
        act.Holds(await act.AnswerAsync(first, ct) is not null, "a question is answered", "a plain question gets no answer");
        var second = await act.TakenAsync(key, guest, RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "Re: When are you open?", $"In-Reply-To: <{id}>"), ct);
        act.Holds(await act.AnswerAsync(second, ct) is null, "the next one of its thread at once is not", "a thread gets two answers within ten minutes");
        await act.Get<IStore>().RetryAsync(async (commit, token) =>
        {
            await act.Get<Switches>().SetAsync(commit, act.Own.Id, act.Own.Mailbox.Id, stopped: true, "rehearsal", token);
            return true;
        }, ct);
        try
        {
            var stopped = await act.MailAsync(key, act.NewGuest(), ct);
            act.Holds(await act.AnswerAsync(stopped, ct) is null && !await act.HasLeftAsync(stopped, ct), "behind a stop switch nothing leaves", "an answer leaves though its mailbox is stopped");
        }
        finally
        {
            await act.Get<IStore>().RetryAsync(async (commit, token) =>
            {
                await act.Get<Switches>().SetAsync(commit, act.Own.Id, act.Own.Mailbox.Id, stopped: false, "", token);
                return true;
            }, CancellationToken.None);
        }
        act.Holds(await act.AnswerAsync(await act.MailAsync(key, act.NewGuest(), ct), ct) is not null, "behind its start answers leave", "nothing leaves after a mailbox was started again");
    }

    /// <summary>MAIL-7.</summary>
    public static async Task GuardAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesWrite, Permission.DraftsRead, Permission.DraftsWrite], ct);
        var (guest, bounce) = (act.NewGuest(), $"bounces+{Ids.Secret(20)}@{AddressRules.Domain(act.Own.Mailbox.Address)}");
        // It names somebody else as its recipient, so a person has to look.
        var held = await act.TakenAsync(key, guest, RehearsalAct.Raw(guest, act.Own.Guest("third"), "When are you open?"), ct);
        act.Holds(await act.AnswerAsync(held, ct) is null, "a mail to somebody else waits for a person", "a mail that names somebody else as its recipient is answered by itself");
        const string link = "Look at https://elsewhere.invalid/offer for our opening hours.";
        await act.AskAsync("a key sends a link that nobody allowed", "POST", $"drafts/{held}/approve", key, [422], ct, new JsonObject { ["text"] = link });
        await act.AskAsync("and overrides the guard", "POST", $"drafts/{held}/approve", key, [403], ct, new JsonObject { ["text"] = link, ["overrides"] = new JsonArray("link") });
        var member = await act.SessionAsync(act.Own, Role.Member, factor: true, ct);
        await act.AskAsync("a person overrides what nobody may", "POST", $"drafts/{held}/approve", member.Line, [422], ct, new JsonObject { ["text"] = "<script>alert(1)</script> We are open.", ["overrides"] = new JsonArray("html") });
        act.Holds(!await act.HasLeftAsync(held, ct), "nothing has left", "what the guard holds has left");
        await act.AskAsync("a person takes the link upon him", "POST", $"drafts/{held}/approve", member.Line, [200], ct, new JsonObject { ["text"] = link, ["overrides"] = new JsonArray("link") });
        act.Holds((await act.Get<AuditLog>().NewestAsync(act.Own.Id, 20, ct)).Any(entry => entry.Act == "draft.edit-and-approve" && entry.Target == held && entry.Actor == member.User), "which the audit log records", "a person's decision past the guard is not in the audit log");
        await act.AskAsync("a bounce with a token that we never gave", "POST", "messages", key, [422], ct, new JsonObject { ["from"] = guest, ["to"] = bounce, ["subject"] = "Bounce", ["text"] = "It bounced." });
    }
}

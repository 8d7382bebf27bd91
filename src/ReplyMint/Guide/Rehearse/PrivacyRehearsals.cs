using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>GDPR-1 to GDPR-4 and SEC-2 with the mail of throw-away guests.</summary>
internal static class PrivacyRehearsals
{
    private const int MostRawDays = 60;

    /// <summary>GDPR-1.</summary>
    public static async Task KeptAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesRead, Permission.MessagesWrite], ct);
        var (guest, bytes) = (act.NewGuest(), Convert.ToBase64String(Encoding.ASCII.GetBytes($"attachment {Ids.Secret(20)}")));
        var mail = RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "When are you open?", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b").Replace("When are you open on Saturday?",
            $"--b\r\nContent-Type: text/plain\r\n\r\nWhen are you open?\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{bytes}\r\n--b--", StringComparison.Ordinal);
        var id = await act.TakenAsync(key, guest, mail, ct);
        await act.DecidedAsync(id, ct);
        var raw = await act.AskAsync("a mail with an attachment is kept", "GET", $"messages/{id}/raw", key, [200], ct);
        act.Holds(!raw.Body.Contains(bytes, StringComparison.Ordinal), "without the attachment's bytes", "an attachment is kept that nobody asked to keep");
        var now = act.Get<TimeProvider>().GetUtcNow();
        foreach (var (what, at) in new[] { ("the raw mail", Messages.RawKey(act.Own.Id, id)), ("the message", Messages.KeyOf(act.Own.Id, id)) })
        {
            var item = await act.Get<IStore>().GetAsync(at, ct) ?? throw RehearsalAct.Fail($"{what} is not there");
            var days = item.Expires is { } end ? (end - now).TotalDays : double.MaxValue;
            act.Holds(days < (what == "the raw mail" ? MostRawDays : 10_000), $"{what} goes by itself after {days:0} days", $"{what} is kept {(item.Expires is null ? "for ever" : $"for {days:0} days")}");
        }
    }

    /// <summary>GDPR-2.</summary>
    public static async Task ErasedAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesRead, Permission.MessagesWrite], ct);
        var admin = await act.SessionAsync(act.Own, Role.Admin, factor: true, ct);
        var (guest, other) = (act.NewGuest(), act.NewGuest());
        var (mine, theirs) = (await act.MailAsync(key, guest, ct), await act.MailAsync(key, other, ct));
        await act.AnswerAsync(mine, ct);
        await act.AnswerAsync(theirs, ct);
        var own = await act.Get<KeyRing>().RequireAsync(act.Own.Id, ct);
        var id = RehearsalAct.Text(await act.AskAsync("somebody who wrote is erased", "POST", "erasures", admin.Line, [202], ct, new JsonObject { ["correspondent"] = guest }), "id");
        await act.AskAsync("his mail at once", "GET", $"messages/{mine}", key, [404], ct);
        Reply? done = null;
        await act.BecomesAsync(async () => (done = await act.SendAsync("GET", $"erasures/{id}", [admin.Line], "", "", ct)) is { Status: 200 } reply && RehearsalAct.Text(reply, "state") == "done", "the erasure is done", "an erasure does not come to its end", ct);
        act.Holds(RehearsalAct.Text(done!, "certificate").Count(letter => letter == '.') == 2, "with a signed certificate", "an erasure has no certificate");
        foreach (var at in (ItemKey[])[Messages.KeyOf(act.Own.Id, mine), Messages.RawKey(act.Own.Id, mine), ItemKey.Main(act.Own.Id, "text/" + mine), ItemKey.Main(act.Own.Id, "out/" + mine), ItemKey.Main(act.Own.Id, "draft/" + mine), ItemKey.Main(act.Own.Id, "receipt/" + mine)])
            act.Holds(await act.Get<IStore>().GetAsync(at, ct) is null, at.Sort.Split('/')[0] + " gone", $"{at.Sort.Split('/')[0]} of somebody who was erased is still there");
        act.Holds(await act.Get<KeyRing>().FindPersonAsync(own, own.Person(guest), ct) is null, "his key is destroyed, so copies are unreadable", "the key of somebody who was erased is still there");
        await act.AskAsync("others' mail stays", "GET", $"messages/{theirs}", key, [200], ct);
    }

    /// <summary>GDPR-3.</summary>
    public static async Task ExportedAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesWrite], ct);
        var admin = await act.SessionAsync(act.Own, Role.Admin, factor: true, ct);
        var (guest, other, marked) = (act.NewGuest(), act.NewGuest(), $"mark{Ids.Secret(10)}");
        await act.DecidedAsync(await act.MailAsync(key, guest, ct, text: $"When are you open? {marked}"), ct);
        await act.DecidedAsync(await act.MailAsync(key, other, ct), ct);
        var id = RehearsalAct.Text(await act.AskAsync("a person's data are asked for", "POST", "exports", admin.Line, [202], ct, new JsonObject { ["scope"] = "correspondent", ["correspondent"] = guest }), "id");
        await act.BecomesAsync(async () => RehearsalAct.Text(await act.SendAsync("GET", $"exports/{id}", [admin.Line], "", "", ct), "state") == "ready", "the file is ready", "an export does not come to its end", ct);
        if (act.Settings.SharedStore)
        {
            // The guide asks nobody but the service, and the file lies elsewhere.
            await act.AskAsync("its file lies in the bucket, which is not looked into", "GET", $"exports/{id}/file", admin.Line, [303], ct);
            return;
        }
        var (first, rest) = (await act.SendAsync("GET", $"exports/{id}/file", [admin.Line, "Range: bytes=0-99"], "", "", ct), await act.SendAsync("GET", $"exports/{id}/file", [admin.Line, "Range: bytes=100-"], "", "", ct));
        act.Holds(first.Status == 206 && rest.Status == 206, "fetched in two parts: 206", $"an export can't be fetched in parts: {first.Shown}, {rest.Shown}");
        var (json, mails) = Opened([.. Encoding.Latin1.GetBytes(first.Body), .. Encoding.Latin1.GetBytes(rest.Body)]);
        act.Holds(json.Contains(marked, StringComparison.Ordinal) && mails.Contains(marked, StringComparison.Ordinal), "his mail is in it, as JSON and as it came", "an export lacks the person's mail");
        act.Holds(!json.Contains(other, StringComparison.Ordinal) && !mails.Contains(other, StringComparison.Ordinal), "and nobody else's", "an export holds somebody else's mail");
    }

    /// <summary>GDPR-4.</summary>
    public static async Task ConsentAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesWrite], ct);
        var admin = await act.SessionAsync(act.Own, Role.Admin, factor: true, ct);
        var guest = act.NewGuest();
        act.Holds(await act.AnswerAsync(await act.MailAsync(key, act.NewGuest(), ct), ct) is not null, "a question is answered", "a plain question gets no answer");
        await act.AskAsync("somebody wants no automatic answers", "POST", "consents", admin.Line, [200], ct, new JsonObject { ["address"] = guest, ["given"] = false, ["way"] = "phone", ["source"] = "rehearsal" });
        act.Holds(await act.AnswerAsync(await act.MailAsync(key, guest, ct), ct) is null, "his next mail gets none", "somebody is answered by machine who wants that no more");
        var ledger = await act.AskAsync("the ledger", "GET", "consents", admin.Line, [200], ct);
        act.Holds(ledger.Body.Contains(guest, StringComparison.Ordinal) && ledger.Body.Contains("phone", StringComparison.Ordinal), "says who, when and how", "the ledger does not say who withdrew, and how");
    }

    /// <summary>SEC-2 of the tenant's own: its data key, a key's and a webhook's secret.</summary>
    public static async Task RotatedAsync(RehearsalAct act, CancellationToken ct)
    {
        var (_, key) = await act.KeyAsync(act.Own, [Permission.MessagesRead, Permission.MessagesWrite], ct);
        var guest = act.NewGuest();
        var before = await act.MailAsync(key, guest, ct);
        await act.DecidedAsync(before, ct);
        var number = await act.Get<TenantKeyRotation>().RotateAsync(act.Own.Id, Actor.Machine, ct);
        act.Holds(number is not null, $"the data key is changed, to number {number}", "a tenant's data key can't be changed");
        await act.AskAsync("what was there is readable", "GET", $"messages/{before}", key, [200], ct);
        var after = await act.MailAsync(key, act.NewGuest(), ct);
        await act.AskAsync("what comes is, too", "GET", $"messages/{after}", key, [200], ct);
        var old = await act.MailgunAsync(ct);
        await act.Get<Channels>().ChangeAsync(old.Id, one => one with { Secret = Ids.Secret(32) }, TimeSpan.FromHours(1), Actor.Machine, ct);
        var renewed = (await act.Get<Channels>().FindAsync(old.Id, ct))!;
        foreach (var (said, with) in new[] { ("a webhook with the old secret, within its overlap", old), ("with the new one", renewed) })
        {
            guest = act.NewGuest();
            var reply = await act.PostMailgunAsync(with, RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "When are you open?"), act.Own.Mailbox.Address, guest, ct);
            act.Holds(reply.Status == 200, $"{said}: {reply.Shown}", $"{said}: {reply.Shown}");
        }
        await act.Get<Channels>().ChangeAsync(old.Id, one => one with { Secret = Ids.Secret(32) }, TimeSpan.Zero, Actor.Machine, ct);
        var spent = await act.PostMailgunAsync(renewed, RehearsalAct.Raw(guest, act.Own.Mailbox.Address, "When are you open?"), act.Own.Mailbox.Address, guest, ct);
        act.Holds(spent.Status == 401, "one that was dropped: 401", $"a secret that was dropped at once: {spent.Shown}");
    }

    private static (string Json, string Mails) Opened(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip));
        string Of(string ending) => string.Join('\n', archive.Entries.Where(entry => entry.FullName.EndsWith(ending, StringComparison.Ordinal)).Select(entry =>
        {
            using var reader = new StreamReader(entry.Open());
            return reader.ReadToEnd();
        }));
        return (Of(".jsonl"), Of(".mbox"));
    }
}

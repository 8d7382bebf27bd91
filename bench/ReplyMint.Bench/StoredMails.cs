using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Bench;

/// <summary>A store with many mails, written as fast as it takes them: what came and went before the figure that is measured.</summary>
internal static class StoredMails
{
    private const int PerCommit = 12;

    /// <summary>Mails as they lie there once they were answered, each of some 4 KB; so many of one person are spread over all.</summary>
    public static async Task FillAsync(IServiceProvider services, string tenant, int mails, string one, int ofOne)
    {
        var (store, keys, time) = (services.GetRequiredService<IStore>(), services.GetRequiredService<KeyRing>(), TimeProvider.System);
        var own = await keys.RequireAsync(tenant, default);
        var keep = await services.GetRequiredService<Retention>().ReadAsync(tenant, default);
        var every = mails / ofOne;
        var raw = Installations.Mail(1).Content;
        var mail = MailParser.Parse(raw, new Envelope("", Installations.Address));
        foreach (var round in Enumerable.Range(0, mails).Chunk(PerCommit * 16))
            await Task.WhenAll(round.Chunk(PerCommit).Select(async numbers =>
            {
                var commit = new Commit();
                foreach (var number in numbers)
                {
                    var address = number % every == 0 ? one : $"person-{number / 20}@customer.example";
                    // Keys of people lie there before their mails, so that commits at once don't make the same one twice.
                    var person = await keys.FindPersonAsync(own, own.Person(address), default) ?? await AddAsync(store, keys, own, own.Person(address));
                    var record = new MessageRecord
                    {
                        Id = Ids.Timed(time), Mailbox = "m", Person = person.Person, Thread = own.Hash("thread", $"{number}"), Channel = "smtp", ReceivedAt = time.GetUtcNow(), Size = raw.Length, State = MessageState.Answered,
                    };
                    Messages.Add(commit, person, record, new MessageSummary { Envelope = mail.Envelope, From = new("", address), Subject = mail.Subject, MessageId = $"{number}@customer.example", Authentication = SenderAuthentication.Unknown }, keep);
                    MessageTexts.Write(commit, person, record, MessageText.Of(mail), keep);
                    Receipts.Add(commit, person, record, new Receipt { Verdict = new Verdict(Decision.Answer, []) }, keep);
                    Outbox.Add(commit, tenant, person, new OutboxRecord { Id = record.Id, Purpose = OutboxPurpose.Reply, CreatedAt = record.ReceivedAt, State = OutboxState.Sent }, Answer(address));
                    Threads.Read(Threads.KeyOf(tenant, record.Thread), null).Add(commit, record, "hash", keep.Record(record.Person, record.Id, record.ReceivedAt));
                    commit.Put(ItemKey.Main(tenant, Inbox.SeenPrefix(person.Person) + own.Hash("seen", $"{number}")), StoredJson.Write(new SeenRecord(1, record.Id), InboundJson.Default.SeenRecord), Condition.Absent, expires: record.ReceivedAt.AddDays(400));
                    if (commit.Operations.Count > 90)
                    {
                        await store.CommitAsync(commit, default);
                        commit = new Commit();
                    }
                }
                if (await store.CommitAsync(commit, default) != CommitResult.Committed)
                    throw new InvalidOperationException("Mails could not be stored.");
            }));
    }

    private static async Task<PersonKey> AddAsync(IStore store, KeyRing keys, TenantKeys own, string person)
    {
        var commit = new Commit();
        var key = (await keys.PersonAsync(own, person, default)).AddTo(commit);
        if (await store.CommitAsync(commit, default) == CommitResult.Committed)
            keys.Remember(key);
        return (await keys.FindPersonAsync(own, person, default))!;
    }

    private static OutboundMail Answer(string to) => new()
    {
        MessageId = "x@shop.example", ReversePath = "", From = Installations.Address, FromName = "Shop", To = to, Subject = "Re: Question", Text = Installations.Answer + new StringBuilder().Insert(0, "More words. ", 30), Date = DateTimeOffset.UnixEpoch, Headers = [],
    };
}

using System.Diagnostics;
using System.Globalization;
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

/// <summary>One correspondent of many is erased: how long until his key is gone, and until all that it sealed is.</summary>
internal static class EraseFigures
{
    private const int Erased = 1_000;
    private const int PerCommit = 12;
    private const string Anna = "anna@customer.example";

    public static async Task EraseAsync(Installations installations, Table table, bool full)
    {
        var mails = full ? 1_000_000 : 100_000;
        await using var opened = await Installations.OpenAsync(await installations.MakeAsync(MailboxMode.Off));
        var services = opened.Services;
        var tenant = (await services.GetRequiredService<Tenants>().ListAsync(default))[0].Id;
        var filling = Stopwatch.GetTimestamp();
        await FillAsync(services, tenant, mails);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ({mails:N0} mails were stored in {Stopwatch.GetElapsedTime(filling).TotalSeconds:N0} s)"));

        var (erasures, work) = (services.GetRequiredService<Erasures>(), services.GetRequiredService<ErasureWork>());
        var start = Stopwatch.GetTimestamp();
        var erasure = ((ErasureStart.Started)await erasures.CorrespondentAsync(tenant, Anna, Actor.Machine, default)).Erasure;
        var unreadable = Stopwatch.GetElapsedTime(start);
        // The search through all that is others' is another figure: it opens every mail there is.
        while (await work.RunAsync(tenant, erasure.Id, default) is { Progress: not Progress.Done } progress && progress.Erasure.Step < ErasureStep.Scan)
        {
            // Each look does the next piece.
        }
        var gone = Stopwatch.GetElapsedTime(start);
        var counts = await services.GetRequiredService<ErasureCounts>().ReadAsync(erasure, default);
        if (counts["message"] != Erased)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{counts["message"]} mails were erased instead of {Erased}."));
        table.Add(string.Create(CultureInfo.InvariantCulture, $"erase a correspondent of {Erased:N0} mails among {mails:N0}"), $"{gone.TotalSeconds:N2} s", "under 2 s", gone.TotalSeconds < 2);
        table.Add("  until nothing of it can be read", $"{unreadable.TotalMilliseconds:N0} ms");
        var searching = Stopwatch.GetTimestamp();
        while (await work.RunAsync(tenant, erasure.Id, default) is { Progress: not Progress.Done })
        {
            // As above.
        }
        table.Add("  search for the address in all others' mails, afterwards", $"{(mails - Erased) / Stopwatch.GetElapsedTime(searching).TotalSeconds:N0} mails/s");
    }

    /// <summary>Mails as they lie there once they were answered, each of some 4 KB; every hundredth or so is of the one who is erased later, spread over all.</summary>
    private static async Task FillAsync(IServiceProvider services, string tenant, int mails)
    {
        var (store, keys, time) = (services.GetRequiredService<IStore>(), services.GetRequiredService<KeyRing>(), TimeProvider.System);
        var own = await keys.RequireAsync(tenant, default);
        var keep = await services.GetRequiredService<Retention>().ReadAsync(tenant, default);
        var every = mails / Erased;
        var raw = Installations.Mail(1).Content;
        var mail = MailParser.Parse(raw, new Envelope("", Installations.Address));
        foreach (var round in Enumerable.Range(0, mails).Chunk(PerCommit * 16))
            await Task.WhenAll(round.Chunk(PerCommit).Select(async numbers =>
            {
                var commit = new Commit();
                foreach (var number in numbers)
                {
                    var address = number % every == 0 ? Anna : $"person-{number / 20}@customer.example";
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

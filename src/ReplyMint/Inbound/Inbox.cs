using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>
/// Accepts a delivery: one commit holds the mail and its job, and only then the channel may say "yes". The same mail
/// again, by whatever path, is the same message.
/// </summary>
internal sealed class Inbox(IStore store, KeyRing keys, Tenants tenants, Mailboxes mailboxes, DomainOwners domains, Messages messages, MailThreads places, Threads threads, SpentTokens spentTokens, Outbox outbox, BounceAddresses bounces, JobQueue jobs, WebhookEvents webhooks, StoredBytes stored, DiskSpace disk, Retention retention, AttachmentGate gate, Containments contained, Watches watches, TimeProvider time)
{
    /// <summary>The kind of the job that handles a message.</summary>
    public const string JobKind = "mail";

    // A mail comes again within days, or not at all; longer than any sender's queue and any restored backup.
    private static readonly TimeSpan SeenKept = TimeSpan.FromDays(400);
    // Mails that wait in memory for their job, which otherwise reads and parses them again. Parsed they take about five times their size.
    private const long MaxParkedBytes = 16 * 1024 * 1024;
    private const int MaxParkedSize = 64 * 1024;
    private const int MaxAttachments = 50;

    private readonly ConcurrentDictionary<string, (Message Message, InboundMail Mail)> _parked = new(StringComparer.Ordinal);
    private long _parkedBytes;

    /// <summary>Whether a recipient may be named by a channel of this owner (MAIL-1).</summary>
    public async ValueTask<bool> KnowsAsync(string recipient, string owner, CancellationToken ct) => await MailboxAsync(recipient, owner, ct) is not null;

    public async Task<AcceptOutcome> AcceptAsync(AuthenticatedDelivery delivery, CancellationToken ct) => (await SubmitAsync(delivery, ct)).Outcome;

    /// <summary>The same, with the message's id: of the one before, when this is a duplicate.</summary>
    public async Task<(AcceptOutcome Outcome, string? Message)> SubmitAsync(AuthenticatedDelivery delivery, CancellationToken ct)
    {
        // By SMTP and from queues nothing stands around it.
        using var span = Activity.Current is null ? Spans.Root("accept", ActivityKind.Consumer) : Spans.Part("accept");
        var (outcome, message) = await AcceptingAsync(delivery, ct);
        span.Tag("replymint.channel", delivery.Raw.Way);
        span.Tag("replymint.outcome", outcome.ToString());
        span.Tag("replymint.message.id", message);
        if (outcome == AcceptOutcome.Accepted)
            Measures.MailAccepted.Add(delivery.Raw.Way);
        else if (outcome == AcceptOutcome.Duplicate)
            Measures.MailDuplicates.Add(delivery.Raw.Way);
        else if (WhyNot(outcome) is { } reason)
            Measures.MailRefused.Add(delivery.Raw.Way, reason);
        return (outcome, message);
    }

    /// <summary>Null where the channel counts it itself.</summary>
    private static string? WhyNot(AcceptOutcome outcome) => outcome switch
    {
        AcceptOutcome.TooBusy => "busy",
        AcceptOutcome.NoRoom => "no-room",
        AcceptOutcome.TenantFull => "tenant-full",
        AcceptOutcome.DomainLost => "domain-lost",
        _ => null,
    };

    private async Task<(AcceptOutcome Outcome, string? Message)> AcceptingAsync(AuthenticatedDelivery delivery, CancellationToken ct)
    {
        var raw = delivery.Raw;
        // Its senders come again, and nothing is lost (IR-1).
        if (await contained.IsAsync(ContainedKind.Channel, raw.ChannelId, ct))
            return (AcceptOutcome.TooBusy, null);
        if (raw.Envelope.Recipient is not { } recipient || await MailboxAsync(recipient, raw.Owner, ct) is not { } mailbox)
            return (AcceptOutcome.UnknownRecipient, null);
        // Half an import: nobody could answer it, and it would go with what an undo removes.
        if (!await tenants.IsThereAsync(mailbox.TenantId, ct))
            return (AcceptOutcome.TooBusy, null);
        if (await domains.HasLostAsync(mailbox, ct))
            return (AcceptOutcome.DomainLost, null);
        if (disk.IsLow())
            return (AcceptOutcome.NoRoom, null);
        var mail = MailParser.Parse(raw.Content, raw.Envelope);
        var own = await keys.RequireAsync(mailbox.TenantId, ct);
        var now = time.GetUtcNow();
        var author = mail.Author ?? new MailAddress("", raw.Envelope.ReversePath ?? "");
        var address = AddressRules.Normalize(author.Address) ?? author.Address;
        var record = new MessageRecord
        {
            Id = Ids.Timed(time),
            Mailbox = mailbox.Id,
            Person = own.Person(address),
            Thread = "",
            Channel = raw.ChannelId,
            ReceivedAt = now,
            Size = raw.Content.Length,
        };
        var place = await places.PlaceAsync(own, mailbox, record, address, mail, ct);
        record = record with { Thread = place.Thread, ForeignToken = place.Foreign };
        var summary = new MessageSummary
        {
            Envelope = raw.Envelope with { ReversePath = raw.Envelope.ReversePath is { } path ? AddressRules.Bounded(path) : null },
            From = author,
            Subject = mail.Subject,
            MessageId = mail.MessageId,
            Date = mail.Date,
            Authentication = Authenticate(delivery, mail),
        };
        var passed = await gate.PassAsync(raw.Content, mail, (await retention.ReadAsync(own.Tenant, ct)).Periods.Attachments, summary.Authentication.Virus == true, ct);
        if (passed.Attachments is { } attachments)
        {
            mail = mail with { Attachments = attachments };
            summary = summary with { Attachments = [.. attachments.Take(MaxAttachments)] };
        }
        ct.ThrowIfCancellationRequested();
        return await StoreAsync(delivery, passed.Content, mail, mailbox, own, record, summary);
    }

    /// <summary>
    /// A message that was accepted moments ago, as it was stored, with its parsed mail; null when they have to be read
    /// from the store. What is decided on it is committed on condition that it has not changed since.
    /// </summary>
    public (Message Message, InboundMail Mail)? TakeParked(string id)
    {
        if (!_parked.TryRemove(id, out var parked))
            return null;
        Interlocked.Add(ref _parkedBytes, -parked.Mail.Shape.Size);
        return parked;
    }

    /// <summary>Drops what is in memory of a correspondent's mails, or of all of a tenant's.</summary>
    public void Forget(string tenant, string? person)
    {
        foreach (var (id, parked) in _parked)
            if (parked.Message.Tenant == tenant && (person is null || parked.Message.Record.Person == person))
                TakeParked(id);
    }

    private void Park(Message message, InboundMail mail)
    {
        TakeParked(message.Id);
        Interlocked.Add(ref _parkedBytes, mail.Shape.Size);
        _parked[message.Id] = (message, mail);
    }

    // From here on whoever hangs up changes nothing: between a large mail's file and the commit that names it, only the end of the process may come.
    private async Task<(AcceptOutcome, string?)> StoreAsync(AuthenticatedDelivery delivery, ReadOnlyMemory<byte> content, InboundMail mail, Mailbox mailbox, TenantKeys own, MessageRecord record, MessageSummary summary)
    {
        var seenKey = ItemKey.Main(own.Tenant, SeenPrefix(record.Person) + SeenHash(own, mailbox, mail, delivery.Raw.Dated));
        var quiet = QuietOf(mailbox, summary.From);
        var parks = quiet == TimeSpan.Zero && mail.Shape.Size <= MaxParkedSize && Volatile.Read(ref _parkedBytes) < MaxParkedBytes;
        Job? job = null;
        PersonKey? person = null;
        // Hardly any mail comes twice, and the commit asks for itself. A large one is worth a look before it is written, and so is
        // one whose token may have been spent on itself.
        var looks = delivery.Token is not null || content.Length > Messages.MaxInlineRaw;
        var outcome = AcceptOutcome.TooBusy;
        var id = record.Id;
        try
        {
            outcome = await store.RetryAsync(async (commit, token) =>
            {
                if (looks && await store.GetAsync(seenKey, token) is { } seen)
                {
                    // One that was erased since is named as little as it is taken again.
                    id = JsonSerializer.Deserialize(seen.Value.Span, InboundJson.Default.SeenRecord)!.Message is { Length: > 0 } named ? named : record.Id;
                    return AcceptOutcome.Duplicate;
                }
                if (looks && await stored.IsFullAsync(own.Tenant, content.Length, token))
                    return AcceptOutcome.TenantFull;
                looks = true;
                stored.Count(commit, own.Tenant, content.Length);
                if (delivery.Token is { } spent && !await spentTokens.SpendAsync(commit, spent, token))
                    return AcceptOutcome.Replayed;
                person = await keys.PersonAsync(own, record.Person, token);
                var keep = await retention.ReadAsync(own.Tenant, token);
                var message = Messages.Add(commit, person, record, summary, keep);
                var rawUntil = keep.Raw(record.Person, record.Id, record.ReceivedAt);
                await messages.WriteRawAsync(commit, person, record.Id, content, rawUntil, token);
                commit.Put(seenKey, StoredJson.Write(new SeenRecord(1, record.Id), InboundJson.Default.SeenRecord), Condition.Absent, expires: record.ReceivedAt + SeenKept);
                if (quiet > TimeSpan.Zero)
                    (await threads.ReadAsync(own.Tenant, record.Thread, token)).Wait(commit, record, quiet);
                job = jobs.Add(commit, own.Tenant, JobKind, record.Id, quiet > TimeSpan.Zero ? record.ReceivedAt + quiet : null);
                await webhooks.RaiseAsync(commit, own.Tenant, new(WebhookEventKind.MessageReceived, record.Id, record.Mailbox), token);
                if (content.Length > Messages.MaxInlineRaw)
                    jobs.Add(commit, own.Tenant, Messages.BlobJob, record.Id, rawUntil ?? record.ReceivedAt.AddDays(RetentionRecord.MostRaw));
                // Before it is committed: from then on its job may run.
                if (parks)
                    Park(message, mail);
                return AcceptOutcome.Accepted;
            }, CancellationToken.None);
        }
        finally
        {
            if (outcome != AcceptOutcome.Accepted)
                TakeParked(record.Id);
        }
        if (outcome == AcceptOutcome.Accepted)
        {
            keys.Remember(person!);
            jobs.Wake(job!);
            watches.Note(own.Tenant, mailbox.Id, "mail.accepted", record.Id);
        }
        else
        {
            // Only what certainly was not stored: after an exception nobody knows.
            if (content.Length > Messages.MaxInlineRaw)
                await messages.DropBlobAsync(own.Tenant, record.Id, CancellationToken.None);
            if (outcome == AcceptOutcome.TenantFull)
                await stored.TellFullAsync(own.Tenant, CancellationToken.None);
        }
        return (outcome, outcome is AcceptOutcome.Accepted or AcceptOutcome.Duplicate ? id : null);
    }

    /// <summary>Whose mail it would be: null when no mailbox of the channel's owner has the address.</summary>
    public async ValueTask<Mailbox?> MailboxAsync(string recipient, string owner, CancellationToken ct)
    {
        var mailbox = await BouncedAsync(recipient, ct) ?? await mailboxes.FindAsync(recipient, ct);
        return mailbox is not null && (owner == Channel.Operator || owner == mailbox.TenantId) ? mailbox : null;
    }

    // A bounce comes to the signed address that the answer left from, and belongs to the answer's mailbox.
    private async ValueTask<Mailbox?> BouncedAsync(string recipient, CancellationToken ct) =>
        recipient.StartsWith(ReplyTokens.BouncePrefix, StringComparison.OrdinalIgnoreCase)
            && await bounces.ReadAsync(recipient, ct) is { } subject
            && await outbox.StateAsync(subject.TenantId, subject.OutboxId, ct) is { Mailbox: { } mailbox }
            ? await mailboxes.GetAsync(subject.TenantId, mailbox, ct)
            : null;

    // What a colleague writes is no question to wait for more of, and may say that he has answered.
    private static TimeSpan QuietOf(Mailbox mailbox, MailAddress from) =>
        mailbox.QuietSeconds == 0 || AddressRules.Normalize(from.Address) is { } author && AddressRules.Domain(author) == AddressRules.Domain(mailbox.Address)
            ? TimeSpan.Zero : TimeSpan.FromSeconds(mailbox.QuietSeconds);

    /// <summary>
    /// Before the hashes of a correspondent's mails, each of which names its message: whose they are is found by them (GDPR-2),
    /// without an item of its own for each mail.
    /// </summary>
    public static string SeenPrefix(string person) => $"seen/{person}/";

    private static SenderAuthentication Authenticate(AuthenticatedDelivery delivery, InboundMail mail) =>
        delivery.Raw.ChannelVerdict
            ?? (delivery.TrustedServer is { } server ? AuthenticationResults.Read(mail.TrustFields, server) : SenderAuthentication.Unknown);

    /// <summary>
    /// The same for every path that a mail takes. Providers decode it, wrap its lines anew and write its headers anew, so where it
    /// has a Message-ID only letters and digits of subject and text count; of HTML its source's, since beside it providers post a
    /// plain text of their own making. They count all, or whoever guesses an id could take another's mail away. Without a Message-ID a person may well say the same twice: then each character counts.
    /// </summary>
    private static string SeenHash(TenantKeys own, Mailbox mailbox, InboundMail mail, bool dated)
    {
        var who = new StringBuilder();
        foreach (var from in mail.From)
            who.Append(AddressRules.Normalize(from.Address) ?? from.Address).Append('\n');
        who.Append(dated ? mail.Date?.ToUnixTimeSeconds() : null).Append('\n');
        var said = mail.MessageId.Length > 0 && mail.RichLetters.Length > 0 ? mail.RichLetters : mail.Text;
        var content = ArrayPool<char>.Shared.Rent(who.Length + mail.Subject.Length + 1 + said.Length);
        who.CopyTo(0, content, who.Length);
        var length = who.Length;
        Append(mail.Subject);
        content[length++] = '\n';
        Append(said);
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(length));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes.AsSpan(0, Encoding.UTF8.GetBytes(content.AsSpan(0, length), bytes)), hash);
        ArrayPool<char>.Shared.Return(content);
        ArrayPool<byte>.Shared.Return(bytes);
        return own.Hash("seen", $"{mailbox.Id}\n{mail.MessageId}\n{Convert.ToHexStringLower(hash)}");

        void Append(string text)
        {
            if (mail.MessageId.Length == 0)
            {
                text.CopyTo(content.AsSpan(length));
                length += text.Length;
                return;
            }
            foreach (var letter in text)
                if (char.IsLetterOrDigit(letter))
                    content[length++] = letter;
        }
    }
}

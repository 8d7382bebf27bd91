using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>All that is known of a message when it is decided on: read once, judged purely, written in one commit.</summary>
internal sealed record ReplyWork
{
    public required Job Job { get; init; }
    public required Message Message { get; init; }
    public required InboundMail Mail { get; init; }
    public required Tenant Tenant { get; init; }
    public required Mailbox Mailbox { get; init; }
    public required PersonKey Person { get; init; }
    public required ThreadReading Thread { get; init; }
    public required RateReading Rates { get; init; }
    public required Quota? Quota { get; init; }
    public required MailboxMode Mode { get; init; }
    /// <summary>A holiday's fixed answer, or empty.</summary>
    public string HolidayAnswer { get; init; } = "";
    public required string TextHash { get; init; }
    /// <summary>The stop switches as the policy saw them; an answer leaves only while they still stand so.</summary>
    public required IReadOnlyList<SwitchState> Switches { get; init; }
    /// <summary>What the author and the recipient want of machines; an answer leaves only while that still is so.</summary>
    public required Wishes Wishes { get; init; }
    public required PolicyFacts Facts { get; init; }
    /// <summary>Mails of the same burst that get no answer of their own, the oldest first.</summary>
    public required IReadOnlyList<BurstMail> Earlier { get; init; }
    /// <summary>Where it is a person's own answer: the threads that he answered in.</summary>
    public required IReadOnlyDictionary<string, DateTimeOffset> AnswersIn { get; init; }

    /// <summary>What is drafted for: all that the correspondent said in one go.</summary>
    public DraftTask ToTask() => new(Tenant.Id, Earlier.Count == 0 ? Mail : Mail with
    {
        Reply = string.Join("\n\n", Earlier.Select(mail => mail.Text).Append(Mail.Reply)),
        Text = string.Join("\n\n", Earlier.Select(mail => mail.Text).Append(Mail.Text)),
    }, Mailbox, HolidayAnswer, Message.Id, Job.Attempts);
}

/// <summary>Reads what the policy and the drafter need to know.</summary>
internal sealed class ReplyWorkReader(
    IStore store, KeyRing keys, Inbox inbox, Messages messages, Tenants tenants, Mailboxes mailboxes, DomainOwners domains, RateWindows rates,
    RateSettings rateSettings, Allowances allowances, Switches switches, Suppressions suppressions, Consents consents, ReplyTokens tokens, Threads threads, Bursts bursts, OwnAnswers ownAnswers, Alerts alerts, TimeProvider time)
{
    /// <summary>Null when there is nothing to decide: the message is gone, decided, or its mailbox was removed.</summary>
    public async Task<ReplyWork?> ReadAsync(Job job, CancellationToken ct)
    {
        var parked = inbox.TakeParked(job.Target);
        if ((parked?.Message ?? await messages.FindAsync(job.Tenant, job.Target, ct)) is not { Record.State: MessageState.Received } message)
            return null;
        if (await tenants.FindAsync(job.Tenant, ct) is not { } tenant || await mailboxes.GetAsync(job.Tenant, message.Record.Mailbox, ct) is not { } mailbox)
            return null;
        if (await messages.PersonAsync(job.Tenant, message.Record.Person, ct) is not { } person)
            return null;
        var mail = parked?.Mail;
        if (mail is null)
        {
            if (await messages.RawAsync(message, ct) is not { } raw)
                return null;
            mail = MailParser.Parse(raw, message.Summary.Envelope);
            // Where their bytes were not kept, what is said of them was.
            if (message.Summary.Attachments is { } attachments)
                mail = mail with { Attachments = attachments };
        }
        return await ReadAsync(job, message, mail, tenant, mailbox, person, ct);
    }

    private async Task<ReplyWork> ReadAsync(Job job, Message message, InboundMail mail, Tenant tenant, Mailbox mailbox, PersonKey person, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant.Id, ct);
        var author = AddressRules.Normalize(message.Summary.From.Address);
        var asked = await AskAsync(own, message, mail, author, ct);
        var read = await store.GetAsync(asked.Keys, ct);
        var reading = await rates.ReadAsync(asked.Rates, read, ct);
        var thread = Threads.Read(asked.Thread, Found(asked.Thread));
        var burst = await bursts.ReadAsync(thread, message, mail, mailbox, tenant, ct);
        var answersIn = await ownAnswers.FindAsync(message, mail, mailbox, ct);
        var (quota, left) = await allowances.ReadAsync(tenant.Id, ct);
        var suppression = asked.Suppressions.Select(Found).FirstOrDefault(item => item is not null) is { } suppressed ? Suppressions.Read(suppressed) : null;
        var wishes = await consents.WishesAsync(own, message.Record.Person, [message.Summary.From.Address, .. ReplyRecipient.Of(mail) is { } to ? [to.Address] : (string[])[]], ct);
        var scheduled = mailbox.Mode == MailboxMode.Schedule ? ScheduleClock.ModeAt(mailbox.Schedule, tenant.TimeZone, time.GetUtcNow()) : new ScheduledMode(mailbox.Mode, "");
        var textHash = own.Hash("text", mail.Reply);
        var ours = asked.Claims.Where(claim => Found(claim.Key) is not null).Select(claim => claim.Address).ToHashSet(StringComparer.Ordinal);
        var restored = await RestorePoint.ReadAsync(store, ct);
        var stops = await switches.ReadAllAsync(tenant.Id, mailbox.Id, ct);
        return new ReplyWork
        {
            Job = job,
            Message = message,
            Mail = mail,
            Tenant = tenant,
            Mailbox = mailbox,
            Person = person,
            Thread = thread,
            Rates = reading,
            Quota = quota,
            Mode = scheduled.Mode,
            HolidayAnswer = scheduled.Answer,
            TextHash = textHash,
            Switches = stops,
            Wishes = wishes,
            Earlier = burst.Earlier,
            AnswersIn = answersIn,
            Facts = new PolicyFacts
            {
                Mail = mail,
                MailboxAddress = mailbox.Address,
                Authentication = message.Summary.Authentication,
                VouchedCounts = tenant.AnswersVouched,
                VerdictExpected = message.Summary.VerdictExpected,
                IsOwnAddress = ours.Contains,
                IsOwnMessageId = id => tokens.ReadMessageId(id) is not null,
                IsOwnLoopMark = mark => tokens.ReadLoopMark(mark) is not null,
                PermanentBounce = suppression?.Reason is SuppressionReason.PermanentFailure or SuppressionReason.Complaint,
                // The same mail was refused as a duplicate when it came: there is no second message of it.
                SeenBefore = false,
                BeforeRestore = restored?.Covers(message.Record.ReceivedAt, mail.Date) == true,
                Rates = await RateFactsAsync(reading, tenant.Id, ct),
                Thread = new ThreadFacts(thread.Record.AnsweredAt >= message.Record.ReceivedAt, burst.Newer is not null, thread.Record.ClosedAt is not null, burst.Newer ?? ""),
                // Who sends his question twice at once has asked once.
                SameTextAsLast = threads.SaidLast(thread, message.Id, textHash) && !burst.Earlier.Any(mail => mail.Id == thread.Record.LastTextBy),
                SecondsSinceOurs = reading.SecondsSinceLast,
                ForeignThreadToken = message.Record.ForeignToken && answersIn.Count == 0,
                OwnAnswer = answersIn.Count > 0,
                Allowance = new AllowanceFacts(left <= 0, false, stops.Any(state => state.Stopped) || await domains.HasLostAsync(mailbox, ct), scheduled.Mode == MailboxMode.Off),
                SuppressedByPerson = wishes.Withdrawn,
                ConsentMissing = wishes.ConsentMissing,
            },
        };

        Item? Found(ItemKey key) => read[asked.Keys.IndexOf(key)];
    }

    /// <summary>What no mail has in common with the next, so that it is read in one go.</summary>
    private async ValueTask<WorkKeys> AskAsync(TenantKeys own, Message message, InboundMail mail, string? author, CancellationToken ct)
    {
        var asked = new WorkKeys { Rates = rates.Ask(own, message.Record.Thread, message.Summary.From.Address), Thread = Threads.KeyOf(own.Tenant, message.Record.Thread) };
        if (author is not null && await suppressions.KeyOfAsync(own.Tenant, author, ct) is { } suppressed)
            asked.Suppressions.Add(suppressed);
        // Bounces and complaints are noted of the address that we wrote to, which a Reply-To may have named.
        if (ReplyRecipient.Of(mail) is { } recipient && AddressRules.Normalize(recipient.Address) != author && await suppressions.KeyOfAsync(own.Tenant, recipient.Address, ct) is { } other)
            asked.Suppressions.Add(other);
        foreach (var address in mail.From.Select(from => from.Address).Append(mail.Envelope.ReversePath ?? ""))
            if (AddressRules.Normalize(address) is { } normalized && !asked.Claims.Exists(claim => claim.Address == normalized))
                asked.Claims.Add((normalized, await mailboxes.ClaimKeyAsync(normalized, ct)));
        asked.Keys.AddRange([.. asked.Rates.Keys, asked.Thread, .. asked.Suppressions, .. asked.Claims.Select(claim => claim.Key)]);
        return asked;
    }

    private async Task<RateFacts> RateFactsAsync(RateReading reading, string tenant, CancellationToken ct)
    {
        var tenantTripped = reading.TenantHour >= rateSettings.TenantHour;
        var installationTripped = reading.InstallationHour >= rateSettings.InstallationHour;
        if (tenantTripped)
            await alerts.RaiseAsync("breaker", tenant, $"A tenant sent {reading.TenantHour} answers within an hour; all of its mail is held until the rate is below {rateSettings.TenantHour}.", ct);
        if (installationTripped)
            await alerts.RaiseAsync("breaker", KeyRing.Installation, $"The installation sent {reading.InstallationHour} answers within an hour; all mail is held until the rate is below {rateSettings.InstallationHour}.", ct);
        return new RateFacts(reading.ThreadTenMinutes, reading.ThreadDay, reading.PersonDay, tenantTripped, installationTripped);
    }

    private sealed class WorkKeys
    {
        public required RateKeys Rates { get; init; }
        public required ItemKey Thread { get; init; }
        public List<ItemKey> Suppressions { get; } = [];
        public List<(string Address, ItemKey Key)> Claims { get; } = [];
        /// <summary>All of them, the rates' first.</summary>
        public List<ItemKey> Keys { get; } = [];
    }
}

using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Demo;

/// <summary>What became of one mail of the demo.</summary>
internal sealed record DemoResult(DemoMail Mail, Message? Message, Receipt? Receipt, string? Answer, OutboxState? Sent, string Problem)
{
    public bool Ok => Problem.Length == 0;
}

/// <summary>Fills a running server with a demo shop and leads six real mails through its SMTP listener.</summary>
internal sealed class DemoRun(IServiceProvider services, int smtpPort)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private string _tenant = "";

    /// <returns>How many passages the shop knows.</returns>
    public async Task<int> FillAsync(CancellationToken ct)
    {
        var tenant = await services.GetRequiredService<Tenants>().AddAsync("Demo shop", Actor.Machine, ct);
        _tenant = tenant.Id;
        var mailbox = new Mailbox
        {
            Id = Ids.Random('m'),
            TenantId = tenant.Id,
            Address = DemoMail.Recipient,
            DisplayName = "Demo shop",
            Mode = MailboxMode.Automatic,
            Tone = Tone.Friendly,
            Signature = "Your demo shop",
        };
        await services.GetRequiredService<Mailboxes>().AddAsync(mailbox, Actor.Machine, ct);
        await services.GetRequiredService<Mailboxes>().AddAsync(mailbox with { Id = Ids.Random('m'), Address = DemoMail.DraftRecipient, Mode = MailboxMode.Draft }, Actor.Machine, ct);
        var added = await services.GetRequiredService<KnowledgeStore>().AddAsync(tenant.Id, PassageReader.Read("faq.md", DemoMail.Knowledge()), Actor.Machine, ct);
        return added.Passages;
    }

    /// <summary>Leaves a draft waiting, and makes a link that leads its owner into the console, once.</summary>
    public async Task<string> InviteAsync(string url, CancellationToken ct)
    {
        await SendAsync(DemoMail.Waiting, ct, DemoMail.DraftRecipient);
        var store = services.GetRequiredService<IStore>();
        var owner = await store.RetryAsync(async (commit, token) =>
        {
            var user = await services.GetRequiredService<Users>().EnsureAsync(commit, "you@demo-shop.example", "You", token);
            await services.GetRequiredService<Members>().SetAsync(commit, _tenant, user.Id, Role.Admin, null, Actor.Machine, token);
            return user;
        }, ct);
        var (token, verifier) = await services.GetRequiredService<SignInDesk>().MakeAsync(owner, _tenant, Actor.Machine, ct) ?? throw new InvalidOperationException("The demo's owner may not come in.");
        return $"{url}{ConsoleAddress.Link}{token}&verifier={verifier}";
    }

    public async Task<DemoResult> SendAsync(DemoMail mail, CancellationToken ct, string recipient = DemoMail.Recipient)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var before = await NewestAsync(ct);
        var reply = await DemoSender.SendAsync(smtpPort, mail.ReversePath, recipient, mail.Bytes(time.GetUtcNow()), ct);
        if (!reply.StartsWith("250", StringComparison.Ordinal))
            return new DemoResult(mail, null, null, null, null, $"the listener did not take it: {reply}");
        if (await DecidedAsync(before?.Id, ct) is not { } message)
            return new DemoResult(mail, null, null, null, null, $"nothing was decided within {Patience.TotalSeconds:0} s");
        var receipt = await services.GetRequiredService<Receipts>().FindAsync(_tenant, message.Id, message.Record.Person, ct);
        var sent = message.Record.State == MessageState.Answered ? await services.GetRequiredService<Outbox>().FindAsync(_tenant, message.Id, ct) : null;
        return new DemoResult(mail, message, receipt?.Receipt, sent?.Mail.Text, sent?.Record.State, Problem(mail, message, sent));
    }

    private static string Problem(DemoMail mail, Message message, OutboxEntry? sent)
    {
        if (message.Record.State != mail.Expected)
            return $"it was {message.Record.State}, but should be {mail.Expected}";
        var first = message.Record.Reasons is [{ } reason, ..] ? reason : "none";
        if (mail.Reason.Length > 0 && first != mail.Reason)
            return $"the reason is {first}, but should be {mail.Reason}";
        if (mail.Expected != MessageState.Answered)
            return "";
        if (sent is not { Record.State: OutboxState.Sent })
            return $"the answer is {sent?.Record.State.ToString() ?? "missing"}, but should be sent";
        if (sent.Mail.To != mail.ReversePath)
            return "the answer goes to somebody else";
        return sent.Mail.Text.Contains(DemoMail.Planted, StringComparison.OrdinalIgnoreCase) ? "the answer repeats what was planted" : "";
    }

    private async Task<Message?> NewestAsync(CancellationToken ct) =>
        (await services.GetRequiredService<Messages>().ListAsync(_tenant, 1, null, ct)).Messages is [{ } newest] ? newest : null;

    private async Task<Message?> DecidedAsync(string? before, CancellationToken ct)
    {
        var outbox = services.GetRequiredService<Outbox>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        using var timer = new PeriodicTimer(Look);
        try
        {
            do
            {
                if (await NewestAsync(ct) is not { } newest || newest.Id == before || newest.Record.State == MessageState.Received)
                    continue;
                if (newest.Record.State != MessageState.Answered || await outbox.StateAsync(_tenant, newest.Id, ct) is { State: not (OutboxState.Queued or OutboxState.Sending) })
                    return newest;
            }
            while (await timer.WaitForNextTickAsync(patience.Token));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Out of patience.
        }
        return null;
    }
}

using System.Net;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>What all SMTP sessions share, and how a whole mail is stored and answered for.</summary>
/// <param name="Knows">Is there a mailbox of the operator or any tenant with this address?</param>
/// <param name="Accept">Stores one delivery durably.</param>
/// <param name="Senders">Mode "mx": who wrote a mail. Null in mode "relay".</param>
internal sealed record SmtpRoom(
    SmtpListenerSettings Settings, TrustedNetworks Networks, InboundBudget Budget, CertificateFiles? Certificate, TimeProvider Time, ILogger Logger,
    Func<string, CancellationToken, ValueTask<bool>> Knows,
    Func<AuthenticatedDelivery, CancellationToken, Task<AcceptOutcome>> Accept, SenderCheck? Senders = null)
{
    /// <summary>Null when nobody can tell just now.</summary>
    public async ValueTask<bool?> LookUpAsync(string address, CancellationToken abort)
    {
        try
        {
            return await Knows(address, abort);
        }
        catch (Exception e) when (!abort.IsCancellationRequested)
        {
            SmtpLog.LookupFailed(Logger, Failure.Of(e));
            return null;
        }
    }

    /// <returns>The one reply that stands for all recipients.</returns>
    public async Task<string> StoreAsync(ReadOnlyMemory<byte> content, IPAddress client, string helo, string? from, IReadOnlyList<string> recipients, CancellationToken abort)
    {
        var found = await CheckAsync(content, client, helo, from, abort);
        var stores = new Task<AcceptOutcome>[recipients.Count];
        for (var i = 0; i < stores.Length; i++)
            stores[i] = StoreAsync(new RawDelivery(content, new Envelope(from, recipients[i]), "smtp", Channel.Operator, null), client, found, abort);
        var outcomes = await Task.WhenAll(stores);
        if (outcomes.AsSpan().Contains(AcceptOutcome.NoRoom))
            return "452 4.3.1 There is no room just now; come again later";
        if (outcomes.AsSpan().Contains(AcceptOutcome.TenantFull))
            return "452 4.2.2 The mailbox was sent all that it takes in a day; come again later";
        if (outcomes.AsSpan().Contains(AcceptOutcome.DomainLost))
            return "450 4.2.1 The mailbox takes no mail just now; come again later";
        if (outcomes.AsSpan().ContainsAny(AcceptOutcome.TooBusy, AcceptOutcome.Replayed))
            return "451 4.3.0 Come again later";
        var unknown = outcomes.AsSpan().Count(AcceptOutcome.UnknownRecipient);
        return unknown == 0 ? "250 2.0.0 Stored"
            : unknown == outcomes.Length ? "550 5.1.1 No such mailbox here"
            // A mailbox vanished since RCPT. One reply stands for all; the next attempt names the one that is gone.
            : "451 4.2.1 A recipient has just gone; come again";
    }

    /// <summary>Null where a named server in front says who wrote it. What breaks us on the way is no pass, and keeps no mail out.</summary>
    private async Task<SenderAuthentication?> CheckAsync(ReadOnlyMemory<byte> content, IPAddress client, string helo, string? from, CancellationToken abort)
    {
        if (Senders is null)
            return null;
        try
        {
            return await Senders.CheckAsync(content, client, helo, from, abort);
        }
        catch (Exception e) when (!abort.IsCancellationRequested)
        {
            SmtpLog.CheckFailed(Logger, Failure.Of(e));
            return SenderCheck.NotKnown;
        }
    }

    private async Task<AcceptOutcome> StoreAsync(RawDelivery raw, IPAddress client, SenderAuthentication? found, CancellationToken abort)
    {
        try
        {
            return (found is null ? AuthenticatedDelivery.From(raw, client, Networks, Settings.AuthservId) : AuthenticatedDelivery.From(raw, found)) is { } delivery
                ? await Accept(delivery, abort)
                : AcceptOutcome.TooBusy;
        }
        catch (Exception e) when (!abort.IsCancellationRequested)
        {
            SmtpLog.StoreFailed(Logger, Failure.Of(e));
            return AcceptOutcome.TooBusy;
        }
    }
}

internal static partial class SmtpLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "A recipient could not be looked up: {failure}")]
    public static partial void LookupFailed(ILogger logger, string failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Who wrote a mail could not be found out: {failure}")]
    public static partial void CheckFailed(ILogger logger, string failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A mail could not be stored; its sender was told to come again: {failure}")]
    public static partial void StoreFailed(ILogger logger, string failure);
}

using MailKit.Net.Smtp;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>Hands mails to the installation's SMTP server.</summary>
internal sealed class SmtpChannel(SmtpSettings settings, SecretSource secrets, TimeProvider time) : IOutboundChannel, IDisposable
{
    private readonly SmtpPool _pool = new(settings, secrets, time);

    public string Name => "smtp";

    public async Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
    {
        if (MimeWriter.Problem(mail) is { } problem)
            return new(SendResult.Permanent, problem);
        // A kept connection may have been closed by the server meanwhile; that says nothing about the mail.
        return await AttemptAsync(mail, fresh: false, ct) ?? await AttemptAsync(mail, fresh: true, ct)
            ?? new(SendResult.Temporary, "the connection broke before the mail was handed over");
    }

    public void Dispose() => _pool.Dispose();

    /// <summary>Null: a kept connection turned out to be dead before anything was handed over.</summary>
    private async Task<SendOutcome?> AttemptAsync(OutboundMail mail, bool fresh, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var handOver = new SmtpHandOver();
        SmtpConnection? connection = null;
        try
        {
            connection = await _pool.TakeAsync(fresh, either.Token);
            var outcome = await handOver.SendAsync(connection.Client, mail, either.Token);
            _pool.Return(connection.Client);
            connection = null;
            return outcome;
        }
        catch (Exception e) when (SmtpHandOver.IsExpected(e))
        {
            return handOver.IsUntouched && connection is { Used: true } && e is not OperationCanceledException ? null : handOver.Failed(e, limit.IsCancellationRequested);
        }
        finally
        {
            connection?.Client.Dispose();
        }
    }
}

using System.Net.Sockets;
using System.Security.Authentication;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>
/// Hands mails to an SMTP server. What fails before the whole mail was handed over certainly did not leave; a
/// connection that breaks between then and the server's reply leaves nobody knowing.
/// </summary>
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
        var handover = new Handover();
        SmtpConnection? connection = null;
        try
        {
            connection = await _pool.TakeAsync(fresh, either.Token);
            var outcome = await SendAsync(connection.Client, mail, handover, either.Token);
            _pool.Return(connection.Client);
            connection = null;
            return outcome;
        }
        catch (Exception e) when (IsExpected(e))
        {
            return handover.Done ? new SendOutcome(SendResult.Uncertain, $"no reply after the mail was handed over ({Class(e, limit.IsCancellationRequested)})")
                : connection is { Used: true } && e is not OperationCanceledException ? null
                : new SendOutcome(SendResult.Temporary, $"not handed over ({Class(e, limit.IsCancellationRequested)})");
        }
        finally
        {
            connection?.Client.Dispose();
        }
    }

    private static async Task<SendOutcome> SendAsync(SmtpClient client, OutboundMail mail, Handover handover, CancellationToken ct)
    {
        using var bytes = new MemoryStream(MimeWriter.Write(mail).ToArray(), false);
        using var message = await MimeMessage.LoadAsync(bytes, CancellationToken.None);
        var international = !IsAscii(mail.ReversePath) || !IsAscii(mail.To) || !IsAscii(mail.From);
        if (international && !client.Capabilities.HasFlag(SmtpCapabilities.UTF8))
            return new(SendResult.Permanent, "the server takes no internationalised addresses (SMTPUTF8)");
        var options = FormatOptions.Default.Clone();
        options.NewLineFormat = NewLineFormat.Dos;
        options.International = international;
        try
        {
            await client.SendAsync(options, message, new MailboxAddress("", mail.ReversePath), [new MailboxAddress("", mail.To)], ct, handover);
            return new(SendResult.Sent, "250");
        }
        catch (SmtpCommandException e)
        {
            // The server said no, so the mail did not leave, whenever that came.
            var code = (int)e.StatusCode;
            var stage = e.ErrorCode switch
            {
                SmtpErrorCode.RecipientNotAccepted => "recipient",
                SmtpErrorCode.SenderNotAccepted => "sender",
                SmtpErrorCode.MessageNotAccepted => "message",
                _ => "command",
            };
            // 530 and its like are about us and our password, not about this mail.
            var permanent = code is >= 500 and not (530 or 534 or 535 or 538);
            return new(permanent ? SendResult.Permanent : SendResult.Temporary, $"{code} at {stage}")
            {
                AddressRefused = permanent && e.ErrorCode == SmtpErrorCode.RecipientNotAccepted,
            };
        }
    }

    private static bool IsAscii(string text) => System.Text.Ascii.IsValid(text);

    private static bool IsExpected(Exception e) => e is IOException or SocketException or OperationCanceledException or ProtocolException
        or MailKit.Security.AuthenticationException or AuthenticationException or MailKit.Security.SslHandshakeException or ServiceNotConnectedException
        or ServiceNotAuthenticatedException or TimeoutException or NotSupportedException or SecretUnavailableException or CommandException or ObjectDisposedException;

    private static string Class(Exception e, bool timedOut) => e switch
    {
        OperationCanceledException => timedOut ? "timed out" : "stopped",
        SecretUnavailableException => e.Message,
        MailKit.Security.SslHandshakeException => "the TLS handshake failed; is the certificate trusted?",
        MailKit.Security.AuthenticationException or AuthenticationException => "the server refused user or password",
        NotSupportedException => "the server offers no STARTTLS",
        SocketException socket => $"connection: {socket.SocketErrorCode}",
        SmtpCommandException refused => $"{(int)refused.StatusCode} at the greeting",
        _ => $"connection: {e.GetType().Name}",
    };

    /// <summary>Notes when the last octet of the content went to the connection; from then on the closing dot may be on its way.</summary>
    private sealed class Handover : ITransferProgress
    {
        public bool Done { get; private set; }

        public void Report(long bytesTransferred, long totalSize) => Done |= bytesTransferred >= totalSize;

        public void Report(long bytesTransferred) => Done = true;
    }
}

using System.Buffers;
using System.Net.Sockets;
using System.Security.Authentication;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>
/// One mail and one SMTP server, from the envelope to the server's last reply. What fails before the whole mail was handed over certainly did not leave; a
/// connection that breaks between then and the reply leaves nobody knowing.
/// </summary>
internal sealed class SmtpHandOver : ITransferProgress
{
    private static readonly SearchValues<char> CodeLetters = SearchValues.Create("0123456789.");

    // The last octet of the content went to the connection; from then on the closing dot may be on its way.
    private bool _done;

    public void Report(long bytesTransferred, long totalSize) => _done |= bytesTransferred >= totalSize;

    public void Report(long bytesTransferred) => _done = true;

    /// <param name="client">Connected, and signed in where that is needed.</param>
    /// <param name="mail">Sound (<see cref="MimeWriter.Problem"/>).</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<SendOutcome> SendAsync(SmtpClient client, OutboundMail mail, CancellationToken ct)
    {
        // With BDAT the end of the mail is not one dot, and "did it leave?" would have another answer.
        client.Capabilities &= ~SmtpCapabilities.Chunking;
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
            await client.SendAsync(options, message, new MailboxAddress("", mail.ReversePath), [new MailboxAddress("", mail.To)], ct, this);
            return new(SendResult.Sent, "250");
        }
        catch (SmtpCommandException e)
        {
            // The server said no, so the mail did not leave, whenever that came.
            return Refused(e);
        }
    }

    /// <summary>What an exception from connecting or sending means.</summary>
    public SendOutcome Failed(Exception e, bool timedOut) => _done
        ? new(SendResult.Uncertain, $"no reply after the mail was handed over ({Class(e, timedOut)})")
        : new(SendResult.Temporary, $"not handed over ({Class(e, timedOut)})");

    /// <summary>Whether nothing was handed over yet.</summary>
    public bool IsUntouched => !_done;

    public static bool IsExpected(Exception e) => e is IOException or SocketException or OperationCanceledException or ProtocolException
        or MailKit.Security.AuthenticationException or AuthenticationException or MailKit.Security.SslHandshakeException or ServiceNotConnectedException
        or ServiceNotAuthenticatedException or TimeoutException or NotSupportedException or SecretUnavailableException or OldSignInException or CommandException or ObjectDisposedException;

    private static SendOutcome Refused(SmtpCommandException e)
    {
        var code = (int)e.StatusCode;
        var stage = e.ErrorCode switch
        {
            SmtpErrorCode.RecipientNotAccepted => "recipient",
            SmtpErrorCode.SenderNotAccepted => "sender",
            SmtpErrorCode.MessageNotAccepted => "message",
            _ => "command",
        };
        var detail = Enhanced(e.Message);
        // 530 and its like are about us and our password, 5.4.5 is about how much the account has sent today: neither is about this mail.
        var permanent = code is >= 500 and not (530 or 534 or 535 or 538) && detail is not "5.4.5";
        return new(permanent ? SendResult.Permanent : SendResult.Temporary, detail.Length > 0 ? $"{code} {detail} at {stage}" : $"{code} at {stage}")
        {
            // Policies and full mailboxes refuse a recipient, too, and say nothing about his address.
            AddressRefused = permanent && e.ErrorCode == SmtpErrorCode.RecipientNotAccepted && (detail.Length == 0 || detail.StartsWith("5.1.", StringComparison.Ordinal) || detail is "5.2.1"),
        };
    }

    /// <summary>The enhanced code that a reply begins with (RFC 2034), or nothing.</summary>
    private static string Enhanced(string reply)
    {
        var end = reply.AsSpan().IndexOfAnyExcept(CodeLetters);
        var code = end < 0 ? reply : reply[..end];
        return code.Length is >= 5 and <= 9 && code.Split('.') is [{ Length: 1 }, { Length: >= 1 and <= 3 }, { Length: >= 1 and <= 3 }] ? code : "";
    }

    private static bool IsAscii(string text) => System.Text.Ascii.IsValid(text);

    private static string Class(Exception e, bool timedOut) => e switch
    {
        OperationCanceledException => timedOut ? "timed out" : "stopped",
        SecretUnavailableException or OldSignInException => e.Message,
        MailKit.Security.SslHandshakeException => "the TLS handshake failed; is the certificate trusted?",
        MailKit.Security.AuthenticationException or AuthenticationException => "the server refused user or password",
        NotSupportedException => "the server offers no STARTTLS",
        SocketException socket => $"connection: {socket.SocketErrorCode}",
        SmtpCommandException refused => $"{(int)refused.StatusCode} at the greeting",
        _ => $"connection: {e.GetType().Name}",
    };
}

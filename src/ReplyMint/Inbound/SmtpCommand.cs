using System.Text;

namespace ReplyMint.Inbound;

internal enum SmtpVerb { Unknown, Ehlo, Helo, Mail, Rcpt, Data, Rset, Noop, Quit, StartTls, Vrfy, Help, Expn, Auth, Bdat, Http }

internal static class SmtpCommand
{
    /// <summary>Which command a line is, and what stands behind its verb.</summary>
    public static SmtpVerb Parse(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> argument)
    {
        var space = line.IndexOf((byte)' ');
        var word = space < 0 ? line : line[..space];
        argument = space < 0 ? default : line[(space + 1)..].Trim((byte)' ');
        Span<byte> upper = stackalloc byte[8];
        if (word.Length > upper.Length || Ascii.ToUpper(word, upper, out var length) != System.Buffers.OperationStatus.Done)
            return SmtpVerb.Unknown;
        var verb = upper[..length];
        if (verb.SequenceEqual("EHLO"u8))
            return SmtpVerb.Ehlo;
        if (verb.SequenceEqual("HELO"u8))
            return SmtpVerb.Helo;
        if (verb.SequenceEqual("MAIL"u8))
            return SmtpVerb.Mail;
        if (verb.SequenceEqual("RCPT"u8))
            return SmtpVerb.Rcpt;
        if (verb.SequenceEqual("DATA"u8))
            return SmtpVerb.Data;
        if (verb.SequenceEqual("RSET"u8))
            return SmtpVerb.Rset;
        if (verb.SequenceEqual("NOOP"u8))
            return SmtpVerb.Noop;
        if (verb.SequenceEqual("QUIT"u8))
            return SmtpVerb.Quit;
        if (verb.SequenceEqual("STARTTLS"u8))
            return SmtpVerb.StartTls;
        if (verb.SequenceEqual("VRFY"u8))
            return SmtpVerb.Vrfy;
        if (verb.SequenceEqual("HELP"u8))
            return SmtpVerb.Help;
        if (verb.SequenceEqual("EXPN"u8))
            return SmtpVerb.Expn;
        if (verb.SequenceEqual("AUTH"u8))
            return SmtpVerb.Auth;
        if (verb.SequenceEqual("BDAT"u8))
            return SmtpVerb.Bdat;
        // A web page can make a browser post to this port; its lines must not be taken for commands.
        return verb.SequenceEqual("GET"u8) || verb.SequenceEqual("POST"u8) || verb.SequenceEqual("PUT"u8)
            || verb.SequenceEqual("OPTIONS"u8) || verb.SequenceEqual("CONNECT"u8)
            ? SmtpVerb.Http : SmtpVerb.Unknown;
    }
}

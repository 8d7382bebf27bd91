using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using ReplyMint.Telemetry;

namespace ReplyMint.Inbound;

/// <summary>
/// One client's dialogue (RFC 5321 with SIZE, 8BITMIME, SMTPUTF8, PIPELINING, ENHANCEDSTATUSCODES, STARTTLS).
/// 250 after DATA means: durably stored for every recipient.
/// </summary>
internal sealed class SmtpSession(SmtpRoom room, NetworkStream network, IPAddress client) : IDisposable
{
    private const int MaxErrors = 10;
    private const int MaxUnknownRecipients = 100;
    private static readonly TimeSpan DataTime = TimeSpan.FromMinutes(10);

    private readonly SmtpReader _reader = new();
    private readonly ArrayBufferWriter<byte> _replies = new(1024);
    private readonly List<string> _recipients = [];
    private readonly CancellationTokenSource _patience = new(Timeout.InfiniteTimeSpan, room.Time);
    private SslStream? _tls;
    private bool _greeted, _utf8, _closing;
    private string? _from, _helo;
    private int _errors, _unknown;

    private SmtpListenerSettings Settings => room.Settings;
    private Stream Connection => (Stream?)_tls ?? network;

    private string HostName => Settings.HostName.Length > 0 ? Settings.HostName : Environment.MachineName;

    /// <param name="stop">The service ends: between mails the client is told so; a mail being stored is finished.</param>
    /// <param name="abort">The grace is over.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        using var ended = stop.Register(static patience => ((CancellationTokenSource)patience!).Cancel(), _patience);
        try
        {
            Reply($"220 {HostName} ESMTP");
            while (!_closing)
            {
                Wait(TimeSpan.FromSeconds(Settings.CommandTimeoutSeconds));
                if (!await NextAsync(abort))
                    break;
            }
            await FlushAsync(abort);
        }
        catch (OperationCanceledException) when (_patience.IsCancellationRequested && !abort.IsCancellationRequested)
        {
            Reply(stop.IsCancellationRequested ? "421 4.3.2 Service is shutting down" : "421 4.4.2 Waited too long");
            using var last = new CancellationTokenSource(TimeSpan.FromSeconds(2), room.Time);
            await FlushAsync(last.Token);
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _patience.Dispose();
        _tls?.Dispose();
    }

    private void Wait(TimeSpan time) => _patience.CancelAfter(time);

    /// <summary>Reads and answers one command. Replies leave together when no whole command waits any more (RFC 2920 3.2).</summary>
    private async ValueTask<bool> NextAsync(CancellationToken abort)
    {
        ValueTask work;
        while (true)
        {
            var state = _reader.TryReadLine(out var line);
            if (state == LineState.Complete)
            {
                work = Dispatch(line, abort);
                break;
            }
            if (state != LineState.Incomplete)
            {
                Refuse(state == LineState.TooLong ? "500 5.5.2 Line is too long" : "500 5.5.2 Lines end with CRLF, and CR and LF stand nowhere else");
                _closing |= state == LineState.TooLong;
                return true;
            }
            await FlushAsync(_patience.Token);
            if (!await _reader.FillAsync(Connection, _patience.Token))
                return false;
        }
        await work;
        return true;
    }

    private ValueTask Dispatch(ReadOnlySpan<byte> line, CancellationToken abort)
    {
        var verb = SmtpCommand.Parse(line, out var argument);
        switch (verb)
        {
            case SmtpVerb.Ehlo or SmtpVerb.Helo:
                Greet(verb, argument);
                return default;
            case SmtpVerb.Mail:
                Mail(argument);
                return default;
            case SmtpVerb.Rcpt:
                return RcptAsync(SmtpPath.TryParse(argument, "TO:"u8), abort);
            case SmtpVerb.Data:
                return argument.Length > 0 ? Refused("501 5.5.4 DATA takes no argument") : DataAsync(abort);
            case SmtpVerb.Rset:
                Forget();
                Reply("250 2.0.0 Forgotten");
                return default;
            case SmtpVerb.Noop:
                Reply("250 2.0.0 OK");
                return default;
            case SmtpVerb.Quit:
                Reply($"221 2.0.0 {HostName} closes");
                _closing = true;
                return default;
            case SmtpVerb.StartTls:
                return argument.Length > 0 ? Refused("501 5.5.4 STARTTLS takes no argument") : SecureAsync();
            case SmtpVerb.Vrfy:
                Reply("252 2.5.0 Send mail and see");
                return default;
            case SmtpVerb.Help:
                Reply("214 2.0.0 RFC 5321");
                return default;
            case SmtpVerb.Expn or SmtpVerb.Auth or SmtpVerb.Bdat:
                return Refused("502 5.5.1 Not offered");
            case SmtpVerb.Http:
                _closing = true;
                return Refused("554 5.5.1 This is SMTP");
            default:
                // PROXY is among these: believing it would let any client choose its own address.
                return Refused("500 5.5.1 Unknown command");
        }
    }

    private void Greet(SmtpVerb verb, ReadOnlySpan<byte> name)
    {
        if (name.Length == 0)
        {
            Refuse("501 5.5.4 Say your name");
            return;
        }
        Forget();
        (_greeted, _helo) = (true, Encoding.ASCII.GetString(name));
        if (verb == SmtpVerb.Helo)
        {
            Reply($"250 {HostName}");
            return;
        }
        Reply($"250-{HostName}");
        Reply(string.Create(CultureInfo.InvariantCulture, $"250-SIZE {Settings.MaxMessageBytes}"));
        Reply("250-8BITMIME");
        Reply("250-SMTPUTF8");
        Reply("250-PIPELINING");
        if (_tls is null && room.Certificate is not null)
            Reply("250-STARTTLS");
        Reply("250 ENHANCEDSTATUSCODES");
    }

    private void Mail(ReadOnlySpan<byte> argument)
    {
        if (!_greeted)
            Refuse("503 5.5.1 EHLO first");
        else if (_tls is null && !Settings.TakesInTheClear(client))
            Refuse("530 5.7.0 STARTTLS first");
        else if (_from is not null)
            Refuse("503 5.5.1 One mail at a time");
        else if (SmtpPath.TryParse(argument, "FROM:"u8) is not { } path)
            Refuse("501 5.1.7 MAIL FROM:<address>");
        else if (Parameters(path.Parameters) is { } refusal)
            Refuse(refusal);
        else if (!_utf8 && !Ascii.IsValid(path.Address))
            Refuse("553 5.6.7 Such an address needs SMTPUTF8");
        else
        {
            _from = path.Address;
            Reply("250 2.1.0 Sender OK");
        }
    }

    /// <summary>Reads the parameters of MAIL; not null: the reply that refuses them.</summary>
    private string? Parameters(IReadOnlyList<string> parameters)
    {
        _utf8 = false;
        foreach (var parameter in parameters)
        {
            if (parameter.Equals("SMTPUTF8", StringComparison.OrdinalIgnoreCase))
                _utf8 = true;
            else if (parameter.StartsWith("SIZE=", StringComparison.OrdinalIgnoreCase))
            {
                if (!ulong.TryParse(parameter.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                    return "501 5.5.4 SIZE is a number of octets";
                if (size > (ulong)Settings.MaxMessageBytes)
                    return "552 5.3.4 The mail is too large";
            }
            else if (!parameter.Equals("BODY=7BIT", StringComparison.OrdinalIgnoreCase)
                && !parameter.Equals("BODY=8BITMIME", StringComparison.OrdinalIgnoreCase))
                return "555 5.5.4 Unknown parameter";
        }
        return null;
    }

    private async ValueTask RcptAsync(SmtpPath? path, CancellationToken abort)
    {
        if (_from is null)
            Refuse("503 5.5.1 MAIL first");
        else if (path is not { Address.Length: > 0 } to)
            Refuse("501 5.1.3 RCPT TO:<address>");
        else if (to.Parameters.Count > 0)
            Refuse("555 5.5.4 Unknown parameter");
        else if (!_utf8 && !Ascii.IsValid(to.Address))
            Refuse("553 5.6.7 Such an address needs SMTPUTF8");
        else if (_recipients.Count == Settings.MaxRecipients)
            Reply("452 4.5.3 Too many recipients");
        else
            switch (await room.LookUpAsync(to.Address, abort))
            {
                case true:
                    _recipients.Add(to.Address);
                    Reply("250 2.1.5 Recipient OK");
                    break;
                case false:
                    // Leaves nothing but a count (MAIL-1).
                    Measures.MailRefused.Add("smtp", "unknown-recipient");
                    Reply("550 5.1.1 No such mailbox here");
                    Bound(ref _unknown, MaxUnknownRecipients);
                    break;
                default:
                    Reply("451 4.3.0 Come again later");
                    break;
            }
    }

    private async ValueTask DataAsync(CancellationToken abort)
    {
        if (_from is null || _recipients.Count == 0)
        {
            Refuse(_from is null ? "503 5.5.1 MAIL first" : "554 5.5.1 No valid recipient");
            return;
        }
        Reply("354 End with <CRLF>.<CRLF>");
        await FlushAsync(_patience.Token);
        Wait(DataTime);
        using var mail = new MailBuffer(Settings.MaxMessageBytes, room.Budget);
        if (!await _reader.ReadDataAsync(Connection, mail, 2L * Settings.MaxMessageBytes, _patience.Token))
        {
            _closing = true;
            return;
        }
        switch (mail.State)
        {
            case BufferState.TooLarge:
                Reply("552 5.3.4 The mail is too large");
                break;
            case BufferState.NoMemory:
                Reply("452 4.3.1 Too much mail at once");
                break;
            default:
                // What is wholly here gets stored and answered, even when the service is told to stop meanwhile.
                Wait(Timeout.InfiniteTimeSpan);
                Reply(await room.StoreAsync(mail.Content, client, _helo ?? "", _from, _recipients, abort));
                break;
        }
        Forget();
    }

    private async ValueTask SecureAsync()
    {
        if (_tls is not null || room.Certificate is not { } certificate)
        {
            Refuse("502 5.5.1 Not offered");
            return;
        }
        if (_reader.HasBytes)
        {
            // Commands slipped in before the handshake would be carried out as if they had come over TLS (RFC 3207 4.2).
            Refuse("501 5.5.4 Nothing may follow STARTTLS");
            _closing = true;
            return;
        }
        Reply("220 2.0.0 Go ahead");
        await FlushAsync(_patience.Token);
        var tls = new SslStream(network, leaveInnerStreamOpen: true);
        try
        {
            await tls.AuthenticateAsServerAsync(certificate.Current(), _patience.Token);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            await tls.DisposeAsync();
            _closing = true;
            return;
        }
        _tls = tls;
        // Nothing said in the clear counts any more, the greeting included (RFC 3207 4.2).
        _greeted = false;
        Forget();
    }

    private void Forget()
    {
        _from = null;
        _utf8 = false;
        _recipients.Clear();
    }

    private ValueTask Refused(string reply)
    {
        Refuse(reply);
        return default;
    }

    /// <summary>A reply to a client's mistake; too many of them end the session.</summary>
    private void Refuse(string reply)
    {
        Reply(reply);
        Bound(ref _errors, MaxErrors);
    }

    private void Bound(ref int count, int limit)
    {
        if (++count < limit || _closing)
            return;
        Reply("421 4.7.0 Too many errors");
        _closing = true;
    }

    private void Reply(string line)
    {
        var span = _replies.GetSpan(line.Length * 3 + 2);
        var length = Encoding.UTF8.GetBytes(line, span);
        "\r\n"u8.CopyTo(span[length..]);
        _replies.Advance(length + 2);
    }

    private async ValueTask FlushAsync(CancellationToken ct)
    {
        if (_replies.WrittenCount == 0)
            return;
        await Connection.WriteAsync(_replies.WrittenMemory, ct);
        _replies.ResetWrittenCount();
    }
}

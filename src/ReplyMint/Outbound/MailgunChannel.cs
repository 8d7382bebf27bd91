using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Outbound;

/// <summary>Hands mails to Mailgun's API as finished MIME, so that what was approved is what leaves.</summary>
internal sealed class MailgunChannel(MailgunSettings settings, HttpMessageInvoker http, SecretSource secrets, TimeProvider time) : IOutboundChannel
{
    public string Name => "mailgun";

    public async Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
    {
        if (MimeWriter.Problem(mail) is { } problem)
            return new(SendResult.Permanent, problem);
        var key = secrets.Read("outbound.mailgun.apiKey", settings.ApiKey);
        if (key.Value is null)
            return new(SendResult.Temporary, key.Problem!);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var body = new WatchedContent(Form(mail));
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(mail)) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("api:" + key.Value)));
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            return Judge(response.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            var reason = e is OperationCanceledException ? limit.IsCancellationRequested ? "timed out" : "stopped"
                : e is HttpRequestException { HttpRequestError: var error } ? error.ToString() : e.GetType().Name;
            return body.Sent ? new(SendResult.Uncertain, $"no answer after the mail was handed over ({reason})")
                : new(SendResult.Temporary, $"not handed over ({reason})");
        }
    }

    private static SendOutcome Judge(HttpStatusCode status)
    {
        var code = (int)status;
        return code switch
        {
            >= 200 and < 300 => new(SendResult.Sent, $"{code}"),
            // About the account, the key or the rate, not about this mail.
            401 or 402 or 403 or 408 or 425 or 429 => new(SendResult.Temporary, $"{code}"),
            >= 400 and < 500 => new(SendResult.Permanent, $"{code}"),
            503 => new(SendResult.Temporary, $"{code}"),
            // It broke on the way: the mail may have been taken all the same. A delivery event will tell.
            >= 500 => new(SendResult.Uncertain, $"{code}"),
            _ => new(SendResult.Temporary, $"{code}"),
        };
    }

    private Uri Address(OutboundMail mail)
    {
        var domain = settings.Domain.Length > 0 ? settings.Domain : AddressRules.Domain(mail.From);
        return new Uri($"{settings.Endpoint.TrimEnd('/')}/v3/{Uri.EscapeDataString(domain)}/messages.mime");
    }

    private static MultipartFormDataContent Form(OutboundMail mail)
    {
        var mime = new ReadOnlyMemoryContent(MimeWriter.Write(mail));
        mime.Headers.ContentType = new("message/rfc822");
        return new()
        {
            { new StringContent(mail.To), "to" },
            // Opens and clicks of an answer are nobody's business, and a rewritten link is not what was approved.
            { new StringContent("no"), "o:tracking" },
            { mime, "message", "message.mime" },
        };
    }

    /// <summary>Knows whether the whole body went to the connection: from then on the server may have acted on it.</summary>
    private sealed class WatchedContent : HttpContent
    {
        private readonly MultipartFormDataContent _form;

        public WatchedContent(MultipartFormDataContent form)
        {
            _form = form;
            foreach (var (name, values) in form.Headers)
                Headers.TryAddWithoutValidation(name, values);
        }

        public bool Sent { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            Sent = false;
            await _form.CopyToAsync(stream, context, cancellationToken);
            // The last octets may still lie in the client's buffer; counting them as sent errs to the safe side.
            Sent = true;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _form.Headers.ContentLength ?? 0;
            return _form.Headers.ContentLength is not null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _form.Dispose();
            base.Dispose(disposing);
        }
    }
}

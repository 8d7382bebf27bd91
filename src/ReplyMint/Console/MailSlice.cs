using ReplyMint.Mail;

namespace ReplyMint.Console;

/// <summary>A mail as it was read: what is new in it, and apart from that what was quoted, signed and hidden.</summary>
internal static class MailSlice
{
    public static void Write(Html html, PageCall call, MailShown mail)
    {
        var (say, summary) = (call.Say, mail.Message.Summary);
        html.Add($"""<section class="card"><h2>{say["mail.title"]}</h2><dl class="facts"><dt>{say["mail.from"]}</dt><dd><bdi>{summary.From.Name}</bdi> <bdi class="muted">{summary.From.Address}</bdi></dd>""");
        if (mail.Mailbox is { } mailbox)
            html.Add($"""<dt>{say["mail.to"]}</dt><dd><bdi>{mailbox.Address}</bdi></dd>""");
        html.Add($"""<dt>{say["mail.at"]}</dt><dd>""");
        html.Time(call, mail.Message.Record.ReceivedAt);
        html.Add($"""</dd><dt>{say["mail.proof"]}</dt><dd>{Proof(say, summary.Authentication)}</dd></dl>""");
        if (mail.Hidden is { Count: > 0 } hidden)
        {
            html.Add($"""<div class="flag" role="note"><h3>{say["mail.hidden"]}</h3><p>{say["mail.hidden-why"]}</p>""");
            foreach (var part in hidden)
                html.Add($"""<pre dir="auto">{part}</pre>""");
            html.Add($"""</div>""");
        }
        if (mail.Text is not { } text)
        {
            html.Add($"""<p class="muted">{say["mail.gone"]}</p></section>""");
            return;
        }
        html.Add($"""<div class="text" dir="auto">{text.Reply}</div>""");
        if (text.Reply.Length == 0)
            html.Add($"""<p class="muted">{say["mail.nothing-new"]}</p>""");
        Folded(html, say["mail.quoted"], text.Quoted);
        Folded(html, say["mail.signature"], text.Signature);
        if (text.Attachments.Count > 0)
        {
            html.Add($"""<h3>{say["mail.attachments"]}</h3><ul>""");
            foreach (var one in text.Attachments)
            {
                html.Add($"""<li><bdi>{one.FileName}</bdi> <span class="muted">{one.ContentType}, {one.Size / 1024 + 1} KB</span>""");
                if (one.Scan == ScanResult.Clean)
                    html.Add($""" <span class="muted">{say["mail.scan.clean"]}</span>""");
                else if (one.Scan is { } result)
                    html.Add($""" <strong>{say["mail.scan." + result, one.Malware ?? ""]}</strong>""");
                html.Add($"""</li>""");
            }
            html.Add($"""</ul>""");
        }
        html.Add($"""</section>""");
    }

    private static void Folded(Html html, string title, string text)
    {
        if (text.Length > 0)
            html.Add($"""<details><summary>{title}</summary><div class="text muted" dir="auto">{text}</div></details>""");
    }

    private static string Proof(Speech say, SenderAuthentication said) =>
        said.Vouched ? say["mail.vouched"] : $"SPF {Word(said.Spf)}, DKIM {Word(said.Dkim)}, DMARC {Word(said.Dmarc)}";

    private static string Word(AuthResult result) => result.ToString().ToLowerInvariant();
}

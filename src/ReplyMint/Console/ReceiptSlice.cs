using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>Why a mail got what it got.</summary>
internal static class ReceiptSlice
{
    public static void Write(Html html, PageCall call, MessageRecord record, Receipt receipt)
    {
        var say = call.Say;
        html.Add($"""<section class="card"><h2>{say["receipt.title"]}</h2>""");
        if (record.Reasons.Count == 0)
            html.Add($"""<p>{say["receipt.all-passed"]}</p>""");
        else
        {
            html.Add($"""<ul>""");
            foreach (var reason in record.Reasons)
            {
                var saw = receipt.Verdict.Rules.FirstOrDefault(rule => rule.Name == reason)?.Saw;
                html.Add($"""<li>{Reasons.Of(say, reason)}""");
                if (!string.IsNullOrEmpty(saw))
                    html.Add($""": <bdi class="muted">{saw}</bdi>""");
                html.Add($"""</li>""");
            }
            html.Add($"""</ul>""");
        }
        if (receipt.Note.Length > 0)
            html.Add($"""<p class="muted" lang="en">{receipt.Note}</p>""");
        html.Add($"""<details><summary>{say["receipt.rules", receipt.Verdict.Rules.Count]}</summary><table><thead><tr><th>{say["receipt.rule"]}</th><th>{say["receipt.outcome"]}</th><th>{say["receipt.saw"]}</th></tr></thead><tbody>""");
        foreach (var rule in receipt.Verdict.Rules)
            html.Add($"""<tr><td>{rule.Rule} {rule.Name}</td><td>{say["outcome." + rule.Outcome.ToString().ToLowerInvariant()]}</td><td><bdi>{rule.Saw}</bdi></td></tr>""");
        html.Add($"""</tbody></table></details></section>""");
    }
}

/// <summary>The answer to a mail, and how far it got.</summary>
internal static class AnswerSlice
{
    public static void Write(Html html, PageCall call, OutboxEntry answer, Receipt? receipt)
    {
        html.Add($"""<section class="card"><h2>{call.Say["answer.title"]}</h2><p><span class="state">{call.Say["answer." + answer.Record.State.ToString().ToLowerInvariant()]}</span> · """);
        html.Time(call, answer.Record.ChangedAt ?? answer.Record.CreatedAt);
        html.Add($"""</p><p class="muted"><bdi>{answer.Mail.To}</bdi></p><div class="text" dir="auto">{answer.Mail.Text}</div>""");
        if (call.May(Permission.DraftsWrite) && receipt is not null)
            Thumbs(html, call, answer.Record.Id, receipt.Thumbs.FirstOrDefault(given => given.By == call.Caller.Id)?.Thumb);
        html.Add($"""</section>""");
    }

    /// <summary>What the reader thinks of it; pressed again it is taken back.</summary>
    private static void Thumbs(Html html, PageCall call, string id, Thumb? given)
    {
        html.Form(call, MessagePages.PathOf(id) + "/thumb", "acts");
        foreach (var (thumb, word) in ((Thumb, string)[])[(Thumb.Up, "up"), (Thumb.Down, "down")])
            html.Add($"""<button name="thumb" value="{(given == thumb ? "none" : word)}" aria-pressed="{(given == thumb ? "true" : "false")}">{call.Say["thumb." + word]}</button>""");
        html.Add($"""</form>""");
    }
}

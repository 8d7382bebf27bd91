using ReplyMint.Inbound;
using ReplyMint.Replies;

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
            html.Add($"""<tr><td>{rule.Rule} <code>{rule.Name}</code></td><td>{say["outcome." + rule.Outcome.ToString().ToLowerInvariant()]}</td><td><bdi>{rule.Saw}</bdi></td></tr>""");
        html.Add($"""</tbody></table></details></section>""");
    }
}

using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>The answer to a mail, how far it got, and what people think of it.</summary>
internal static class AnswerSlice
{
    public static void Write(Html html, PageCall call, OutboxEntry answer, MailShown mail)
    {
        html.Add($"""<section class="card" id="answer"><h2>{call.Say["answer.title"]}</h2><p><span class="state">{call.Say["answer." + answer.Record.State.ToString().ToLowerInvariant()]}</span> · """);
        html.Time(call, answer.Record.ChangedAt ?? answer.Record.CreatedAt);
        html.Add($"""</p><p class="muted"><bdi>{answer.Mail.To}</bdi></p><div class="text" dir="auto">{answer.Mail.Text}</div>""");
        if (mail.Receipt is { } receipt)
            Thumbs(html, call, answer.Record.Id, receipt.Thumbs, mail.People);
        html.Add($"""</section>""");
    }

    private static void Thumbs(Html html, PageCall call, string id, IReadOnlyList<GivenThumb> thumbs, IReadOnlyDictionary<string, string> people)
    {
        foreach (var thumb in thumbs)
            if (thumb.By != call.Caller.Id)
                html.Add($"""<p class="muted"><bdi>{people.GetValueOrDefault(thumb.By, thumb.By)}</bdi>: {call.Say["thumb." + WireWord.Of(thumb.Thumb)]}{(thumb.Reasons.Count > 0 ? " – " + string.Join(", ", thumb.Reasons.Select(reason => Word(call, reason))) : "")}</p>""");
        if (call.May(Permission.DraftsWrite))
            Give(html, call, id, thumbs.FirstOrDefault(thumb => thumb.By == call.Caller.Id));
    }

    /// <summary>What the reader thinks of it; pressed again it is taken back. Who didn't like it is asked why, and may leave that open.</summary>
    private static void Give(Html html, PageCall call, string id, GivenThumb? given)
    {
        var (say, path) = (call.Say, MessagePages.PathOf(id) + "/thumb");
        html.Form(call, path, "acts");
        foreach (var thumb in (Thumb[])[Thumb.Up, Thumb.Down])
            html.Add($"""<button name="thumb" value="{(given?.Thumb == thumb ? "none" : WireWord.Of(thumb))}" aria-pressed="{(given?.Thumb == thumb ? "true" : "false")}">{say["thumb." + WireWord.Of(thumb)]}</button>""");
        html.Add($"""</form>""");
        if (given?.Thumb != Thumb.Down)
            return;
        html.Form(call, path);
        html.Hidden("thumb", "down");
        html.Add($"""<fieldset><legend>{say["thumb.why"]}</legend>""");
        foreach (var reason in Enum.GetValues<ThumbReason>())
            html.Tick("reasons", Word(call, reason), given.Reasons.Contains(reason), WireWord.Of(reason));
        html.Add($"""</fieldset><button>{say["view.keep"]}</button></form>""");
    }

    private static string Word(PageCall call, ThumbReason reason) => call.Say["thumb.reason." + WireWord.Of(reason)];
}

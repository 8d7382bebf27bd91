using System.Globalization;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>A draft with what it rests on, and all that a person may do with it.</summary>
internal static class DraftSlice
{
    public static void Write(Html html, PageCall call, MailShown mail, Draft draft, string? typed, IReadOnlyList<GuardFinding> findings)
    {
        var say = call.Say;
        html.Add($"""<section class="card" id="draft"><h2>{say["draft.title"]}</h2>""");
        if (draft.Content.Pending is { } pending)
            Pending(html, call, draft.Id, pending);
        else if (draft.Record.State == DraftState.Waiting)
            Waiting(html, call, draft, typed, findings);
        else
            html.Add($"""<p class="muted">{say["draft.state." + draft.Record.State.ToString().ToLowerInvariant()]}</p>""");
        if (draft.Content.Text.Length > 0 && draft.Record.State != DraftState.Cancelled)
            Passages(html, say, draft.Content);
        Notes(html, call, draft, mail.People);
        html.Add($"""</section>""");
        if (draft.Record.State == DraftState.Waiting && call.May(Permission.DraftsWrite))
            More(html, call, mail, draft);
    }

    private static void Pending(Html html, PageCall call, string id, PendingDecision pending)
    {
        html.Add($"""<div class="told" role="status"><p>{call.Say[pending.Reject ? "draft.rejects-soon" : "draft.sends-soon"]}</p>""");
        html.Button(call, MessagePages.PathOf(id) + "/undo", call.Say["draft.undo"]);
        html.Add($"""</div><div class="text" dir="auto">{pending.Text}</div>""");
    }

    private static void Waiting(Html html, PageCall call, Draft draft, string? typed, IReadOnlyList<GuardFinding> findings)
    {
        var (say, content, path) = (call.Say, draft.Content, MessagePages.PathOf(draft.Id));
        if (content.Refused is { } refused)
            html.Add($"""<p class="wrong">{say["draft.refused." + refused]}</p>""");
        if (content.Text.Length > 0)
            Text(html, content);
        else
            html.Add($"""<p class="muted">{say["draft.none"]}</p>""");
        if (findings.Count > 0)
        {
            html.Add($"""<div class="flag" role="note"><h3>{say["draft.guard"]}</h3><ul>""");
            foreach (var finding in findings)
                html.Add($"""<li>{say["guard." + Name(finding.Rule)]}: <bdi>{finding.Found}</bdi></li>""");
            html.Add($"""</ul></div>""");
        }
        if (!call.May(Permission.DraftsWrite))
            return;
        html.Add($"""<div class="acts">""");
        if (content.Text.Length > 0 && findings.All(finding => finding.Overridable))
        {
            html.Form(call, path + "/approve");
            Version(html, draft);
            Overrides(html, say, findings);
            html.Add($"""<button class="main" data-key="a">{say["draft.approve"]}</button></form>""");
        }
        html.Form(call, path + "/reject");
        Version(html, draft);
        html.Add($"""<button class="bad" data-key="r">{say["draft.reject"]}</button></form></div><details class="edit" """);
        if (typed is not null || content.Text.Length == 0)
            html.Add($"""open""");
        html.Add($"""><summary data-key="e">{say["draft.edit"]}</summary>""");
        html.Form(call, path + "/send");
        Version(html, draft);
        html.Add($"""
            <label for="text">{say["draft.text"]}</label><textarea id="text" name="text" required maxlength="{DraftGuard.MaxCharacters}" dir="auto">{"\n"}{typed ?? content.Text}</textarea>
            """);
        if (typed is not null)
            Overrides(html, say, findings);
        html.Add($"""<div class="acts"><button class="main">{say["draft.send"]}</button><button formaction="{path}/keep">{say["draft.keep"]}</button></div></form></details>""");
    }

    /// <summary>Each sentence of a model's text leads to the passage that says it.</summary>
    private static void Text(Html html, DraftContent content)
    {
        html.Add($"""<div class="text" dir="auto">""");
        var at = 0;
        foreach (var sentence in content.Support.Where(one => one.Start >= 0 && one.Start + one.Length <= content.Text.Length))
        {
            if (sentence.Start < at)
                continue;
            html.Add($"""{content.Text[at..sentence.Start]}{content.Text.Substring(sentence.Start, sentence.Length)}""");
            if (NumberOf(content, sentence.Passage) is { } number)
                html.Add($"""<a class="rests" href="#passage-{number}">[{number}]</a>""");
            at = sentence.Start + sentence.Length;
        }
        html.Add($"""{content.Text[at..]}</div>""");
    }

    private static void Passages(Html html, Speech say, DraftContent content)
    {
        if (content.Passages.Count == 0)
            return;
        html.Add($"""<h3>{say["draft.rests-on"]}</h3><ol class="passages">""");
        for (var i = 0; i < content.Passages.Count; i++)
        {
            var hit = content.Passages[i];
            html.Add($"""<li id="passage-{i + 1}"><details><summary><bdi>{(hit.Passage.Question.Length > 0 ? hit.Passage.Question : hit.Passage.Source)}</bdi> <span class="muted">{hit.Passage.Source} · {hit.Score.ToString("0.00", CultureInfo.InvariantCulture)}</span></summary><div class="text" dir="auto">{hit.Passage.Answer}</div></details></li>""");
        }
        html.Add($"""</ol>""");
    }

    private static int? NumberOf(DraftContent content, string? passage)
    {
        for (var i = 0; passage is not null && i < content.Passages.Count; i++)
            if (content.Passages[i].Passage.Id == passage)
                return i + 1;
        return null;
    }

    private static void Notes(Html html, PageCall call, Draft draft, IReadOnlyDictionary<string, string> people)
    {
        foreach (var note in draft.Content.Notes)
        {
            html.Add($"""<div class="note"><p class="text" dir="auto">{note.Text}</p><p class="muted"><bdi>{people.GetValueOrDefault(note.By, note.By)}</bdi>, """);
            html.Time(call, note.At);
            html.Add($"""</p></div>""");
        }
    }

    private static void More(Html html, PageCall call, MailShown mail, Draft draft)
    {
        var (say, path) = (call.Say, MessagePages.PathOf(draft.Id));
        html.Add($"""<section class="card"><h2>{say["draft.more"]}</h2>""");
        html.Form(call, path + "/assign", "row");
        html.Add($"""<label for="user">{say["draft.assign"]}</label><select id="user" name="user"><option value="">{say["draft.nobody"]}</option>""");
        foreach (var (id, name) in mail.People)
        {
            html.Add($"""<option value="{id}" """);
            if (id == draft.Record.Assignee)
                html.Add($"""selected""");
            html.Add($""">{name}</option>""");
        }
        html.Add($"""</select><button>{say["draft.assign-do"]}</button></form>""");
        html.Form(call, path + "/note", "row");
        html.Add($"""<label for="note">{say["draft.note"]}</label><input id="note" name="note" required maxlength="{DraftTalk.MaxNote}" autocomplete="off"><button>{say["draft.note-do"]}</button></form><div class="acts">""");
        html.Button(call, path + "/answered", say["draft.answered"]);
        html.Button(call, path + "/retry", say["draft.retry"]);
        if (call.May(Permission.MailboxesWrite))
            html.Button(call, path + "/hold-always", say["draft.hold-always"]);
        html.Add($"""</div></section>""");
    }

    private static void Version(Html html, Draft draft) => html.Add($"""<input type="hidden" name="version" value="{draft.Item.Version}">""");

    private static void Overrides(Html html, Speech say, IReadOnlyList<GuardFinding> findings)
    {
        foreach (var rule in findings.Where(finding => finding.Overridable).Select(finding => finding.Rule).Distinct())
            html.Add($"""<label class="tick"><input type="checkbox" name="override" value="{Name(rule)}" required> {say["draft.override", say["guard." + Name(rule)]]}</label>""");
    }

    private static string Name(GuardRule rule) => WireWord.Of(rule);
}

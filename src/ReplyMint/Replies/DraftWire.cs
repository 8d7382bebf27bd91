using System.Text.Json.Serialization;
using ReplyMint.Inbound;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>A draft as a list shows it. It has its message's id.</summary>
/// <param name="Written">False when there is no text yet: a person has to write it.</param>
/// <param name="Assignee">The user who is to look at it, or nobody.</param>
/// <param name="Distance">How far what was sent is from what the machine wrote: 0 nothing was changed, 1 all of it; null until it is approved, and where a person wrote all of it.</param>
internal sealed record DraftEntry(
    string Id, string Mailbox, [property: JsonConverter(typeof(WireEnum<DraftState>))] DraftState State, IReadOnlyList<string> Reasons, DateTimeOffset CreatedAt,
    Correspondent From, string Subject, bool Written, string? Assignee, DateTimeOffset? DecidedAt, string? DecidedBy, double? Distance)
{
    public static DraftEntry Of(Draft draft, Message message) => new(
        draft.Id, draft.Record.Mailbox, draft.Record.State, draft.Record.Reasons, draft.Record.CreatedAt, Correspondent.Of(message.Summary.From), message.Summary.Subject,
        draft.Content.Text.Length > 0, draft.Record.Assignee, draft.Record.DecidedAt, draft.Record.DecidedBy, draft.Record.Distance);
}

/// <summary>A draft with its text, the mail that it answers, and what it rests on.</summary>
/// <param name="Author">Who wrote the text: extractive, fixed, rule:NAME, person or a model's name; empty when nobody did.</param>
/// <param name="Question">What the correspondent newly wrote; null once retention removed it.</param>
/// <param name="Support">What each sentence of a model's text rests on; empty for texts of others.</param>
/// <param name="Findings">What the guard holds the text for as it stands.</param>
internal sealed record DraftDetail(
    DraftEntry Draft, string Text, string Author, string Language, string? Question, IReadOnlyList<PassageDetail> Passages, IReadOnlyList<SupportDetail> Support, IReadOnlyList<FindingDetail> Findings, IReadOnlyList<NoteDetail> Notes)
{
    public static DraftDetail Of(Draft draft, Message message, MessageText? mail, IReadOnlyList<GuardFinding> findings) => new(
        DraftEntry.Of(draft, message), draft.Content.Text, draft.Content.Drafter, draft.Content.Language, mail?.Reply,
        [.. draft.Content.Passages.Select(hit => new PassageDetail(hit.Passage.Source, hit.Passage.Question, hit.Passage.Answer, Math.Round(hit.Score, 3)))],
        [.. draft.Content.Support.Select(sentence => SupportDetail.Of(sentence, draft.Content))], [.. findings.Select(finding => FindingDetail.Of(finding, quoting: true))], [.. draft.Content.Notes.Select(note => new NoteDetail(note.By, note.At, note.Text))]);
}

/// <param name="Sentence">As it stands in the text.</param>
/// <param name="Passage">Which of the passages says it, counted from 0; null when none does.</param>
internal sealed record SupportDetail(string Sentence, int? Passage)
{
    public static SupportDetail Of(SupportedSentence sentence, DraftContent content)
    {
        var passage = content.Passages.TakeWhile(hit => hit.Passage.Id != sentence.Passage).Count();
        return new(content.Text.Substring(sentence.Start, sentence.Length), passage < content.Passages.Count ? passage : null);
    }
}

/// <param name="By">A user's or key's id.</param>
internal sealed record NoteDetail(string By, DateTimeOffset At, string Text);

/// <param name="Text">The new text.</param>
internal sealed record DraftEdit([property: Text(DraftGuard.MaxCharacters, Least = 1)] string Text);

/// <param name="Text">Sent in place of the draft's; null sends the draft as it stands.</param>
/// <param name="Overrides">Rules of the guard whose findings the caller has seen and decides against; recorded.</param>
internal sealed record DraftApproval(
    [property: Text(DraftGuard.MaxCharacters, Least = 1)] string? Text = null,
    [property: Items(20), Line(30), Example("""["price"]""")] IReadOnlyList<string>? Overrides = null);

/// <param name="User">A member's id; null frees the draft.</param>
internal sealed record DraftAssignment([property: Id] string? User);

internal sealed record DraftNoteText([property: Text(DraftTalk.MaxNote, Least = 1)] string Text);

using System.Globalization;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

internal sealed record RuleView(int Rule, string Name, string Outcome, string Saw);

internal sealed record PassageView(string Source, string Question, double Score);

internal sealed record DraftView(string State, string Drafter, string Language, string Text, string? DecidedBy, string? Assignee, IReadOnlyList<NoteView> Notes);

internal sealed record NoteView(string By, DateTime At, string Text);

internal sealed record AnswerView(string State, string To, string Subject, string Text, string Detail);

/// <summary>A message with all that is known of it: what came, what was decided and why, what was drafted, what left.</summary>
internal sealed record MessageView
{
    public required string Id { get; init; }
    public required DateTime ReceivedAt { get; init; }
    public required MailAddress From { get; init; }
    public required string Subject { get; init; }
    public required string State { get; init; }
    public required IReadOnlyList<string> Reasons { get; init; }
    public string? Reply { get; init; }
    public string? Mode { get; init; }
    public string? Note { get; init; }
    public IReadOnlyList<RuleView>? Rules { get; init; }
    public IReadOnlyList<string>? Findings { get; init; }
    public IReadOnlyList<PassageView>? Passages { get; init; }
    public DraftView? Draft { get; init; }
    public AnswerView? Answer { get; init; }

    public static MessageView Brief(Message m) => new()
    {
        Id = m.Id, ReceivedAt = m.Record.ReceivedAt.UtcDateTime, From = m.Summary.From, Subject = m.Summary.Subject,
        State = StoreWords.Word(m.Record.State), Reasons = m.Record.Reasons,
    };

    public static async Task<MessageView> WholeAsync(CommandContext context, Message m, CancellationToken ct)
    {
        var text = await context.Get<MessageTexts>().FindAsync(m, ct);
        var receipt = (await context.Get<Receipts>().FindAsync(m.Tenant, m.Id, m.Record.Person, ct))?.Receipt;
        var draft = await context.Get<Drafts>().FindAsync(m.Tenant, m.Id, ct);
        var answer = await context.Get<Outbox>().FindAsync(m.Tenant, m.Id, ct);
        return Brief(m) with
        {
            Reply = text?.Reply,
            Mode = receipt?.Mode,
            Note = receipt?.Note,
            Rules = receipt?.Verdict.Rules.Select(r => new RuleView(r.Rule, r.Name, StoreWords.Word(r.Outcome), r.Saw)).ToList(),
            Findings = receipt?.Findings.Select(f => $"{StoreWords.Word(f.Rule)}: {f.Found}").ToList(),
            Passages = receipt?.Passages.Select(p => new PassageView(p.Source, p.Question, Math.Round(p.Score, 2))).ToList(),
            Draft = draft is null ? null
                : new(StoreWords.Word(draft.Record.State), draft.Content.Drafter, draft.Content.Language, draft.Content.Text, draft.Record.DecidedBy, draft.Record.Assignee,
                    [.. draft.Content.Notes.Select(n => new NoteView(n.By, n.At.UtcDateTime, n.Text))]),
            Answer = answer is null ? null
                : new(StoreWords.Word(answer.Record.State), answer.Mail.To, answer.Mail.Subject, answer.Mail.Text, answer.Record.Detail),
        };
    }

    public void Write(TextWriter to)
    {
        Field(to, "Message", Id);
        Field(to, "Received", ReceivedAt.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        Field(to, "From", From.Name.Length > 0 ? $"{From.Name} <{From.Address}>" : From.Address);
        Field(to, "Subject", Subject);
        Field(to, "Wrote", Reply ?? "");
        Field(to, "Decided", State);
        foreach (var reason in Reasons)
            Field(to, "Because", ReasonWords.Of(reason, null));
        foreach (var rule in Rules?.Where(r => r.Outcome is not ("pass" or "notasked")) ?? [])
            Field(to, "", $"rule {rule.Rule} {rule.Name}: {rule.Outcome}{(rule.Saw.Length > 0 ? $", saw {Plain.Line(rule.Saw)}" : "")}");
        foreach (var finding in Findings ?? [])
            Field(to, "Guard", finding);
        foreach (var passage in Passages ?? [])
            Field(to, "Passage", string.Create(CultureInfo.InvariantCulture, $"{passage.Score:0.00} {passage.Source}: {passage.Question}"));
        Field(to, "Note", Note ?? "");
        if (Draft is { } draft && Answer is null)
        {
            Field(to, "Draft", $"{draft.State}, by {(draft.Drafter.Length > 0 ? draft.Drafter : "nobody: a person has to write it")}");
            Field(to, "", draft.Text);
            Field(to, "For", draft.Assignee ?? "");
            foreach (var note in draft.Notes)
                Field(to, "Note", $"{note.Text} ({note.By}, {note.At:yyyy-MM-dd HH:mm})");
        }
        if (Answer is { } answer)
        {
            Field(to, "Answer", answer.Detail.Length > 0 ? $"{answer.State} ({answer.Detail})" : answer.State);
            Field(to, "", answer.Text);
        }
    }

    private static void Field(TextWriter to, string name, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            return;
        foreach (var (line, i) in Plain.Text(value).TrimEnd().Split('\n').Select((l, i) => (l, i)))
            to.WriteLine($"{(i == 0 ? name : ""),-10}{line}".TrimEnd());
    }
}

using System.Text;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

/// <summary>An approved answer as it would serve others: what it says to anybody.</summary>
/// <param name="Id">Its message's id.</param>
/// <param name="Question">What was asked, with marks in place of names, addresses and numbers.</param>
/// <param name="Answer">Without the sentences that were about one person; empty when none is left.</param>
internal sealed record PastAnswer(string Id, string Mailbox, DateTimeOffset? DecidedAt, string Question, string Answer);

internal enum AdmitOutcome { Done, NotFound, NothingLeft, Full }

/// <summary>
/// Approved answers that may serve as knowledge, once somebody admits each. What is admitted is a source of its own that is called after its message,
/// and an item leads to it from the correspondent's hash, so that his erasure finds it when his mails have long been gone.
/// </summary>
internal sealed class PastAnswers(IStore store, KeyRing keys, Messages messages, MessageTexts texts, Mailboxes mailboxes, Drafts drafts, KnowledgeStore knowledge, AuditLog audit)
{
    /// <summary>What the sort keys begin with that lead from correspondents to what was admitted of their answers.</summary>
    internal const string Prefix = "admitted/";

    /// <summary>What a draft says of itself whose answer was taken into the knowledge.</summary>
    internal const string Admitted = "admitted";

    private const string Declined = "declined";
    // A greeting is a short line of its own.
    private const int MostGreeting = 60;

    /// <summary>The name of an admitted answer among the files of knowledge.</summary>
    public static string SourceOf(string message) => $"answer-{message}.jsonl";

    public static string PrefixOf(string person) => $"{Prefix}{person}/";

    /// <summary>Adds to a commit what leads from a correspondent to it.</summary>
    public static ItemKey Lead(Commit commit, string tenant, string person, string message)
    {
        var key = ItemKey.Main(tenant, PrefixOf(person) + message);
        commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Any);
        return key;
    }

    /// <summary>Those that nobody has decided on, the newest first.</summary>
    /// <param name="sees">Which mailboxes the reader may see.</param>
    public async Task<(IReadOnlyList<PastAnswer> Answers, string? Next)> ListAsync(string tenant, Func<string, bool> sees, int limit, string? after, CancellationToken ct)
    {
        var (records, next) = await drafts.ListRecordsAsync(tenant, record => IsOpen(record) && sees(record.Mailbox), limit, after, ct);
        var answers = new List<PastAnswer>(records.Count);
        foreach (var record in records)
            if (await FindAsync(tenant, record.Id, ct) is var (_, answer))
                answers.Add(answer);
        return (answers, next);
    }

    /// <summary>Takes it into the knowledge.</summary>
    public async Task<AdmitOutcome> AdmitAsync(string tenant, string id, Func<string, bool> sees, Actor actor, CancellationToken ct)
    {
        if (await FindAsync(tenant, id, ct) is not var (draft, answer) || !sees(answer.Mailbox))
            return AdmitOutcome.NotFound;
        if (answer.Answer.Length == 0)
            return AdmitOutcome.NothingLeft;
        // First what leads to it, on condition that his key is there: nothing is admitted that an erasure would not find.
        ItemKey? lead = null;
        await store.RetryAsync(async (commit, token) =>
        {
            lead = null;
            if (await messages.PersonAsync(tenant, draft.Record.Person, token) is not { } person)
                return false;
            person.AddTo(commit);
            lead = Lead(commit, tenant, draft.Record.Person, id);
            return true;
        }, ct);
        if (lead is null)
            return AdmitOutcome.NotFound;
        if ((await knowledge.AddAsync(tenant, PassageReader.Read(SourceOf(id), Lines(answer)), actor, ct)).Outcome == AddOutcome.Refused)
            return AdmitOutcome.Full;
        if (await DecideAsync(tenant, id, Admitted, lead, actor, ct))
            return AdmitOutcome.Done;
        // An erasure went by meanwhile.
        await knowledge.RemoveAsync(tenant, SourceOf(id), actor, ct);
        return AdmitOutcome.NotFound;
    }

    /// <summary>It is asked for no more.</summary>
    public async Task<AdmitOutcome> DeclineAsync(string tenant, string id, Func<string, bool> sees, Actor actor, CancellationToken ct) =>
        await FindAsync(tenant, id, ct) is var (_, answer) && sees(answer.Mailbox) && await DecideAsync(tenant, id, Declined, null, actor, ct) ? AdmitOutcome.Done : AdmitOutcome.NotFound;

    private Task<bool> DecideAsync(string tenant, string id, string decision, ItemKey? holds, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await drafts.FindAsync(tenant, id, token) is not { } draft || !IsOpen(draft.Record) || await messages.PersonAsync(tenant, draft.Record.Person, token) is not { } person)
                return false;
            if (holds is { } key)
            {
                if (await store.GetAsync(key, token) is not { } item)
                    return false;
                commit.Check(key, Condition.Same(item));
            }
            Drafts.Change(commit, person, draft.Record with { Knowledge = decision }, draft.Content, draft.Item);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, decision == Admitted ? "answer.admit" : "answer.decline", id), token);
            return true;
        }, ct);

    private static bool IsOpen(DraftRecord record) => record is { State: DraftState.Approved, Knowledge: null };

    private async Task<(Draft, PastAnswer)?> FindAsync(string tenant, string id, CancellationToken ct)
    {
        if (await keys.TenantAsync(tenant, ct) is null || await drafts.FindAsync(tenant, id, ct) is not { } draft || !IsOpen(draft.Record) || draft.Content.Text.Length == 0
            || await messages.FindAsync(tenant, id, ct) is not { } message || await texts.FindAsync(message, ct) is not { } text || await mailboxes.GetAsync(tenant, draft.Record.Mailbox, ct) is not { } box)
            return null;
        var mask = new AnswerMask([message.Summary.From, .. text.ReplyTo, .. text.To.Where(to => to.Address != box.Address), .. text.Cc],
            [.. draft.Content.Passages.SelectMany(hit => (string[])[hit.Passage.Question, hit.Passage.Answer]), box.AllowedFacts, box.DisplayName]);
        var question = AskedQuestion.Of(text.Reply, message.Summary.Subject)?.Text ?? message.Summary.Subject;
        return (draft, new(id, draft.Record.Mailbox, draft.Record.DecidedAt, mask.Mask(question), Impersonal(Body(draft.Content, box, text.ToMail(message.Summary)), mask)));
    }

    /// <summary>What stands between greeting and signature.</summary>
    private static string Body(DraftContent content, Mailbox box, InboundMail mail)
    {
        var (text, frame) = (content.Text.ReplaceLineEndings("\n").Trim(), ReplyFrame.Around(box, mail, content.Language));
        var behind = frame.Behind.TrimEnd();
        if (text.EndsWith(behind, StringComparison.Ordinal))
            text = text[..^behind.Length];
        else if (box.Signature.ReplaceLineEndings("\n").Trim() is { Length: > 0 } signature && text.EndsWith(signature, StringComparison.Ordinal))
            text = text[..^signature.Length];
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        text = (line is > 0 and <= MostGreeting && text[..line].TrimEnd() is [.., ',' or '!'] ? text[line..] : text).Trim();
        // "Best regards", as people write it: short lines at the end that end no sentence.
        while (text.LastIndexOf('\n') is var last and > 0 && text.Length - last <= MostGreeting && text[^1] is not ('.' or '!' or '?' or ':'))
            text = text[..last].TrimEnd();
        return text;
    }

    /// <summary>The sentences in which nothing had to be taken out: a mark in the place of a number would stand in others' answers.</summary>
    private static string Impersonal(string body, AnswerMask mask)
    {
        var kept = new StringBuilder(body.Length);
        for (var start = 0; start < body.Length;)
        {
            var end = Sentences.End(body, start);
            var sentence = body[start..end];
            if (mask.Mask(sentence) == sentence && SecretSigns.Mask(sentence) == sentence)
                kept.Append(sentence);
            start = end;
        }
        return kept.ToString().Trim() is var left && left.Any(char.IsLetter) ? left : "";
    }

    private static byte[] Lines(PastAnswer answer)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("id", answer.Id);
            json.WriteString("question", answer.Question);
            json.WriteString("answer", answer.Answer);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }
}

using ReplyMint.Inbound;
using ReplyMint.Knowledge;

namespace ReplyMint.Replies;

/// <summary>What people asked and the knowledge had no answer to, the most asked first.</summary>
/// <param name="Held">Mails that were looked at: held since nothing fitted.</param>
internal sealed record MissingReport(int Days, int Held, IReadOnlyList<MissingQuestion> Questions);

/// <param name="Question">As the newest of the mails asks it.</param>
/// <param name="Count">Mails that ask it.</param>
/// <param name="Message">The newest of them.</param>
/// <param name="FitsNow">A passage fits by now, such as one that was added since.</param>
internal sealed record MissingQuestion(string Question, int Count, DateTimeOffset Newest, string Message, bool FitsNow);

/// <summary>
/// Groups the questions that were held for want of knowledge. It reads the mails that are stored and keeps nothing of its own,
/// so what retention or an erasure removes is gone from here in the same moment.
/// </summary>
internal sealed class MissingKnowledge(Drafts drafts, Messages messages, MessageTexts texts, KnowledgeIndexes indexes, KnowledgeSettings settings, TimeProvider time)
{
    public const int MostDays = 400;
    public const int UsualDays = 30;

    private const int MostMails = 2_000;
    private const int MostQuestions = 100;
    // Each round looks at some thousand drafts: a store of very many that wait for other reasons is not read to its end.
    private const int MostRounds = 10;
    private const int Round = 500;

    /// <param name="sees">Which mailboxes the reader may see.</param>
    public async Task<MissingReport> ReadAsync(string tenant, int days, Func<string, bool> sees, CancellationToken ct)
    {
        var since = time.GetUtcNow().AddDays(-days);
        var index = await indexes.OpenAsync(tenant, ct);
        var groups = new QuestionGroups(index);
        var held = 0;
        string? after = null;
        for (var round = 0; round < MostRounds && held < MostMails; round++)
        {
            var (records, next) = await drafts.ListRecordsAsync(tenant,
                record => record.CreatedAt >= since && record.Reasons.Contains("no-knowledge") && sees(record.Mailbox), Math.Min(Round, MostMails - held), after, ct);
            foreach (var record in records)
            {
                if (await messages.FindAsync(tenant, record.Id, ct) is not { } message || await texts.FindAsync(message, ct) is not { } text)
                    continue;
                held++;
                if (AskedQuestion.Of(text.Reply, message.Summary.Subject) is { } asked)
                    groups.Add(asked, message.Id, message.Record.ReceivedAt);
            }
            if ((after = next) is null)
                break;
        }
        return new(days, held, [.. groups.MostAsked(MostQuestions).Select(group => new MissingQuestion(
            group.Question.Text, group.Count, group.Newest, group.Message, index.Search(group.Question.Text, 1) is [var hit] && hit.Score >= settings.Threshold))]);
    }
}

/// <summary>Questions that share most of what their words weigh: a word that much of the knowledge holds tells little, a rare or unknown one much.</summary>
internal sealed class QuestionGroups(KnowledgeIndex index)
{
    // 0 is no word in common, 1 is the same words.
    private const float Alike = 0.5f;

    private readonly List<Group> _groups = [];
    private readonly Dictionary<string, List<Group>> _byTerm = new(StringComparer.Ordinal);

    internal sealed class Group(AskedQuestion question, string message, DateTimeOffset newest, float weight)
    {
        public AskedQuestion Question { get; } = question;
        public string Message { get; } = message;
        public DateTimeOffset Newest { get; } = newest;
        public float Weight { get; } = weight;
        public int Count { get; set; } = 1;
    }

    /// <summary>The newest comes first: the group is named by it.</summary>
    public void Add(AskedQuestion question, string message, DateTimeOffset at)
    {
        var (best, likeness, weight) = ((Group?)null, Alike, question.Terms.Sum(term => index.Weight(term)));
        var shared = new Dictionary<Group, float>();
        foreach (var term in question.Terms)
            foreach (var group in _byTerm.GetValueOrDefault(term) ?? [])
                shared[group] = shared.GetValueOrDefault(group) + index.Weight(term);
        foreach (var (group, common) in shared)
            if (2 * common / (weight + group.Weight) is var alike && alike >= likeness)
                (best, likeness) = (group, alike);
        if (best is not null)
        {
            best.Count++;
            return;
        }
        var made = new Group(question, message, at, weight);
        _groups.Add(made);
        foreach (var term in question.Terms)
        {
            if (!_byTerm.TryGetValue(term, out var holding))
                _byTerm[term] = holding = [];
            holding.Add(made);
        }
    }

    public IEnumerable<Group> MostAsked(int limit) => _groups.OrderByDescending(group => group.Count).ThenByDescending(group => group.Newest).Take(limit);
}

/// <summary>The one sentence of a mail that says what it is about, and the words that an index would know it by.</summary>
internal sealed record AskedQuestion(string Text, IReadOnlySet<string> Terms)
{
    private const int MostText = 16_000;
    private const int MostShown = 200;

    /// <summary>The first sentence that asks something of substance; else the subject, else the first that says something; null for a mail without words.</summary>
    public static AskedQuestion? Of(string reply, string subject)
    {
        var text = reply.AsSpan(0, Math.Min(reply.Length, MostText));
        var language = LanguageWords.Guess(text) is var guessed && guessed == Language.Unknown ? Language.English : guessed;
        Span<Sentence> sentences = stackalloc Sentence[Sentences.Most];
        AskedQuestion? told = null;
        foreach (var sentence in sentences[..Sentences.Split(text, sentences)])
        {
            if (sentence.Whole)
                continue;
            var found = Of(text.Slice(sentence.Start, sentence.Length), language);
            // "Can you help me?" has one word of substance at most.
            if (sentence.Asks && found.Terms.Count >= 2)
                return found;
            told ??= found.Terms.Count > 0 ? found : null;
        }
        return Of(subject, language) is { Terms.Count: > 0 } title ? title : told;
    }

    private static AskedQuestion Of(ReadOnlySpan<char> sentence, Language language)
    {
        Span<char> buffer = stackalloc char[Words.MaxLength + 2];
        var terms = new HashSet<string>(StringComparer.Ordinal);
        for (var words = new Words(sentence); words.Next();)
            if (Knowledge.Terms.Key(language, words, buffer) is { IsEmpty: false } key && !Knowledge.Terms.IsQuestionWord(key))
                terms.Add(key.ToString());
        var shown = string.Join(' ', sentence.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return new(shown.Length <= MostShown ? shown : shown[..MostShown], terms);
    }
}

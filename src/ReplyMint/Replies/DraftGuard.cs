using System.Collections.Concurrent;
using System.Text;

using ReplyMint.Accounts;
using ReplyMint.Knowledge;
using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>A draft with all that may speak for it.</summary>
internal sealed record GuardInput
{
    public required string Text { get; init; }
    public required InboundMail Mail { get; init; }
    public required Mailbox Mailbox { get; init; }
    /// <summary>The passages that the draft rests on.</summary>
    public IReadOnlyList<Passage> Passages { get; init; } = [];
    /// <summary>On what each sentence rests, where a model wrote.</summary>
    public IReadOnlyList<SupportedSentence> Support { get; init; } = [];
    /// <summary>The language the answer should have ("en", "de", "fr", "es"), or empty when it is not known.</summary>
    public string Language { get; init; } = "";
    /// <summary>The model's system instruction; empty when no model wrote.</summary>
    public string SystemPrompt { get; init; } = "";
    /// <summary>It waited before a restore, and may have been sent since.</summary>
    public bool Restored { get; init; }
    /// <summary>The random mark in that instruction.</summary>
    public string Canary { get; init; } = "";
}

/// <summary>
/// Checks a draft before it may leave (pure). Statements come only from passages and the tenant's settings; of the mail
/// itself only the greeting name and reference numbers may come back.
/// </summary>
internal static class DraftGuard
{
    /// <summary>No answer is longer than this, whoever approves it.</summary>
    public const int MaxCharacters = 10_000;

    /// <summary>Who has read these knows what to think of the text.</summary>
    private const int MostUnsupported = 5;

    private const int MaxPrompts = 64;

    private static readonly ConcurrentDictionary<string, string> Prompts = new(StringComparer.Ordinal);

    // A few megabytes at the most: 512 texts of 4,000 characters.
    private const int MaxKnown = 512;
    private const int MaxKnownLength = 4_000;

    private static readonly ConcurrentDictionary<string, (FactKind, string)[]> Known = new(StringComparer.Ordinal);

    /// <summary>So many words of the instruction in a row are a leak.</summary>
    private const int LeakWords = 8;

    private const int CanaryPart = 8;

    public static IReadOnlyList<GuardFinding> Check(GuardInput input)
    {
        var findings = new List<GuardFinding>();
        if (ReplyRecipient.Of(input.Mail) is null)
            findings.Add(new(GuardRule.Recipient, "the mail names nobody who could be answered"));
        if (input.Text.Length > MaxCharacters)
        {
            // Nothing else is worth the time: it can't be sent.
            findings.Add(new(GuardRule.Size, $"{input.Text.Length} characters"));
            return findings;
        }
        Form(input, findings);
        Leaks(input, findings);
        if (string.IsNullOrWhiteSpace(input.Text))
            findings.Add(new(GuardRule.Length, "empty"));
        else if (input.Text.Length > input.Mailbox.MaxLength)
            findings.Add(new(GuardRule.Length, $"{input.Text.Length} characters, allowed are {input.Mailbox.MaxLength}"));
        if (input.Language.Length > 0 && ReplyLanguage.Guess(input.Text) is { Length: > 0 } language && language != input.Language)
            findings.Add(new(GuardRule.Language, $"{language} instead of {input.Language}"));
        Statements(input, findings);
        foreach (var sentence in input.Support.Where(sentence => sentence.Passage is null).Take(MostUnsupported))
            findings.Add(new(GuardRule.Support, ReplySubject.Cut(input.Text.Substring(sentence.Start, sentence.Length), 100)));
        if (input.Restored)
            findings.Add(new(GuardRule.Restored, "it is of before the store was restored, and may have been sent since; look into the mailbox, or ask"));
        return findings;
    }

    /// <summary>What all passages and settings together let an answer say.</summary>
    private static HashSet<(FactKind, string)> Granted(GuardInput input)
    {
        var granted = new HashSet<(FactKind, string)>();
        var box = input.Mailbox;
        foreach (var passage in input.Passages)
        {
            Add(passage.Question);
            Add(passage.Answer);
        }
        foreach (var text in new[] { box.AllowedFacts, box.Signature, box.DisplayName, box.Address, box.FixedAnswer })
            Add(text);
        foreach (var rule in box.Rules)
            Add(rule.Template);
        foreach (var holiday in box.Schedule.Holidays)
            Add(holiday.Answer);
        foreach (var reference in NumberFacts.References(input.Mail.Subject + "\n" + input.Mail.Reply))
            granted.Add((FactKind.Reference, reference));
        return granted;

        void Add(string text)
        {
            if (text.Length > 0)
                granted.UnionWith(Grants(text));
        }
    }

    /// <summary>Passages and settings are the same for mail after mail, so what they grant is kept.</summary>
    private static (FactKind, string)[] Grants(string text)
    {
        if (Known.TryGetValue(text, out var facts))
            return facts;
        facts = [.. FactScanner.Scan(text, grants: true).Select(fact => (fact.Kind, fact.Canonical)).Distinct()];
        if (text.Length > MaxKnownLength)
            return facts;
        if (Known.Count >= MaxKnown)
            Known.Clear();
        return Known[text] = facts;
    }

    private static void Statements(GuardInput input, List<GuardFinding> findings)
    {
        var facts = FactScanner.Scan(input.Text, grants: false);
        if (facts.Count == 0)
            return;
        var granted = Granted(input);
        foreach (var fact in facts)
        {
            if (granted.Contains((fact.Kind, fact.Canonical)))
                continue;
            // The mail may have named its order by a number that looks like a telephone number, and the other way round a passage too.
            if (fact.Kind is FactKind.Phone && granted.Contains((FactKind.Reference, fact.Canonical))
                || fact.Kind is FactKind.Reference && granted.Contains((FactKind.Phone, fact.Canonical)))
                continue;
            var rule = fact.Kind switch
            {
                FactKind.Link => GuardRule.Link,
                FactKind.Address => GuardRule.Address,
                FactKind.Phone => GuardRule.Phone,
                FactKind.Price => GuardRule.Price,
                FactKind.Percentage => GuardRule.Percentage,
                FactKind.Date => GuardRule.Date,
                FactKind.Promise => GuardRule.Promise,
                _ => GuardRule.Reference,
            };
            if (!findings.Any(f => f.Rule == rule && f.Found == fact.Written))
                findings.Add(new(rule, fact.Written));
        }
    }

    /// <summary>Plain text only: no markup, no header line, nothing that a reader can't see.</summary>
    private static void Form(GuardInput input, List<GuardFinding> findings)
    {
        var text = input.Text;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c) && c is not ('\n' or '\r' or '\t') || c is '\u2028' or '\u2029')
            {
                findings.Add(new(GuardRule.Header, $"control character U+{(int)c:X4}"));
                break;
            }
            if (FactText.IsInvisible(text, i) && !IsOrdinary(text, i))
            {
                findings.Add(new(GuardRule.Hidden, $"invisible character U+{(char.IsHighSurrogate(c) ? char.ConvertToUtf32(c, text[i + 1]) : c):X4}"));
                break;
            }
        }
        var folded = FactText.Fold(text);
        if (MixedWords.Find(folded).FirstOrDefault(word => !input.Passages.Any(passage => FactText.Fold(passage.Question + " " + passage.Answer).Contains(word, StringComparison.Ordinal))) is { } mixed)
            findings.Add(new(GuardRule.Language, $"letters of two scripts in one word: {ReplySubject.Cut(mixed, 40)}"));
        for (var i = 0; i + 1 < folded.Length; i++)
        {
            if (folded[i] == '<' && (folded[i + 1] is '/' or '!' or '?' || char.IsAsciiLetter(folded[i + 1])) && !IsBracketedAddress(folded, i))
            {
                findings.Add(new(GuardRule.Html, folded[i..Math.Min(folded.Length, i + 40)]));
                break;
            }
            if (folded[i] == '!' && folded[i + 1] == '[')
            {
                findings.Add(new(GuardRule.Html, "an image"));
                break;
            }
        }
        foreach (var mark in (ReadOnlySpan<string>)["data:image", "&lt;", "&#", "&period;", "&commat;", "&sol;", "&colon;", "&shy;", "&zwnj;", "&zwj;"])
            if (folded.Contains(mark, StringComparison.Ordinal))
                findings.Add(new(GuardRule.Html, mark));
        foreach (var line in folded.AsSpan().EnumerateLines())
            foreach (var name in (ReadOnlySpan<string>)["bcc:", "cc:", "content-type:", "content-transfer-encoding:", "mime-version:", "reply-to:", "return-path:", "message-id:", "x-mailer:"])
                if (line.TrimStart().StartsWith(name))
                    findings.Add(new(GuardRule.Header, name));
    }

    /// <summary>"&lt;help@shop.example&gt;" and "&lt;https://...&gt;" are how plain text sets an address apart.</summary>
    private static bool IsBracketedAddress(string text, int at)
    {
        var close = text.AsSpan(at, Math.Min(text.Length - at, 500)).IndexOf('>');
        if (close < 0)
            return false;
        var inside = text.AsSpan(at + 1, close - 1);
        return !inside.ContainsAny(' ', '"', '\n') && (inside.Contains('@') || inside.StartsWith("https://") || inside.StartsWith("http://"));
    }

    /// <summary>Parts of an emoji: one selector behind a sign or digit, and what joins two. Selectors behind letters or in rows show nothing and can carry a text.</summary>
    private static bool IsOrdinary(string text, int at) => text[at] switch
    {
        '\uFE0F' or '\uFE0E' => at > 0 && !char.IsLetter(text[at - 1]) && !char.IsWhiteSpace(text[at - 1]) && !FactText.IsInvisible(text, at - 1),
        '\u200D' => at > 0 && at + 1 < text.Length && (char.IsSurrogate(text[at - 1]) || text[at - 1] == '\uFE0F'),
        _ => false,
    };

    private static void Leaks(GuardInput input, List<GuardFinding> findings)
    {
        foreach (var secret in SecretSigns.Find(input.Text))
            findings.Add(new(GuardRule.Secret, secret));
        if (input.Canary.Length > 0)
        {
            var canary = Squeeze(input.Canary);
            var squeezed = Squeeze(input.Text);
            if (HasPart(squeezed, canary) || HasPart(squeezed, new string([.. canary.Reverse()]))
                || squeezed.Contains(Squeeze(Convert.ToBase64String(Encoding.UTF8.GetBytes(input.Canary))).TrimEnd('='), StringComparison.Ordinal))
                findings.Add(new(GuardRule.Canary, "the instruction's mark"));
        }
        if (input.SystemPrompt.Length > 0 && Leak(input) is { } words)
            findings.Add(new(GuardRule.SystemPrompt, words));
    }

    /// <summary>Said in two halves it is said too: so many of its signs in a row stand in a text by chance once in many millions.</summary>
    private static bool HasPart(string text, string canary)
    {
        for (var i = 0; i == 0 || i + CanaryPart <= canary.Length; i++)
            if (text.Contains(canary.AsSpan(i, Math.Min(CanaryPart, canary.Length)), StringComparison.Ordinal))
                return true;
        return false;
    }

    /// <summary>Eight words in a row that stand in the instruction and in no passage.</summary>
    private static string? Leak(GuardInput input)
    {
        var words = WordsOf(input.Text);
        var text = Spaced(words);
        var prompt = PromptWords(input.SystemPrompt);
        var start = 0;
        for (var (i, end) = (0, LengthOf(words, LeakWords)); i + LeakWords <= words.Count; i++)
        {
            // From the space before the first word of the row to the one behind its last.
            var row = text.AsSpan(start, end - start + 1);
            if (prompt.AsSpan().IndexOf(row) >= 0)
            {
                var spaced = row.ToString();
                if (!Spaced(WordsOf(input.Mailbox.Signature)).Contains(spaced, StringComparison.Ordinal)
                    && !input.Passages.Any(passage => Spaced(WordsOf(passage.Question + " " + passage.Answer)).Contains(spaced, StringComparison.Ordinal)))
                    return spaced.Trim();
            }
            start += words[i].Length + 1;
            if (i + LeakWords < words.Count)
                end += words[i + LeakWords].Length + 1;
        }
        return null;
    }

    private static int LengthOf(List<string> words, int count) => words.Take(count).Sum(word => word.Length + 1);

    /// <summary>An instruction is the same for all mails of a mailbox in one language, and far longer than an answer.</summary>
    private static string PromptWords(string prompt)
    {
        if (Prompts.TryGetValue(prompt, out var words))
            return words;
        if (Prompts.Count >= MaxPrompts)
            Prompts.Clear();
        return Prompts[prompt] = Spaced(WordsOf(prompt));
    }

    private static List<string> WordsOf(string text)
    {
        var folded = FactText.Fold(text);
        return [.. FactTokens.Read(folded).Where(t => char.IsLetterOrDigit(folded[t.Start])).Select(t => folded[t.Start..t.End])];
    }

    /// <summary>With a space around each word, so that a row of words is found as a whole.</summary>
    private static string Spaced(List<string> words) => $" {string.Join(' ', words)} ";

    private static string Squeeze(string text)
    {
        var squeezed = new StringBuilder(text.Length);
        foreach (var c in FactText.Fold(text))
            if (char.IsLetterOrDigit(c))
                squeezed.Append(c);
        return squeezed.ToString();
    }
}

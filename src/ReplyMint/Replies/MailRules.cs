using System.Text;

using ReplyMint.Accounts;
using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>The tenant's own simple rules and fixed answers, asked before any drafting (pure).</summary>
internal static class MailRules
{
    /// <summary>A value put into a template is no longer than this.</summary>
    private const int MaxValue = 100;

    /// <summary>The first rule whose conditions all hold, or null.</summary>
    public static MailRule? Match(IReadOnlyList<MailRule> rules, InboundMail mail)
    {
        if (rules.Count == 0)
            return null;
        var subject = TextFold.Words(mail.Subject);
        string? words = null;
        foreach (var rule in rules)
        {
            if (rule.From.Length > 0 && !FromMatches(rule.From, mail))
                continue;
            if (rule.Subject.Length > 0 && !subject.Contains(TextFold.Words(rule.Subject), StringComparison.Ordinal))
                continue;
            if (rule.Word.Length > 0 && !HasWord(words ??= subject + "\n" + TextFold.Words(mail.Reply), TextFold.Words(rule.Word)))
                continue;
            return rule;
        }
        return null;
    }

    /// <summary>The template's text for this mail: a template rule, a holiday's answer or the mailbox's fixed answer.</summary>
    public static DraftOutcome Fill(string template, InboundMail mail, Mailbox mailbox, string author)
    {
        var name = GreetingName.Of(mail);
        var filled = new StringBuilder(template.Length + 200);
        for (var i = 0; i < template.Length;)
        {
            if (template[i] == '{' && template.IndexOf('}', i) is var close && close > i && Value(template[(i + 1)..close]) is { } value)
            {
                // A missing name takes the space before it along: "Hello {name}," is "Hello,".
                if (value.Length == 0 && filled.Length > 0 && filled[^1] == ' ')
                    filled.Length--;
                filled.Append(value);
                i = close + 1;
                continue;
            }
            filled.Append(template[i++]);
        }
        var text = filled.ToString().ReplaceLineEndings("\n").Trim();
        return text.Length == 0 ? new DraftOutcome.NothingFits("the fixed answer is empty") : new DraftOutcome.Draft(text, [], "") { Author = author };

        string? Value(string key) => key switch
        {
            "name" => name,
            "subject" => ReplySubject.Cut(ReplySubject.Bare(mail.Subject), MaxValue),
            "mailbox" => mailbox.DisplayName.Length > 0 ? ReplySubject.Cut(ReplySubject.Clean(mailbox.DisplayName), MaxValue) : mailbox.Address,
            _ => null,
        };
    }

    /// <summary>"anna@x.example", "@x.example" or "x.example": the whole address, or its domain and what is below it.</summary>
    private static bool FromMatches(string pattern, InboundMail mail)
    {
        if (mail.Author is not { } author || AddressRules.Normalize(author.Address) is not { } address)
            return false;
        var wanted = pattern.Trim().ToLowerInvariant();
        var at = wanted.IndexOf('@', StringComparison.Ordinal);
        if (at > 0)
            return AddressRules.Normalize(wanted) is { } normal && (normal == address || normal == AddressRules.WithoutTag(address));
        wanted = wanted.TrimStart('@');
        var domain = AddressRules.Domain(address);
        return domain == wanted || domain.EndsWith("." + wanted, StringComparison.Ordinal);
    }

    private static bool HasWord(string text, string word)
    {
        for (var at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            var end = at + word.Length;
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
                return true;
        }
        return false;
    }
}

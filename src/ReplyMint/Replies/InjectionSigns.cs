using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>
/// Whether a mail speaks to the machine that reads it instead of to people. It decides nothing: what a mail may bring about is bounded elsewhere,
/// and words are easily changed. It is told, so that who tries again and again is seen (MON-3).
/// </summary>
internal static class InjectionSigns
{
    // Enough for any order to a machine; a longer text costs no more.
    private const int MostLooked = 20_000;

    /// <summary>What such a sentence does, and to what; both within a few words of each other. "Please ignore my last mail" has no machine in it.</summary>
    private static readonly string[] Verbs =
        ["ignore", "disregard", "forget", "override", "bypass", "reveal", "print", "repeat", "ignorier", "vergiss", "missachte", "umgehe", "verrate", "zeige", "oublie", "ignora", "olvida"];

    private static readonly string[] Things =
        [
            "previous instructions", "prior instructions", "above instructions", "your instructions", "all instructions", "system prompt", "your prompt", "your guidelines", "your rules", "developer message",
            "vorherigen anweisungen", "bisherigen anweisungen", "obigen anweisungen", "deine anweisungen", "alle anweisungen", "systemprompt", "system-prompt",
            "instructions precedentes", "tes instructions", "instrucciones anteriores", "tus instrucciones",
        ];

    /// <summary>Marks of turns that only a machine reads as such.</summary>
    private static readonly string[] Marks = ["<|im_start|>", "<|system|>", "[inst]", "<<sys>>", "### system", "you are now dan", "developer mode enabled"];

    private const int Near = 60;

    public static bool In(InboundMail mail) => In(mail.Subject) || In(mail.Text) || mail.Hidden.Any(In);

    private static bool In(string text)
    {
        if (text.Length == 0)
            return false;
        var folded = TextFold.Words(text.Length > MostLooked ? text[..MostLooked] : text);
        return Marks.Any(mark => folded.Contains(mark, StringComparison.Ordinal)) || Things.Any(thing => IsOrdered(folded, thing));
    }

    private static bool IsOrdered(string text, string thing)
    {
        for (var at = text.IndexOf(thing, StringComparison.Ordinal); at >= 0; at = text.IndexOf(thing, at + thing.Length, StringComparison.Ordinal))
        {
            var before = text.AsSpan(Math.Max(0, at - Near), Math.Min(at, Near));
            foreach (var verb in Verbs)
                if (before.Contains(verb, StringComparison.Ordinal))
                    return true;
        }
        return false;
    }
}

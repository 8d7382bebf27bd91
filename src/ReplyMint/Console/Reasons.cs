using ReplyMint.Inbound;

namespace ReplyMint.Console;

/// <summary>What was decided and why, in a reader's words.</summary>
internal static class Reasons
{
    /// <summary>Those that people look for.</summary>
    public static readonly string[] Filtered =
    [
        "no-knowledge", "mode", "dmarc", "auto-submitted", "null-reverse-path", "list", "precedence", "robot-address", "forwarding-confirmation", "spam", "virus", "attachment-malware", "rate-thread", "rate-person", "encrypted", "many-recipients",
        "human-please", "no-consent", "quota", "stopped", "model-failed", "approved", "rejected",
    ];

    /// <param name="say">The reader's.</param>
    /// <param name="reason">A rule's name, "guard-RULE", "rule:NAME" or who drafted.</param>
    public static string Of(Speech say, string reason) =>
        Speech.Has("reason." + reason) ? say["reason." + reason]
            : reason.StartsWith("guard-", StringComparison.Ordinal) ? say["reason.guard"]
            : reason.StartsWith("rule:", StringComparison.Ordinal) ? say["reason.rule", reason[5..]] : reason;

    public static string WordOf(MessageState state) => state switch { MessageState.Received => "received", MessageState.Answered => "answered", MessageState.Held => "held", _ => "ignored" };

    public static string StyleOf(MessageState state) => "mail is-" + WordOf(state);
}

using System.Text.Json.Serialization;

namespace ReplyMint.Replies;

/// <summary>May this mail be answered automatically?</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Decision>))]
internal enum Decision { Answer, Hold, Ignore }

/// <summary>What one rule says. The strongest wins: Never, then Cancel, then Hold.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RuleOutcome>))]
internal enum RuleOutcome { Pass, NotAsked, Hold, Cancel, Never }

/// <summary>One line of a receipt: which rule was asked, what it saw, what it said.</summary>
/// <param name="Rule">The rule's number in the table of mail rules, 1 to 19.</param>
/// <param name="Name">Short and stable, such as "null-reverse-path".</param>
/// <param name="Saw">What it looked at, for a person to check; may hold personal data and is stored sealed.</param>
internal sealed record RuleResult(int Rule, string Name, RuleOutcome Outcome, string Saw);

/// <summary>The policy's answer with every rule that was asked.</summary>
internal sealed record Verdict(Decision Result, IReadOnlyList<RuleResult> Rules)
{
    /// <summary>A quarantined or paused mail is held without a draft.</summary>
    public bool NoDraft { get; init; }

    /// <summary>The names of the rules that hit, the deciding one first.</summary>
    [JsonIgnore]
    public IEnumerable<string> Reasons => Rules
        .Where(r => r.Outcome is RuleOutcome.Hold or RuleOutcome.Cancel or RuleOutcome.Never)
        .OrderByDescending(r => r.Outcome).ThenBy(r => r.Rule).Select(r => r.Name);
}

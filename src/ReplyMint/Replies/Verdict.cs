using System.Text.Json;
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
internal sealed record Verdict(Decision Result, [property: JsonConverter(typeof(RuleResultsJson))] IReadOnlyList<RuleResult> Rules)
{
    /// <summary>A quarantined or paused mail is held without a draft.</summary>
    public bool NoDraft { get; init; }

    /// <summary>The names of the rules that hit, the deciding one first.</summary>
    [JsonIgnore]
    public IEnumerable<string> Reasons => Rules
        .Where(r => r.Outcome is RuleOutcome.Hold or RuleOutcome.Cancel or RuleOutcome.Never)
        .OrderByDescending(r => r.Outcome).ThenBy(r => r.Rule).Select(r => r.Name);
}

/// <summary>Stores rules as one flat list of number, name, outcome and what was seen: each mail stores some fifty of them.</summary>
internal sealed class RuleResultsJson : JsonConverter<IReadOnlyList<RuleResult>>
{
    public override IReadOnlyList<RuleResult> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException();
        var rules = new List<RuleResult>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var number = reader.GetInt32();
            reader.Read();
            var name = reader.GetString()!;
            reader.Read();
            var outcome = (RuleOutcome)reader.GetInt32();
            reader.Read();
            rules.Add(new(number, name, outcome, reader.GetString()!));
        }
        return rules;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<RuleResult> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var rule in value)
        {
            writer.WriteNumberValue(rule.Rule);
            writer.WriteStringValue(rule.Name);
            // The number is stored: members of the enumeration are added at its end only.
            writer.WriteNumberValue((int)rule.Outcome);
            writer.WriteStringValue(rule.Saw);
        }
        writer.WriteEndArray();
    }
}

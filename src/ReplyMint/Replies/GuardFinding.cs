using System.Text.Json.Serialization;

namespace ReplyMint.Replies;

/// <summary>What the guard looks for. The first ones are about content, and whether it may have left already: a person may decide otherwise; from Recipient on nobody may.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GuardRule>))]
internal enum GuardRule { Link, Address, Phone, Price, Percentage, Promise, Date, Reference, Language, Length, Restored, Support, Recipient, Header, Secret, Canary, Size, Html, SystemPrompt, Hidden }

/// <summary>Why a draft may not leave by itself.</summary>
/// <param name="Found">What was found, bounded; personal data, stored sealed.</param>
internal sealed record GuardFinding(GuardRule Rule, string Found)
{
    /// <summary>May a person's recorded decision send it all the same?</summary>
    public bool Overridable => Rule < GuardRule.Recipient;
}

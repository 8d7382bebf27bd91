using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Privacy;

/// <summary>What is stored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LegalHold))]
[JsonSerializable(typeof(HoldReason))]
internal sealed partial class PrivacyJson : JsonSerializerContext;

/// <summary>What is sent and received.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewHold))]
[JsonSerializable(typeof(HoldDetail))]
[JsonSerializable(typeof(Listing<HoldDetail>))]
[JsonSerializable(typeof(RetentionWish))]
[JsonSerializable(typeof(RetentionAnswer))]
[JsonSerializable(typeof(RetentionReport))]
[JsonSerializable(typeof(Listing<HeldMail>))]
internal sealed partial class PrivacyWire : JsonSerializerContext;

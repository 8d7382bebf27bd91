using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Privacy;

/// <summary>What is stored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LegalHold))]
[JsonSerializable(typeof(HoldReason))]
[JsonSerializable(typeof(RetentionRun))]
[JsonSerializable(typeof(Erasure))]
[JsonSerializable(typeof(ErasureSecret))]
[JsonSerializable(typeof(HeldErasure))]
[JsonSerializable(typeof(FoundElsewhere))]
[JsonSerializable(typeof(ErasureLine))]
[JsonSerializable(typeof(ErasureCertificate))]
internal sealed partial class PrivacyJson : JsonSerializerContext;

/// <summary>What is sent and received.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewHold))]
[JsonSerializable(typeof(HoldDetail))]
[JsonSerializable(typeof(Listing<HoldDetail>))]
[JsonSerializable(typeof(ExportWish))]
[JsonSerializable(typeof(ExportAnswer))]
[JsonSerializable(typeof(ExportAddress))]
[JsonSerializable(typeof(Listing<ExportAnswer>))]
[JsonSerializable(typeof(BasisWish))]
[JsonSerializable(typeof(BasisAnswer))]
[JsonSerializable(typeof(NewConsentText))]
[JsonSerializable(typeof(ConsentTextAnswer))]
[JsonSerializable(typeof(Listing<ConsentTextAnswer>))]
[JsonSerializable(typeof(NewConsent))]
[JsonSerializable(typeof(ConsentAnswer))]
[JsonSerializable(typeof(Listing<ConsentAnswer>))]
[JsonSerializable(typeof(RetentionWish))]
[JsonSerializable(typeof(RetentionAnswer))]
[JsonSerializable(typeof(RetentionReport))]
[JsonSerializable(typeof(Listing<HeldMail>))]
[JsonSerializable(typeof(NewErasure))]
[JsonSerializable(typeof(ErasureDetail))]
[JsonSerializable(typeof(Listing<ErasureDetail>))]
[JsonSerializable(typeof(Listing<FoundEntry>))]
internal sealed partial class PrivacyWire : JsonSerializerContext;

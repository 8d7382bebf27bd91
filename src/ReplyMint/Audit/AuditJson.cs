using System.Text.Json.Serialization;

namespace ReplyMint.Audit;

/// <summary>What is stored or signed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditHead))]
[JsonSerializable(typeof(AuditRecord))]
[JsonSerializable(typeof(Alert))]
[JsonSerializable(typeof(AttestationRing))]
[JsonSerializable(typeof(AttestationKeySet))]
[JsonSerializable(typeof(WaitingDocument))]
internal sealed partial class AuditJson : JsonSerializerContext;

/// <summary>What the API answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AttestationKeySet))]
internal sealed partial class AuditWire : JsonSerializerContext;

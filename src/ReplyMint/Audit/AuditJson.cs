using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Audit;

/// <summary>What is stored or signed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditHead))]
[JsonSerializable(typeof(AuditRecord))]
[JsonSerializable(typeof(Alert))]
[JsonSerializable(typeof(AttestationRing))]
[JsonSerializable(typeof(AttestationKeySet))]
[JsonSerializable(typeof(WaitingDocument))]
[JsonSerializable(typeof(RootStatement))]
[JsonSerializable(typeof(RootDocument))]
[JsonSerializable(typeof(RootPage))]
[JsonSerializable(typeof(CheckpointStatement))]
[JsonSerializable(typeof(CheckpointRecord))]
[JsonSerializable(typeof(ExportHeader))]
[JsonSerializable(typeof(ExportStatement))]
[JsonSerializable(typeof(ExportManifest))]
[JsonSerializable(typeof(ReportStatement))]
internal sealed partial class AuditJson : JsonSerializerContext;

/// <summary>What the API answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AttestationKeySet))]
[JsonSerializable(typeof(Listing<AuditLine>))]
[JsonSerializable(typeof(AuditVerdict))]
[JsonSerializable(typeof(Listing<AlertAnswer>))]
[JsonSerializable(typeof(DateTimeOffset?))]
internal sealed partial class AuditWire : JsonSerializerContext;

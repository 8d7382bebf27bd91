using System.Text.Json.Serialization;

namespace ReplyMint.Knowledge;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EvalReport))]
[JsonSerializable(typeof(Passage))]
[JsonSerializable(typeof(SourceRecord))]
[JsonSerializable(typeof(ClearSource))]
[JsonSerializable(typeof(UploadRecord))]
internal sealed partial class KnowledgeJson : JsonSerializerContext;

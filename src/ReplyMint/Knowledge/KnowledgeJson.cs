using System.Text.Json.Serialization;

namespace ReplyMint.Knowledge;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EvalReport))]
[JsonSerializable(typeof(Passage))]
internal sealed partial class KnowledgeJson : JsonSerializerContext;

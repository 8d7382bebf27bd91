using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Incidents;

/// <summary>What the room's routes read and write.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewRecord))]
[JsonSerializable(typeof(RecordAnswer))]
[JsonSerializable(typeof(Listing<RecordAnswer>))]
[JsonSerializable(typeof(Listing<DueAnswer>))]
internal sealed partial class IncidentsWire : JsonSerializerContext;

using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Incidents;

/// <summary>What the room's routes read and write.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewRecord))]
[JsonSerializable(typeof(RecordAnswer))]
[JsonSerializable(typeof(Listing<RecordAnswer>))]
[JsonSerializable(typeof(Listing<DueAnswer>))]
[JsonSerializable(typeof(NewIncident))]
[JsonSerializable(typeof(IncidentAnswer))]
[JsonSerializable(typeof(IncidentDetail))]
[JsonSerializable(typeof(Listing<IncidentAnswer>))]
[JsonSerializable(typeof(IncidentNote))]
[JsonSerializable(typeof(IncidentClosing))]
[JsonSerializable(typeof(ContainmentWish))]
[JsonSerializable(typeof(Listing<ContainmentAnswer>))]
[JsonSerializable(typeof(RevocationAsked))]
[JsonSerializable(typeof(RevocationAnswer))]
[JsonSerializable(typeof(WatchWish))]
[JsonSerializable(typeof(WatchAnswer))]
[JsonSerializable(typeof(Listing<WatchAnswer>))]
[JsonSerializable(typeof(Listing<AccessRow>))]
internal sealed partial class IncidentsWire : JsonSerializerContext;

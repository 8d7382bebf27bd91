using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>What the room's routes read and write. Apart from the stored forms, which the outside never sees.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewDomain))]
[JsonSerializable(typeof(DomainAnswer))]
[JsonSerializable(typeof(Listing<DomainAnswer>))]
internal sealed partial class AccountsWire : JsonSerializerContext;

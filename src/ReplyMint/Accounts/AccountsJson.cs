using System.Text.Json.Serialization;

namespace ReplyMint.Accounts;

/// <summary>Leads from an address's keyed hash, or a channel's id, to its owner.</summary>
internal sealed record OwnerRecord(int V, string Tenant, string Id);

/// <summary>The clear part of a sealed record: ids and nothing else.</summary>
internal sealed record ClearRecord(int V, string Id);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(OwnerRecord))]
[JsonSerializable(typeof(ClearRecord))]
[JsonSerializable(typeof(RetentionRecord))]
[JsonSerializable(typeof(HeldRecord))]
[JsonSerializable(typeof(Tenant))]
[JsonSerializable(typeof(Mailbox))]
[JsonSerializable(typeof(Channel))]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(UserRecord))]
[JsonSerializable(typeof(Membership))]
[JsonSerializable(typeof(DomainClaim))]
[JsonSerializable(typeof(SignInLink))]
[JsonSerializable(typeof(SignInRequest))]
[JsonSerializable(typeof(KnownNetworks))]
[JsonSerializable(typeof(NewTenantPerson))]
[JsonSerializable(typeof(Invitation))]
[JsonSerializable(typeof(Factors))]
[JsonSerializable(typeof(ApiKey))]
[JsonSerializable(typeof(ApiKeyUse))]
[JsonSerializable(typeof(SigningRing))]
[JsonSerializable(typeof(PepperRing))]
[JsonSerializable(typeof(Session))]
[JsonSerializable(typeof(SessionClient))]
[JsonSerializable(typeof(RefreshRecord))]
internal sealed partial class AccountsJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>What the room's routes read and write. Apart from the stored forms, which the outside never sees.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewDomain))]
[JsonSerializable(typeof(DomainAnswer))]
[JsonSerializable(typeof(Listing<DomainAnswer>))]
[JsonSerializable(typeof(NewMailbox))]
[JsonSerializable(typeof(Listing<MailboxView>))]
[JsonSerializable(typeof(MailboxSettings))]
[JsonSerializable(typeof(SchedulePlan))]
[JsonSerializable(typeof(RulePlan))]
[JsonSerializable(typeof(NewChannel))]
[JsonSerializable(typeof(Listing<ChannelView>))]
[JsonSerializable(typeof(TenantSettings))]
[JsonSerializable(typeof(NewApiKey))]
[JsonSerializable(typeof(ApiKeyRotation))]
[JsonSerializable(typeof(ApiKeyView))]
[JsonSerializable(typeof(ApiKeyShown))]
[JsonSerializable(typeof(Listing<ApiKeyView>))]
[JsonSerializable(typeof(MeView))]
[JsonSerializable(typeof(RefreshRequest))]
[JsonSerializable(typeof(TenantChoice))]
[JsonSerializable(typeof(SessionTokens))]
[JsonSerializable(typeof(Listing<SessionView>))]
[JsonSerializable(typeof(Listing<MyTenant>))]
[JsonSerializable(typeof(JsonWebKeySet))]
internal sealed partial class AccountsWire : JsonSerializerContext;

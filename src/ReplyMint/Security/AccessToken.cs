namespace ReplyMint.Security;

/// <summary>What an access token says, once its signature was proved: ids and times, never a right.</summary>
internal sealed record AccessToken(string User, string Tenant, string Session, DateTimeOffset ExpiresAt);

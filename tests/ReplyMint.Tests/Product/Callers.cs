using System.Net.Http.Headers;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>People and programs that come to the door of a <see cref="ProductHost"/> with good credentials.</summary>
internal static class Callers
{
    /// <summary>A person of the host's tenant (or of the named one; an operator's is the installation). Returns the user's id.</summary>
    public static Task<string> PersonAsync(this ProductHost host, Role role, string? address = null, string? tenant = null, IReadOnlyList<string>? mailboxes = null) =>
        host.Get<IStore>().RetryAsync(async (commit, ct) =>
        {
            var user = await host.Get<Users>().EnsureAsync(commit, address ?? $"{role}-{Guid.NewGuid():N}@people.example".ToLowerInvariant(), "A person", ct);
            Assert.Equal(MemberChange.Done, await host.Get<Members>().SetAsync(commit, tenant ?? HomeOf(host, role), user.Id, role, mailboxes, Actor.Machine, ct));
            return user.Id;
        }, default);

    /// <summary>A session as a sign-in would start it.</summary>
    /// <param name="factor">A second factor was proved just now.</param>
    public static async Task<SessionTokens> SignInAsync(this ProductHost host, string user, string? tenant = null, bool factor = true)
    {
        var start = await host.Get<IStore>().RetryAsync((commit, ct) => host.Get<Sessions>().StartAsync(
            commit, user, tenant ?? host.Tenant.Id, factor ? host.Time.GetUtcNow() : null, new SessionClient("test", "127.0.0.1"), ct), default);
        return await host.Get<TokenDesk>().WelcomeAsync(start, default);
    }

    /// <summary>A client that sends a fresh access token of a new person with this role.</summary>
    public static async Task<HttpClient> ClientAsync(this ProductHost host, Role role, bool factor = true, string? tenant = null, IReadOnlyList<string>? mailboxes = null) =>
        host.Client((await host.SignInAsync(await host.PersonAsync(role, tenant: tenant, mailboxes: mailboxes), tenant ?? HomeOf(host, role), factor)).AccessToken);

    public static HttpClient Client(this ProductHost host, string? accessToken = null)
    {
        var client = new HttpClient { BaseAddress = host.Http };
        if (accessToken is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        return client;
    }

    /// <summary>A key of the machine's with these scopes.</summary>
    public static async Task<(ApiKey Key, string Text)> KeyAsync(this ProductHost host, params string[] scopes)
    {
        var made = await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, new ApiKeyWish { Name = "A key", Scopes = scopes }, Actor.Machine.Id, Actor.Machine, default);
        return (Assert.IsType<ApiKey>(made.Key), Assert.IsType<string>(made.Text));
    }

    /// <summary>A client that sends a new key with these scopes.</summary>
    public static async Task<HttpClient> KeyClientAsync(this ProductHost host, params string[] scopes)
    {
        var client = host.Client();
        client.DefaultRequestHeaders.Add("X-API-Key", (await host.KeyAsync(scopes)).Text);
        return client;
    }

    private static string HomeOf(ProductHost host, Role role) => role == Role.Operator ? KeyRing.Installation : host.Tenant.Id;
}

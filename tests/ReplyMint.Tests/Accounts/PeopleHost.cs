using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using ReplyMint.Accounts;
using ReplyMint.Jobs;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>An answer as a client reads it.</summary>
internal sealed record Said(HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Message)
{
    public int Code => (int)Status;
}

/// <summary>The product's store, of which every commit that happened is seen.</summary>
internal sealed class SeenStore : IStore
{
    private IStore _store = null!;

    public ConcurrentQueue<IReadOnlyList<ItemKey>> Committed { get; } = [];

    public void Into(IServiceCollection services)
    {
        _store = (IStore)services.Last(service => service.ServiceType == typeof(IStore)).ImplementationInstance!;
        services.AddSingleton<IStore>(this);
    }

    public bool IsShared => _store.IsShared;

    public ValueTask<Item?> GetAsync(ItemKey key, CancellationToken ct) => _store.GetAsync(key, ct);

    public ValueTask<Page> QueryAsync(Table table, string partition, ReplyMint.Storage.Range range, string? cursor, CancellationToken ct) => _store.QueryAsync(table, partition, range, cursor, ct);

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken ct)
    {
        var result = await _store.CommitAsync(commit, ct);
        if (result == CommitResult.Committed)
            Committed.Enqueue([.. commit.Operations.Select(operation => operation.Key)]);
        return result;
    }
}

/// <summary>What people who come in do: ask, read their mail, open its link, call.</summary>
internal static class PeopleHost
{
    public const string Page = "https://app.shop.example/sign-in";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    public static Task<ProductHost> StartAsync(SignUp signUp = SignUp.Closed, Func<AccountsSettings, AccountsSettings>? change = null, Action<IServiceCollection>? services = null, string page = Page)
    {
        var accounts = new AccountsSettings { SignUp = signUp, From = "hello@shop.example", SignInUrl = page };
        return ProductHost.StartAsync(settings: s => s with { Accounts = change?.Invoke(accounts) ?? accounts }, services: services);
    }

    public static async Task<Said> SendAsync(this ProductHost host, HttpMethod method, string path, object? body = null, string? token = null, string? ifMatch = null)
    {
        using var client = host.Client(token);
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        var answer = await client.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return new(answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), answer);
    }

    public static Task<Said> PostAsync(this ProductHost host, string path, object? body = null, string? token = null) => host.SendAsync(HttpMethod.Post, path, body, token);

    public static Task<Said> GetAsync(this ProductHost host, string path, string? token = null) => host.SendAsync(HttpMethod.Get, path, null, token);

    public static async Task<HttpStatusCode> AskAsync(this ProductHost host, string token, string path = "/api/v1/me") => (await host.GetAsync(path, token)).Status;

    public static async Task<HttpStatusCode> DeleteAsync(this ProductHost host, string path, string token) => (await host.SendAsync(HttpMethod.Delete, path, null, token)).Status;

    public static Task<Said> RefreshAsync(this ProductHost host, string refreshToken) => host.PostAsync("/api/v1/session/refresh", new { refreshToken });

    /// <summary>Waits until every job that is due was done.</summary>
    public static Task IdleAsync(this ProductHost host) => ProductHost.EventuallyAsync(async () =>
    {
        // Three times over: a job that ends may leave the next one in a shard that was looked at already.
        for (var look = 0; look < 3 * JobQueue.Shards; look++)
            if ((await host.Get<JobQueue>().DueAsync(look % JobQueue.Shards, 1, Ct)).Count > 0)
                return null;
        return "idle";
    });

    /// <summary>The mails to an address that left so far, the oldest first.</summary>
    public static async Task<IReadOnlyList<MimeMessage>> MailsToAsync(this ProductHost host, string address)
    {
        await host.IdleAsync();
        var mails = new List<MimeMessage>();
        // The clock stands still, so ids tell no order; the files do.
        foreach (var file in host.OutFiles.OrderBy(name => File.GetLastWriteTimeUtc(Path.Combine(host.OutFolder, name + ".eml"))))
        {
            var mail = await MimeMessage.LoadAsync(Path.Combine(host.OutFolder, file + ".eml"), Ct);
            if (mail.To.Mailboxes.Single().Address == address)
                mails.Add(mail);
        }
        return mails;
    }

    /// <summary>What stands behind the page's # under a name.</summary>
    public static string Secret(this MimeMessage mail, string name = "token")
    {
        var line = mail.TextBody!.Split('\n').Single(l => l.StartsWith(Page, StringComparison.Ordinal)).Trim();
        Assert.StartsWith($"{Page}#{name}=", line, StringComparison.Ordinal);
        return line[(Page.Length + name.Length + 2)..];
    }

    /// <summary>Asks for a link and takes it out of the mail.</summary>
    public static async Task<(string Token, string Verifier)> LinkAsync(this ProductHost host, string address, string? tenant = null)
    {
        var before = (await host.MailsToAsync(address)).Count;
        var verifier = SignInLinks.NewToken();
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address, challenge = SignInLinks.ChallengeOf(verifier), tenant })).Code);
        var mails = await host.MailsToAsync(address);
        Assert.Equal(before + 1, mails.Count);
        return (mails[^1].Secret(), verifier);
    }

    /// <summary>Asks, as a stranger, for a link that makes a tenant of his own, and takes it out of the mail.</summary>
    public static async Task<(string Token, string Verifier)> NewTenantLinkAsync(this ProductHost host, string address)
    {
        var verifier = SignInLinks.NewToken();
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-up", new { address, challenge = SignInLinks.ChallengeOf(verifier), tenantName = "Mine" })).Code);
        return (Assert.Single(await host.MailsToAsync(address)).Secret(), verifier);
    }

    public static Task<Said> CompleteAsync(this ProductHost host, string token, string verifier, string? tenant = null) =>
        host.PostAsync("/api/v1/sign-in/complete", new { token, verifier, tenant });

    /// <summary>The way of a person through his mail; gives the access token.</summary>
    public static async Task<string> ComeInAsync(this ProductHost host, string address, string? tenant = null)
    {
        var (token, verifier) = await host.LinkAsync(address, tenant);
        var said = await host.CompleteAsync(token, verifier);
        Assert.Equal(200, said.Code);
        return (string)said.Body!["accessToken"]!;
    }
}

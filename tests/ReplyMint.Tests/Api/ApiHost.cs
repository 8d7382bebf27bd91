using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>
/// The product, asked over HTTP by callers that the test makes: who asks stands in a header, in place of keys and tokens.
/// What the routes do with a caller is tested here; how a caller is proved is tested elsewhere.
/// </summary>
internal sealed class ApiHost : IAsyncDisposable
{
    private readonly Dictionary<string, Caller> _callers = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, Expect100ContinueTimeout = ProductHost.Patience });

    private ApiHost(ProductHost product) => Product = product;

    public ProductHost Product { get; }
    public string Tenant => Product.Tenant.Id;

    public static async Task<ApiHost> StartAsync(
        Func<Mailbox, Mailbox>? mailbox = null, Func<ReplyMintSettings, ReplyMintSettings>? settings = null, string? knowledge = null, Action<IServiceCollection>? services = null, AwsInstallation? aws = null)
    {
        ApiHost? api = null;
        var product = await ProductHost.StartAsync(mailbox, settings, knowledge, services: s =>
        {
            s.AddSingleton<CallerSource>(context => new(api!.Find(context.Request.Headers["X-API-Key"].ToString())));
            services?.Invoke(s);
        }, aws: aws);
        api = new(product);
        api.Add("admin", Role.Admin);
        api.Add("auditor", Role.Auditor);
        return api;
    }

    /// <summary>A person with a role; a second factor of this moment.</summary>
    public Caller Add(string name, Role role, string? tenant = null, params string[] mailboxes) =>
        _callers[name] = new Caller(CallerKind.User, "u" + name, tenant ?? Tenant, Permissions.Of(role))
        {
            Role = role, Session = "s" + name, SecondFactorAt = Product.Time.GetUtcNow(), Mailboxes = mailboxes.Length == 0 ? null : mailboxes.ToHashSet(),
        };

    public Caller AddKey(string name, params Permission[] scopes) =>
        _callers[name] = new Caller(CallerKind.Key, "k" + name, Tenant, PermissionSet.Of(scopes));

    /// <summary>A second tenant with an administrator of that name.</summary>
    public async Task<Tenant> AddTenantAsync(string name)
    {
        var tenant = await Product.Get<Tenants>().AddAsync(name, Actor.Machine, default);
        Add(name, Role.Admin, tenant.Id);
        return tenant;
    }

    public async Task<ApiAnswer> AskAsync(string caller, HttpMethod method, string path, HttpContent? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(Product.Http, path.StartsWith('/') ? path : "/api/v1/" + path)) { Content = body };
        if (caller.Length > 0)
            request.Headers.Add("X-API-Key", caller);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return new(answer.StatusCode, text, answer.Headers.ETag?.ToString(), answer.Headers.Location?.ToString(), answer.Headers.TryGetValues("Link", out var link) ? link.Single() : null, answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.ToString())
        {
            Closes = answer.Headers.ConnectionClose == true,
        };
    }

    public Task<ApiAnswer> GetAsync(string caller, string path) => AskAsync(caller, HttpMethod.Get, path);

    public Task<ApiAnswer> DeleteAsync(string caller, string path) => AskAsync(caller, HttpMethod.Delete, path);

    public Task<ApiAnswer> PostAsync(string caller, string path, object? body = null) => AskAsync(caller, HttpMethod.Post, path, body is null ? null : Json(body));

    public Task<ApiAnswer> PutAsync(string caller, string path, object body, string? ifMatch) =>
        AskAsync(caller, HttpMethod.Put, path, Json(body), ifMatch is null ? [] : [("If-Match", ifMatch)]);

    /// <summary>The newest entry of the tenant's audit log.</summary>
    public async Task<AuditRecord> LastActAsync() => (await Product.Get<AuditLog>().NewestAsync(Tenant, 1, default))[0];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Product.DisposeAsync();
    }

    private static StringContent Json(object body) =>
        new(body is JsonNode node ? node.ToJsonString() : body as string ?? JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8, "application/json");

    private CallerAnswer Find(string name) => _callers.TryGetValue(name, out var caller) ? new(caller, null) : CallerAnswer.Nobody;
}

internal sealed record ApiAnswer(HttpStatusCode Status, string Text, string? ETag, string? Location, string? Link, string? MediaType, string? Disposition)
{
    /// <summary>The connection ends with it.</summary>
    public bool Closes { get; init; }

    public int Code => (int)Status;

    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>The answer's body, if it has the status; else a failure that shows it.</summary>
    public JsonNode Expect(int status)
    {
        Assert.True(Code == status, $"{Code} instead of {status}: {Text}");
        return Text.Length == 0 ? new JsonObject() : Json;
    }
}

using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Product;

/// <summary>
/// Every route of the description, with every wrong caller (AUTH-1 to AUTH-5). A new route is in it by itself; what it names by
/// an id must be among the things that <see cref="OneOfEach"/> makes.
/// </summary>
public sealed class ApiMatrixTests : IAsyncLifetime
{
    private static readonly Role[] Roles = Enum.GetValues<Role>();

    /// <summary>The limits for those who prove no caller.</summary>
    private static readonly string[] OfNetworks = ["public", "webhooks", "sign-in"];

    private ProductHost _host = null!;
    private ApiDocument _document = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ProductHost.StartAsync(settings: OneOfEach.Settings);
        _document = await ApiDocument.ReadAsync(_host);
        Assert.True(_document.Guarded.Count() > 30);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Nobody_and_whose_proof_is_no_longer_good_get_401()
    {
        using var nobody = _host.Client();
        using var expired = await _host.ClientAsync(Role.Admin);
        _host.Time.Advance(TimeSpan.FromMinutes(15));
        using var revoked = _host.Client();
        var (key, text) = await _host.KeyAsync([.. Permissions.OfKeys.Each().Select(permission => permission.Name())]);
        Assert.True(await _host.Get<ApiKeys>().RevokeAsync(_host.Tenant.Id, key.Id, Actor.Machine, default));
        revoked.DefaultRequestHeaders.Add("X-API-Key", text);
        using var ended = await EndedAsync();
        using var guess = _host.Client("eyJhbGciOiJub25lIn0.e30.");
        await AllAsync(_document.Guarded, HttpStatusCode.Unauthorized, ("nobody", nobody), ("an expired token", expired), ("a revoked key", revoked), ("an ended session", ended), ("a forged token", guess));
    }

    [Fact]
    public async Task A_role_without_the_right_gets_403()
    {
        foreach (var role in Roles)
        {
            using var caller = await _host.ClientAsync(role);
            await AllAsync(_document.Guarded.Where(operation => !Permissions.Of(role).Has(operation.Permission!.Value)), HttpStatusCode.Forbidden, (role.ToString(), caller));
        }
    }

    [Fact]
    public async Task A_key_without_the_scope_gets_403()
    {
        // Who it is, every key may ask.
        foreach (var operations in _document.Guarded.Where(operation => operation.Permission != Permission.Me).GroupBy(operation => operation.Permission!.Value))
        {
            using var caller = await _host.KeyClientAsync([.. Permissions.OfKeys.Each().Where(permission => permission != operations.Key).Select(permission => permission.Name())]);
            await AllAsync(operations, HttpStatusCode.Forbidden, ("a key with all other scopes", caller));
        }
    }

    [Fact]
    public async Task Without_a_fresh_second_factor_administrators_and_operators_get_403()
    {
        foreach (var role in (Role[])[Role.Admin, Role.Operator])
        {
            using var without = await _host.ClientAsync(role, factor: false);
            using var stale = await StaleAsync(role);
            await AllAsync(_document.Guarded.Where(operation => Permissions.Of(role).Has(operation.Permission!.Value) && operation.Permission!.Value.NeedsSecondFactor()),
                HttpStatusCode.Forbidden, ($"{role} without a second factor", without), ($"{role} whose second factor is old", stale));
        }
    }

    [Fact]
    public async Task Another_tenant_s_ids_are_the_ids_of_nothing()
    {
        using var own = await _host.ClientAsync(Role.Admin);
        var things = await OneOfEach.MakeAsync(_host, own);
        var other = await _host.Get<Tenants>().AddAsync("other", Actor.Machine, default);
        using var stranger = await _host.ClientAsync(Role.Admin, tenant: other.Id);
        var wrong = new List<string>();
        foreach (var operation in _document.Guarded.Where(operation => Permissions.Of(Role.Admin).Has(operation.Permission!.Value)))
        {
            if (!operation.HasId)
            {
                if (operation.Method == HttpMethod.Get)
                    wrong.AddRange(things.Where(thing => thing.Key != "me/second-factor").Select(thing => thing.Value).Where((await stranger.GetStringAsync(new Uri(operation.Path, UriKind.Relative))).Contains).Select(id => $"{operation} shows {id}"));
                continue;
            }
            if (!things.TryGetValue(operation.Kind, out var id))
            {
                wrong.Add($"{operation}: make a thing of the kind '{operation.Kind}' in OneOfEach");
                continue;
            }
            using var answer = await stranger.SendAsync(operation.Request(id));
            if (answer.StatusCode != HttpStatusCode.NotFound)
                wrong.Add($"{operation} answers another tenant {answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            // The id is a real one: its own tenant is let in. A mailbox that never was in shadow has no report of it (ShadowTests).
            if (operation.Method == HttpMethod.Get && !operation.Path.EndsWith("/shadow/report", StringComparison.Ordinal) && await own.GetAsync(new Uri(operation.With(id), UriKind.Relative)) is { IsSuccessStatusCode: false } refused)
                wrong.Add($"{operation} answers its own tenant {refused.StatusCode}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_route_is_described_protected_validated_and_limited()
    {
        var limits = _host.Get<RequestLimits>();
        var wrong = new List<string>();
        var routes = _host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().ToArray();
        Assert.True(routes.Length > 40);
        foreach (var route in routes)
        {
            var path = "/" + route.RoutePattern.RawText!.Trim('/');
            foreach (var method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Where(method => method != "HEAD"))
            {
                var protection = route.Metadata.GetMetadata<Protection>();
                var described = _document.Operations.SingleOrDefault(operation => operation.Path == path && operation.Method.Method == method);
                if (protection is null)
                    wrong.Add($"{method} {path} is in no group");
                // Pages are no part of the API; Console/ConsoleSafetyTests walks them.
                else if (described is null && !protection.IsPage && path is not ("/openapi/v1.json" or "/.well-known/security.txt" or "/console/assets/{hash}/{name}"))
                    wrong.Add($"{method} {path} is not described, so the tests of all routes pass it by");
                else if (described is not null && described.Permission != protection.Permission)
                    wrong.Add($"{method} {path} is described with another permission than it has");
                else if (protection.Permission is null && protection.Group == "api")
                    wrong.Add($"{method} {path} needs no permission");
                if (OfNetworks.Contains(limits.NameOf(route, method)) != protection?.Permission is null)
                    wrong.Add($"{method} {path} has the limit {limits.NameOf(route, method)}");
                if (path.StartsWith(RouteGroups.ApiRoot, StringComparison.Ordinal) && Unchecked(route) is { } problem)
                    wrong.Add($"{method} {path}: {problem}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        string? Unchecked(RouteEndpoint route)
        {
            if (!route.Metadata.Contains(RequestRules.Mark))
                return "nothing checks what it is sent";
            try
            {
                RequestRules.PlanOf(route, _host.Services);
                return null;
            }
            catch (InvalidOperationException e)
            {
                return e.Message;
            }
        }
    }

    private static async Task AllAsync(IEnumerable<ApiOperation> operations, HttpStatusCode expected, params (string Name, HttpClient Client)[] callers)
    {
        var wrong = new List<string>();
        foreach (var operation in operations)
            foreach (var (name, client) in callers)
            {
                using var answer = await client.SendAsync(operation.Request());
                if (answer.StatusCode != expected)
                    wrong.Add($"{operation} answers {name} {answer.StatusCode}");
            }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private async Task<HttpClient> EndedAsync()
    {
        var client = await _host.ClientAsync(Role.Admin);
        using var answer = await client.DeleteAsync(new Uri($"{RouteGroups.ApiRoot}/session", UriKind.Relative));
        Assert.True(answer.IsSuccessStatusCode);
        return client;
    }

    private async Task<HttpClient> StaleAsync(Role role)
    {
        var tenant = role == Role.Operator ? KeyRing.Installation : _host.Tenant.Id;
        var user = await _host.PersonAsync(role);
        var start = await _host.Get<IStore>().RetryAsync((commit, ct) => _host.Get<Sessions>().StartAsync(
            commit, user, tenant, _host.Time.GetUtcNow() - CallerGate.SecondFactorAge - TimeSpan.FromSeconds(1), new SessionClient("test", "127.0.0.1"), ct), default);
        return _host.Client((await _host.Get<TokenDesk>().WelcomeAsync(start, default)).AccessToken);
    }
}

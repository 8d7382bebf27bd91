using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Guide;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Replies;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>The product with something in every answer, and a caller of each role and of each single right of a key.</summary>
internal sealed class RightsHost : IAsyncDisposable
{
    public const string Mark = "zq7mark7qz";
    public const string Hook = "https://chat.shop.example/services/T0/B0/s3cretpath";
    public const string Place = "copies-of-the-operator";
    private const string Secret = "8f3c1a97e2b64d05b7c9f1e83a6d2450";

    private ModelServer _model = null!;

    private RightsHost()
    {
    }

    public ProductHost Product { get; private set; } = null!;
    public AnswerWalk Walk { get; private set; } = null!;

    /// <summary>By the name of a role, or of the one right that a key has.</summary>
    public Dictionary<string, HttpClient> Callers { get; } = new(StringComparer.Ordinal);

    /// <summary>Ids by the kind's path.</summary>
    public Dictionary<string, string> Things { get; private set; } = null!;

    /// <summary>What was given once or taken, and must be shown to nobody.</summary>
    public List<string> Secrets { get; } = [Secret, "s3cret-of-the-client"];

    /// <summary>A mailbox in shadow.</summary>
    public string Shadowed { get; private set; } = "";

    public static async Task<RightsHost> StartAsync()
    {
        var host = new RightsHost();
        await host.FillAsync();
        return host;
    }

    private async Task FillAsync()
    {
        _model = await ModelServer.StartAsync();
        _model.Answer = context => ModelServer.Say(context, $"Write to {Mark}@evil.example.");
        Product = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft }, settings: s => OneOfEach.Settings(s) with
        {
            Model = new() { Endpoint = _model.Endpoint, Model = "m" }, Audit = new() { Anchors = [new() { Url = "http://127.0.0.1:9/" + Place }] },
        });
        foreach (var role in Enum.GetValues<Role>())
            Callers[role.ToString()] = await Product.ClientAsync(role);
        foreach (var permission in Permissions.OfKeys.Each())
            Callers[permission.Name()] = await Product.KeyClientAsync(permission.Name());
        Things = await OneOfEach.MakeAsync(Product, Callers["Admin"]);
        await Product.Get<KnowledgeStore>().AddAsync(Product.Tenant.Id, PassageReader.Read("hours.md", "# When do you open?\n\nWe open at nine and close at five on all working days.\n"u8.ToArray()), Actor.Machine, default);
        foreach (var kind in (string[])["messages", "drafts"])
            Things[kind] = (await Product.DeliverAndDecideAsync(Product.Mail($"When do you open?\r\n\r\n-- \r\n{Mark}", from: $"{Mark}@customer.example"))).Id;
        Things["threads"] = (await Product.Get<Messages>().FindAsync(Product.Tenant.Id, Things["messages"], default))!.Record.Thread;
        var shadowed = new Mailbox { Id = Ids.Random('m'), TenantId = Product.Tenant.Id, Address = "shadow@shop.example" }.InShadowFor(7, Product.Time.GetUtcNow());
        Assert.Equal(ClaimResult.Claimed, (await Product.Get<Mailboxes>().AddAsync(shadowed, Actor.Machine, default)).Result);
        Shadowed = shadowed.Id;
        Walk = new(await ApiDocument.ReadAsync(Product), Things);
        var version = (await AskAsync("Admin", "GET settings")).ETag;
        Assert.Equal(200, (await AskAsync("Admin", "PUT settings", $$$"""{"timeZone":"Europe/Berlin","notices":{"emails":[],"digestMinutes":60,"reminderHours":0,"webhook":"{{{Hook}}}"}}""", version)).Code);
        var imap = $$$"""{"kind":"imap","secret":"{{{Secret}}}","imap":{"mailbox":"{{{Product.Mailbox.Id}}}","host":"mail.example.com","user":"u","tokenUrl":"https://oauth.example.com/t","clientId":"c","clientSecret":"{{{Secrets[1]}}}"}}""";
        Assert.Equal(201, (await AskAsync("Admin", "POST channels", imap)).Code);
        Secrets.Add((string)(await AskAsync("Admin", "POST keys", """{"name":"k","scopes":["me:read"]}""")).Json!["secret"]!);
        Secrets.Add((string)(await AskAsync("Admin", "POST webhooks", """{"url":"https://hooks.shop.example/","events":["draft.waiting"]}""")).Json!["secret"]!);
        await Product.Get<GuideBook>().BeginAsync((_, _) => true, Product.Time.GetUtcNow(), "test", default);
        var check = Catalogue.Find("MON-1")!.Checks.Single(one => one.AtStore is not null);
        await Product.Get<GuideBook>().EndAsync(GuideResult.Of(Product.Time.GetUtcNow(), "1", new Dictionary<Check, Outcome> { [check] = Outcome.Fail("/srv/of-the-machine") }, null), "test", default);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in Callers.Values)
            client.Dispose();
        await Product.DisposeAsync();
        await _model.DisposeAsync();
    }

    public async Task<(int, bool)> RefusedAsync(string caller, string call, string body, string member)
    {
        var said = await AskAsync(caller, call, body, "\"1\"");
        return (said.Code, said.Text.Contains(member, StringComparison.Ordinal));
    }

    public async Task<(int Code, string Text, JsonNode? Json, string? ETag)> AskAsync(string caller, string call, string? body = null, string? ifMatch = null)
    {
        var (method, path) = call.Split(' ') is [var m, var p] ? (m, p) : throw new FormatException(call);
        using var request = new HttpRequestMessage(new(method), new Uri($"{RouteGroups.ApiRoot}/{path}", UriKind.Relative));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (ifMatch is not null)
            request.Headers.IfMatch.Add(EntityTagHeaderValue.Parse(ifMatch));
        using var answer = await Callers[caller].SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text, text.StartsWith('{') ? JsonNode.Parse(text) : null, answer.Headers.ETag?.ToString());
    }
}

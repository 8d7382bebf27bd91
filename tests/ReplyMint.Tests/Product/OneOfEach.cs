using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Tests.Product;

/// <summary>One of each kind of thing of the API that has an id. Whoever adds a kind adds a line, or the tests of all routes fail.</summary>
internal static class OneOfEach
{
    /// <summary>Invitations need to know whom a mail comes from and where a link leads.</summary>
    public static ReplyMintSettings Settings(ReplyMintSettings settings) => settings with
    {
        Accounts = new() { SignUp = SignUp.Invite, From = "hello@replymint.example", SignInUrl = "https://app.replymint.example/sign-in" },
    };

    /// <returns>Ids by the kind's path behind /api/v1/.</returns>
    public static async Task<Dictionary<string, string>> MakeAsync(ProductHost host, HttpClient admin)
    {
        var message = await host.DeliverAndDecideAsync(host.Mail("Where is my parcel?"));
        var user = await host.PersonAsync(Role.Member);
        using var member = host.Client((await host.SignInAsync(user)).AccessToken);
        return new()
        {
            ["messages"] = message.Id,
            ["drafts"] = message.Id,
            ["threads"] = await ReadAsync(admin, $"messages/{message.Id}", "thread"),
            ["keys"] = (await host.KeyAsync("me:read")).Key.Id,
            ["mailboxes"] = host.Mailbox.Id,
            ["members"] = user,
            ["me/sessions"] = await ReadAsync(member, "me/sessions", "id"),
            // Not random: everybody's is called so, and a stranger's is not there.
            ["me/second-factor"] = "totp",
            ["invitations"] = await MakeAsync(admin, "invitations", """{"address":"ben@people.example","role":"member"}""", "id"),
            ["webhooks"] = await MakeAsync(admin, "webhooks", """{"url":"https://hooks.shop.example/","events":["draft.waiting"]}""", "id"),
            ["channels"] = await MakeAsync(admin, "channels", """{"kind":"mailgun","secret":"8f3c1a97e2b64d05b7c9f1e83a6d2450"}""", "id"),
            ["domains"] = await MakeAsync(admin, "domains", """{"domain":"proved.example"}""", "domain"),
            ["erasures"] = await DoneAsync(admin, "erasures/" + await MakeAsync(admin, "erasures", """{"correspondent":"gone@customer.example"}""", "id")),
            ["legal-holds"] = await MakeAsync(admin, "legal-holds", """{"reason":"case 12/34","correspondent":"anna@customer.example"}""", "id"),
            // Behind the erasure, which takes exports with it.
            ["exports"] = await MakeAsync(admin, "exports", """{"scope":"tenant"}""", "id"),
            ["test-mails"] = await MakeAsync(admin, $"mailboxes/{host.Mailbox.Id}/test-mail", null, "id"),
            ["alerts"] = await AlertAsync(host),
            // None can be made on the embedded store; another tenant's on AWS is tried by UploadTests.
            ["knowledge/uploads"] = "f0000000000000000000000000",
            ["knowledge"] = await MakeAsync(admin, "knowledge", """{"name":"faq.md","text":"# How long does a parcel take?\n\nThree days."}""", "id"),
        };
    }

    private static async Task<string> AlertAsync(ProductHost host)
    {
        await host.Get<Alerts>().SeeAsync(new("privilege-probing", "somebody", "Somebody tried.", host.Tenant.Id), TimeSpan.FromHours(1), default);
        return (await host.Get<Alerts>().PageAsync(host.Tenant.Id, 1, null, default)).Alerts[0].Id;
    }

    private static async Task<string> MakeAsync(HttpClient client, string kind, string? json, string member)
    {
        using var answer = await client.PostAsync(new Uri($"{RouteGroups.ApiRoot}/{kind}", UriKind.Relative), json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{kind}: {text}");
        return Find(JsonNode.Parse(text)!, member) ?? throw new InvalidOperationException($"{kind} has no {member}: {text}");
    }

    private static Task<string> DoneAsync(HttpClient client, string path) =>
        ProductHost.EventuallyAsync(async () => await ReadAsync(client, path, "state") == "done" ? path.Split('/')[1] : null);

    private static async Task<string> ReadAsync(HttpClient client, string path, string member)
    {
        var text = await client.GetStringAsync(new Uri($"{RouteGroups.ApiRoot}/{path}", UriKind.Relative));
        return Find(JsonNode.Parse(text)!, member) ?? throw new InvalidOperationException($"{path} has no {member}: {text}");
    }

    private static string? Find(JsonNode node, string member) => node switch
    {
        JsonObject value => value[member] is JsonValue found ? found.ToString() : value.Select(pair => pair.Value).OfType<JsonNode>().Select(inner => Find(inner, member)).FirstOrDefault(id => id is not null),
        JsonArray list => list.OfType<JsonNode>().Select(inner => Find(inner, member)).FirstOrDefault(id => id is not null),
        _ => null,
    };
}

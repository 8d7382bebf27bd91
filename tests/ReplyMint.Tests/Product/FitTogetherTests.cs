using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Accounts;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>
/// The page's list of what must fit together, row by row: members that each are fine alone and don't fit are refused by the member's name.
/// A row without a try here fails, and so does a try without a row.
/// </summary>
public sealed partial class FitTogetherTests : IAsyncLifetime
{
    /// <param name="Who">admin, operator, key or nobody.</param>
    /// <param name="Wrong">The member that the refusal names; none where what is there is in a wrong state.</param>
    private sealed record Try(string Call, string Body, string? Wrong, int Status = 400, string Who = "admin");

    private const string Span = """{"days":["monday"],"from":"09:00:00","to":"17:00:00","mode":"draft"}""";

    private static readonly Dictionary<string, Try[]> Tries = new(StringComparer.Ordinal)
    {
        ["a mail account (`imap`, `smtp`)"] =
        [
            new("POST channels", Account("imap", ",\"tokenUrl\":\"https://oauth.example/token\""), "imap.tokenUrl"),
            new("POST channels", Account("smtp", ",\"clientId\":\"client-1\""), "smtp.tokenUrl"),
            new("POST channels", Account("imap", ",\"clientSecret\":\"s3cret\""), "imap.clientSecret"),
            new("POST channels", Account("imap", "", host: "10.0.0.7"), "imap.host"),
            new("POST channels", Account("smtp", ",\"security\":\"none\""), "smtp.security"),
            new("POST channels", Account("imap", "", mailbox: "m00000000000000000000"), "imap.mailbox"),
        ],
        ["a channel"] =
        [
            new("POST channels", """{"kind":"mailgun"}""", "secret"),
            new("POST channels", Account("imap", "").Replace("\"secret\":\"p\",", "", StringComparison.Ordinal), "secret"),
            new("POST channels", """{"kind":"ses","secret":"8f3c1a97e2b64d05b7c9f1e83a6d2450","topics":["arn:aws:sns:eu-central-1:123456789012:mail"]}""", "secret"),
            new("POST channels", """{"kind":"ses"}""", "topics"),
            new("POST channels", """{"kind":"mailgun","secret":"8f3c1a97e2b64d05b7c9f1e83a6d2450","topics":["arn:aws:sns:eu-central-1:123456789012:mail"]}""", "topics"),
            new("POST channels", """{"kind":"ses","topics":["arn:aws:sns:eu-central-1:123456789012:mail"],"verdicts":true}""", "verdicts"),
            new("POST channels", Account("imap", "").Replace("\"kind\":\"imap\"", "\"kind\":\"smtp\"", StringComparison.Ordinal), "imap"),
            new("POST channels", Account("smtp", "").Replace("\"kind\":\"smtp\"", "\"kind\":\"mailgun\"", StringComparison.Ordinal), "smtp"),
        ],
        ["a mailbox"] =
        [
            new("POST mailboxes", """{"address":"help+sales@shop.example"}""", "address"),
            new("POST mailboxes", """{"address":"help@unproved.example"}""", null, 409),
            new("PUT mailboxes/BOX/rules", Templates(26), "rules"),
            new("PUT mailboxes/BOX/schedule", Holidays(51), "holidays"),
        ],
        ["its rules"] =
        [
            new("PUT mailboxes/BOX/rules", """{"rules":[{"name":"a","action":"hold","word":"x"},{"name":"a","action":"hold","word":"y"}]}""", "rules[0].name"),
            new("PUT mailboxes/BOX/rules", """{"rules":[{"name":"a","action":"hold"}]}""", "rules[0]"),
            new("PUT mailboxes/BOX/rules", """{"rules":[{"name":"a","action":"hold","word":"x","template":"Hello"}]}""", "rules[0].template"),
            new("PUT mailboxes/BOX/rules", """{"rules":[{"name":"a","action":"template","word":"x"}]}""", "rules[0].template"),
        ],
        ["its schedule"] =
        [
            new("PUT mailboxes/BOX/schedule", Schedule(Span.Replace("\"monday\"", "", StringComparison.Ordinal)), "spans[0].days"),
            new("PUT mailboxes/BOX/schedule", Schedule(Span.Replace("17:", "09:", StringComparison.Ordinal)), "spans"),
            new("PUT mailboxes/BOX/schedule", Schedule(Span.Replace("draft", "schedule", StringComparison.Ordinal)), "mode"),
            new("PUT mailboxes/BOX/schedule", Schedule(Span, "schedule"), "mode"),
        ],
        ["its mode"] = [new("PUT mailboxes/SHADOWED/settings", """{"mode":"automatic","tone":"friendly","displayName":"","signature":"","maxLength":500,"language":"en","fixedAnswer":"","allowedFacts":"","nullReversePath":false}""", null, 409)],
        ["an API key"] =
        [
            new("POST keys", """{"name":"k","scopes":["messages:read","messages:read"]}""", "scopes"),
            new("POST keys", """{"name":"k","scopes":["members:write"]}""", "scopes"),
            new("POST keys", """{"name":"k","scopes":["messages:read","settings:read"],"mailboxes":["BOX"]}""", "mailboxes"),
            new("POST keys", """{"name":"k","scopes":["messages:read"],"expiresAt":"2026-11-24T11:59:59Z"}""", "expiresAt"),
            new("POST keys", """{"name":"k","scopes":["messages:read"],"mailboxes":["m00000000000000000000"]}""", "mailboxes"),
        ],
        ["a member, an invitation"] =
        [
            new("PUT members/MEMBER", """{"role":"auditor","mailboxes":["BOX"]}""", "mailboxes"),
            new("PUT members/MEMBER", """{"role":"member","mailboxes":["m00000000000000000000"]}""", "mailboxes"),
            new("POST invitations", """{"address":"new@people.example","role":"admin","mailboxes":["BOX"]}""", "mailboxes"),
            new("POST invitations", """{"address":"new@people.example","role":"member","mailboxes":["m00000000000000000000"]}""", "mailboxes"),
            new("PUT members/ADMIN", """{"role":"member"}""", null, 409),
            new("DELETE members/ADMIN", "", null, 409),
        ],
        ["retention"] =
        [
            new("PUT retention", """{"rawDays":20,"textDays":5,"recordDays":10,"attachments":true}""", "recordDays"),
            new("PUT retention", """{"rawDays":5,"textDays":20,"recordDays":10,"attachments":true}""", "recordDays"),
        ],
        ["a consent"] =
        [
            new("POST consents", """{"address":"anna@customer.example","given":true,"way":"api"}""", "text"),
            new("POST consents", """{"address":"anna@customer.example","given":true,"way":"api","text":99}""", "text"),
            new("PUT legal-basis", """{"basis":"contract","leastText":1,"link":true}""", "link"),
        ],
        ["an erasure"] =
        [
            new("POST erasures", "{}", "correspondent"),
            new("POST erasures", """{"correspondent":"anna@customer.example","mail":"MAIL"}""", "correspondent"),
        ],
        ["an export"] =
        [
            new("POST exports", """{"scope":"tenant","correspondent":"anna@customer.example"}""", "scope"),
            new("POST exports", """{"scope":"tenant","user":"MEMBER"}""", "scope"),
            new("POST exports", """{"scope":"correspondent"}""", "correspondent"),
            new("POST exports", """{"scope":"user","correspondent":"anna@customer.example"}""", "user"),
        ],
        ["a legal hold"] =
        [
            new("POST legal-holds", """{"reason":"case 1","correspondent":"anna@customer.example","mail":"MAIL"}""", "mail"),
            new("POST legal-holds", """{"reason":"case 1","mail":"x0"}""", "mail"),
        ],
        ["a thumb"] = [new("POST messages/MAIL/thumb", """{"thumb":"up","reasons":["incomplete"]}""", "reasons")],
        ["a webhook"] = [new("POST webhooks", """{"url":"https://hooks.shop.example/","events":["webhook.test"]}""", "events")],
        ["a containment"] =
        [
            new("POST containments", """{"kind":"tenant"}""", "id", Who: "operator"),
            new("POST containments/release", """{"kind":"sending","id":"TENANT"}""", "id", Who: "operator"),
        ],
        ["a revocation"] =
        [
            new("POST revocations", """{"thing":"sessions"}""", "all", Who: "operator"),
            new("POST revocations", """{"thing":"sessions","tenant":"TENANT","all":true}""", "all", Who: "operator"),
        ],
        ["a sign-in"] = [new("POST sign-in/complete", """{"token":"LINK","verifier":"PROOF","tenant":"OTHER"}""", "tenant", Who: "nobody")],
        ["a plan"] = [new("PUT tenants/TENANT/plan", """{"plan":"nowhere"}""", "plan", Who: "operator")],
        ["a report (usage, quality, removals)"] =
            [.. ((string[])["usage", "quality", "retention/report"]).SelectMany(report => (Try[])[new($"GET {report}?from=2026-11-20&to=2026-11-10", "", "from"), new($"GET {report}?from=2020-01-02&to=2026-11-10", "", "from")])],
        ["a decision on a draft"] =
        [
            new("PUT drafts/MAIL", """{"text":"Changed."}""", null, 412),
            new("POST drafts/MAIL/approve", """{"text":"Write to thief@evil.example.","overrides":[]}""", "address", 422),
            new("POST drafts/MAIL/approve", """{"text":"Hello.","overrides":["nothing"]}""", "overrides"),
            new("POST drafts/MAIL/approve", """{"text":"Hello.","overrides":["price"]}""", null, 403, "key"),
        ],
    };

    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private ProductHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft }, knowledge: "# When do you open?\n\nWe open at nine and close at five on all working days.\n",
            settings: s => s with { Accounts = new() { SignUp = SignUp.Invite, From = "hello@shop.example", SignInUrl = PeopleHost.Page } });
        var shadowed = new Mailbox { Id = Ids.Random('m'), TenantId = _host.Tenant.Id, Address = "shadow@shop.example" }.InShadowFor(7, _host.Time.GetUtcNow());
        Assert.Equal(ClaimResult.Claimed, (await _host.Get<Mailboxes>().AddAsync(shadowed, Actor.Machine, default)).Result);
        _ids["SHADOWED"] = shadowed.Id;
        _ids["BOX"] = _host.Mailbox.Id;
        _ids["TENANT"] = _host.Tenant.Id;
        _ids["OTHER"] = (await _host.Get<Tenants>().AddAsync("other", Actor.Machine, default)).Id;
        _ids["MEMBER"] = await _host.PersonAsync(Role.Member, "ben@people.example");
        _ids["ADMIN"] = await _host.PersonAsync(Role.Admin, "ann@people.example");
        (_ids["LINK"], _ids["PROOF"]) = await _host.LinkAsync("ben@people.example");
        _ids["MAIL"] = (await _host.DeliverAndDecideAsync(_host.Mail("When do you open?"))).Id;
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Each_row_of_the_list_is_tried_and_what_does_not_fit_is_refused_by_its_name()
    {
        Assert.Equal(RowsOf(HouseTests.Root).Order(StringComparer.Ordinal), Tries.Keys.Order(StringComparer.Ordinal));
        using var admin = _host.Client((await _host.SignInAsync(_ids["ADMIN"])).AccessToken);
        using var @operator = await _host.ClientAsync(Role.Operator);
        using var nobody = _host.Client();
        using var key = await _host.KeyClientAsync("drafts:write", "drafts:read");
        var callers = new Dictionary<string, HttpClient>(StringComparer.Ordinal) { ["admin"] = admin, ["operator"] = @operator, ["nobody"] = nobody, ["key"] = key };
        var wrong = new List<string>();
        foreach (var (row, one) in Tries.SelectMany(row => row.Value, (row, one) => (row.Key, one)))
            if (await ProblemAsync(callers[one.Who], one) is { } problem)
                wrong.Add($"{row}: {one.Call} {one.Body[..Math.Min(one.Body.Length, 150)]} {problem}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private async Task<string?> ProblemAsync(HttpClient caller, Try one)
    {
        var (method, path) = one.Call.Split(' ') is [var m, var p] ? (m, p) : throw new FormatException(one.Call);
        using var request = new HttpRequestMessage(new(method), new Uri($"{RouteGroups.ApiRoot}/{Filled(path)}", UriKind.Relative));
        if (one.Body.Length > 0)
            request.Content = new StringContent(Filled(one.Body), Encoding.UTF8, "application/json");
        if (method == "PUT")
            request.Headers.IfMatch.Add(new EntityTagHeaderValue(await VersionAsync(caller, path, one.Status)));
        using var answer = await caller.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if ((int)answer.StatusCode != one.Status)
            return $"answers {(int)answer.StatusCode}: {text}";
        var names = JsonNode.Parse(text)!["errors"]?.AsObject().Select(error => error.Key).ToArray() ?? [];
        return one.Wrong is null || names.Contains(one.Wrong) ? null : $"names {string.Join(", ", names)} and not {one.Wrong}";
    }

    private async Task<string> VersionAsync(HttpClient caller, string path, int status)
    {
        using var read = await caller.GetAsync(new Uri($"{RouteGroups.ApiRoot}/{Filled(path)}", UriKind.Relative));
        return status == 412 ? "\"999\"" : read.Headers.ETag?.ToString() ?? "\"1\"";
    }

    private string Filled(string text) => Placeholder().Replace(text, match => _ids.GetValueOrDefault(match.Value, match.Value));

    private static IEnumerable<string> RowsOf(string root)
    {
        var page = File.ReadAllText(Path.Combine(root, "docs", "architecture.md")).Split("\n## ").Single(part => part.StartsWith("What must fit together\n", StringComparison.Ordinal));
        return Row().Matches(page).Select(match => match.Groups[1].Value).Where(cell => cell is not ("where" or "---"));
    }

    private static string Account(string kind, string more, string host = "mail.example.com", string mailbox = "BOX") =>
        $"{{\"kind\":\"{kind}\",\"secret\":\"p\",\"{kind}\":{{\"mailbox\":\"{mailbox}\",\"host\":\"{host}\",\"user\":\"support@example.com\"{more}}}}}";

    private static string Templates(int count) =>
        $"{{\"rules\":[{string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"name\":\"r{i}\",\"action\":\"template\",\"word\":\"x\",\"template\":\"{new string('x', 2_000)}\"}}"))}]}}";

    private static string Holidays(int count) =>
        $"{{\"spans\":[],\"holidays\":[{string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"date\":\"{2027 + i}-01-01\",\"mode\":\"off\",\"answer\":\"{new string('x', 1_000)}\"}}"))}],\"otherwise\":\"off\"}}";

    private static string Schedule(string span, string otherwise = "off") => $$"""{"spans":[{{span}}],"holidays":[],"otherwise":"{{otherwise}}"}""";

    [GeneratedRegex(@"^\| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\b[A-Z]{3,}\b")]
    private static partial Regex Placeholder();
}

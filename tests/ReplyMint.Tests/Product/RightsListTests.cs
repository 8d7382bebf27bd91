using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ReplyMint.Audit;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Tests.Privacy;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>
/// The page's list of members of answers, held to answers with data in them. All of the API is read by each role and by keys with one right each:
/// where one reads less than another, the list says so; and each of its rows is tried.
/// </summary>
public sealed partial class RightsListTests : IAsyncLifetime
{
    /// <summary>What differs between callers who may both call: by operation and member, and who gets all of it.</summary>
    private static readonly Dictionary<(string, string), Func<PermissionSet, bool>> Kept = new()
    {
        [("/api/v1/messages/{id}/receipt", "rules[].saw")] = may => may.Has(Permission.MessagesRead),
        [("/api/v1/messages/{id}/receipt", "findings[].found")] = may => may.Has(Permission.MessagesRead),
        [("/api/v1/settings", "notices.webhook")] = may => may.Has(Permission.SettingsWrite),
    };

    private RightsHost _on = null!;

    public async ValueTask InitializeAsync() => _on = await RightsHost.StartAsync();

    public ValueTask DisposeAsync() => _on.DisposeAsync();

    [Fact]
    public async Task Answers_differ_between_callers_where_the_list_says_and_nowhere_else()
    {
        var all = await _on.Walk.ReadAsync(_on.Callers["Admin"]);
        Assert.True(all.Count > 40, string.Join(' ', all.Keys));
        var wrong = new List<string>();
        foreach (var (name, caller) in _on.Callers.Where(one => one.Key is not ("Admin" or "Operator")))
        {
            var may = Enum.TryParse<Role>(name, out var role) ? Permissions.Of(role) : PermissionSet.Of(Permissions.Find(name)!.Value);
            var read = await _on.Walk.ReadAsync(caller);
            var less = AnswerWalk.Differences(all, read);
            wrong.AddRange(less.Where(one => !Kept.TryGetValue(one, out var gets) || gets(may)).Select(one => $"{name} reads {one.Operation} {one.Member} otherwise than administrators, which the list does not say"));
            wrong.AddRange(Kept.Where(row => read.ContainsKey(row.Key.Item1) && !row.Value(may) && !less.Contains(row.Key)).Select(row => $"{name} reads {row.Key} as administrators do, which the list denies"));
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Who_may_not_read_mail_finds_none_of_its_words_in_any_answer_and_nobody_a_secret()
    {
        foreach (var (name, caller) in _on.Callers)
        {
            var may = Enum.TryParse<Role>(name, out var role) ? Permissions.Of(role) : PermissionSet.Of(Permissions.Find(name)!.Value);
            var answers = await _on.Walk.ReadAsync(caller);
            if (may.Has(Permission.MessagesRead))
                Assert.True(answers.TryGetValue("/api/v1/messages/{id}", out var own) && own.Contains(RightsHost.Mark, StringComparison.Ordinal), $"{name} reads no mail: {string.Join(' ', answers.Keys)} {own}");
            foreach (var (path, text) in answers)
            {
                Assert.All(_on.Secrets, secret => Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{name} reads a secret: {path}"));
                Assert.False(text.Contains(RightsHost.Place, StringComparison.Ordinal) && path.Contains("audit", StringComparison.Ordinal), $"{name} reads where copies lie: {path}");
                Assert.False(text.Contains("of-the-machine", StringComparison.Ordinal) && role != Role.Operator, $"{name} reads of the machine: {path}");
                // Withdrawals and what an erasure finds are acted on by their address; an export is a file.
                if (!may.Has(Permission.MessagesRead) && !may.Has(Permission.DraftsRead) && !may.Has(Permission.PrivacyWrite))
                    Assert.False(text.Contains(RightsHost.Mark, StringComparison.OrdinalIgnoreCase), $"{name} reads of a mail: {path}");
            }
        }
    }

    [Fact]
    public async Task Each_row_of_the_list_is_true()
    {
        var rows = new Dictionary<string, Func<Task>>(StringComparer.Ordinal)
        {
            ["a receipt"] = ReceiptAsync,
            ["a draft that was just changed"] = ChangedDraftAsync,
            ["a mail that is tried again"] = RetriedAsync,
            ["a shadow's report"] = ShadowAsync,
            ["settings of a tenant"] = SettingsAsync,
            ["the guide's result"] = GuideAsync,
            ["a look at the audit log"] = AuditLookAsync,
            ["an audit entry"] = AuditEntryAsync,
            ["an API key, a webhook"] = SecretsAsync,
            ["a channel"] = ChannelAsync,
            ["a member"] = MemberAsync,
            ["oneself (`/me`)"] = OneselfAsync,
            ["a tenant, by its administrators"] = AdministratorsAsync,
            ["a tenant"] = TenantAsync,
            ["a mailbox"] = MailboxAsync,
        };
        var page = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "architecture.md")).Split("\n## ").Single(part => part.StartsWith("Rights, and members of answers\n", StringComparison.Ordinal));
        Assert.Equal(Row().Matches(page).Select(match => match.Groups[1].Value).Where(cell => cell is not ("of" or "---")).Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        foreach (var (_, check) in rows)
            await check();
    }

    private async Task ReceiptAsync()
    {
        var (full, less) = ((await _on.AskAsync("Member", $"GET messages/{_on.Things["messages"]}/receipt")).Json!, (await _on.AskAsync("Auditor", $"GET messages/{_on.Things["messages"]}/receipt")).Json!);
        Assert.True(full["findings"]!.ToJsonString().Contains(RightsHost.Mark, StringComparison.Ordinal), full.ToJsonString());
        Assert.Contains(full["rules"]!.AsArray(), rule => rule!["saw"] is not null);
        Assert.Equal(full["rules"]!.AsArray().Select(rule => $"{rule!["name"]} {rule["outcome"]}"), less["rules"]!.AsArray().Select(rule => $"{rule!["name"]} {rule["outcome"]}"));
        Assert.All(less["rules"]!.AsArray(), rule => Assert.Null(rule!["saw"]));
        Assert.All(less["findings"]!.AsArray(), finding => Assert.Null(finding!["found"]));
    }

    private async Task ChangedDraftAsync()
    {
        var path = "drafts/" + _on.Things["drafts"];
        var text = """{"text":"We open at nine."}""";
        var changed = await _on.AskAsync("drafts:write", "PUT " + path, text, (await _on.AskAsync("Member", "GET " + path)).ETag);
        Assert.Equal((204, ""), (changed.Code, changed.Text));
        Assert.Equal(_on.Things["drafts"], (string?)(await _on.AskAsync("Member", "PUT " + path, text, changed.ETag)).Json!["id"]);
        const string held = """{"text":"Write to thief@evil.example."}""";
        Assert.Contains("thief@evil.example", (await _on.AskAsync("Member", $"POST {path}/approve", held)).Text, StringComparison.Ordinal);
        var told = await _on.AskAsync("drafts:write", $"POST {path}/approve", held);
        Assert.Equal(422, told.Code);
        Assert.DoesNotContain("thief", told.Text, StringComparison.Ordinal);
        Assert.NotEmpty(told.Json!["errors"]!.AsObject());
    }

    private async Task RetriedAsync()
    {
        foreach (var (caller, reads) in ((string, bool)[])[("drafts:write", false), ("Member", true)])
        {
            var held = await _on.Product.DeliverAndDecideAsync(_on.Product.Mail("When are you open?", from: $"{caller.Length}@customer.example"));
            var again = await _on.AskAsync(caller, $"POST messages/{held.Id}/retry");
            Assert.Equal((202, reads), (again.Code, again.Text.Contains(held.Id, StringComparison.Ordinal)));
            Assert.True(reads || again.Text.Length == 0);
        }
    }

    private async Task ShadowAsync()
    {
        Assert.Equal(200, (await _on.AskAsync("Member", $"GET mailboxes/{_on.Shadowed}/shadow/report")).Code);
        Assert.Equal(403, (await _on.AskAsync("Auditor", $"GET mailboxes/{_on.Shadowed}/shadow/report")).Code);
        Assert.NotNull((await _on.AskAsync("Auditor", $"GET mailboxes/{_on.Shadowed}")).Json!["shadowUntil"]);
    }

    private async Task SettingsAsync()
    {
        var admin = await _on.AskAsync("Admin", "GET settings");
        Assert.Equal(RightsHost.Hook, (string?)admin.Json!["notices"]!["webhook"]);
        foreach (var caller in (string[])["Auditor", "Member", "settings:read"])
            Assert.Equal("https://chat.shop.example", (string?)(await _on.AskAsync(caller, "GET settings")).Json!["notices"]!["webhook"]);
        Assert.Equal(403, (await _on.AskAsync("Auditor", "PUT settings", admin.Text, admin.ETag)).Code);
        admin.Json["notices"]!["emails"] = new JsonArray("stranger@elsewhere.example");
        Assert.Equal("notices.emails[0]", (await _on.AskAsync("Admin", "PUT settings", admin.Json.ToJsonString(), admin.ETag)).Json!["errors"]!.AsObject().Single().Key);
    }

    private async Task GuideAsync()
    {
        var (auditor, @operator) = ((await _on.AskAsync("Auditor", "GET guide")).Json!["controls"]![0]!, (await _on.AskAsync("Operator", "GET guide")).Json!["controls"]![0]!);
        Assert.Equal(("fail", true, null), ((string?)auditor["verdict"], auditor["remedy"] is not null, auditor["evidence"]));
        Assert.Contains("of-the-machine", (string?)@operator["evidence"]![0], StringComparison.Ordinal);
    }

    private async Task AuditLookAsync()
    {
        await _on.Product.Get<AuditRoots>().WriteAsync(default);
        foreach (var caller in (string[])["Auditor", "Operator"])
        {
            var look = await _on.AskAsync(caller, "GET audit/verify");
            Assert.Equal(200, look.Code);
            Assert.DoesNotContain(RightsHost.Place, look.Text, StringComparison.Ordinal);
        }
    }

    private async Task AuditEntryAsync()
    {
        var user = await _on.Product.PersonAsync(Role.Admin, "carl@people.example");
        _on.Callers["carl"] = _on.Product.Client((await _on.Product.SignInAsync(user)).AccessToken);
        Assert.Equal(200, (await _on.AskAsync("carl", "PUT me/name", """{"name":"Carl"}""")).Code);
        Assert.Equal("127.0.0.1", (string?)(await EntryAsync())["network"]);
        await _on.Product.FinishAsync(await _on.Product.Get<Erasures>().UserAsync("carl@people.example", Actor.Machine, default));
        Assert.Null((await EntryAsync())["network"]);

        async Task<JsonNode> EntryAsync() => (await _on.AskAsync("Auditor", "GET audit?act=user.name&actor=" + user)).Json!["items"]![0]!;
    }

    private async Task SecretsAsync()
    {
        foreach (var kind in (string[])["keys", "webhooks"])
        {
            var once = await _on.AskAsync("Admin", $"POST {kind}/{_on.Things[kind]}/{(kind == "keys" ? "rotate" : "rotate-secret")}", kind == "keys" ? "{}" : null);
            var secret = (string)once.Json!["secret"]!;
            Assert.True(secret.Length > 20);
            foreach (var caller in (string[])["Admin", "Auditor"])
                Assert.DoesNotContain(secret, (await _on.AskAsync(caller, $"GET {kind}/{_on.Things[kind]}")).Text, StringComparison.Ordinal);
            Assert.Equal(403, (await _on.AskAsync("Auditor", $"POST {kind}/{_on.Things[kind]}/{(kind == "keys" ? "rotate" : "rotate-secret")}", kind == "keys" ? "{}" : null)).Code);
        }
    }

    private async Task ChannelAsync()
    {
        var shown = await _on.AskAsync("Admin", "GET channels");
        Assert.Contains("\"clientId\":\"c\"", shown.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("ecret\":", shown.Text, StringComparison.Ordinal);
    }

    private async Task MemberAsync()
    {
        var path = "members/" + _on.Things["members"];
        var tag = (await _on.AskAsync("Admin", "GET " + path)).ETag;
        Assert.Equal(403, (await _on.AskAsync("Auditor", "PUT " + path, """{"role":"admin"}""", tag)).Code);
        Assert.Equal(403, (await _on.AskAsync("Member", "PUT " + path, """{"role":"admin"}""", tag)).Code);
        Assert.Equal(400, (await _on.AskAsync("Admin", "PUT " + path, $$"""{"role":"auditor","mailboxes":["{{_on.Product.Mailbox.Id}}"]}""", tag)).Code);
        Assert.Equal("admin", (string?)(await _on.AskAsync("Admin", "PUT " + path, """{"role":"admin"}""", tag)).Json!["role"]);
    }

    private async Task OneselfAsync()
    {
        Assert.Equal("Berta", (string?)(await _on.AskAsync("Member", "PUT me/name", """{"name":"Berta"}""")).Json!["name"]);
        foreach (var member in (string[])["address", "role", "tenant", "mailboxes", "permissions"])
            Assert.Equal((400, true), await _on.RefusedAsync("Member", "PUT me/name", $$"""{"name":"Berta","{{member}}":"x"}""", member));
    }

    private async Task AdministratorsAsync()
    {
        foreach (var caller in (string[])["Auditor", "Member", "settings:read"])
        {
            var read = await _on.AskAsync(caller, "GET settings");
            Assert.False((bool)read.Json!["secondFactorForAll"]!);
            read.Json["secondFactorForAll"] = true;
            Assert.Equal(403, (await _on.AskAsync(caller, "PUT settings", read.Json.ToJsonString(), read.ETag)).Code);
        }
    }

    private async Task TenantAsync()
    {
        var path = "tenants/" + _on.Product.Tenant.Id;
        Assert.NotNull((await _on.AskAsync("Operator", "GET " + path)).Json!["answersVouched"]);
        Assert.Equal(403, (await _on.AskAsync("Admin", "GET " + path)).Code);
        Assert.Equal(403, (await _on.AskAsync("Admin", $"PUT {path}/plan", """{"plan":"starter"}""")).Code);
        Assert.Equal((400, true), await _on.RefusedAsync("Admin", "PUT settings", """{"timeZone":"Europe/Berlin","notices":{"emails":[],"digestMinutes":0,"reminderHours":0},"answersVouched":true}""", "answersVouched"));
        foreach (var caller in (string[])["Member", "Auditor", "Admin"])
            Assert.DoesNotContain("answersVouched", (await _on.AskAsync(caller, "GET plan")).Text, StringComparison.Ordinal);
    }

    private async Task MailboxAsync()
    {
        const string settings = """{"mode":"automatic","tone":"friendly","displayName":"","signature":"","maxLength":500,"language":"en","fixedAnswer":"","allowedFacts":"","nullReversePath":false""";
        foreach (var member in (string[])["address", "domainLost", "shadowUntil", "catchAll", "tenantId"])
            Assert.Equal((400, true), await _on.RefusedAsync("Admin", $"PUT mailboxes/{_on.Product.Mailbox.Id}/settings", settings + $",\"{member}\":null}}", member));
        Assert.Equal(409, (await _on.AskAsync("Admin", $"PUT mailboxes/{_on.Shadowed}/settings", settings + "}", (await _on.AskAsync("Admin", $"GET mailboxes/{_on.Shadowed}/settings")).ETag)).Code);
    }

    [GeneratedRegex(@"^\| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}

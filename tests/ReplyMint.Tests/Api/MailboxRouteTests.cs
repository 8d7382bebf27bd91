using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Mailboxes, channels and settings over HTTP: what is set there is what mail meets.</summary>
public sealed class MailboxRouteTests
{
    private const string Knowledge = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";

    /// <summary>As DNS would have proved it: the claim's item as the room writes it.</summary>
    private static async Task ProveAsync(ApiHost api, string tenant, string domain)
    {
        var domains = api.Product.Get<ProvedDomains>();
        Assert.Equal(DomainClaimResult.Added, (await domains.AddAsync(tenant, domain, Actor.Machine, default)).Result);
        var own = await api.Product.Get<KeyRing>().RequireAsync(tenant, default);
        var item = await api.Product.Get<IStore>().AllAsync(Table.Main, tenant, "domain-claim/", default).FirstAsync();
        var proved = JsonNode.Parse(own.Open(item))!;
        proved["provedAt"] = api.Product.Time.GetUtcNow();
        await api.Product.Get<IStore>().CommitAsync(new Commit().Put(item.Key, item.Value, Condition.Same(item), own.Seal(item.Key, item.Version + 1, Encoding.UTF8.GetBytes(proved.ToJsonString()))), default);
    }

    [Fact]
    public async Task An_address_of_a_proved_domain_is_claimed_takes_mail_and_is_given_up()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        (await api.PostAsync("admin", "mailboxes", new { address = "sales@second.example" })).Expect(409);
        Assert.StartsWith("550", await api.Product.SmtpAsync(api.Product.Mail("Hello?", to: "sales@second.example"), recipient: "sales@second.example"), StringComparison.Ordinal);
        await ProveAsync(api, api.Tenant, "second.example");
        var added = await api.PostAsync("admin", "mailboxes", new { address = "Sales@Second.example", displayName = "Sales" });
        var id = (string)added.Expect(201)["id"]!;
        Assert.Equal(("/api/v1/mailboxes/" + id, "sales@second.example", "draft"), (added.Location, (string?)added.Json["address"], (string?)added.Json["mode"]));
        var act = await api.LastActAsync();
        Assert.Equal(("mailbox.add", "uadmin", "dns"), (act.Act, act.Actor, act.Details!["domainProof"]));
        (await api.PostAsync("admin", "mailboxes", new { address = "sales@second.example" })).Expect(409);
        (await api.PostAsync("admin", "mailboxes", new { address = "sales+x@second.example" })).Expect(400);
        (await api.PostAsync("admin", "mailboxes", new { address = "sales@sub.second.example" })).Expect(409);
        (await api.PostAsync("admin", "mailboxes", new { address = "no address" })).Expect(400);

        var message = await api.Product.DecidedAsync(await api.Product.DeliverAsync(api.Product.Mail("When are you open?", to: "sales@second.example"), recipient: "sales@second.example"));
        Assert.Equal((MessageState.Held, id), (message.Record.State, message.Record.Mailbox));
        Assert.Equal(2, (await api.GetAsync("auditor", "mailboxes")).Expect(200)["items"]!.AsArray().Count);
        (await api.DeleteAsync("admin", "mailboxes/" + id)).Expect(204);
        (await api.GetAsync("admin", "mailboxes/" + id)).Expect(404);
        Assert.StartsWith("550", await api.Product.SmtpAsync(api.Product.Mail("Hello?", to: "sales@second.example"), recipient: "sales@second.example"), StringComparison.Ordinal);
        Assert.Equal("mailbox.remove", (await api.LastActAsync()).Act);
    }

    [Fact]
    public async Task A_domain_that_one_tenant_proved_is_no_other_tenants()
    {
        await using var api = await ApiHost.StartAsync();
        await api.AddTenantAsync("other");
        await ProveAsync(api, api.Tenant, "second.example");
        (await api.PostAsync("other", "mailboxes", new { address = "sales@second.example" })).Expect(409);
        (await api.PostAsync("admin", "mailboxes", new { address = "sales@second.example", catchAll = true })).Expect(201);
        (await api.PostAsync("admin", "mailboxes", new { address = "more@second.example", catchAll = true })).Expect(409);
    }

    [Fact]
    public async Task Settings_are_replaced_as_a_whole_by_who_read_them_last()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var path = $"mailboxes/{api.Product.Mailbox.Id}/settings";
        var read = await api.GetAsync("admin", path);
        var settings = read.Expect(200);
        Assert.Equal(("automatic", "Your shop team"), ((string?)settings["mode"], (string?)settings["signature"]));
        settings["mode"] = "draft";
        settings["fixedAnswer"] = "Hello {name},\r\n\r\nwe write back.";
        (await api.PutAsync("admin", path, settings, null)).Expect(428);
        var changed = await api.PutAsync("admin", path, settings, read.ETag);
        Assert.Equal("Hello {name},\n\nwe write back.", (string?)changed.Expect(200)["fixedAnswer"]);
        var act = await api.LastActAsync();
        Assert.Equal(("mailbox.change", "uadmin", "draft", "set"), (act.Act, act.Actor, act.Details!["mode"], act.Details["fixedAnswer"]));
        (await api.PutAsync("admin", path, settings, read.ETag)).Expect(412);
        var held = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        Assert.Equal(MessageState.Held, held.Record.State);
        Assert.Contains("we write back", (string?)(await api.GetAsync("admin", "drafts/" + held.Id)).Expect(200)["text"], StringComparison.Ordinal);

        foreach (var (member, wrong) in new (string, JsonNode)[] { ("maxLength", 50), ("language", "pt"), ("mode", "sometimes"), ("tone", "rude"), ("signature", new string('x', 501)), ("displayName", "a\nb"), ("mode", 1) })
        {
            var bad = settings.DeepClone();
            bad[member] = wrong;
            Assert.Contains(member, (await api.PutAsync("admin", path, bad, changed.ETag)).Expect(400)["errors"]!.AsObject().Select(error => error.Key));
        }
        var half = settings.DeepClone().AsObject();
        half.Remove("tone");
        (await api.PutAsync("admin", path, half, changed.ETag)).Expect(400);
        half["tone"] = "formal";
        half["color"] = "red";
        (await api.PutAsync("admin", path, half, changed.ETag)).Expect(400);
    }

    [Fact]
    public async Task A_schedule_and_rules_decide_on_mail_as_they_say()
    {
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Schedule }, knowledge: Knowledge);
        var path = $"mailboxes/{api.Product.Mailbox.Id}/";
        var read = await api.GetAsync("admin", path + "schedule");
        // It is Tuesday noon.
        var plan = new { spans = new[] { new { days = (string[])["tuesday"], from = "09:00:00", to = "17:00:00", mode = "automatic" } }, holidays = new[] { new { date = "2026-12-25", mode = "off", answer = "" } }, otherwise = "draft" };
        var schedule = await api.PutAsync("admin", path + "schedule", plan, read.ETag);
        Assert.Equal("tuesday", (string?)schedule.Expect(200)["spans"]![0]!["days"]![0]);
        Assert.Equal(MessageState.Answered, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"))).Record.State);
        (await api.PutAsync("admin", path + "schedule", new { spans = Array.Empty<object>(), holidays = Array.Empty<object>(), otherwise = "schedule" }, schedule.ETag)).Expect(400);
        (await api.PutAsync("admin", path + "schedule", plan, read.ETag)).Expect(412);

        var rules = await api.PutAsync("admin", path + "rules", new { rules = new object[] { new { name = "adverts", action = "ignore", word = "offer" }, new { name = "jobs", action = "template", subject = "application", template = "Hello {name}, thank you." } } }, schedule.ETag);
        Assert.Equal(["adverts", "jobs"], rules.Expect(200)["rules"]!.AsArray().Select(rule => (string)rule!["name"]!));
        Assert.Equal("2", (await api.LastActAsync()).Details!["rules"]);
        Assert.Equal(MessageState.Ignored, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("We offer pens.", from: "p@seller.example"))).Record.State);
        foreach (var wrong in new object[] { new { name = "x", action = "hold" }, new { name = "x", action = "template", word = "y" }, new { name = "", action = "hold", word = "y" } })
            (await api.PutAsync("admin", path + "rules", new { rules = new[] { wrong } }, rules.ETag)).Expect(400);
    }

    [Fact]
    public async Task Foreign_mailboxes_are_not_there_members_see_their_own_and_only_administrators_change_any()
    {
        await using var api = await ApiHost.StartAsync();
        await api.AddTenantAsync("other");
        var id = api.Product.Mailbox.Id;
        api.Add("ben", Role.Member, null, id);
        api.Add("eve", Role.Member, null, "mother");
        api.AddKey("reader", Permission.MailboxesRead);
        var settings = (await api.GetAsync("ben", $"mailboxes/{id}/settings")).Expect(200);
        foreach (var caller in (string[])["other", "eve"])
        {
            foreach (var path in (string[])["", "/settings", "/schedule", "/rules"])
                foreach (var unknown in (string[])[id, "m0"])
                    (await api.GetAsync(caller, $"mailboxes/{unknown}{path}")).Expect(404);
            Assert.Empty((await api.GetAsync(caller, "mailboxes")).Expect(200)["items"]!.AsArray());
        }
        (await api.PutAsync("other", $"mailboxes/{id}/settings", settings, "\"1\"")).Expect(404);
        (await api.DeleteAsync("other", "mailboxes/" + id)).Expect(404);
        foreach (var caller in (string[])["ben", "auditor", "reader"])
        {
            (await api.PutAsync(caller, $"mailboxes/{id}/settings", settings, "\"1\"")).Expect(403);
            (await api.DeleteAsync(caller, "mailboxes/" + id)).Expect(403);
            (await api.PostAsync(caller, "mailboxes", new { address = "x@shop.example" })).Expect(403);
            (await api.PutAsync(caller, "settings", new { timeZone = "Etc/UTC", notices = new { emails = Array.Empty<string>(), webhook = (string?)null, digestMinutes = 0, reminderHours = 24 } }, "\"1\"")).Expect(403);
        }
        Assert.NotNull(await api.Product.Get<Mailboxes>().GetAsync(api.Tenant, id, default));
    }

    [Fact]
    public async Task A_channels_secret_is_taken_and_never_given()
    {
        await using var api = await ApiHost.StartAsync();
        const string secret = "key-3f9a1c5e7b2d4f6a8c0e1b3d5f7a9c2e";
        var added = await api.PostAsync("admin", "channels", new { kind = "mailgun", secret, verdicts = true });
        var id = (string)added.Expect(201)["id"]!;
        Assert.Equal($"/webhooks/mailgun/{id}/inbound", (string?)added.Json["paths"]![0]);
        Assert.DoesNotContain(secret, added.Text + (await api.GetAsync("auditor", "channels")).Text, StringComparison.Ordinal);
        Assert.Equal(secret, (await api.Product.Get<Channels>().FindAsync(id, default))!.Secret);
        Assert.Equal(("channel.add", "uadmin"), ((await api.LastActAsync()).Act, (await api.LastActAsync()).Actor));
        (await api.PostAsync("admin", "channels", new { kind = "ses", topics = (string[])["arn:aws:sns:eu-west-1:123456789012:mail-in"] })).Expect(201);
        foreach (var (body, member) in new (object, string)[]
        {
            (new { kind = "mailgun" }, "secret"), (new { kind = "mailgun", secret = "short" }, "secret"), (new { kind = "pop3", secret }, "kind"), (new { kind = "imap", secret }, "imap"),
            (new { kind = "ses", topics = (string[])["arn:aws:sqs:eu-west-1:1:x"] }, "topics"), (new { kind = "ses", secret, topics = (string[])["arn:aws:sns:eu-west-1:123456789012:mail-in"] }, "secret"),
        })
            Assert.Contains(member, (await api.PostAsync("admin", "channels", body)).Expect(400)["errors"]!.AsObject().Select(error => error.Key));
        await api.AddTenantAsync("other");
        (await api.DeleteAsync("other", "channels/" + id)).Expect(404);
        Assert.Empty((await api.GetAsync("other", "channels")).Expect(200)["items"]!.AsArray());
        // The operator's own are nobody's through this door.
        var operators = await api.Product.Get<Channels>().AddAsync(Channel.Operator, Channel.Mailgun, secret, Actor.Machine, default);
        (await api.DeleteAsync("admin", "channels/" + operators.Id)).Expect(404);
        (await api.DeleteAsync("admin", "channels/" + id)).Expect(204);
        Assert.Null(await api.Product.Get<Channels>().FindAsync(id, default));
    }

    [Fact]
    public async Task A_mailboxs_own_server_is_named_with_it_and_its_secret_never_given()
    {
        await using var api = await ApiHost.StartAsync();
        const string secret = "app-password-of-the-account";
        object Wanted(string mailbox, string host = "smtp.shop.example", string security = "starttls") => new { kind = "smtp", secret, smtp = new { mailbox, host, user = "support@shop.example", security } };
        var own = api.Product.Mailbox.Id;
        var added = await api.PostAsync("admin", "channels", Wanted(own));
        if (AwsInstallation.IsAsked)
        {
            Assert.Contains("by HTTPS only", (string)added.Expect(400)["errors"]!["kind"]![0]!, StringComparison.Ordinal);
            return;
        }
        Assert.Equal(587, (int)added.Expect(201)["smtp"]!["port"]!);
        Assert.Empty(added.Json["paths"]!.AsArray());
        Assert.DoesNotContain(secret, added.Text + (await api.GetAsync("auditor", "channels")).Text, StringComparison.Ordinal);
        var kept = (await api.Product.Get<Channels>().FindWayOutAsync(api.Tenant, own, default))!;
        Assert.Equal((secret, "channel c"), (kept.Secret, kept.ToString()[..9]));
        (await api.PostAsync("admin", "channels", Wanted(own))).Expect(409);
        await api.AddTenantAsync("other");
        foreach (var (who, body, member) in new (string, object, string)[]
        {
            ("other", Wanted(own), "smtp.mailbox"), ("admin", Wanted(own, "169.254.169.254"), "smtp.host"), ("admin", Wanted(own, security: "none"), "smtp.security"), ("admin", new { kind = "smtp", secret }, "smtp"),
            ("admin", new { kind = "imap", secret, smtp = new { mailbox = own, host = "smtp.shop.example", user = "support" } }, "smtp"), ("admin", new { kind = "smtp", smtp = new { mailbox = own, host = "smtp.shop.example", user = "support" } }, "secret"),
        })
            Assert.Contains(member, (await api.PostAsync(who, "channels", body)).Expect(400)["errors"]!.AsObject().Select(error => error.Key));
        // What lets us send lets nobody in.
        using var http = new HttpClient { BaseAddress = api.Product.Http };
        Assert.False((await http.PostAsync($"/webhooks/mailgun/{kept.Id}/inbound", new FormUrlEncodedContent([]))).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_tenants_settings_say_who_is_told_and_lead_no_notice_into_a_private_network()
    {
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Knowledge);
        var read = await api.GetAsync("admin", "settings");
        var settings = read.Expect(200);
        settings["timeZone"] = "Europe/Berlin";
        await api.Product.PersonAsync(Role.Member, "lead@shop.example");
        settings["notices"]!["emails"] = new JsonArray("lead@shop.example");
        var changed = await api.PutAsync("admin", "settings", settings, read.ETag);
        Assert.Equal("Europe/Berlin", (string?)changed.Expect(200)["timeZone"]);
        Assert.Equal(("tenant.change", "1"), ((await api.LastActAsync()).Act, (await api.LastActAsync()).Details!["notices.emails"]));
        (await api.PutAsync("admin", "settings", settings, read.ETag)).Expect(412);
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await ProductHost.EventuallyAsync(() => Task.FromResult(api.Product.OutFiles.Count > 0 ? api : null));
        foreach (var (member, wrong) in new (string, Action<JsonNode>)[]
        {
            ("timeZone", s => s["timeZone"] = "Mars/Olympus"), ("notices.emails[0]", s => s["notices"]!["emails"] = new JsonArray("nobody")), ("notices.digestMinutes", s => s["notices"]!["digestMinutes"] = 1441),
            ("notices.webhook", s => s["notices"]!["webhook"] = "http://169.254.169.254/latest"), ("notices.webhook", s => s["notices"]!["webhook"] = "ftp://x.example/"),
        })
        {
            var bad = settings.DeepClone();
            wrong(bad);
            Assert.Contains(member, (await api.PutAsync("admin", "settings", bad, changed.ETag)).Expect(400)["errors"]!.AsObject().Select(error => error.Key));
        }
    }

    [Fact]
    public async Task Rules_and_schedule_that_are_too_large_together_are_refused()
    {
        await using var api = await ApiHost.StartAsync();
        var path = "mailboxes/" + api.Product.Mailbox.Id;
        var rules = new { rules = Enumerable.Range(0, 50).Select(i => new { name = $"r{i}", action = "template", word = "x", template = new string('\u0448', 1_000) }) };
        var ok = await api.PutAsync("admin", path + "/rules", rules, (await api.GetAsync("admin", path + "/rules")).ETag);
        ok.Expect(200);
        var days = new { spans = Array.Empty<object>(), otherwise = "draft", holidays = Enumerable.Range(0, 50).Select(i => new { date = new DateOnly(2027, 1, 1).AddDays(i).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), mode = "draft", answer = new string('\u0448', 1_000) }) };
        (await api.PutAsync("admin", path + "/schedule", days, ok.ETag)).Expect(422);
        (await api.GetAsync("admin", path)).Expect(200);
    }

    [Fact]
    public async Task A_notices_webhook_shows_its_host_to_readers_and_hears_no_address()
    {
        await using var sink = new HttpSink();
        await using var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, s => s with { Outside = Places.Here }, Knowledge);
        api.AddKey("reader", Permission.SettingsRead);
        var read = await api.GetAsync("admin", "settings");
        var settings = read.Expect(200);
        settings["notices"]!["webhook"] = sink.Url + "/services/secret-path";
        (await api.PutAsync("admin", "settings", settings, read.ETag)).Expect(200);
        foreach (var reader in (string[])["auditor", "reader"])
            Assert.Equal(sink.Url, (string?)(await api.GetAsync(reader, "settings")).Expect(200)["notices"]!["webhook"]);
        Assert.Equal(sink.Url + "/services/secret-path", (string?)(await api.GetAsync("admin", "settings")).Expect(200)["notices"]!["webhook"]);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("When are you open?"));
        await sink.Reached.Task.WaitAsync(ProductHost.Patience);
        var told = sink.Requests.Single().Body;
        Assert.Contains(message.Id, told, StringComparison.Ordinal);
        Assert.DoesNotContain(ProductHost.Address, told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notices_go_to_members_and_to_whom_the_operator_named()
    {
        await using var api = await ApiHost.StartAsync();
        var other = await api.AddTenantAsync("other");
        await api.Product.PersonAsync(Role.Admin, "stranger@other.example", other.Id);
        await api.Product.PersonAsync(Role.Auditor, "lead@shop.example");
        await api.Product.Get<Tenants>().ChangeAsync(api.Tenant, t => t with { Notices = t.Notices with { Emails = ["named@elsewhere.example"] } }, Actor.Machine, new Dictionary<string, string>(), default);
        var read = await api.GetAsync("admin", "settings");
        var settings = read.Expect(200);
        // Whoever has no account, and whoever has one elsewhere, are refused in the same words.
        settings["notices"]!["emails"] = new JsonArray("named@elsewhere.example", "victim@nowhere.example", "stranger@other.example", "lead@shop.example");
        var errors = (await api.PutAsync("admin", "settings", settings, read.ETag)).Expect(400)["errors"]!.AsObject();
        Assert.Equal(["notices.emails[1]", "notices.emails[2]"], errors.Select(error => error.Key).Order());
        Assert.Equal(errors["notices.emails[1]"]!.ToJsonString(), errors["notices.emails[2]"]!.ToJsonString());
        settings["notices"]!["emails"] = new JsonArray("named@elsewhere.example", "Lead@Shop.example");
        var changed = await api.PutAsync("admin", "settings", settings, read.ETag);
        changed.Expect(200);
        // Once taken out, the operator's word is spent.
        settings["notices"]!["emails"] = new JsonArray();
        changed = await api.PutAsync("admin", "settings", settings, changed.ETag);
        changed.Expect(200);
        settings["notices"]!["emails"] = new JsonArray("named@elsewhere.example");
        (await api.PutAsync("admin", "settings", settings, changed.ETag)).Expect(400);
    }

    [Fact]
    public async Task A_test_mail_tells_nothing_of_addresses_that_others_have_here()
    {
        await using var api = await ApiHost.StartAsync();
        var other = await api.AddTenantAsync("other");
        await api.Product.Get<Mailboxes>().AddAsync(new Mailbox { Id = Ids.Random('m'), TenantId = other.Id, Address = "info@other.example" }, Actor.Machine, default);
        async Task<string> RuleAsync(string from) => (string)(await api.PostAsync("admin", $"mailboxes/{api.Product.Mailbox.Id}/test", new { mail = api.Product.Mail("Hello?", from: from) })).Expect(200)["rules"]!.AsArray().Single(rule => (string?)rule!["name"] == "own-address")!["outcome"]!;
        Assert.Equal(await RuleAsync("nobody@other.example"), await RuleAsync("info@other.example"));
        Assert.NotEqual(await RuleAsync("info@other.example"), await RuleAsync("support+x@shop.example"));
    }
}

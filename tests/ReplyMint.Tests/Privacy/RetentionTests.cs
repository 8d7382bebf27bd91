using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>How long what is kept, of new mail and of what is stored already; what went is told, what a legal hold keeps stays (GDPR-1).</summary>
public sealed class RetentionTests
{
    // Months in steps of two seconds would be many looks for jobs.
    private static Task<ApiHost> StartAsync(string? knowledge = null) => ApiHost.StartAsync(settings: settings => settings with
    {
        Jobs = settings.Jobs with { SweepSeconds = 300 }, Inbound = settings.Inbound with { Attachments = new() { Scanner = AttachmentSettings.None } },
    }, knowledge: knowledge);

    [Fact]
    public async Task The_least_is_kept_unless_somebody_says_otherwise_within_bounds()
    {
        await using var api = await StartAsync();
        var read = await api.GetAsync("auditor", "retention");
        var json = read.Expect(200);
        Assert.Equal((7, 90, 365, false), ((int)json["rawDays"]!, (int)json["textDays"]!, (int)json["recordDays"]!, (bool)json["attachments"]!));
        Assert.Equal((30, 365, 400), ((int)json["most"]!["rawDays"]!, (int)json["most"]!["textDays"]!, (int)json["most"]!["recordDays"]!));

        object wish = new { rawDays = 3, textDays = 30, recordDays = 60, attachments = true };
        Assert.Equal(428, (await api.PutAsync("admin", "retention", wish, null)).Code);
        Assert.Equal(403, (await api.PutAsync("auditor", "retention", wish, read.ETag)).Code);
        Assert.Equal(412, (await api.PutAsync("admin", "retention", wish, "\"no tag of ours\"")).Code);
        foreach (var wrong in (object[])[new { rawDays = 31, textDays = 90, recordDays = 365, attachments = false }, new { rawDays = 0, textDays = 90, recordDays = 365, attachments = false },
            new { rawDays = 7, textDays = 90, recordDays = 401, attachments = false }, new { rawDays = 7, textDays = 90, recordDays = 30, attachments = false }])
            Assert.Equal(400, (await api.PutAsync("admin", "retention", wrong, read.ETag)).Code);

        var set = await api.PutAsync("admin", "retention", wish, read.ETag);
        Assert.Equal(30, (int)set.Expect(200)["textDays"]!);
        Assert.Equal(412, (await api.PutAsync("admin", "retention", wish, read.ETag)).Code);
        Assert.Equal(200, (await api.PutAsync("admin", "retention", wish, set.ETag)).Code);
        Assert.Equal(set.ETag, (await api.GetAsync("admin", "retention")).ETag);
        var entry = await api.LastActAsync();
        Assert.Equal(("retention.set", "uadmin", "90 -> 30"), (entry.Act, entry.Actor, entry.Details!["textDays"]));

        await api.AddTenantAsync("other");
        Assert.Equal(90, (int)(await api.GetAsync("other", "retention")).Expect(200)["textDays"]!);
    }

    [Fact]
    public async Task Another_period_counts_for_what_is_stored_already_and_what_goes_is_counted()
    {
        await using var api = await StartAsync(knowledge: "# Where is my parcel?\n\nYour parcel is on its way.");
        var large = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel? " + string.Join("\r\n", Enumerable.Repeat(new string('x', 70), 4_000))));
        var small = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", from: "ben@customer.example"));
        Assert.Equal(MessageState.Answered, small.Record.State);
        Assert.Equal(small.Record.ReceivedAt.AddDays(7), (await ItemAsync(api, Messages.RawKey(api.Tenant, small.Id)))!.Expires);

        await SetAsync(api, 1, 2, 3);
        await EventuallyAsync(async () => (await ItemAsync(api, Outbox.KeyOf(api.Tenant, small.Id)))?.Expires == small.Record.ReceivedAt.AddDays(3));
        foreach (var (key, days) in KeysOf(api.Tenant, small).Where(pair => pair.Key != Drafts.KeyOf(api.Tenant, small.Id)))
            Assert.Equal((key, small.Record.ReceivedAt.AddDays(days)), (key, (await ItemAsync(api, key))!.Expires));
        // What was moved still opens.
        Assert.Contains("parcel", (await api.GetAsync("admin", $"messages/{small.Id}")).Expect(200)["text"]!.ToJsonString(), StringComparison.Ordinal);

        api.Product.Time.Advance(TimeSpan.FromHours(25));
        Assert.Null(await api.Product.Get<Messages>().RawAsync(large, default));
        await EventuallyAsync(() => Task.FromResult(Blobs(api).Length == 0));
        Assert.NotNull(await ItemAsync(api, MessageTexts.KeyOf(api.Tenant, large.Id)));

        api.Product.Leap(TimeSpan.FromDays(2));
        api.Add("admin", Role.Admin);
        Assert.Equal(404, (await api.GetAsync("admin", $"messages/{small.Id}")).Code);
        // Any commit, and without one a minute, brings the store to remove.
        await SetAsync(api, 1, 2, 4);
        var report = (await api.GetAsync("auditor", "retention/report")).Expect(200);
        var kinds = report["days"]!.AsArray().SelectMany(day => day!["kinds"]!.AsArray()).ToLookup(kind => (string)kind!["kind"]!, kind => (long)kind!["count"]!);
        Assert.Equal((2, 2, 2, 2), (kinds["raw"].Sum(), kinds["text"].Sum(), kinds["message"].Sum(), kinds["receipt"].Sum()));
        Assert.DoesNotContain("customer", report.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(400, (await api.GetAsync("auditor", "retention/report?from=2019-01-01")).Code);
    }

    [Fact]
    public async Task A_longer_period_keeps_what_would_have_gone()
    {
        await using var api = await StartAsync();
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        await SetAsync(api, 9, 90, 365);
        await EventuallyAsync(async () => (await ItemAsync(api, Messages.RawKey(api.Tenant, message.Id)))?.Expires == message.Record.ReceivedAt.AddDays(9));
        api.Product.Leap(TimeSpan.FromDays(8));
        Assert.NotNull(await api.Product.Get<Messages>().RawAsync(message, default));
    }

    [Fact]
    public async Task A_legal_hold_keeps_a_correspondents_mail_beyond_its_time_and_is_listed_until_it_is_lifted()
    {
        await using var api = await StartAsync(knowledge: "# Where is my parcel?\n\nYour parcel is on its way.");
        var held = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var other = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", from: "ben@customer.example"));
        var hold = (string)(await api.PostAsync("admin", "legal-holds", new { reason = "case 12/34", correspondent = "anna@customer.example" })).Expect(201)["id"]!;
        await EventuallyAsync(async () => (await ItemAsync(api, Outbox.KeyOf(api.Tenant, held.Id))) is { Expires: null });
        // What comes while it stands is kept too: of her, and of nobody else. Other periods change nothing of it.
        await SetAsync(api, 1, 2, 3);
        api.Product.Time.Advance(TimeSpan.FromSeconds(2));
        var later = await api.Product.DeliverAndDecideAsync(api.Product.Mail("And the other parcel, when does it come?"));

        api.Product.Leap(TimeSpan.FromDays(5));
        api.Add("admin", Role.Admin);
        foreach (var message in (Message[])[held, later])
        {
            Assert.NotNull(await api.Product.Get<Messages>().RawAsync(message, default));
            Assert.NotNull(await api.Product.Get<MessageTexts>().FindAsync(message, default));
            Assert.NotNull(await api.Product.Get<Receipts>().FindAsync(api.Tenant, message.Id, message.Record.Person, default));
        }
        // Nothing goes before what is held was moved.
        await EventuallyAsync(async () => await ItemAsync(api, Messages.KeyOf(api.Tenant, other.Id)) is null);
        var listed = (await api.GetAsync("auditor", "retention/held")).Expect(200)["items"]!.AsArray();
        Assert.Equal([held.Id, later.Id], listed.Select(mail => (string)mail!["id"]!));
        Assert.Equal("raw text record", string.Join(' ', listed[0]!["over"]!.AsArray().Select(what => (string)what!)));
        Assert.Equal(hold, (string)listed[0]!["holds"]![0]!);

        (await api.DeleteAsync("admin", "legal-holds/" + hold)).Expect(204);
        api.Product.Time.Advance(TimeSpan.FromMinutes(10));
        await EventuallyAsync(async () => await ItemAsync(api, Messages.KeyOf(api.Tenant, held.Id)) is null && await ItemAsync(api, Messages.RawKey(api.Tenant, later.Id)) is null);
        Assert.Empty((await api.GetAsync("auditor", "retention/held")).Expect(200)["items"]!.AsArray());
    }

    [Fact]
    public async Task A_hold_of_one_mail_keeps_that_mail_and_a_hold_of_the_tenant_keeps_all()
    {
        await using var api = await StartAsync();
        var one = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var two = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is the other one?"));
        (await api.PostAsync("admin", "legal-holds", new { reason = "x", mail = one.Id })).Expect(201);
        await EventuallyAsync(async () => (await ItemAsync(api, Messages.KeyOf(api.Tenant, one.Id))) is { Expires: null });
        Assert.NotNull((await ItemAsync(api, Messages.KeyOf(api.Tenant, two.Id)))!.Expires);
        (await api.PostAsync("admin", "legal-holds", new { reason = "all" })).Expect(201);
        api.Product.Time.Advance(TimeSpan.FromMinutes(6));
        await EventuallyAsync(async () => (await ItemAsync(api, Drafts.KeyOf(api.Tenant, two.Id))) is { Expires: null } && (await ItemAsync(api, Drafts.WaitingKey(api.Tenant, two.Id))) is { Expires: null });
        // A decision while it stands takes nothing of it back.
        (await api.PostAsync("admin", $"drafts/{two.Id}/reject")).Expect(200);
        foreach (var (key, _) in KeysOf(api.Tenant, two).Where(pair => pair.Key != Outbox.KeyOf(api.Tenant, two.Id)))
            Assert.Null((await ItemAsync(api, key))!.Expires);
    }

    [Fact]
    public async Task A_run_that_breaks_off_in_the_middle_is_finished_later()
    {
        WatchedStore? watched = null;
        await using var api = await ApiHost.StartAsync(services: services => watched = WatchedStore.Put(services));
        var messages = new List<Message>();
        for (var i = 0; i < 30; i++)
            messages.Add(await api.Product.DeliverAndDecideAsync(api.Product.Mail($"Where is my parcel number {i}?", from: $"anna{i}@customer.example")));
        var moves = 0;
        watched!.BeforeCommit = commit =>
        {
            if (commit.Operations.Any(operation => operation.Kind == OperationKind.Expire) && Interlocked.Increment(ref moves) == 2)
                throw new StoreUnavailableException("the test broke it");
        };
        await SetAsync(api, 2, 90, 365);
        await EventuallyAsync(() => Task.FromResult(Volatile.Read(ref moves) == 2));
        await EventuallyAsync(async () =>
        {
            // It comes again half a minute after it failed.
            api.Product.Time.Advance(TimeSpan.FromSeconds(10));
            foreach (var message in messages)
                if ((await ItemAsync(api, Messages.RawKey(api.Tenant, message.Id)))?.Expires != message.Record.ReceivedAt.AddDays(2))
                    return false;
            return true;
        });
    }

    [Fact]
    public async Task Attachments_are_not_kept_unless_asked_for()
    {
        await using var api = await StartAsync();
        var raw = WithAttachment("1@customer.example");
        var message = await api.Product.DeliverAndDecideAsync(raw);
        var kept = Encoding.UTF8.GetString((await api.Product.Get<Messages>().RawAsync(message, default))!.Value.Span);
        Assert.DoesNotContain("bWFya2VkLWF0dGFjaG1lbnQ", kept, StringComparison.Ordinal);
        Assert.Contains("Where is my parcel?", kept, StringComparison.Ordinal);
        var attachment = (await api.GetAsync("admin", $"messages/{message.Id}")).Expect(200)["text"]!["attachments"]![0]!;
        Assert.Equal(("bill.pdf", 17), ((string)attachment["fileName"]!, (int)attachment["size"]!));

        var tag = (await api.GetAsync("admin", "retention")).ETag;
        (await api.PutAsync("admin", "retention", new { rawDays = 7, textDays = 90, recordDays = 365, attachments = true }, tag)).Expect(200);
        // The same mail is the same mail, whatever was kept of it.
        Assert.StartsWith("250", await api.Product.SmtpAsync(raw), StringComparison.Ordinal);
        Assert.Single(await api.Product.ListAsync());
        var second = await api.Product.DeliverAndDecideAsync(WithAttachment("2@customer.example"));
        Assert.Contains("bWFya2VkLWF0dGFjaG1lbnQ", Encoding.UTF8.GetString((await api.Product.Get<Messages>().RawAsync(second, default))!.Value.Span), StringComparison.Ordinal);

        string WithAttachment(string id) => api.Product.Mail(string.Join("\r\n", "--b", "Content-Type: text/plain", "", "Where is my parcel?", "--b",
            "Content-Type: application/pdf; name=bill.pdf", "Content-Disposition: attachment; filename=bill.pdf", "Content-Transfer-Encoding: base64", "", "bWFya2VkLWF0dGFjaG1lbnQ=", "--b--"),
            extra: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b", messageId: $"<{id}>");
    }

    [Fact]
    public void Without_its_attachments_a_mail_says_the_same()
    {
        int taken = 0, whole = 0;
        foreach (var file in Directory.GetFiles(SharedData.Folder("mime"), "*.eml"))
        {
            var raw = File.ReadAllBytes(file);
            var mail = MailParser.Parse(raw, new(null, null));
            if (mail.Attachments.Count == 0 || mail.Shape.ContentType == "multipart/report")
            {
                Assert.Null(AttachmentRemoval.Without(raw, mail));
                continue;
            }
            if (AttachmentRemoval.Without(raw, mail) is not { } less)
            {
                whole++;
                continue;
            }
            taken++;
            var read = MailParser.Parse(less, new(null, null));
            Assert.Equal((mail.Text, mail.Reply, mail.Subject, mail.MessageId, mail.Attachments.Count), (read.Text, read.Reply, read.Subject, read.MessageId, read.Attachments.Count));
            Assert.True(less.Length < raw.Length);
        }
        Assert.True(taken >= 45 && whole <= 1, $"{taken} without, {whole} whole");
    }

    private static (ItemKey Key, int Days)[] KeysOf(string tenant, Message message) =>
    [
        (Messages.RawKey(tenant, message.Id), 1), (MessageTexts.KeyOf(tenant, message.Id), 2), (Drafts.KeyOf(tenant, message.Id), 2), (Messages.KeyOf(tenant, message.Id), 3),
        (Receipts.KeyOf(tenant, message.Id), 3), (Outbox.KeyOf(tenant, message.Id), 3), (Threads.KeyOf(tenant, message.Record.Thread), 3),
    ];

    private static async Task SetAsync(ApiHost api, int raw, int text, int record)
    {
        var tag = (await api.GetAsync("admin", "retention")).ETag;
        (await api.PutAsync("admin", "retention", new { rawDays = raw, textDays = text, recordDays = record, attachments = false }, tag)).Expect(200);
    }

    private static async Task<Item?> ItemAsync(ApiHost api, ItemKey key) => await api.Product.Get<IStore>().GetAsync(key, default);

    private static Task EventuallyAsync(Func<Task<bool>> look) => ProductHost.EventuallyAsync(async () => await look() ? "so it is" : null);

    private static string[] Blobs(ApiHost api) => Directory.GetFiles(Path.Combine(api.Product.DataFolder, "blobs"), "*", SearchOption.AllDirectories);
}

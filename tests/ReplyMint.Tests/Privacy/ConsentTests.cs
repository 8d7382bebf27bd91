using System.Net;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>Who agreed to what, and that who takes it back gets no automatic answer from that moment on (GDPR-4).</summary>
public sealed class ConsentTests
{
    private const string Knowledge = "# Where is my parcel?\n\nYour parcel is on its way.";
    private const string Anna = "anna@customer.example";

    [Fact]
    public async Task With_consent_as_the_basis_only_who_agreed_to_the_newest_text_is_answered()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        (await api.PostAsync("admin", "consent-texts", new { text = "May a machine answer you?" })).Expect(201);
        Assert.Equal(2, (int)(await api.PostAsync("admin", "consent-texts", new { text = "May a machine answer you, at night too?" })).Expect(201)["version"]!);
        var basis = await api.GetAsync("auditor", "legal-basis");
        Assert.Equal("contract", (string)basis.Expect(200)["basis"]!);
        (await api.PutAsync("admin", "legal-basis", new { basis = "consent", leastText = 2, link = false }, basis.ETag)).Expect(200);

        var held = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        Assert.Equal((MessageState.Held, "no-consent"), (held.Record.State, held.Record.Reasons[0]));
        Assert.Equal("", (await api.Product.Get<Drafts>().FindAsync(api.Tenant, held.Id, default))!.Content.Text);

        await GiveAsync(api, 1);
        Assert.Equal(MessageState.Held, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel, please?"))).Record.State);
        Assert.Equal(400, (await api.PostAsync("admin", "consents", new { address = Anna, given = true, way = "form", text = 3 })).Code);
        await GiveAsync(api, 2);
        Assert.Equal(MessageState.Answered, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", subject: "The third"))).Record.State);
        Assert.Equal(MessageState.Held, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", from: "ben@customer.example"))).Record.State);

        var ledger = (await api.GetAsync("admin", "consents")).Expect(200)["items"]![0]!;
        Assert.Equal((Anna, "form 12", "uadmin", 2), ((string)ledger["address"]!, (string)ledger["entries"]![1]!["source"]!, (string)ledger["entries"]![1]!["by"]!, (int)ledger["entries"]![1]!["text"]!));
        Assert.Equal(403, (await api.GetAsync("auditor", "consents")).Code);
        var entry = await api.LastActAsync();
        Assert.Equal("consent.give", entry.Act);
        Assert.DoesNotContain("anna", entry.Target + string.Join(' ', entry.Details!.Values), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Who_withdraws_is_answered_by_people_only()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        (await api.PostAsync("admin", "consents", new { address = Anna, given = false, way = "phone" })).Expect(200);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        Assert.Equal((MessageState.Held, "human-please"), (message.Record.State, message.Record.Reasons[0]));
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { text = "Hello Anna, it comes. Yours, Carla" })).Expect(200);
        await ProductHost.EventuallyAsync(async () => await api.Product.Get<Outbox>().StateAsync(api.Tenant, message.Id, default) is { State: OutboxState.Sent } sent ? sent : null);
    }

    [Theory]
    [InlineData("A human, please!")]
    [InlineData("Bitte keine automatischen Antworten mehr.")]
    [InlineData("Je souhaite parler à un humain.")]
    [InlineData("¡Hablar con una persona, por favor!")]
    public async Task A_persons_own_word_counts_for_this_mail_and_all_that_follow(string word)
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        var first = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?\r\n" + word));
        Assert.Equal((MessageState.Held, "human-please"), (first.Record.State, first.Record.Reasons[0]));
        Assert.Equal("human-please", (await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", subject: "Again"))).Record.Reasons[0]);
        var ledger = (await api.Product.Get<Consents>().FindAsync(api.Tenant, Anna, default))!;
        Assert.Equal((false, ConsentWay.Mail, first.Id), (ledger.Entries[^1].Given, ledger.Entries[^1].Way, ledger.Entries[^1].Source));
        Assert.Empty(api.Product.OutFiles);
    }

    [Fact]
    public async Task A_forged_word_silences_nobody_and_a_question_about_it_is_no_such_word()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("Stop automatic replies", authentication: "dmarc=fail"));
        Assert.Null(await api.Product.Get<Consents>().FindAsync(api.Tenant, Anna, default));
        Assert.Equal(MessageState.Answered, (await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel? It is human size, please."))).Record.State);
    }

    [Fact]
    public async Task A_draft_that_waits_and_an_answer_that_is_queued_do_not_leave_any_more()
    {
        await using var api = await ApiHost.StartAsync(mailbox: box => box with { Mode = MailboxMode.Draft }, knowledge: Knowledge);
        var waiting = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var queued = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel, please?", subject: "Another"));
        await api.Product.SwitchAsync(stopped: true);
        (await api.PostAsync("admin", $"drafts/{queued.Id}/approve", new { })).Expect(200);
        await api.Product.Get<Consents>().WithdrawAsync(api.Tenant, Anna, ConsentWay.Phone, "", Actor.Machine, default);
        await api.Product.SwitchAsync(stopped: false);
        api.Product.Time.Advance(TimeSpan.FromSeconds(5));
        var cancelled = await ProductHost.EventuallyAsync(async () => await api.Product.Get<Outbox>().StateAsync(api.Tenant, queued.Id, default) is { State: not OutboxState.Queued } state ? state : null);
        Assert.Equal(OutboxState.Cancelled, cancelled.State);
        Assert.Equal(409, (await api.PostAsync("admin", $"drafts/{waiting.Id}/approve", new { })).Code);
        Assert.Empty(api.Product.OutFiles);
    }

    [Fact]
    public async Task A_withdrawal_between_decision_and_commit_wins()
    {
        WatchedStore? watched = null;
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge, services: services => watched = WatchedStore.Put(services));
        var once = 0;
        watched!.BeforeCommit = commit =>
        {
            if (commit.Operations.Any(operation => operation.Key.Sort.StartsWith("out/", StringComparison.Ordinal)) && Interlocked.Exchange(ref once, 1) == 0)
                api.Product.Get<Consents>().WithdrawAsync(api.Tenant, Anna, ConsentWay.Phone, "", Actor.Machine, default).GetAwaiter().GetResult();
        };
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        Assert.Equal((MessageState.Held, "human-please"), (message.Record.State, message.Record.Reasons[0]));
        Assert.Empty(api.Product.OutFiles);
    }

    [Fact]
    public async Task The_link_in_an_answer_shows_a_page_and_withdraws_only_by_its_button()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge, settings: settings => settings with { Http = settings.Http with { PublicUrl = "http://localhost:8080" } });
        var basis = await api.GetAsync("admin", "legal-basis");
        (await api.PutAsync("admin", "legal-basis", new { basis = "contract", leastText = 0, link = true }, basis.ETag)).Expect(200);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"));
        var text = (await api.Product.AnswerAsync(message)).TextBody!;
        var path = text[text.IndexOf("/withdraw/", StringComparison.Ordinal)..].Trim();
        Assert.Contains("http://localhost:8080" + path, text, StringComparison.Ordinal);

        using var client = new HttpClient { BaseAddress = api.Product.Http };
        client.DefaultRequestHeaders.Host = "localhost";
        using var shown = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, "text/html"), (shown.StatusCode, shown.Content.Headers.ContentType!.MediaType));
        Assert.Contains("form-action 'self'", string.Join(' ', shown.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.Null(await api.Product.Get<Consents>().FindAsync(api.Tenant, Anna, default));
        using var form = new StringContent("", Encoding.ASCII, "application/x-www-form-urlencoded");
        using var pressed = await client.PostAsync(new Uri(path, UriKind.Relative), form);
        Assert.Equal(HttpStatusCode.OK, pressed.StatusCode);
        Assert.Equal(ConsentWay.Link, (await api.Product.Get<Consents>().FindAsync(api.Tenant, Anna, default))!.Entries[^1].Way);
        var said = await api.LastActAsync();
        using var again = await client.PostAsync(new Uri(path, UriKind.Relative), null);
        Assert.Equal((HttpStatusCode.OK, said.Sequence), (again.StatusCode, (await api.LastActAsync()).Sequence));
        using var other = await client.PostAsync(new Uri(path[..^1] + (path[^1] == '0' ? '1' : '0'), UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task The_ledger_names_nobody_without_his_key_and_the_wish_survives_without_it()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Knowledge);
        await api.Product.Get<Consents>().WithdrawAsync(api.Tenant, Anna, ConsentWay.Paper, "a letter of Anna", Actor.Machine, default);
        var own = await api.Product.Get<KeyRing>().RequireAsync(api.Tenant, default);
        var person = own.Person(Anna);
        var item = (await api.Product.Get<IStore>().GetAsync(Consents.KeyOf(api.Tenant, person), default))!;
        Assert.DoesNotContain("nna", Encoding.UTF8.GetString(item.Value.Span), StringComparison.Ordinal);
        var erasure = (string)(await api.PostAsync("admin", "erasures", new { correspondent = Anna })).Json["id"]!;
        await ProductHost.EventuallyAsync(async () => (await api.GetAsync("admin", "erasures/" + erasure)).Expect(200) is var state && (string)state["state"]! == "done" ? state : null);
        Assert.Null(await api.Product.Get<IStore>().GetAsync(item.Key, default));
        Assert.Null(await api.Product.Get<Consents>().FindAsync(api.Tenant, Anna, default));
        Assert.Equal("human-please", (await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?"))).Record.Reasons[0]);
    }

    private static async Task GiveAsync(ApiHost api, int text) =>
        (await api.PostAsync("admin", "consents", new { address = Anna, given = true, way = "form", text, source = "form 12" })).Expect(200);
}

using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Privacy;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>What people said, and what was sent, after a backup: a restore of it answers nobody against his wish, and sends nothing a second time by itself.</summary>
public sealed class RestoredWishesTests : IDisposable
{
    private const string Anna = "anna@customer.example", Ben = "ben@customer.example", Carl = "carl@customer.example", Dora = "dora@customer.example", Emil = "emil@customer.example";

    private readonly RestoredHouse _house = new();
    private readonly TemporaryFolder _anchors = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _house.Dispose();
        _anchors.Dispose();
    }

    [Fact]
    public async Task Who_wanted_no_answers_after_the_backup_gets_none_after_the_restore()
    {
        var host = await StartAsync();
        var (tenant, consents, suppressions) = (host.Tenant.Id, host.Get<Consents>(), host.Get<Suppressions>());
        await consents.AddTextAsync(tenant, "May a machine answer you?", Actor.Machine, Ct);
        await consents.GiveAsync(tenant, Anna, 1, ConsentWay.Form, "form 12", Actor.Machine, Ct);
        await consents.WithdrawAsync(tenant, Emil, ConsentWay.Phone, "", Actor.Machine, Ct);
        var made = await _house.Backups.CreateAsync(host);
        // By the API or a link, by a word in a mail, by a complaint; one who came back to it, and one who wants them again.
        await consents.WithdrawAsync(tenant, Anna, ConsentWay.Link, "m1", new Actor("correspondent"), Ct);
        Assert.Equal("human-please", (await host.DeliverAndDecideAsync(host.Mail("How long does delivery take? A human, please!", Ben), Ben)).Record.Reasons[0]);
        await suppressions.AddAsync(tenant, Carl, SuppressionReason.Complaint, Ct);
        await consents.WithdrawAsync(tenant, Dora, ConsentWay.Phone, "", Actor.Machine, Ct);
        _house.Time.Advance(TimeSpan.FromMilliseconds(5));
        await consents.GiveAsync(tenant, Dora, 1, ConsentWay.Form, "form 13", Actor.Machine, Ct);
        await ProductHost.EventuallyAsync(() =>
        {
            _house.Time.Advance(TimeSpan.FromSeconds(30));
            return Task.FromResult(Lines().Length == 6 ? "" : null);
        });
        Assert.All(Lines(), line => Assert.DoesNotContain("customer.example", File.ReadAllText(line), StringComparison.Ordinal));
        await _house.RestoreAsync(host, made, TimeSpan.FromHours(1));

        // Shut until the ledgers were read; a line that nobody here signed silences nobody.
        Assert.Contains("erase replay", await _house.FailsAsync("consent", "list"), StringComparison.Ordinal);
        Assert.Contains("erase replay", await _house.FailsAsync("serve", "--urls", "http://127.0.0.1:0", "--set", "smtp.port=0"), StringComparison.Ordinal);
        var forged = Lines()[0];
        await File.WriteAllTextAsync(forged + ".forged.json", (await File.ReadAllTextAsync(forged, Ct)).Replace("\"mac\":\"", "\"mac\":\"A", StringComparison.Ordinal), Ct);
        var said = await _house.OkAsync("erase", "replay", "--ledger", _anchors.Sub("wish"));
        Assert.Contains("\n5 addresses have a word in the ledger of wishes, 3 of them get no automatic answers again\n", said, StringComparison.Ordinal);
        Assert.Contains("(1 documents are no lines", _house.Cli.Error, StringComparison.Ordinal);
        Assert.Matches($"{Anna} .* withdrawn ", await _house.OkAsync("consent", "list"));
        // Once more changes nothing.
        Assert.Contains(" 0 of them get no automatic answers again", await _house.OkAsync("erase", "replay", "--ledger", _anchors.Sub("wish")), StringComparison.Ordinal);

        await using var again = await StartAsync(host);
        await SendAgainAsync(again);
        foreach (var (who, reason) in (IReadOnlyList<(string, string)>)[(Anna, "human-please"), (Ben, "human-please"), (Emil, "human-please")])
            Assert.Equal((MessageState.Held, reason), await AskAsync(again, who));
        Assert.NotEqual(MessageState.Answered, (await AskAsync(again, Carl)).State);
        Assert.Equal(MessageState.Answered, (await AskAsync(again, Dora)).State);
        Assert.Contains(await again.Get<AuditLog>().NewestAsync(tenant, 50, Ct), entry => entry.Act == "consent.withdraw-again");
    }

    [Fact]
    public async Task Nobody_is_answered_whom_the_live_store_would_not_have_answered()
    {
        const string BenTag = "ben+shop@customer.example", CarlTag = "carl+shop@customer.example", Frida = "frida@customer.example", Gina = "gina@customer.example", Hans = "hans@customer.example";
        var host = await StartAsync();
        var (tenant, consents) = (host.Tenant.Id, host.Get<Consents>());
        await consents.AddTextAsync(tenant, "May a machine answer you?", Actor.Machine, Ct);
        await consents.GiveAsync(tenant, Hans, 1, ConsentWay.Form, "form 1", Actor.Machine, Ct);
        var made = await _house.Backups.CreateAsync(host);
        // An operator takes a suppression back, not what somebody said himself.
        await WithdrawAsync(Anna);
        await LiftAsync(Anna);
        await WithdrawAsync(Hans);
        await LiftAsync(Hans);
        // Two share a suppression, and each speaks for himself: one who said nothing else, and one who said it when it stood already.
        await WithdrawAsync(BenTag);
        await GiveAsync(Ben);
        await WithdrawAsync(CarlTag);
        await WithdrawAsync(Carl);
        await GiveAsync(CarlTag);
        // A complaint stays when he agrees again.
        await WithdrawAsync(Dora);
        await LiftAsync(Dora);
        await host.Get<Suppressions>().AddAsync(tenant, Dora, SuppressionReason.Complaint, Ct);
        await GiveAsync(Dora);
        // Who agrees again is answered, also where no suppression stood any more; and who was erased has said nothing.
        await WithdrawAsync(Emil);
        await LiftAsync(Emil);
        await GiveAsync(Emil);
        await WithdrawAsync(Frida);
        _house.Time.Advance(TimeSpan.FromMilliseconds(5));
        await host.FinishAsync(await host.Get<Erasures>().CorrespondentAsync(tenant, Frida, Actor.Machine, Ct));
        await LiftAsync(Frida);
        // Nobody can tell in which order two things were said in one millisecond.
        await consents.WithdrawAsync(tenant, Gina, ConsentWay.Phone, "", Actor.Machine, Ct);
        await consents.GiveAsync(tenant, Gina, 1, ConsentWay.Form, "form 3", Actor.Machine, Ct);
        string[] all = [Anna, Hans, Ben, BenTag, Carl, CarlTag, Dora, Emil, Frida, Gina], answered = [Ben, CarlTag, Emil, Frida];
        Assert.Equal([.. answered, Gina], await AnsweredAsync(host));
        await ProductHost.EventuallyAsync(() =>
        {
            _house.Time.Advance(TimeSpan.FromSeconds(30));
            return Task.FromResult(Lines().Length == 20 ? "" : null);
        });
        await _house.RestoreAsync(host, made, TimeSpan.FromHours(1));
        Assert.Contains("8 addresses have a word in the ledger of wishes, 6 of them get no automatic answers again", await _house.OkAsync("erase", "replay", "--ledger", _anchors.Path), StringComparison.Ordinal);
        // The signed roots that lie beside the ledgers are none of its lines, and nothing that was left out.
        Assert.NotEmpty(Directory.GetFiles(_anchors.Sub("roots")));
        Assert.DoesNotContain("no lines of this installation", _house.Cli.Error, StringComparison.Ordinal);

        await using var again = await StartAsync(host);
        await SendAgainAsync(again);
        Assert.Equal(answered, await AnsweredAsync(again));
        Assert.Null(await again.Get<IStore>().GetAsync(Consents.KeyOf(tenant, (await again.Get<KeyRing>().RequireAsync(tenant, Ct)).Person(Frida)), Ct));
        // What the store does not know in full holds against his neighbour's word as well, and ends with his own.
        await again.Get<Consents>().GiveAsync(tenant, Ben, 1, ConsentWay.Form, "form 4", Actor.Machine, Ct);
        Assert.Equal((MessageState.Held, "human-please"), await AskAsync(again, BenTag));
        await again.Get<Consents>().GiveAsync(tenant, BenTag, 1, ConsentWay.Form, "form 5", Actor.Machine, Ct);
        Assert.Equal(MessageState.Answered, (await AskAsync(again, BenTag)).State);

        async Task<IReadOnlyList<string>> AnsweredAsync(ProductHost by)
        {
            var found = new List<string>();
            foreach (var who in all)
                if ((await AskAsync(by, who)).State == MessageState.Answered)
                    found.Add(who);
            return found;
        }

        async Task WithdrawAsync(string who)
        {
            _house.Time.Advance(TimeSpan.FromMilliseconds(5));
            await consents.WithdrawAsync(tenant, who, ConsentWay.Phone, "", Actor.Machine, Ct);
        }

        async Task GiveAsync(string who)
        {
            _house.Time.Advance(TimeSpan.FromMilliseconds(5));
            await consents.GiveAsync(tenant, who, 1, ConsentWay.Form, "form 2", Actor.Machine, Ct);
        }

        async Task LiftAsync(string who)
        {
            _house.Time.Advance(TimeSpan.FromMilliseconds(5));
            Assert.True(await host.Get<IStore>().RetryAsync((commit, token) => host.Get<Suppressions>().RemoveAsync(commit, tenant, who, token), Ct));
        }
    }

    [Fact]
    public async Task Without_a_copy_of_the_ledger_somebody_has_to_say_so_and_is_told_what_is_missing()
    {
        var host = await StartAsync();
        var made = await _house.Backups.CreateAsync(host);
        await host.Get<Consents>().WithdrawAsync(host.Tenant.Id, Anna, ConsentWay.Phone, "", Actor.Machine, Ct);
        await _house.RestoreAsync(host, made, TimeSpan.FromHours(1));
        Assert.Contains("only this store's own ledger is there", await _house.FailsAsync("erase", "replay"), StringComparison.Ordinal);
        await _house.OkAsync("erase", "replay", "--nothing-was-erased-since");
        Assert.Contains("(who said after the backup that he wants no automatic answers is not known here", _house.Cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_that_waited_leaves_only_when_a_person_says_that_it_may_be_the_second_time()
    {
        var host = await StartAsync(draft: true);
        var (sent, kept) = (await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", Anna), Anna), await host.DeliverAndDecideAsync(host.Mail("How long does it take?", Ben), Ben));
        var made = await _house.Backups.CreateAsync(host);
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, sent.Id, null, new HashSet<GuardRule>(), null, Actor.Machine, Ct));
        await ProductHost.EventuallyAsync(() => Task.FromResult(host.OutFiles.Contains(sent.Id) ? "" : null));
        Assert.Contains("\n2 drafts wait that may have been approved, and sent, after the backup: each leaves only with --override restored", await _house.RestoreAsync(host, made, TimeSpan.FromHours(1)), StringComparison.Ordinal);
        await _house.OkAsync("erase", "replay", "--nothing-was-erased-since");
        await _house.OkAsync("switch", "set", "start");

        Assert.Equal(2, (await _house.OkAsync("drafts", "list")).Split("before-restore").Length - 1);
        Assert.Contains("restored: it is of before the store was restored, and may have been sent since", await _house.FailsAsync("drafts", "approve", sent.Id), StringComparison.Ordinal);
        // Another text may be the second answer just as well.
        _house.Cli.Write("answer.txt", "Dear Anna, it takes two to three working days.");
        Assert.Contains("decide against it with --override restored", await _house.FailsAsync("drafts", "approve", sent.Id, "--file", "answer.txt"), StringComparison.Ordinal);
        await _house.OkAsync("drafts", "reject", sent.Id);
        await _house.OkAsync("drafts", "approve", kept.Id, "--override", "restored");

        await using var again = await StartAsync(host, draft: true);
        await ProductHost.EventuallyAsync(() =>
        {
            _house.Time.Advance(TimeSpan.FromSeconds(2));
            return Task.FromResult(again.OutFiles.Contains(kept.Id) ? "" : null);
        });
        Assert.DoesNotContain(sent.Id, again.OutFiles);
        Assert.Contains(await again.Get<AuditLog>().NewestAsync(again.Tenant.Id, 20, Ct), entry => entry.Act == "draft.approve" && entry.Target == kept.Id && entry.Details!["overridden"] == "Restored");
        // What came behind the restore is a draft like any other.
        Assert.Equal(MessageState.Held, (await AskAsync(again, Carl)).State);
        var fresh = (await again.ListAsync()).Single(message => message.Summary.From.Address == Carl);
        Assert.IsType<DeskOutcome.Done>(await again.Get<DraftDesk>().ApproveAsync(again.Tenant.Id, fresh.Id, null, new HashSet<GuardRule>(), null, Actor.Machine, Ct));
    }

    private Task<ProductHost> StartAsync(ProductHost? of = null, bool draft = false) => _house.StartAsync(
        all => all with { Audit = new() { Anchors = [new() { Folder = _anchors.Path }] } }, of, box => draft ? box with { Mode = MailboxMode.Draft } : box);

    private string[] Lines() => Directory.Exists(_anchors.Sub("wish")) ? Directory.GetFiles(_anchors.Sub("wish"), "*.json") : [];

    private static Task SendAgainAsync(ProductHost host) => host.Get<IStore>().RetryAsync(async (commit, token) =>
    {
        await host.Get<Switches>().SetAsync(commit, KeyRing.Installation, null, stopped: false, "", token);
        return true;
    }, Ct);

    private async Task<(MessageState State, string Reason)> AskAsync(ProductHost host, string from)
    {
        var decided = await host.DeliverAndDecideAsync(_house.Mail(host, from), from);
        return (decided.Record.State, decided.Record.Reasons.Count > 0 ? decided.Record.Reasons[0] : "");
    }
}

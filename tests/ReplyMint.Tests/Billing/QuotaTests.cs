using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Billing;

/// <summary>The quota: never more replies than were paid for, whoever asks at once, and none is paid for that did not leave.</summary>
public sealed class QuotaTests
{
    private const string Question = "How long does delivery take?";
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static Func<ReplyMintSettings, ReplyMintSettings> Plan(long replies, int days = 0) => settings => settings with
    {
        Billing = new BillingSettings { Plans = [new PlanSettings { Name = "small", Replies = replies, Days = days }, new PlanSettings { Name = "large", Replies = 1_000 }] },
    };

    /// <summary>A clock shortly before the end of a month: each second that is passed over runs timers.</summary>
    private static FakeTimeProvider LateInNovember => new(new DateTimeOffset(2026, 11, 30, 23, 59, 0, TimeSpan.Zero));

    private static async Task<ProductHost> StartAsync(long replies, Carrier? carrier = null, Func<Tenant, Tenant>? tenant = null)
    {
        var host = await ProductHost.StartAsync(knowledge: Faq, settings: Plan(replies), tenant: tenant, time: LateInNovember, services: services =>
        {
            if (carrier is not null)
                services.AddSingleton<IOutboundChannel>(carrier);
        });
        Assert.Equal(PlanOutcome.Done, await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "small", Actor.Machine, default));
        return host;
    }

    private static async Task<long> UsedAsync(ProductHost host) => (await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, default))!.Used!.Value;

    private static Task<Message> AskAsync(ProductHost host, string who) => host.DeliverAndDecideAsync(host.Mail(Question, who + "@customer.example"));

    private static async Task<string?> ReasonAsync(ProductHost host, string who) => (await AskAsync(host, who)).Record is { State: MessageState.Held, Reasons: [var first, ..] } ? first : null;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_at_once_get_five_of_a_quota_of_five(bool tables)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        using var folder = new TemporaryFolder();
        await using var aws = new AwsInstallation();
        var open = tables ? await aws.OpenAsync(DataFolder.Open(folder.Sub("data")), folder.Sub("config"), time)
            : await OpenStore.OpenAsync(DataFolder.Open(folder.Sub("data")), folder.Sub("config"), new MasterKeySettings(), time, default);
        await using var _ = open;
        // Each process has its own adapter on the same tables; the embedded store has one process.
        var stores = tables ? new[] { open.Store, (await aws.TablesAsync()).Make(time) } : [open.Store];
        var commit = new Commit();
        Allowances.Set(commit, "t1", new AllowanceRecord(1, 5));
        await open.Store.CommitAsync(commit, default);

        // The stand-in for DynamoDB is one process of its own, and no faster than it is.
        using var places = new SemaphoreSlim(tables ? 16 : 1_000);
        var taken = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => Task.Run(async () =>
        {
            await places.WaitAsync();
            try
            {
                return await TryAsync(stores[i % stores.Length], i);
            }
            finally
            {
                places.Release();
            }
        })));

        Assert.Equal(5, taken.Count(one => one));
        Assert.Equal(5, (await open.Store.QueryAsync(Table.Main, "t1", new ReplyMint.Storage.Range("reply/"), null, default)).Items.Count);
        Assert.Equal(0, (await new Allowances(open.Store, time).ReadAsync("t1", default)).Left);

        async Task<bool> TryAsync(IStore store, int i)
        {
            var (quota, left) = await new Allowances(store, time).ReadAsync("t1", default);
            if (left <= 0)
                return false;
            var reply = new Commit().Put(ItemKey.Main("t1", $"reply/{i}"), "{}"u8.ToArray(), Condition.Absent);
            Allowances.Reserve(reply, "t1", quota);
            return await store.CommitAsync(reply, default) == CommitResult.Committed;
        }
    }

    [Fact]
    public async Task Mails_of_two_processes_at_once_get_as_many_answers_as_the_plan_has_and_the_rest_waits_without_a_draft()
    {
        const int Mails = 8, Replies = 3;
        await using var aws = new AwsInstallation();
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        var carrier = new Carrier();
        Task<ProductHost> StartAsync(TemporaryFolder at, Tenant? of) => ProductHost.StartAsync(knowledge: of is null ? Faq : null, settings: Plan(Replies), folder: at, time: time, of: of, aws: aws, services: services => services.AddSingleton<IOutboundChannel>(carrier));
        await using var one = await StartAsync(folder, null);
        Assert.Equal(PlanOutcome.Done, await one.Get<PlanDesk>().SetAsync(one.Tenant.Id, "small", Actor.Machine, default));
        await using var other = await StartAsync(AwsInstallation.Beside(folder), one.Tenant);

        await Task.WhenAll(Enumerable.Range(0, Mails).Select(async i => Assert.StartsWith("250", await (i % 2 == 0 ? one : other).SmtpAsync(one.Mail(Question, $"p{i}@customer.example")), StringComparison.Ordinal)));
        var decided = new List<Message>();
        foreach (var message in await one.ListAsync())
            // On a slow machine a commit may not come through, and its job comes again as time goes by.
            decided.Add(await ProductHost.EventuallyAsync(async () =>
            {
                if (await one.Get<Messages>().FindAsync(one.Tenant.Id, message.Id, default) is { Record.State: not MessageState.Received } found && await one.Get<Outbox>().StateAsync(one.Tenant.Id, message.Id, default) is not { State: OutboxState.Queued or OutboxState.Sending })
                    return found;
                time.Advance(TimeSpan.FromSeconds(1));
                return null;
            }));

        Assert.Equal((Mails, Replies), (decided.Count, decided.Count(message => message.Record.State == MessageState.Answered)));
        Assert.Equal(Replies, carrier.Sent.Count);
        Assert.Equal(Replies, await UsedAsync(other));
        foreach (var held in decided.Where(message => message.Record.State != MessageState.Answered))
        {
            Assert.Equal((MessageState.Held, "quota"), (held.Record.State, held.Record.Reasons[0]));
            Assert.Equal("", (await one.Get<Drafts>().FindAsync(one.Tenant.Id, held.Id, default))!.Content.Text);
        }
    }

    [Fact]
    public async Task A_reply_that_did_not_leave_gives_its_unit_back_once_and_an_uncertain_one_keeps_it()
    {
        var carrier = new Carrier { Outcome = new(SendResult.Permanent, "550") };
        await using var host = await StartAsync(2, carrier);
        var refused = await AskAsync(host, "refused");
        Assert.Equal(OutboxState.Failed, (await host.Get<Outbox>().StateAsync(host.Tenant.Id, refused.Id, default))!.State);
        Assert.Equal(0, await UsedAsync(host));

        carrier.Outcome = new(SendResult.Uncertain, "no answer");
        var uncertain = await AskAsync(host, "uncertain");
        Assert.Equal(1, await UsedAsync(host));
        // A person knows that it did not leave, and it is refused then.
        carrier.Outcome = new(SendResult.Permanent, "550");
        Assert.True(await host.Get<Outbox>().SettleAsync(host.Tenant.Id, uncertain.Id, sent: false, "settled", null, default));
        await ProductHost.EventuallyAsync(async () => (await host.Get<Outbox>().StateAsync(host.Tenant.Id, uncertain.Id, default))!.State == OutboxState.Failed ? host : null);
        Assert.Equal(0, await UsedAsync(host));

        // The unit goes back once, however often the mail is tried anew.
        carrier.Outcome = new(SendResult.Sent, "taken");
        Assert.Equal(Replay.Queued, await host.Get<Outbox>().ReplayAsync(host.Tenant.Id, refused.Id, (_, _) => Task.CompletedTask, default));
        await ProductHost.EventuallyAsync(async () => (await host.Get<Outbox>().StateAsync(host.Tenant.Id, refused.Id, default))!.State == OutboxState.Sent ? host : null);
        Assert.Equal(1, await UsedAsync(host));
        Assert.Null(await ReasonAsync(host, "last"));
        Assert.Equal("quota", await ReasonAsync(host, "behind"));
        Assert.Equal(Replay.QuotaUsedUp, await host.Get<Outbox>().ReplayAsync(host.Tenant.Id, uncertain.Id, (_, _) => Task.CompletedTask, default));
        Assert.Equal(2, await UsedAsync(host));
    }

    [Fact]
    public async Task A_person_can_send_no_more_than_the_quota_holds_either()
    {
        await using var host = await StartAsync(1);
        var held = await host.DeliverAndDecideAsync(host.Mail("Can a parrot ride the bus with me?", "parrot@customer.example"));
        Assert.Null(await ReasonAsync(host, "first"));
        Assert.IsType<DeskOutcome.QuotaUsedUp>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, held.Id, "It can.", new HashSet<GuardRule>(), null, Actor.Machine, default));
        Assert.Equal(1, await UsedAsync(host));
    }

    [Fact]
    public async Task The_quota_begins_anew_with_the_month_in_UTC_and_another_plan_keeps_what_was_used()
    {
        await using var host = await StartAsync(1);
        Assert.Null(await ReasonAsync(host, "a"));
        Assert.Equal("quota", await ReasonAsync(host, "b"));
        Assert.Equal(PlanOutcome.Done, await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "large", Actor.Machine, default));
        Assert.Null(await ReasonAsync(host, "c"));
        Assert.Equal(2, await UsedAsync(host));
        Assert.Equal(PlanOutcome.Done, await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "small", Actor.Machine, default));

        host.Time.SetUtcNow(new DateTimeOffset(2026, 11, 30, 23, 59, 59, TimeSpan.Zero));
        Assert.Equal("quota", await ReasonAsync(host, "d"));
        host.Time.SetUtcNow(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Null(await ReasonAsync(host, "e"));
        Assert.Equal("quota", await ReasonAsync(host, "f"));
        Assert.Equal([("2026-12", 1L), ("2026-11", 2L)], (await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, default))!.History.Select(period => (period.Period, period.Used)));
        Assert.Equal(PlanOutcome.Done, await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, null, Actor.Machine, default));
        Assert.Null(await ReasonAsync(host, "g"));
    }

    [Fact]
    public async Task A_trial_ends_by_itself()
    {
        using var folder = new TemporaryFolder();
        var began = LateInNovember.GetUtcNow();
        var host = await ProductHost.StartAsync(knowledge: Faq, settings: Plan(100, days: 14), folder: folder, time: LateInNovember);
        Assert.Equal(PlanOutcome.Done, await host.Get<PlanDesk>().SetAsync(host.Tenant.Id, "small", Actor.Machine, default));
        Assert.Equal(SubscriptionState.Trialing, (await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, default))!.State);
        Assert.Null(await ReasonAsync(host, "a"));
        var tenant = host.Tenant;
        await host.StopAsync();

        // Fourteen days of a clock in hand are more than a million of its ticks, so another start stands for them.
        host = await ProductHost.StartAsync(settings: Plan(100, days: 14), folder: folder, time: new FakeTimeProvider(began.AddDays(14).AddSeconds(-1)), of: tenant);
        Assert.Null(await ReasonAsync(host, "b"));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("quota", await ReasonAsync(host, "c"));
        var over = (await host.Get<PlanDesk>().ShowAsync(host.Tenant.Id, default))!;
        Assert.Equal((SubscriptionState.Ended, 0L, 2L), (over.State!.Value, over.Left!.Value, over.Used!.Value));
        await host.StopAsync();
    }

    [Fact]
    public async Task A_period_that_nobody_has_told_the_next_of_goes_on_until_its_grace_is_over()
    {
        await using var host = await StartAsync(1);
        var (from, until) = (host.Time.GetUtcNow().AddDays(-1), host.Time.GetUtcNow().AddMinutes(1));
        var commit = new Commit();
        Allowances.Set(commit, host.Tenant.Id, new AllowanceRecord(1, 1, from, until, until.AddDays(7)));
        await host.Get<IStore>().CommitAsync(commit, default);
        Assert.Null(await ReasonAsync(host, "a"));
        Assert.Equal("quota", await ReasonAsync(host, "b"));
        host.Time.SetUtcNow(until);
        Assert.Null(await ReasonAsync(host, "c"));
        // The next period is told of: its replies were counted already.
        commit = new Commit();
        Allowances.Set(commit, host.Tenant.Id, new AllowanceRecord(1, 1, until, until.AddMinutes(1), until.AddMinutes(2)));
        await host.Get<IStore>().CommitAsync(commit, default);
        Assert.Equal("quota", await ReasonAsync(host, "d"));
        host.Time.SetUtcNow(until.AddMinutes(1));
        Assert.Equal(1, (await host.Get<Allowances>().ReadAsync(host.Tenant.Id, default)).Left);
        host.Time.SetUtcNow(until.AddMinutes(2));
        Assert.Equal("quota", await ReasonAsync(host, "e"));
        Assert.Equal(0, (await host.Get<Allowances>().ReadAsync(host.Tenant.Id, default)).Left);
    }

    [Fact]
    public async Task Each_warning_comes_once_a_period_by_mail_and_by_webhook()
    {
        await using var host = await StartAsync(5, tenant: tenant => tenant with { Notices = new NoticeSettings { Emails = ["boss@shop.example"], ReminderHours = 0, DigestMinutes = 1_440 } });
        var webhook = Webhook.New("https://hooks.shop.example/", "", [WebhookEventKind.QuotaWarning], host.Time);
        await host.Get<Webhooks>().AddAsync(host.Tenant.Id, webhook, Actor.Machine, default);
        async Task<string> ToldAsync() => string.Join(' ', (await host.Get<WebhookEvents>().ListAsync(host.Tenant.Id, webhook.Id, 50, null, default)).Deliveries.Select(delivery => delivery.Event.State).Order(StringComparer.Ordinal));
        // It is told behind the commit that decides.
        Task AreToldAsync(string expected) => ProductHost.EventuallyAsync(async () => await ToldAsync() == expected ? host : null);
        async Task<int> MailsAsync() => (await host.Get<Outbox>().ListAsync(host.Tenant.Id, 100, null, default)).Entries.Count(entry => entry.Mail.To == "boss@shop.example" && entry.Mail.Subject.Contains("replies", StringComparison.Ordinal));

        await AskAsync(host, "a");
        await AskAsync(host, "b");
        await host.Get<QuotaWarnings>().LookAsync(host.Tenant.Id, default);
        Assert.Equal("", await ToldAsync());
        await AskAsync(host, "c");
        await AreToldAsync("60");
        await AskAsync(host, "d");
        await AreToldAsync("60 80");
        await AskAsync(host, "e");
        await AreToldAsync("100 60 80");
        await AskAsync(host, "f");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => new QuotaWarnings(host.Get<IStore>(), host.Get<KeyRing>(), host.Get<Allowances>(), host.Get<Tenants>(), host.Get<Mailboxes>(), host.Get<WebhookEvents>(), host.Get<HouseMail>(), host.Get<JobQueue>(), NullLogger<QuotaWarnings>.Instance).LookAsync(host.Tenant.Id, default)));
        Assert.Equal("100 60 80", await ToldAsync());
        Assert.Equal(3, await MailsAsync());

        host.Time.SetUtcNow(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero));
        foreach (var who in (string[])["h", "i", "j"])
            Assert.Null(await ReasonAsync(host, who));
        await AreToldAsync("100 60 60 80");
        Assert.Equal(4, await MailsAsync());
    }

    [Fact]
    public async Task Without_a_plan_nobody_has_a_quota_and_a_first_plan_is_each_new_tenants()
    {
        await using var plain = await ProductHost.StartAsync(knowledge: Faq);
        var (quota, left) = await plain.Get<Allowances>().ReadAsync(plain.Tenant.Id, default);
        Assert.Equal((null, long.MaxValue), (quota, left));

        await using var trial = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with { Billing = new BillingSettings { FirstPlan = "trial" } });
        var plan = (await trial.Get<PlanDesk>().ShowAsync(trial.Tenant.Id, default))!;
        Assert.Equal(("trial", 100L, trial.Time.GetUtcNow().AddDays(14)), (plan.Plan, plan.Left!.Value, plan.Ends!.Value));
    }

    /// <summary>Hands mails over as a test says.</summary>
    private sealed class Carrier : IOutboundChannel
    {
        private readonly List<string> _sent = [];

        public SendOutcome Outcome { get; set; } = new(SendResult.Sent, "taken");

        public string Name => "test";

        public IReadOnlyList<string> Sent
        {
            get
            {
                lock (_sent)
                    return [.. _sent];
            }
        }

        public Task<SendOutcome> SendAsync(string outboxId, OutboundMail mail, CancellationToken ct)
        {
            lock (_sent)
                _sent.Add(outboxId);
            return Task.FromResult(Outcome);
        }
    }
}

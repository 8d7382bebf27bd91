using MimeKit;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Replies;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>What keeps an answering machine from doing harm: switches, breakers, quotas, bounces, a failing model, people who are told.</summary>
public sealed class SafetyTests
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private const string Question = "How long does delivery take?";

    [Fact]
    public async Task A_stop_switch_holds_mail_without_a_draft_and_after_it_a_person_can_have_it_decided_anew()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        await host.SwitchAsync(stopped: true, KeyRing.Installation);

        var message = await host.DeliverAndDecideAsync(host.Mail(Question));
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Equal("stopped", message.Record.Reasons[0]);
        Assert.Equal("", (await host.Get<Drafts>().FindAsync(host.Tenant.Id, message.Id, default))!.Content.Text);

        await host.SwitchAsync(stopped: false, KeyRing.Installation);
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().RetryAsync(host.Tenant.Id, message.Id, Actor.Machine, default));
        Assert.Equal(MessageState.Answered, (await host.DecidedAsync(message)).Record.State);
    }

    [Fact]
    public async Task Deciding_anew_does_not_let_the_same_text_be_answered_a_second_time()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        const string thread = "References: <root@customer.example>";
        Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(host.Mail(Question, extra: thread))).Record.State);
        host.Time.Advance(TimeSpan.FromHours(2));
        var again = await host.DeliverAndDecideAsync(host.Mail(Question, extra: thread));
        Assert.Contains("same-text", again.Record.Reasons);

        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().RetryAsync(host.Tenant.Id, again.Id, Actor.Machine, default));
        Assert.Contains("same-text", (await host.DecidedAsync(again)).Record.Reasons);
        Assert.Single(host.OutFiles);
    }

    [Fact]
    public async Task A_quota_that_is_used_up_holds_the_rest()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var commit = new Commit();
        Allowances.Set(commit, host.Tenant.Id, new AllowanceRecord(1, 1));
        await host.Get<IStore>().CommitAsync(commit, default);

        Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(host.Mail(Question, "a@customer.example"))).Record.State);
        var second = await host.DeliverAndDecideAsync(host.Mail(Question, "b@customer.example"));
        Assert.Equal("quota", second.Record.Reasons[0]);
        Assert.Single(host.OutFiles);
    }

    [Fact]
    public async Task A_breaker_holds_all_mail_and_the_operator_is_told_once()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with { Rates = new RateSettings { TenantHour = 2 } });
        for (var i = 0; i < 2; i++)
            Assert.Equal(MessageState.Answered, (await host.DeliverAndDecideAsync(host.Mail(Question, $"p{i}@customer.example"))).Record.State);
        for (var i = 2; i < 4; i++)
            Assert.Contains("breaker-tenant", (await host.DeliverAndDecideAsync(host.Mail(Question, $"p{i}@customer.example"))).Record.Reasons);
        Assert.Equal("breaker", (await host.Get<Alerts>().NewestAsync(10, default)).Single().Kind);
        Assert.Equal(2, host.OutFiles.Count);
    }

    [Fact]
    public async Task A_bounce_to_the_signed_address_suppresses_the_person_we_wrote_to_and_a_forged_one_nobody()
    {
        var folder = new Storage.TemporaryFolder();
        var host = await ProductHost.StartAsync(knowledge: Faq, folder: folder);
        var message = await host.DeliverAndDecideAsync(host.Mail(Question));
        var sent = (await host.Get<Outbox>().FindAsync(host.Tenant.Id, message.Id, default))!;
        Assert.StartsWith("bounces+", sent.Mail.ReversePath, StringComparison.Ordinal);

        var at = sent.Mail.ReversePath.IndexOf('@', StringComparison.Ordinal);
        var forged = sent.Mail.ReversePath[..(at - 1)] + (sent.Mail.ReversePath[at - 1] == '0' ? '1' : '0') + sent.Mail.ReversePath[at..];
        Assert.StartsWith("550", await host.SmtpAsync(Bounce(forged), "", forged), StringComparison.Ordinal);

        var bounce = await host.DecidedAsync(await host.DeliverAsync(Bounce(sent.Mail.ReversePath), "", sent.Mail.ReversePath));
        Assert.Equal(MessageState.Ignored, bounce.Record.State);
        Assert.Equal("bounced", (await host.Get<Outbox>().StateAsync(host.Tenant.Id, message.Id, default))!.Events.Single().Kind);
        host.Time.Advance(TimeSpan.FromHours(1));
        var next = await host.DeliverAndDecideAsync(host.Mail(Question, subject: "Once more"));
        Assert.Contains("permanent-bounce", next.Record.Reasons);

        // Stopped meanwhile: two months of ticks would be played one by one.
        await host.StopAsync();
        host.Leap(TimeSpan.FromDays(61));
        await using var later = await ProductHost.StartAsync(folder: folder, time: host.Time, of: host.Tenant);
        Assert.Equal(MessageState.Answered, (await later.DeliverAndDecideAsync(later.Mail(Question, subject: "Two months later"))).Record.State);
    }

    [Fact]
    public async Task A_mail_of_our_own_that_comes_back_is_never_answered()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq);
        var message = await host.DeliverAndDecideAsync(host.Mail(Question));
        var answer = await host.AnswerAsync(message);

        var echo = await host.DeliverAndDecideAsync(host.Mail(Question, "other@customer.example", extra: $"{ReplyPolicy.LoopHeader}: {answer.Headers[ReplyPolicy.LoopHeader]}"));
        Assert.Equal(MessageState.Ignored, echo.Record.State);
        Assert.Contains("own-loop-mark", echo.Record.Reasons);
    }

    [Fact]
    public async Task A_model_that_fails_is_tried_again_and_then_the_mail_is_held_without_a_word_to_the_correspondent()
    {
        await using var server = await ModelServer.StartAsync();
        server.Answer = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        await using var host = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with { Model = new ModelSettings { Endpoint = server.Endpoint, Model = "m", TimeoutSeconds = 300 } });
        var message = await host.DeliverAsync(host.Mail(Question));
        var decided = await ProductHost.EventuallyAsync(async () =>
        {
            // In small steps: a step past the model's time limit would end a call before it reached the server.
            host.Time.Advance(TimeSpan.FromSeconds(1));
            return await host.Get<Messages>().FindAsync(host.Tenant.Id, message.Id, default) is { Record.State: not MessageState.Received } found ? found : null;
        });
        Assert.Equal(MessageState.Held, decided.Record.State);
        Assert.Contains("model-failed", decided.Record.Reasons);
        Assert.True(server.Requests.Count > 1);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task A_model_that_obeys_the_mail_gets_nothing_past_the_guard()
    {
        await using var server = await ModelServer.StartAsync();
        server.Answer = context => ModelServer.Say(context, "You get a refund of 500 EUR, see https://elsewhere.example/voucher or call +49 30 1234567.");
        await using var host = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with { Model = new ModelSettings { Endpoint = server.Endpoint, Model = "m" } });
        var message = await host.DeliverAndDecideAsync(host.Mail(Question));
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Contains("guard-link", message.Record.Reasons);
        Assert.Contains("guard-price", message.Record.Reasons);
        Assert.Empty(host.OutFiles);
    }

    [Fact]
    public async Task Approvers_are_told_by_mail_without_a_word_of_the_correspondent_and_reminded()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq,
            tenant: tenant => tenant with { Notices = new NoticeSettings { Emails = ["boss@shop.example"], ReminderHours = 4 } });
        var message = await host.DeliverAndDecideAsync(host.Mail("Secret word rhubarb. " + Question));

        var notice = await NoticeAsync(host, 1);
        Assert.Equal("boss@shop.example", notice.To.Mailboxes.Single().Address);
        Assert.Equal("auto-generated", notice.Headers["Auto-Submitted"]);
        Assert.Contains(message.Id, notice.TextBody, StringComparison.Ordinal);
        Assert.DoesNotContain("rhubarb", notice.TextBody, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("anna", notice.TextBody, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http", notice.TextBody, StringComparison.OrdinalIgnoreCase);

        host.Time.Advance(TimeSpan.FromHours(5));
        await NoticeAsync(host, 2);

        // What a person's absence assistant sends back is ignored, and so is the notice itself should it come to a mailbox.
        var back = await host.DeliverAndDecideAsync(host.Mail("I am away", "boss@elsewhere.example", extra: $"{ReplyPolicy.LoopHeader}: {notice.Headers[ReplyPolicy.LoopHeader]}"));
        Assert.Equal(MessageState.Ignored, back.Record.State);
    }

    [Fact]
    public async Task A_digest_tells_of_several_drafts_at_once()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq,
            tenant: tenant => tenant with { Notices = new NoticeSettings { Emails = ["boss@shop.example"], DigestMinutes = 60, ReminderHours = 0 } });
        var first = await host.DeliverAndDecideAsync(host.Mail(Question, "a@customer.example"));
        var second = await host.DeliverAndDecideAsync(host.Mail(Question, "b@customer.example"));
        Assert.Empty(host.OutFiles);
        host.Time.Advance(TimeSpan.FromMinutes(61));
        var notice = await NoticeAsync(host, 1);
        Assert.Contains(first.Id, notice.TextBody, StringComparison.Ordinal);
        Assert.Contains(second.Id, notice.TextBody, StringComparison.Ordinal);
        Assert.StartsWith("2 drafts", notice.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_most_twelve_notices_an_hour_go_to_one_address_and_the_next_tells_of_the_rest()
    {
        await using var host = await ProductHost.StartAsync(mailbox => mailbox with { Mode = MailboxMode.Draft }, knowledge: Faq,
            tenant: tenant => tenant with { Notices = new NoticeSettings { Emails = ["boss@shop.example"], ReminderHours = 0 } });
        for (var i = 0; i < NoticeRate.Most; i++)
        {
            await host.DeliverAndDecideAsync(host.Mail(Question, $"a{i}@customer.example"));
            await NoticeAsync(host, i + 1);
        }
        var late = await host.DeliverAndDecideAsync(host.Mail(Question, "b@customer.example"));
        var later = await host.DeliverAndDecideAsync(host.Mail(Question, "c@customer.example"));
        await ProductHost.EventuallyAsync(async () => (await host.Get<IStore>().QueryAsync(Table.Main, host.Tenant.Id, new("notice-pending/"), null, default)).Items.Count == 2 ? host : null);
        Assert.Equal(NoticeRate.Most, host.OutFiles.Count);
        var before = host.OutFiles;
        host.Time.Advance(TimeSpan.FromMinutes(61));
        await NoticeAsync(host, NoticeRate.Most + 1);
        var notice = await MimeMessage.LoadAsync(Path.Combine(host.OutFolder, host.OutFiles.Except(before).Single() + ".eml"));
        Assert.Contains(late.Id, notice.TextBody, StringComparison.Ordinal);
        Assert.Contains(later.Id, notice.TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_s_name_subject_and_words_stand_nowhere_in_the_data_folder()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq, settings: settings => settings with { Outbound = new OutboundSettings() });
        await host.DeliverAndDecideAsync(host.Mail("Marker rhubarb7 of the text. " + Question, "marker.address@customer.example", "Marker subject4711"));
        await host.Get<IStore>().CommitAsync(new Commit().Put(ItemKey.Main("t", "x"), "{}"u8.ToArray(), Condition.Any), default);
        foreach (var file in Directory.GetFiles(host.DataFolder, "*", SearchOption.AllDirectories).Where(file => !file.StartsWith(host.OutFolder, StringComparison.Ordinal)))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            var content = await reader.ReadToEndAsync();
            foreach (var marker in (string[])["rhubarb7", "marker.address", "subject4711", "Anna Example", "support@shop", "working days"])
                Assert.DoesNotContain(marker, content, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Work_that_was_given_up_is_told_listed_and_can_be_tried_again()
    {
        await using var host = await ProductHost.StartAsync();
        var queue = host.Get<JobQueue>();
        var commit = new Commit();
        var job = queue.Add(commit, host.Tenant.Id, "unheard-of", "x1");
        await host.Get<IStore>().CommitAsync(commit, default);
        queue.Wake(job);

        await ProductHost.EventuallyAsync(async () => (await host.Get<Alerts>().NewestAsync(5, default)).SingleOrDefault(alert => alert.Kind == "dead-job"));
        var dead = await ProductHost.EventuallyAsync(async () => (await queue.DeadAsync(host.Tenant.Id, default)).SingleOrDefault());
        Assert.Equal("no handler for this kind", dead.Reason);
        Assert.True(await queue.ReplayAsync(host.Tenant.Id, "unheard-of", "x1", (more, ct) => host.Get<AuditLog>().AppendAsync(more, host.Tenant.Id, new AuditEntry(Actor.Machine, "job.replay", "x1"), ct), default));
        Assert.Equal("job.replay", (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, default))[0].Act);
        Assert.False(await queue.ReplayAsync(host.Tenant.Id, "unheard-of", "another", (_, _) => Task.CompletedTask, default));
    }

    private static string Bounce(string to) => string.Join("\r\n",
        "From: MAILER-DAEMON@customer.example", $"To: {to}", "Subject: Undelivered", "Message-ID: <b1@customer.example>", "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b", "", "--b", "Content-Type: text/plain", "", "It failed.", "--b",
        "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.customer.example", "", "Final-Recipient: rfc822; somebody-else@customer.example", "Action: failed", "Status: 5.1.1", "", "--b--", "");

    private static async Task<MimeMessage> NoticeAsync(ProductHost host, int count)
    {
        var files = await ProductHost.EventuallyAsync(() =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(3));
            return Task.FromResult(host.OutFiles.Count >= count ? host.OutFiles : null);
        });
        Assert.Equal(count, files.Count);
        return await MimeMessage.LoadAsync(Path.Combine(host.OutFolder, files.Order(StringComparer.Ordinal).Last() + ".eml"));
    }
}

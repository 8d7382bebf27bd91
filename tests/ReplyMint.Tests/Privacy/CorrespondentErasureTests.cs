using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Privacy;

/// <summary>Somebody who wrote is erased on request (GDPR-2), and what is left is told.</summary>
public sealed class CorrespondentErasureTests
{
    private const string Anna = "anna@customer.example";
    private const string Ben = "ben@other.example";
    private const string Faq = "# How long does delivery take?\nDelivery takes three days.\n\n# Who plays the bassoon?\nAt concerts it is anna@customer.example herself.\n";

    [Fact]
    public async Task All_of_one_goes_and_nothing_of_others()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Faq);
        var host = api.Product;
        var answered = await host.DeliverAndDecideAsync(host.Mail("How long does delivery take?", Anna));
        var held = await host.DeliverAndDecideAsync(host.Mail("Do you sponsor our local football club this year?", Anna));
        Assert.Equal((MessageState.Answered, MessageState.Held), (answered.Record.State, held.Record.State));
        var cc = await host.DeliverAndDecideAsync(host.Mail("Where is my parcel?", Ben, extra: "Cc: Anna <Anna@Customer.example>"), Ben);
        var quoted = await host.DeliverAndDecideAsync(host.Mail("Thanks for nothing.\r\n\r\nOn Monday, anna@customer.example wrote:\r\n> my words", Ben), Ben);
        var innocent = await host.DeliverAndDecideAsync(host.Mail("I am joanna@customer.example.org, or anna@customer.example.net.", Ben), Ben);

        var done = await api.EraseAsync(new { correspondent = "Anna@customer.EXAMPLE" });

        Assert.Equal(new[] { innocent.Id, quoted.Id, cc.Id }.Order(), (await host.ListAsync()).Select(message => message.Id).Order());
        foreach (var gone in (Message[])[answered, held])
            foreach (var key in MailRemoval.PartsOf(api.Tenant, gone.Id).Append(Messages.KeyOf(api.Tenant, gone.Id)).Append(Threads.KeyOf(api.Tenant, gone.Record.Thread)))
                Assert.True(await host.Get<IStore>().GetAsync(key, default) is null, key.Sort);
        Assert.Equal(404, (await api.GetAsync("admin", "messages/" + held.Id)).Code);
        Assert.NotNull(await host.Get<IStore>().GetAsync(Threads.KeyOf(api.Tenant, cc.Record.Thread), default));

        Assert.Equal((2, 2, 2, 1, 1, 2), ((int)done["removed"]!["message"]!, (int)done["removed"]!["raw"]!, (int)done["removed"]!["text"]!, (int)done["removed"]!["draft"]!, (int)done["removed"]!["out"]!, (int)done["removed"]!["receipt"]!));
        var found = (await api.GetAsync("auditor", $"erasures/{done["id"]}/found")).Expect(200)["items"]!.AsArray();
        Assert.Equal(new[] { ("knowledge", ""), ("mail", cc.Id), ("mail", quoted.Id) }.Order(), found.Where(one => Words(one!).Contains("text")).Select(one => ((string)one!["what"]!, (string)one["what"]! == "mail" ? (string)one["id"]! : "")).Order());
        // A draft that a passage with her address went into holds it, too; the mail itself names others.
        Assert.All(found.Where(one => (string)one!["id"]! == innocent.Id), one => Assert.Equal(["draft"], Words(one!)));
        Assert.Equal(found.Count, (int)done["found"]!);

        // A person decides: the mail that quotes her goes, too.
        await api.EraseAsync(new { mail = quoted.Id });
        Assert.Equal(new[] { innocent.Id, cc.Id }.Order(), (await host.ListAsync()).Select(message => message.Id).Order());
        Assert.DoesNotContain(quoted.Id, (await api.GetAsync("admin", $"erasures/{done["id"]}/found")).Expect(200)["items"]!.ToJsonString(), StringComparison.Ordinal);
    }

    private static List<string> Words(System.Text.Json.Nodes.JsonNode found) => [.. found["where"]!.AsArray().Select(word => (string)word!)];

    [Fact]
    public async Task The_certificate_is_signed_and_names_nobody()
    {
        await using var api = await ApiHost.StartAsync();
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", Anna));
        var done = await api.EraseAsync(new { correspondent = Anna });
        var signed = (string)done["certificate"]!;
        var certificate = (await api.Product.Get<Attestations>().VerifyAsync(ErasureCertificates.Kind, signed, PrivacyJson.Default.ErasureCertificate, default))!;
        Assert.Equal((ErasureKind.Correspondent, api.Tenant, 1L, "uadmin"), (certificate.Kind, certificate.Tenant, certificate.Gone["message"], certificate.RequestedBy));
        Assert.Equal((await api.Product.Get<KeyRing>().RequireAsync(api.Tenant, default)).Person(Anna), certificate.Subject);
        Assert.Contains(certificate.Later, line => line.Why.Contains("30 days", StringComparison.Ordinal));
        Assert.Contains(certificate.Stays, line => line.What.Contains("audit log", StringComparison.Ordinal));
        var middle = signed.Length / 2;
        Assert.Null(await api.Product.Get<Attestations>().VerifyAsync(ErasureCertificates.Kind, signed[..middle] + (signed[middle] == 'A' ? 'B' : 'A') + signed[(middle + 1)..], PrivacyJson.Default.ErasureCertificate, default));

        var entries = await api.Product.Get<AuditLog>().NewestAsync(api.Tenant, 2, default);
        Assert.Equal(["erasure.done", "erasure.start"], entries.Select(entry => entry.Act));
        Assert.Equal([(string)done["id"]!, (string)done["id"]!], entries.Select(entry => entry.Target));
        var line = Assert.Single(await api.Product.Get<ErasureLedger>().ReadAsync(default).ToListAsync());
        Assert.Equal((certificate.Id, certificate.Subject), (line.Id, line.Subject));
        Assert.DoesNotContain("anna", done.ToJsonString() + System.Text.Encoding.UTF8.GetString(StoredJson.Write(line, PrivacyJson.Default.ErasureLine)), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_was_wished_stays_and_a_new_mail_is_of_somebody_new()
    {
        await using var api = await ApiHost.StartAsync();
        var host = api.Product;
        var old = host.Mail("Where is my parcel?", Anna);
        var before = await host.DeliverAndDecideAsync(old);
        await host.Get<Suppressions>().AddAsync(api.Tenant, Anna, SuppressionReason.HumanAsked, default);
        await api.EraseAsync(new { correspondent = Anna });

        Assert.NotNull(await host.Get<Suppressions>().FindAsync(api.Tenant, Anna, default));
        // A relay that sends the same mail again brings nothing back.
        Assert.StartsWith("250", await host.SmtpAsync(old), StringComparison.Ordinal);
        Assert.Empty(await host.ListAsync());
        var after = await host.DeliverAndDecideAsync(host.Mail("Hello again, where is it?", Anna));
        Assert.Equal((before.Record.Person, Anna), (after.Record.Person, after.Summary.From.Address));
        Assert.NotEqual(MessageState.Answered, after.Record.State);

        // A second erasure takes the later life.
        var done = await api.EraseAsync(new { correspondent = Anna });
        Assert.Equal(1, (int)done["removed"]!["message"]!);
        Assert.Empty(await host.ListAsync());
    }

    [Fact]
    public async Task A_mail_that_comes_while_the_old_ones_are_being_removed_stays()
    {
        await using var host = await ProductHost.StartAsync(services: NoErasures);
        await host.DeliverAndDecideAsync(host.Mail("Where is my parcel?", Anna));
        var start = await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default);
        Assert.Empty(await host.ListAsync());
        var later = await host.DeliverAndDecideAsync(host.Mail("A second question", Anna));
        Assert.Equal([later.Id], (await host.ListAsync()).Select(message => message.Id));
        await host.FinishAsync(start);
        Assert.Equal([later.Id], (await host.ListAsync()).Select(message => message.Id));
        Assert.NotNull(await host.Get<Messages>().RawAsync(later, default));
    }

    [Fact]
    public async Task A_mail_in_flight_leaves_nothing_unreadable_and_its_job_ends_quietly()
    {
        var gate = new TaskCompletionSource();
        await using var host = await ProductHost.StartAsync(
            settings: settings => settings with { Jobs = settings.Jobs with { Workers = 1 } },
            services: services => services.AddSingleton(new JobHandler("block", async (_, _) => { await gate.Task; return JobOutcome.Finished; })));
        var commit = new Commit();
        var block = host.Get<JobQueue>().Add(commit, host.Tenant.Id, "block", "x");
        await host.Get<IStore>().CommitAsync(commit, default);
        host.Get<JobQueue>().Wake(block);
        var message = await host.DeliverAsync(host.Mail("Where is my parcel?", Anna));
        var job = Assert.Single(await host.Get<JobQueue>().DueAsync(message.Id[^1] % JobQueue.Shards, 10, default), due => due.Target == message.Id);
        // Somebody is about to decide: he holds the open mail and the open key.
        var work = (await host.Get<ReplyWorkReader>().ReadAsync(job, default))!;
        Assert.NotNull(work);
        await host.FinishAsync(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default));
        Assert.Null(await host.Get<ReplyEndings>().IgnoreAsync(work, new Verdict(Decision.Ignore, []), default));
        Assert.Null(await host.Get<IStore>().GetAsync(MessageTexts.KeyOf(host.Tenant.Id, message.Id), default));
        Assert.Null(await host.Get<IStore>().GetAsync(Receipts.KeyOf(host.Tenant.Id, message.Id), default));
        Assert.Equal(JobOutcome.Finished, await host.Get<ReplyPipeline>().HandleAsync(job, default));
        gate.SetResult();
        Assert.Empty(await host.Get<JobQueue>().DeadAsync(host.Tenant.Id, default));
    }

    [Fact]
    public async Task A_hold_keeps_it_and_its_lifting_lets_it_go()
    {
        await using var api = await ApiHost.StartAsync();
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", Anna));
        var hold = (string)(await api.PostAsync("admin", "legal-holds", new { reason = "case", mail = message.Id })).Expect(201)["id"]!;
        var started = (await api.PostAsync("admin", "erasures", new { correspondent = Anna })).Expect(202);
        Assert.Equal("held", (string)started["state"]!);
        Assert.Single(await api.Product.ListAsync());
        Assert.Equal("held", (string)(await api.PostAsync("admin", "erasures", new { mail = message.Id })).Expect(202)["state"]!);
        (await api.DeleteAsync("admin", "legal-holds/" + hold)).Expect(204);
        var done = await api.DoneAsync((string)started["id"]!);
        Assert.NotNull(done["certificate"]);
        Assert.Empty(await api.Product.ListAsync());
    }

    [Fact]
    public async Task Answers_that_are_kept_for_who_asks_twice_go_too()
    {
        await using var api = await ApiHost.StartAsync();
        var held = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Do you sponsor our football club?", Anna));
        var note = new StringContent("""{"text":"marked"}""", System.Text.Encoding.UTF8, "application/json");
        (await api.AskAsync("admin", HttpMethod.Post, $"drafts/{held.Id}/note", note, ("Idempotency-Key", "0123456789abcdef"))).Expect(200);
        var store = api.Product.Get<IStore>();
        Assert.NotEmpty((await store.QueryAsync(Table.Main, api.Tenant, new ReplyMint.Storage.Range("idempotency-answer/"), null, default)).Items);
        await api.EraseAsync(new { correspondent = Anna });
        Assert.Empty((await store.QueryAsync(Table.Main, api.Tenant, new ReplyMint.Storage.Range("idempotency-answer/"), null, default)).Items);
        Assert.NotEmpty((await store.QueryAsync(Table.Main, api.Tenant, new ReplyMint.Storage.Range("idempotency/"), null, default)).Items);
    }

    [Fact]
    public async Task Exports_that_lie_ready_go_with_whom_they_hold()
    {
        await using var api = await ApiHost.StartAsync();
        await api.Product.DeliverAndDecideAsync(api.Product.Mail("Where is my parcel?", Anna));
        var id = (string)(await api.PostAsync("admin", "exports", new { scope = "tenant" })).Expect(202)["id"]!;
        await ProductHost.EventuallyAsync(async () => (string)(await api.GetAsync("admin", "exports/" + id)).Expect(200)["state"]! == "ready" ? "" : null);
        string[] Files() => Directory.GetFiles(api.Product.DataFolder, id + "*", SearchOption.AllDirectories);
        Assert.NotEmpty(Files());
        await api.EraseAsync(new { correspondent = Anna });
        Assert.Equal((404, 404), ((await api.GetAsync("admin", "exports/" + id)).Code, (await api.GetAsync("admin", $"exports/{id}/file")).Code));
        Assert.Empty(Files());
    }

    /// <summary>Each opens all that the tenant has: whoever asks for many keeps the others' mail waiting for none of them.</summary>
    [Fact]
    public async Task One_at_a_time_searches_a_tenant()
    {
        await using var host = await ProductHost.StartAsync(services: NoErasures);
        string[] erased = [.. Enumerable.Range(0, 4).Select(i => $"nobody-{i}@nowhere.example")];
        for (var i = 0; i < 3; i++)
            await host.DeliverAndDecideAsync(host.Mail(string.Join(' ', erased), "ben@other.example"), "ben@other.example");
        var (work, started) = (host.Get<ErasureWork>(), new List<Erasure>());
        foreach (var address in erased)
        {
            var erasure = Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, address, Actor.Machine, default)).Erasure;
            while (erasure.Step != ErasureStep.Scan)
                erasure = (await work.RunAsync(erasure.Home, erasure.Id, default))!.Erasure;
            started.Add(erasure);
        }
        // The first has found something, and waits for the disk while the others come.
        var looks = await Task.WhenAll(started.Select(erasure => work.RunAsync(erasure.Home, erasure.Id, default)));
        Assert.Contains(looks, look => look!.Progress == Progress.Wait);
        foreach (var erasure in started)
            Assert.Equal(3, (await host.FinishAsync(new ErasureStart.Started(erasure))).Found);
    }

    [Fact]
    public async Task Only_so_many_are_under_way_at_once()
    {
        await using var host = await ProductHost.StartAsync(services: NoErasures);
        for (var i = 0; i < Erasures.MostAtOnce; i++)
            Assert.IsType<ErasureStart.Started>(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, $"nobody-{i}@nowhere.example", Actor.Machine, default));
        Assert.IsType<ErasureStart.Busy>(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, default));
    }

    [Fact]
    public async Task Wrong_wishes_are_refused_and_others_erasures_are_not_there()
    {
        await using var api = await ApiHost.StartAsync();
        await api.AddTenantAsync("other");
        Assert.Equal(400, (await api.PostAsync("admin", "erasures", new { })).Code);
        Assert.Equal(400, (await api.PostAsync("admin", "erasures", new { correspondent = Anna, mail = "x" })).Code);
        Assert.Equal(400, (await api.PostAsync("admin", "erasures", new { mail = "nomail" })).Code);
        Assert.Equal(403, (await api.PostAsync("auditor", "erasures", new { correspondent = Anna })).Code);
        var done = await api.EraseAsync(new { correspondent = "nobody@nowhere.example" });
        Assert.Empty(done["removed"]!.AsObject());
        Assert.Equal(404, (await api.GetAsync("other", "erasures/" + done["id"])).Code);
        Assert.Equal((string)done["id"]!, (string)(await api.GetAsync("auditor", "erasures")).Expect(200)["items"]![0]!["id"]!);
    }

    /// <summary>Takes the job's handler away (the last that this room adds), so that the test decides when the work is done.</summary>
    internal static void NoErasures(IServiceCollection services)
    {
        var handler = services.Last(service => service.ServiceType == typeof(JobHandler) && service.ImplementationFactory?.Method.DeclaringType?.FullName?.Contains(nameof(PrivacyFeature), StringComparison.Ordinal) == true);
        services.Remove(handler);
        // The job stays as it is, for the next start.
        services.AddSingleton(new JobHandler(ErasureWork.JobKind, (_, _) => Task.FromResult(JobOutcome.Finished)));
    }
}

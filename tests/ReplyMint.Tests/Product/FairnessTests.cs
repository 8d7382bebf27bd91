using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Replies;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>One tenant's mails, however many and however slow, hold up nobody else's and nobody who wants to come in.</summary>
public sealed class FairnessTests
{
    private const string Faq = "## How long does delivery take?\nDelivery takes two to four days.\n";
    private const string Other = "info@other.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flood_of_mails_whose_model_hangs_delays_no_other_tenants_mail_and_no_sign_in()
    {
        await using var model = await ModelServer.StartAsync();
        var hangs = new TaskCompletionSource();
        model.Answer = async context =>
        {
            if (((string)context.Items[ModelServer.Asked]!).Contains("flood", StringComparison.Ordinal))
                await hangs.Task.WaitAsync(context.RequestAborted);
            await ModelServer.Say(context, "Delivery takes two to four days.");
        };
        await using var host = await ProductHost.StartAsync(knowledge: Faq, settings: s => s with
        {
            Model = new ModelSettings { Endpoint = model.Endpoint, Model = "m", TimeoutSeconds = 300 },
            Accounts = new AccountsSettings { From = "hello@shop.example", SignInUrl = PeopleHost.Page },
        });
        await AddOtherAsync(host);
        await host.PersonAsync(Role.Member, "berta@people.example");
        for (var i = 0; i < 60; i++)
            Assert.StartsWith("250", await host.SmtpAsync(host.Mail("How long does delivery take? A flood.", $"person-{i}@customer.example")), StringComparison.Ordinal);
        await ProductHost.EventuallyAsync(() => Task.FromResult(model.Requests.Count >= 32 ? model : null));

        Assert.StartsWith("250", await host.SmtpAsync(host.Mail("How long does delivery take?", to: Other), recipient: Other), StringComparison.Ordinal);
        Assert.Equal(202, (await host.PostAsync("/api/v1/sign-in", new { address = "berta@people.example", challenge = SignInLinks.ChallengeOf(SignInLinks.NewToken()) })).Code);

        var left = await ProductHost.EventuallyAsync(() => Task.FromResult(host.OutFiles.Count == 2 ? host.OutFiles : null));
        var to = new List<string>();
        foreach (var file in left)
            to.Add((await MimeMessage.LoadAsync(Path.Combine(host.OutFolder, file + ".eml"), Ct)).To.Mailboxes.Single().Address);
        Assert.Equal(["anna@customer.example", "berta@people.example"], to.Order());
        Assert.All(await host.ListAsync(), message => Assert.Equal(MessageState.Received, message.Record.State));
        hangs.SetResult();
        await ProductHost.EventuallyAsync(async () => (await host.ListAsync()).All(message => message.Record.State != MessageState.Received) ? host : null);
    }

    [Fact]
    public async Task Due_jobs_of_one_tenant_by_the_thousand_hide_nobody_elses_after_a_restart()
    {
        var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        var first = await ProductHost.StartAsync(folder: folder, time: time);
        await first.Services.GetServices<IHostedService>().OfType<JobWorker>().Single().StopAsync(Ct);
        await AddOtherAsync(first);
        Assert.StartsWith("250", await first.SmtpAsync(first.Mail("How long does delivery take?", to: Other), recipient: Other), StringComparison.Ordinal);
        await FloodAsync(first, "slow", 9_000);
        await first.StopAsync();

        var hangs = new TaskCompletionSource();
        await using var host = await ProductHost.StartAsync(folder: folder, time: time, of: first.Tenant, services: services => services
            .AddSingleton(new JobHandler("slow", async (_, ct) =>
            {
                await hangs.Task.WaitAsync(ct);
                return JobOutcome.Finished;
            })));
        await ProductHost.EventuallyAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return Task.FromResult(host.OutFiles.Count == 1 ? host : null);
        });
    }

    /// <summary>Jobs in the shard of the one job that is there, all of them due before it.</summary>
    private static async Task FloodAsync(ProductHost host, string kind, int count)
    {
        var due = new List<Job>();
        for (var shard = 0; shard < JobQueue.Shards; shard++)
            due.AddRange(await host.Get<JobQueue>().DueAsync(shard, 10, Ct));
        var last = Assert.Single(due).Target[^1];
        for (var i = 0; i < count;)
        {
            var commit = new Commit();
            for (var left = 100; left > 0 && i < count; left--, i++)
                host.Get<JobQueue>().Add(commit, host.Tenant.Id, kind, $"x{i}{last}", host.Time.GetUtcNow().AddHours(-1));
            Assert.Equal(CommitResult.Committed, await host.Get<IStore>().CommitAsync(commit, Ct));
        }
    }

    private static async Task AddOtherAsync(ProductHost host)
    {
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, Ct);
        await host.Get<Mailboxes>().AddAsync(new Mailbox { Id = Ids.Random('m'), TenantId = other.Id, Address = Other, Mode = MailboxMode.Automatic }, Actor.Machine, Ct);
        await host.Get<KnowledgeStore>().AddAsync(other.Id, PassageReader.Read("faq.md", System.Text.Encoding.UTF8.GetBytes(Faq)), Actor.Machine, Ct);
    }
}

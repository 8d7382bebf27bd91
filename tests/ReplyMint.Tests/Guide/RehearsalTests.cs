using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Guide;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>Rehearsals on a good service see all that they look for, and leave nothing; where a protection was taken away they name it.</summary>
public sealed class RehearsalTests
{
    private static readonly IReadOnlyList<Control> Rehearsed = [.. Catalogue.All.Where(control => control.Checks.Any(check => check.AtStage is not null))];

    private static readonly RequestRate Roomy = new() { PerMinute = 1_000_000, Burst = 1_000_000 };

    private static RequestLimitSettings Shared => new() { SignIn = Roomy, Webhooks = Roomy, Public = Roomy, Unproved = Roomy, FailedFromNetwork = Roomy };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static LiveTarget Target(int port, int? smtp) => new()
    {
        Url = new($"http://127.0.0.1:{port}"), Addresses = [IPAddress.Loopback], Host = $"127.0.0.1:{port}", Smtp = smtp is { } there ? new(IPAddress.Loopback, there) : null, Patience = TimeSpan.FromSeconds(10),
    };

    /// <summary>Rates as they are by default, but for what all mutants of one host share: their network.</summary>
    private static async Task<ProductHost> StartAsync(RehearsalMutant? mutant = null)
    {
        var host = await ProductHost.StartAsync(
            settings: settings => (mutant?.Settings ?? (same => same))(settings with { Requests = Shared, Accounts = new() { From = "house@shop.example", SignInUrl = "https://app.shop.example/sign-in" } }), services: mutant?.Services, routes: mutant?.Routes);
        // What is made after a revocation is later than it, however seldom the clock gets its turn on a busy machine.
        host.Time.AutoAdvanceAmount = TimeSpan.FromMicroseconds(1);
        return host;
    }

    private static async Task<IReadOnlyList<Judgement>> PlayAsync(ProductHost host, int port, int? smtp, TimeSpan patience, IReadOnlyList<Control>? controls = null)
    {
        using var http = new RawHttp(Target(port, smtp), TimeProvider.System, RehearsalLook.MostRequests);
        await using var stage = await RehearsalStage.SetAsync(host.Services, Ct);
        var outcomes = await GuideRun.AtStageAsync(controls ?? Rehearsed, new RehearsalLook(host.Services, http, StoreMutants.Good, stage) { Patience = patience }, _ => { }, Ct);
        return GuideRun.Judge(controls ?? Rehearsed, check => outcomes.GetValueOrDefault(check), _ => "not looked at");
    }

    private static string Told(IEnumerable<Judgement> judgements) =>
        string.Join('\n', judgements.SelectMany(one => one.Findings.Where(finding => finding.Look == Look.Rehearse && finding.Outcome.Verdict != Verdict.Pass).Select(finding => $"{one.Control.Id} {finding.Outcome.Verdict}: {finding.Outcome.Evidence}")));

    /// <summary>The clock goes on as a clock does, so that what ends by itself ends.</summary>
    private static async Task RunClockAsync(FakeTimeProvider clock, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
                clock.Advance(TimeSpan.FromMilliseconds(50));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    [Fact]
    public async Task A_good_service_shows_all_effects_and_keeps_nothing_of_the_rehearsal()
    {
        // With the rates that everybody has who says nothing of them, and a server behind that takes whatever is handed to it.
        await using var next = new SmtpSink();
        await using var host = await StartAsync(new("nothing")
        {
            Settings = settings => settings with
            {
                Requests = new(), Notices = new() { Email = "ops@shop.example", From = "house@shop.example" },
                Outbound = new() { Channel = OutboundSettings.ToSmtp, Smtp = new SmtpSettings { Host = "127.0.0.1", Port = next.Port, Security = SmtpSettings.None } },
            },
        });
        using var over = new CancellationTokenSource();
        var clock = RunClockAsync(host.Time, over.Token);
        var judged = await PlayAsync(host, host.Http.Port, host.SmtpPort, ProductHost.Patience);
        await over.CancelAsync();
        await clock;
        Assert.True(judged.All(one => one.Verdict == Verdict.Pass), Told(judged));
        Assert.Equal([host.Tenant.Id], (await host.Get<Tenants>().ListAsync(Ct)).Select(tenant => tenant.Id));
        Assert.Empty(next.Mails);
        Assert.DoesNotContain(await host.Get<Alerts>().NewestAsync(100, Ct), alert => alert.AcknowledgedAt is null);
        await foreach (var item in host.Get<IStore>().AllAsync(Table.Main, KeyRing.Installation, "", Ct))
            Assert.DoesNotMatch("^(rehearsal|session|key-owner|channel-owner|address|member-of|contained)/", item.Key.Sort.StartsWith("address/", StringComparison.Ordinal) ? "" : item.Key.Sort);
        Assert.DoesNotContain(judged, one => one.Findings.Any(finding => finding.Outcome.Evidence.Contains("rm_", StringComparison.Ordinal) || finding.Outcome.Evidence.Contains("Bearer", StringComparison.Ordinal)));
    }

    /// <summary>Some at once, each on tenants of its own before a proxy of its own.</summary>
    [Fact]
    public async Task Each_protection_that_a_proxy_takes_away_is_named()
    {
        await using var host = await StartAsync();
        using var over = new CancellationTokenSource();
        var clock = RunClockAsync(host.Time, over.Token);
        var wrong = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(RehearsalMutants.Proxies, new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (mutant, _) =>
        {
            await using var front = new ForgingProxy(new(IPAddress.Loopback, host.Http.Port)) { Ask = mutant.Ask, Answer = mutant.Answer };
            await using var mail = new ForgingProxy(new(IPAddress.Loopback, host.SmtpPort)) { IsDialogue = true, Ask = mutant.SmtpAsk, Answer = (_, said) => mutant.Smtp?.Invoke(said) ?? said };
            var judged = await PlayAsync(host, front.Port, mail.Port, TimeSpan.FromSeconds(10), [.. Rehearsed.Where(control => mutant.Plays(control.Id))]);
            if (!judged.Where(one => one.Findings.Any(finding => finding is { Look: Look.Rehearse, Outcome.Verdict: not Verdict.Pass })).Select(one => one.Control.Id).SequenceEqual(mutant.Controls))
                wrong.Add($"{mutant.Name}: expected {string.Join(' ', mutant.Controls)}\n{Told(judged)}");
        });
        await over.CancelAsync();
        await clock;
        Assert.True(wrong.IsEmpty, string.Join("\n\n", wrong));
    }

    public static TheoryData<string> Hosts => [.. RehearsalMutants.Hosts.Select(mutant => mutant.Name)];

    [Theory, MemberData(nameof(Hosts))]
    public async Task A_service_that_lacks_a_step_is_named(string name)
    {
        var mutant = RehearsalMutants.Hosts.Single(one => one.Name == name);
        await using var host = await StartAsync(mutant);
        if (mutant.Change is { } change)
            await change(host);
        using var over = new CancellationTokenSource();
        var clock = mutant.Clock ? RunClockAsync(host.Time, over.Token) : Task.CompletedTask;
        var judged = await PlayAsync(host, host.Http.Port, host.SmtpPort, TimeSpan.FromSeconds(5), [.. Rehearsed.Where(control => mutant.Plays(control.Id))]);
        await over.CancelAsync();
        await clock;
        Assert.True(judged.Where(one => one.Findings.Any(finding => finding is { Look: Look.Rehearse, Outcome.Verdict: not Verdict.Pass })).Select(one => one.Control.Id).SequenceEqual(mutant.Controls), Told(judged));
    }

    [Fact]
    public async Task What_a_rehearsal_left_that_ended_in_the_middle_is_erased_by_the_next_one_and_two_are_never_at_work()
    {
        await using var host = await StartAsync();
        var left = await RehearsalStage.SetAsync(host.Services, Ct);
        Assert.Null(await RehearsalStage.OpenAsync(host.Services, Ct));
        Assert.NotNull(await host.Get<Tenants>().FindAsync(left.Own.Id, Ct));
        host.Time.Advance(RehearsalStage.Longest);
        await using var next = await RehearsalStage.OpenAsync(host.Services, Ct);
        Assert.NotNull(next);
        Assert.Null(await host.Get<Tenants>().FindAsync(left.Own.Id, Ct));
        Assert.Null(await host.Get<Tenants>().FindAsync(left.Other.Id, Ct));
        Assert.Null(await host.Get<Users>().FindByAddressAsync(left.Own.Person(ReplyMint.Security.Role.Admin), Ct));
    }

    [Fact]
    public async Task A_rehearsal_that_is_cancelled_or_breaks_leaves_nothing_and_says_so()
    {
        await using var host = await StartAsync();
        using var stop = new CancellationTokenSource();
        using var http = new RawHttp(Target(host.Http.Port, null), TimeProvider.System, most: 3);
        var stage = await RehearsalStage.SetAsync(host.Services, Ct);
        await using (stage)
        {
            var look = new RehearsalLook(host.Services, http, StoreMutants.Good, stage);
            var outcomes = await GuideRun.AtStageAsync([Catalogue.Find("AUTH-1")!], look, _ => { }, Ct);
            // Over its bound it sends no more, and has not checked.
            Assert.Equal(Verdict.NotChecked, Assert.Single(outcomes.Values).Verdict);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => GuideRun.AtStageAsync([Catalogue.Find("AUTH-1")!], look, _ => { }, stop.Token));
        }
        Assert.Null(stage.Left);
        Assert.Equal([host.Tenant.Id], (await host.Get<Tenants>().ListAsync(Ct)).Select(tenant => tenant.Id));
    }
}

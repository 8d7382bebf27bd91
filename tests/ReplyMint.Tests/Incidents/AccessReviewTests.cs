using System.Net;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Incidents;

/// <summary>Who can do what, since when, and who gave it, can be printed at any time (SOC-1).</summary>
public sealed class AccessReviewTests
{
    [Fact]
    public async Task Administrators_and_auditors_see_their_own_tenant_and_operators_each()
    {
        await using var host = await ProductHost.StartAsync();
        var giver = await host.PersonAsync(Role.Admin, "giver@people.example");
        var given = await host.Get<IStore>().RetryAsync(async (commit, ct) =>
        {
            var user = await host.Get<Users>().EnsureAsync(commit, "given@people.example", "", ct);
            await host.Get<Members>().SetAsync(commit, host.Tenant.Id, user.Id, Role.Auditor, null, new Actor(giver), ct);
            return user.Id;
        }, default);
        var key = (await host.KeyAsync("messages:read")).Key;
        var channel = await host.Get<Channels>().AddAsync(host.Tenant.Id, Channel.Mailgun, "8f3c1a97e2b64d05b7c9f1e83a6d2450", new Actor(giver), default);
        var other = await host.Get<Tenants>().AddAsync("other", Actor.Machine, default);
        await host.PersonAsync(Role.Admin, "stranger@people.example", other.Id);

        foreach (var (role, path) in new[] { (Role.Admin, "access-review"), (Role.Auditor, "access-review"), (Role.Operator, $"access-reviews/{host.Tenant.Id}") })
        {
            using var client = await host.ClientAsync(role);
            var rows = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/" + path, UriKind.Relative)))!["items"]!.AsArray().ToDictionary(row => (string)row!["id"]!, row => row!);
            Assert.Equal(("member", "auditor", giver, "given@people.example"), ((string)rows[given]["kind"]!, (string)rows[given]["may"]!, (string)rows[given]["by"]!, (string)rows[given]["name"]!));
            Assert.Equal(("key", "messages:read", Actor.Machine.Id), ((string)rows[key.Id]["kind"]!, (string)rows[key.Id]["may"]!, (string)rows[key.Id]["by"]!));
            Assert.Equal(("channel", giver), ((string)rows[channel.Id]["kind"]!, (string)rows[channel.Id]["by"]!));
            Assert.DoesNotContain(rows.Values, row => row["name"]?.ToString() == "stranger@people.example");
        }
        using var operators = await host.ClientAsync(Role.Operator);
        Assert.Contains("operator", await operators.GetStringAsync(new Uri("/api/v1/access-reviews/installation", UriKind.Relative)), StringComparison.Ordinal);
        using var member = await host.ClientAsync(Role.Member);
        using var refused = await member.GetAsync(new Uri("/api/v1/access-review", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    /// <summary>A log of years is read once; a second review only asks for what was done since.</summary>
    [Fact]
    public async Task A_review_does_not_read_the_log_from_its_beginning_each_time()
    {
        await using var house = await ReplyMint.Tests.Audit.AuditHouse.BuildAsync();
        var (host, giver) = (house.Host, new Actor(Ids.Random('u')));
        Task<Channel> AddAsync() => host.Get<Channels>().AddAsync(house.Chain, Channel.Mailgun, "8f3c1a97e2b64d05b7c9f1e83a6d2450", giver, default);
        async Task<Dictionary<string, string?>> ReviewAsync()
        {
            using var client = await host.ClientAsync(Role.Auditor);
            return JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/access-review", UriKind.Relative)))!["items"]!.AsArray().ToDictionary(row => (string)row!["id"]!, row => (string?)row!["by"]);
        }
        var first = await AddAsync();
        Assert.Equal(giver.Id, (await ReviewAsync())[first.Id]);
        // Were it read again, nobody would know any more.
        house.RemoveAll(house.Chain, "entry/%");
        var second = await AddAsync();
        var rows = await ReviewAsync();
        Assert.Equal((giver.Id, giver.Id), (rows[first.Id], rows[second.Id]));
    }

    [Fact]
    public async Task What_was_read_of_a_long_log_stays_read_when_who_asked_hangs_up()
    {
        WatchedStore? watched = null;
        await using var host = await ProductHost.StartAsync(services: services => watched = WatchedStore.Put(services));
        var giver = new Actor(Ids.Random('u'));
        var channel = await host.Get<Channels>().AddAsync(host.Tenant.Id, Channel.Mailgun, "8f3c1a97e2b64d05b7c9f1e83a6d2450", giver, default);
        using var hangsUp = new CancellationTokenSource();
        var pages = 0;
        watched!.AfterQuery = range => IsPage(range) && ++pages == 2 ? hangsUp.CancelAsync().ContinueWith(_ => hangsUp.Token.ThrowIfCancellationRequested(), TaskScheduler.Default) : Task.CompletedTask;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.Get<AccessGivers>().OfAsync(host.Tenant.Id, hangsUp.Token));
        Assert.Equal(2, pages);
        // Its end alone is looked for.
        Assert.Equal(giver.Id, (await host.Get<AccessGivers>().OfAsync(host.Tenant.Id, default))[channel.Id].By);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task Who_reads_a_long_log_keeps_nobody_from_another_ones()
    {
        WatchedStore? watched = null;
        await using var host = await ProductHost.StartAsync(services: services => watched = WatchedStore.Put(services));
        var (reading, go, pages) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        watched!.AfterQuery = range =>
        {
            if (!IsPage(range) || Interlocked.Increment(ref pages) != 1)
                return Task.CompletedTask;
            reading.SetResult();
            return go.Task;
        };
        var slow = host.Get<AccessGivers>().OfAsync(host.Tenant.Id, default);
        await reading.Task;
        await host.Get<AccessGivers>().OfAsync(KeyRing.Installation, default).WaitAsync(ProductHost.Patience);
        Assert.False(slow.IsCompleted);
        go.SetResult();
        await slow;
    }

    private static bool IsPage(ReplyMint.Storage.Range range) => range is { Prefix: AuditLog.EntryPrefix, Limit: 1_000 };

    [Fact]
    public async Task The_command_prints_all_of_it_also_for_a_spreadsheet_and_leaves_a_record()
    {
        using var cli = new IncidentCli();
        var key = await cli.FillAsync();
        var table = await cli.OkAsync("access", "review");
        foreach (var what in (string[])["lead@example.com", "ops@example.com", key, "messages:read", "192.0.2.0/24", "operator@machine"])
            Assert.Contains(what, table, StringComparison.Ordinal);
        var csv = await cli.OkAsync("access", "review", "--tenant", "Acme", "--csv");
        Assert.StartsWith("kind,id,name,tenant,may,only,since,by,until,used,note\r\n", csv, StringComparison.Ordinal);
        Assert.DoesNotContain("ops@example.com", csv, StringComparison.Ordinal);
        // A name that a spreadsheet would take for a formula.
        Assert.Contains($"key,{key},'=shop,", csv, StringComparison.Ordinal);
        Assert.Equal(1, await cli.RunAsync("access", "review", "--done"));
        await cli.OkAsync("access", "review", "--done", "--note", "all are needed");
        Assert.Matches(@"in time +review ", await cli.OkAsync("record", "list"));
    }
}

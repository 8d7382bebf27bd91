using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Audit;

/// <summary>What the log holds, who reads it, and that many at once lose nothing.</summary>
public sealed class AuditLogTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) =>
        JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/" + path, UriKind.Relative), Ct))!;

    private static Task<T> InCommitAsync<T>(ProductHost host, Func<Commit, Task<T>> work) => host.Get<IStore>().RetryAsync((commit, _) => work(commit), Ct);

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task Sixteen_writers_at_once_lose_nothing(int chains)
    {
        const int each = 100;
        await using var host = await ProductHost.StartAsync();
        var log = host.Get<AuditLog>();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
                await InCommitAsync(host, async commit =>
                {
                    await log.AppendAsync(commit, $"chain{writer % chains}", new AuditEntry(Actor.Machine, "test", $"{writer}-{i}"), Ct);
                    return true;
                });
        }, Ct)));
        for (var chain = 0; chain < chains; chain++)
        {
            var entries = await log.NewestAsync($"chain{chain}", 1_000, Ct);
            var more = chains == 1 ? await host.Get<IStore>().QueryAsync(Table.Audit, "chain0", new ReplyMint.Storage.Range(AuditLog.EntryPrefix, Limit: 1_000), AuditLog.KeyOf("chain0", 1_000).Sort, Ct) : null;
            Assert.Equal(16 * each / chains, chains == 1 ? 1_000 + more!.Items.Count : entries.Count);
            Assert.Equal(16 * each / chains, entries[0].Sequence);
            Assert.True((await host.Get<AuditVerifier>().VerifyAsync($"chain{chain}", null, null, Ct)).Whole);
        }
    }

    [Fact]
    public async Task An_act_that_fails_takes_no_number_and_those_behind_it_go_on()
    {
        await using var host = await ProductHost.StartAsync();
        var (log, store) = (host.Get<AuditLog>(), host.Get<IStore>());
        var taken = ItemKey.Main("chain", "taken");
        await store.CommitAsync(new Commit().Put(taken, "{}"u8.ToArray(), Condition.Absent), Ct);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            if (i % 4 != 0)
                return await InCommitAsync(host, async commit =>
                {
                    await log.AppendAsync(commit, "chain", new AuditEntry(Actor.Machine, "good", $"{i}"), Ct);
                    return true;
                });
            var bad = new Commit().Put(taken, "{}"u8.ToArray(), Condition.Absent);
            await log.AppendAsync(bad, "chain", new AuditEntry(Actor.Machine, "bad", $"{i}"), Ct);
            Assert.Equal(CommitResult.Conflict, await store.CommitAsync(bad, Ct));
            return false;
        }, Ct)));
        Assert.Equal(150, outcomes.Count(good => good));
        var entries = await log.NewestAsync("chain", 1_000, Ct);
        Assert.Equal(150, entries.Count);
        Assert.All(entries, entry => Assert.Equal("good", entry.Act));
        Assert.True((await host.Get<AuditVerifier>().VerifyAsync("chain", null, null, Ct)).Whole);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_read_before_others_wrote_leads_no_entry_astray(bool forgotten)
    {
        await using var host = await ProductHost.StartAsync();
        var (log, store) = (host.Get<AuditLog>(), host.Get<IStore>());
        var taken = ItemKey.Main("chain", "taken");
        await store.CommitAsync(new Commit().Put(taken, "{}"u8.ToArray(), Condition.Absent), Ct);
        Task AppendAsync(Commit commit, string chain, string target = "in time") => log.AppendAsync(commit, chain, new AuditEntry(Actor.Machine, "test", target), Ct);
        // Those that are late know the heads as they are now, and take their places when these have moved.
        var late = Enumerable.Range(0, 30).ToDictionary(i => $"chain{i}", _ => new List<Commit> { new(), new(), new() });
        foreach (var (chain, commits) in late)
            foreach (var commit in commits)
                await AppendAsync(commit, chain, "late");
        // Memory of a chain is given up when there are very many, and after an act that failed.
        if (forgotten)
            for (var i = 0; i < AuditLog.MaxChains; i++)
                await AppendAsync(new Commit(), $"other{i}");
        foreach (var (chain, commits) in late)
        {
            for (var i = 0; i < 2; i++)
                await InCommitAsync(host, async commit =>
                {
                    await AppendAsync(commit, chain);
                    return true;
                });
            var bad = new Commit().Put(taken, "{}"u8.ToArray(), Condition.Absent);
            await AppendAsync(bad, chain);
            Assert.Equal(CommitResult.Conflict, await store.CommitAsync(bad, Ct));
            await Task.WhenAll(commits.Select(commit => store.CommitAsync(commit, Ct).AsTask()));
            Assert.True((await host.Get<AuditVerifier>().VerifyAsync(chain, null, null, Ct)).Whole);
        }
    }

    [Fact]
    public async Task Who_counts_is_not_overtaken_by_one_that_is_not_written_yet()
    {
        await using var host = await ProductHost.StartAsync();
        var made = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => host.Get<ReplyMint.Outbound.Webhooks>().AddAsync(
            host.Tenant.Id, new() { Id = Ids.Random('w'), Url = new Uri("https://hooks.example/"), Description = "", Events = [], Secret = new byte[32], CreatedAt = host.Time.GetUtcNow() }, Actor.Machine, Ct), Ct)));
        Assert.Equal(ReplyMint.Outbound.Webhooks.Most, made.Count(webhook => webhook is not null));
    }

    [Fact]
    public async Task A_caller_s_address_is_read_by_auditors_until_he_is_erased_and_the_chain_holds_without_it()
    {
        await using var host = await ProductHost.StartAsync();
        var (address, clock) = ("lead@people.example", host.Time);
        var user = await host.PersonAsync(Role.Admin, address);
        using var admin = host.Client((await host.SignInAsync(user)).AccessToken);
        using var domain = await admin.PostAsync(new Uri("/api/v1/domains", UriKind.Relative), new StringContent("""{"domain":"proved.example"}""", Encoding.UTF8, "application/json"), Ct);
        Assert.Equal(HttpStatusCode.Created, domain.StatusCode);
        using var auditor = await host.ClientAsync(Role.Auditor);
        var entry = (await GetAsync(auditor, $"audit?act=domain.&actor={user}"))["items"]!.AsArray().Single()!;
        Assert.Equal(("domain.add", "127.0.0.1"), ((string?)entry["act"], (string?)entry["network"]));
        // Nobody reads it in the file.
        var stored = (await host.Get<IStore>().GetAsync(AuditLog.KeyOf(host.Tenant.Id, (long)entry["entry"]!), Ct))!;
        Assert.DoesNotContain("127.0.0.1", Encoding.UTF8.GetString(stored.Value.Span), StringComparison.Ordinal);

        var own = await host.Get<KeyRing>().RequireAsync(KeyRing.Installation, Ct);
        Assert.NotNull(await InCommitAsync(host, async commit => await host.Get<KeyRing>().DestroyPersonAsync(commit, own, own.Person(address), clock.GetUtcNow(), Ct)));
        host.Get<KeyRing>().Forget(KeyRing.Installation, own.Person(address));
        entry = (await GetAsync(auditor, $"audit?act=domain.&actor={user}"))["items"]!.AsArray().Single()!;
        Assert.Null(entry["network"]);
        Assert.True((await host.Get<AuditVerifier>().VerifyAsync(null, null, null, Ct)).Whole);
    }

    [Fact]
    public async Task A_key_s_calls_are_sealed_for_the_person_who_answers_for_it()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Admin);
        var made = await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, new ApiKeyWish { Name = "A key", Scopes = ["knowledge:write"] }, user, Actor.Machine, Ct);
        using var client = host.Client();
        client.DefaultRequestHeaders.Add("X-API-Key", made.Text);
        using var answer = await client.PostAsync(new Uri("/api/v1/knowledge", UriKind.Relative), new StringContent("""{"name":"faq.md","text":"# How long?\n\nThree days."}""", Encoding.UTF8, "application/json"), Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        using var auditor = await host.ClientAsync(Role.Auditor);
        var entry = (await GetAsync(auditor, "audit?act=knowledge.add"))["items"]!.AsArray().Single()!;
        Assert.Equal((made.Key!.Id, user, "127.0.0.1"), ((string?)entry["actor"], (string?)entry["details"]!["keyOwner"], (string?)entry["network"]));
    }

    [Fact]
    public async Task The_list_is_filtered_and_paged_and_each_reader_sees_his_own_chain()
    {
        await using var host = await ProductHost.StartAsync();
        for (var i = 0; i < 7; i++)
            await host.Get<Tenants>().ChangeAsync(host.Tenant.Id, tenant => tenant, Actor.Machine, new Dictionary<string, string>(), Ct);
        using var admin = await host.ClientAsync(Role.Admin);
        var (seen, path) = (new List<long>(), "audit?act=tenant.change&limit=3");
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await GetAsync(admin, path + (cursor.Length == 0 ? "" : "&cursor=" + cursor));
            seen.AddRange(page["items"]!.AsArray().Select(item => (long)item!["entry"]!));
            cursor = (string?)page["next"];
        }
        Assert.Equal(7, seen.Count);
        Assert.Equal(seen.OrderDescending(), seen);
        var now = Uri.EscapeDataString(host.Time.GetUtcNow().ToString("O"));
        Assert.Empty((await GetAsync(admin, $"audit?until={now}"))["items"]!.AsArray());
        Assert.NotEmpty((await GetAsync(admin, $"audit?since={now}&target={host.Tenant.Id}"))["items"]!.AsArray());

        using var operators = await host.ClientAsync(Role.Operator);
        var acts = (await GetAsync(operators, "audit"))["items"]!.AsArray().Select(item => (string?)item!["act"]).ToList();
        Assert.Contains("tenant.add", acts);
        Assert.DoesNotContain("tenant.change", acts);
        Assert.True((bool)(await GetAsync(operators, "audit/verify"))["whole"]!);
        using var member = await host.ClientAsync(Role.Member);
        Assert.Equal(HttpStatusCode.Forbidden, (await member.GetAsync(new Uri("/api/v1/audit", UriKind.Relative), Ct)).StatusCode);
    }
}

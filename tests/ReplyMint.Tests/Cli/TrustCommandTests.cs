using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Replies;
using ReplyMint.Storage;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>Quality, thumbs and shadow mode from the command line: what the routes do, by the same rules.</summary>
public sealed class TrustCommandTests : IDisposable
{
    private const string Box = "support@shop.example";
    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose() => _cli.Dispose();

    private async Task SetUpAsync()
    {
        await _cli.OkAsync("tenant", "add", "shop");
        await _cli.OkAsync("mailbox", "add", Box);
    }

    [Fact]
    public async Task Quality_prints_days_and_totals_and_a_word_when_there_is_nothing()
    {
        await SetUpAsync();
        Assert.Contains("no draft was made or decided", await _cli.OkAsync("quality"), StringComparison.Ordinal);
        await _cli.InStoreAsync<bool>(async services =>
        {
            var store = (IStore)services.GetService(typeof(IStore))!;
            var tenant = Assert.Single(await ((Tenants)services.GetService(typeof(Tenants))!).ListAsync(default)).Id;
            var mailbox = Assert.Single(await ((Mailboxes)services.GetService(typeof(Mailboxes))!).ListAsync(tenant, default)).Id;
            var commit = new Commit();
            foreach (var (what, count) in new[] { (Quality.Held, 7), (Quality.Alone, 3), (Quality.Unchanged, 3), (Quality.Edited, 1), (Quality.Distance, 500), (Quality.Down, 2) })
                Quality.Add(commit, tenant, mailbox, new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero), what, count);
            foreach (var (reason, count) in new[] { ("incomplete", 2), ("tone", 1) })
                Quality.Add(commit, tenant, mailbox, new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero), Quality.Why + reason, count);
            await store.CommitAsync(commit, default);
            return true;
        });
        var rows = (await _cli.OkAsync("quality", "--from", "2026-03-01", "--to", "2026-03-02")).TrimEnd().Split('\n');
        Assert.Matches(@"^2026-03-01 +support@shop\.example +10 +3 +3 +1 +0 +0 +0 +2 +12\.5 ?% +incomplete 2, tone 1$", rows[1].TrimEnd());
        Assert.StartsWith("all ", rows[^1], StringComparison.Ordinal);
        var json = JsonNode.Parse(await _cli.OkAsync("quality", "--from", "2026-03-01", "--to", "2026-03-02", "--json"))!;
        Assert.Equal((10, 0.125), ((int)json["totals"]![0]!["drafted"]!, (double)json["totals"]![0]!["editDistance"]!));
        Assert.Contains("--from: must not be later", await _cli.FailsAsync("quality", "--from", "2026-03-02", "--to", "2026-03-01"), StringComparison.Ordinal);
        Assert.Contains("there is no message", await _cli.FailsAsync("messages", "thumb", "nothing", "up"), StringComparison.Ordinal);
        Assert.Contains("--reasons", await _cli.FailsAsync("messages", "thumb", "nothing", "down", "--reasons", "ugly"), StringComparison.Ordinal);
    }

    /// <summary>Both go on to the desk of the API's own-answer, which ShadowTests looks at.</summary>
    [Fact]
    public async Task Somebodys_own_answer_has_a_text_and_a_message_that_is_there()
    {
        await SetUpAsync();
        _cli.Write("answer.txt", "We open at nine.");
        _cli.Write("empty.txt", " \n");
        Assert.Contains("--file: must hold from 1 to 10000 characters", await _cli.FailsAsync("thread", "answered", "nothing", "--file", "empty.txt"), StringComparison.Ordinal);
        Assert.Contains("there is no message", await _cli.FailsAsync("thread", "answered", "nothing", "--file", "answer.txt"), StringComparison.Ordinal);
        Assert.Contains("--file", await _cli.OkAsync("thread", "answered", "--help"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shadow_is_begun_shown_and_ended_and_holds_everything_until_a_person_says_more()
    {
        await SetUpAsync();
        Assert.Contains("never in shadow mode", await _cli.FailsAsync("shadow", "report", Box), StringComparison.Ordinal);
        Assert.Contains("takes 0 to 90", await _cli.FailsAsync("mailbox", "set", Box, "--shadow-days", "91"), StringComparison.Ordinal);
        Assert.Contains("no --mode beside it", await _cli.FailsAsync("mailbox", "set", Box, "--shadow-days", "5", "--mode", "automatic"), StringComparison.Ordinal);
        await _cli.OkAsync("mailbox", "set", Box, "--mode", "automatic");
        await _cli.OkAsync("mailbox", "set", Box, "--shadow-days", "5");
        Assert.Contains("in shadow mode", await _cli.FailsAsync("mailbox", "set", Box, "--mode", "automatic"), StringComparison.Ordinal);
        Assert.Contains("in shadow mode until", await _cli.OkAsync("mailbox", "list"), StringComparison.Ordinal);
        Assert.Contains("wait for more", await _cli.OkAsync("shadow", "report", Box), StringComparison.Ordinal);
        Assert.True((bool)JsonNode.Parse(await _cli.OkAsync("shadow", "report", Box, "--json"))!["running"]!);
        await _cli.OkAsync("mailbox", "set", Box, "--shadow-days", "0");
        Assert.Equal("draft", (string?)JsonNode.Parse(await _cli.OkAsync("mailbox", "show", Box))!["mode"]);
        await _cli.OkAsync("mailbox", "set", Box, "--shadow-days", "0", "--mode", "automatic");
        Assert.Equal("automatic", (string?)JsonNode.Parse(await _cli.OkAsync("mailbox", "show", Box))!["mode"]);
    }
}

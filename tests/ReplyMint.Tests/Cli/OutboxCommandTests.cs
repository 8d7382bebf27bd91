using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Cli;

/// <summary>A person decides on what did not leave, by commands as in the console.</summary>
public sealed class OutboxCommandTests : IDisposable
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose() => _cli.Dispose();

    /// <summary>One in each state that a sending ends in, under the state's own name.</summary>
    private async Task FillAsync()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        await _cli.InStoreAsync(async services =>
        {
            var tenant = (await services.GetRequiredService<Tenants>().ListAsync(Ct)).Single().Id;
            var own = await services.GetRequiredService<KeyRing>().RequireAsync(tenant, Ct);
            var commit = new Commit();
            foreach (var state in (OutboxState[])[OutboxState.Sent, OutboxState.Failed, OutboxState.Uncertain, OutboxState.Dead, OutboxState.Cancelled])
                Outbox.Add(commit, tenant, own, new OutboxRecord { Id = NameOf(state), Purpose = OutboxPurpose.Notice, State = state, CreatedAt = DateTimeOffset.UtcNow },
                    new OutboundMail { MessageId = state + "@example.com", ReversePath = "", From = "shop@example.com", To = "anna@customer.example", Subject = "Hours", Text = "From nine." });
            return await services.GetRequiredService<IStore>().CommitAsync(commit, Ct);
        });
    }

    private static string NameOf(OutboxState state) => state.ToString().ToLowerInvariant();

    private async Task<string> StateAsync(string id) => (string)JsonNode.Parse(await _cli.OkAsync("outbox", "show", id))!["state"]!;

    [Fact]
    public async Task What_could_not_be_sent_is_left_unsent_once_and_stands_in_the_log()
    {
        await FillAsync();
        foreach (var id in (string[])["dead", "failed"])
        {
            Assert.Equal($"{id} stays unsent\n", await _cli.OkAsync("outbox", "discard", id));
            Assert.Equal("cancelled", await StateAsync(id));
            Assert.Contains($"{id} is cancelled, and no dead letter", await _cli.FailsAsync("outbox", "discard", id), StringComparison.Ordinal);
            Assert.Contains("is not a dead letter", await _cli.FailsAsync("outbox", "replay", id), StringComparison.Ordinal);
        }
        Assert.Empty((await _cli.OkAsync("outbox", "list", "--state", "dead", "--json")).Trim());
        Assert.Equal([("outbox.discard", "failed", "operator@machine"), ("outbox.discard", "dead", "operator@machine")], await _cli.InStoreAsync(async services =>
            (await services.GetRequiredService<AuditLog>().NewestAsync((await services.GetRequiredService<Tenants>().ListAsync(Ct)).Single().Id, 20, Ct))
                .Where(entry => entry.Act.StartsWith("outbox.", StringComparison.Ordinal)).Select(entry => (entry.Act, entry.Target, entry.Actor)).ToArray()));
    }

    [Fact]
    public async Task What_may_have_left_is_not_unsent_by_saying_so()
    {
        await FillAsync();
        Assert.Contains("replymint outbox settle uncertain --sent", await _cli.FailsAsync("outbox", "discard", "uncertain"), StringComparison.Ordinal);
        Assert.Contains("sent is sent, and no dead letter", await _cli.FailsAsync("outbox", "discard", "sent"), StringComparison.Ordinal);
        Assert.Contains("there is no mail nothing on its way out", await _cli.FailsAsync("outbox", "discard", "nothing"), StringComparison.Ordinal);
        Assert.Equal(("uncertain", "sent"), (await StateAsync("uncertain"), await StateAsync("sent")));
        await _cli.OkAsync("outbox", "settle", "uncertain", "--sent");
        Assert.Equal("sent", await StateAsync("uncertain"));
    }
}

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;
using static ReplyMint.Tests.Secrets.SealedForms;

namespace ReplyMint.Tests.Secrets;

/// <summary>The server is killed while all it keeps takes another form (SIGKILL, in a process of its own); the next one goes on, and all can be read.</summary>
public sealed class SealedFormCrashTests : IDisposable
{
    private static readonly int Kills = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1" ? 12 : 3;
    // Each kill falls into the second behind a part of 256 items, or into the part behind it.
    private static readonly int Passages = (Kills + 1) * 2 * 256;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Killed_while_the_form_changes_the_next_start_goes_on()
    {
        AwsInstallation.NeedsDataFolder();
        var text = string.Join("\n", Enumerable.Range(0, Passages).Select(number => $"# Question {number}?\nThe answer to question {number} is written in chapter {number}.\n"));
        var first = await ProductHost.StartAsync(folder: _folder, knowledge: text, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        var tenant = first.Tenant;
        for (var i = 0; i < 5; i++)
            await first.DeliverAndDecideAsync(first.Mail($"My parcel number {i} is late.", $"person-{i}@customer.example"), $"person-{i}@customer.example");
        await first.StopAsync();

        var (seed, reached) = (Random.Shared.Next(), 0L);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var server = await ServerChild.StartAsync(_folder.Path, ["secrets.sealing=chacha20-poly1305"], ct: Ct);
            var state = await ProductHost.EventuallyAsync(() => Task.FromResult(Stored(tenant.Id) is { } now && now.Sealed > reached ? now : null));
            Assert.Null(state.DoneAt);
            reached = state.Sealed;
            await Task.Delay(random.Next(1_200), Ct);
            await server.KillAsync();
        }

        var host = await ProductHost.StartAsync(settings: ChaCha, folder: _folder, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()), of: tenant);
        Assert.Null((await StateAsync(host, tenant.Id))!.DoneAt);
        await ReadAsync(host);
        await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(1));
            return await StateAsync(host, tenant.Id) is { DoneAt: not null } state ? state : null;
        });
        await ReadAsync(host);
        await host.StopAsync();
        Assert.Empty(Kinds(Forms(_folder.Sub("data")).Where(value => value.Name.StartsWith(tenant.Id, StringComparison.Ordinal) && value.Form != 2)).Except(["entry"]));
    }

    private static async Task ReadAsync(ProductHost host)
    {
        var passages = 0;
        await foreach (var passage in host.Get<KnowledgeStore>().PassagesAsync(host.Tenant.Id, Ct))
            passages += passage.Answer.Length > 0 ? 1 : 0;
        Assert.Equal(Passages, passages);
        var messages = await host.ListAsync();
        Assert.Equal(5, messages.Count);
        foreach (var message in messages)
            Assert.Contains("My parcel number", (await host.Get<MessageTexts>().FindAsync(message, Ct))!.Text, StringComparison.Ordinal);
    }

    /// <summary>How far it is, as it lies in the files of the server that runs.</summary>
    private SealedFormRecord? Stored(string tenant)
    {
        var key = SealedFormRecord.KeyOf(tenant);
        using var connection = new SqliteConnection($"Data Source={_folder.Sub("data/db/replymint.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = new SqliteCommand("SELECT v FROM main WHERE p = $p AND s = $s", connection);
        command.Parameters.AddWithValue("$p", key.Partition);
        command.Parameters.AddWithValue("$s", key.Sort);
        return command.ExecuteScalar() is byte[] value ? SealedFormRecord.Of(new Item(key, value, default, 1, 0, null)) : null;
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>
/// What an access costs on DynamoDB does not depend on how much is stored: the same calls and the same capacity with few items and with
/// many (REPLYMINT_TEST_FULL=1: 100,000), and no more than docs/aws.md says.
/// </summary>
public sealed class GrowthTests
{
    private const int Few = 1_000;
    private static readonly int s_many = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1" ? 100_000 : 20_000;
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_and_capacity_of_each_access_are_the_same_with_few_items_and_with_many()
    {
        var few = await MeasureAsync(Few);
        var many = await MeasureAsync(s_many);
        foreach (var one in few)
            TestContext.Current.TestOutputHelper?.WriteLine(one.ToString());
        Assert.Equal(few.Select(one => one.ToString()), many.Select(one => one.ToString()));

        // The table of accesses: "1 transaction of 6 to 9 items".
        var page = await File.ReadAllTextAsync(Path.Combine(HouseTests.Root, "docs", "aws.md"), Ct);
        foreach (var (row, step) in new[] { ("a mail is accepted", "accept"), ("an answer is decided", "answer") })
        {
            var said = Regex.Match(page, $@"^\| {row} \|.*\| 1 transaction of ([0-9]+) to ([0-9]+) items", RegexOptions.Multiline, TimeSpan.FromSeconds(1));
            Assert.True(said.Success, $"docs/aws.md says nothing of: {row}");
            Assert.InRange(few.Single(one => one.Name == step).Transactions.Max(), int.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(said.Groups[2].Value, CultureInfo.InvariantCulture));
        }
    }

    /// <param name="Calls">By their names.</param>
    /// <param name="Units">Of capacity, as the server counted them.</param>
    private sealed record Step(string Name, string Calls, double Units, IReadOnlyList<int> Transactions)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}: {Calls}; {Units} units; transactions of {string.Join(", ", Transactions)}");
    }

    private static async Task<IReadOnlyList<Step>> MeasureAsync(int items)
    {
        await using var aws = new AwsInstallation();
        var tables = await aws.TablesAsync();
        if (tables.StandIn is not { } standIn)
        {
            Assert.Skip("Calls are counted on the stand-in only.");
            return [];
        }
        using var queues = await SqsBench.OpenAsync();
        await using var bench = await LambdaBench.StartAsync(aws: aws);
        Task<LambdaBench.Running> Run(LambdaFunction function) => bench.RunAsync(function, services => services.AddSingleton<IWorkQueue>(queues.WakeUps(bench.Time)));
        var (api, worker) = (await Run(LambdaFunction.Api), await Run(LambdaFunction.Worker));
        await bench.FillAsync(api.Services, "# How long does delivery take?\nDelivery within Germany takes two to three working days.\n");
        await api.Get<Tenants>().ChangeAsync(bench.Tenant.Id, tenant => tenant with { AnswersVouched = true }, Actor.Machine, new Dictionary<string, string>(), Ct);
        var key = await api.Get<ApiKeys>().CreateAsync(bench.Tenant.Id, new ApiKeyWish { Name = "A key", Scopes = ["messages:read", "messages:write"] }, Actor.Machine.Id, Actor.Machine, Ct);
        (string, string)[] fields = [("X-API-Key", key.Text!)];

        // In the partitions that every mail touches: the tenant's, and a shard of jobs, whose time is years away.
        await tables.FillAsync(bench.Tenant.Id, Enumerable.Range(0, items / 4).SelectMany(i => new[] { $"receipt/m{i:D25}", $"raw/m{i:D25}", $"seen/p{i:D25}/x" }));
        var later = bench.Time.GetUtcNow().AddYears(5).ToUnixTimeMilliseconds();
        await tables.FillAsync("due/0", Enumerable.Range(0, items / 4).Select(i => string.Create(CultureInfo.InvariantCulture, $"{later + i:D14}/{bench.Tenant.Id}/mail/m{i:D25}")));

        var steps = new List<Step>();
        // The first mail reads what memory then holds.
        for (var mail = 1; mail <= 2; mail++)
        {
            var id = "";
            await StepAsync("accept", async () => id = (string)JsonNode.Parse((await api.AskAsync(new("POST", "/api/v1/messages")
            {
                Headers = [.. fields, ("Content-Type", "message/rfc822")], Query = [("to", LambdaBench.Address), ("from", $"anna{mail}@customer.example")], Body = Mail(mail),
            })).Text)!["id"]!);
            var hints = await queues.ReceiveAsync(queues.Queues.Wake);
            await StepAsync("answer", async () => Assert.Empty(QueueEvent.Failed(await worker.SendAsync(QueueEvent.Of([.. hints])))));
            await StepAsync("read", async () => Assert.Contains("\"answered\"", (await api.AskAsync(new("GET", $"/api/v1/messages/{id}") { Headers = fields })).Text, StringComparison.OrdinalIgnoreCase));
            await StepAsync("list", async () => Assert.Equal(200, (await api.AskAsync(new("GET", "/api/v1/messages") { Headers = fields, Query = [("limit", "1")] })).Status));
            await StepAsync("due", async () => Assert.Empty(await api.Get<JobQueue>().DueAsync(0, 100, Ct)));
        }
        return steps[(steps.Count / 2)..];

        async Task StepAsync(string name, Func<Task> act)
        {
            standIn.Calls.Clear();
            standIn.Used.Clear();
            standIn.Transactions.Clear();
            await act();
            // What is done behind an answer is done when the next is asked for.
            await api.AskAsync(new("GET", "/health"));
            await worker.SendAsync(QueueEvent.Of(("gone", "{\"v\":1,\"tenant\":\"t1\",\"kind\":\"mail\",\"target\":\"x1\",\"key\":\"01795521600000/t1/mail/x1\",\"shard\":1}")));
            steps.Add(new(name, string.Join(", ", standIn.Calls.CountBy(call => call).OrderBy(call => call.Key, StringComparer.Ordinal).Select(call => $"{call.Value} {call.Key}")), standIn.Used.Values.Sum(), [.. standIn.Transactions.Order()]));
        }
    }

    private static byte[] Mail(int number) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"From: Anna <anna{number}@customer.example>\r\nTo: {LambdaBench.Address}\r\nSubject: Delivery\r\nMessage-ID: <{number}@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n\r\nHow long does delivery take?\r\n"));
}

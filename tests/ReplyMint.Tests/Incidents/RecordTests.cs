using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Incidents;

/// <summary>What has to be done again and again: written down, due again, a finding when it is overdue, an alert once (SOC-5).</summary>
public sealed class RecordTests : IAsyncLifetime
{
    private ProductHost _host = null!;
    private CliRun _cli = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ProductHost.StartAsync();
        _cli = new CliRun { Open = (_, _) => Task.FromResult(new OpenedStore(_host.Services, () => ValueTask.CompletedTask)) };
        // A store's place, so that commands look for no other.
        _cli.Write("data/db/replymint.db", "");
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        await _host.DisposeAsync();
    }

    private Task<int> RunAsync(params string[] arguments) => _cli.RunAsync([.. arguments, "--data", "data"]);

    private async Task<IReadOnlyList<Alert>> OverdueAlertsAsync() => [.. (await _host.Get<Alerts>().NewestAsync(100, default)).Where(alert => alert.Kind == "record-overdue")];

    /// <summary>The same records at another time; the host's own clock would have to tick through all of it.</summary>
    private Records At(TimeSpan later) => new(_host.Get<IStore>(), _host.Get<KeyRing>(), _host.Get<AuditLog>(), _host.Get<Alerts>(), _host.Get<RecordSettings>(), new FakeTimeProvider(_host.Time.GetUtcNow() + later));

    [Fact]
    public async Task What_was_never_done_is_a_finding_and_what_was_done_is_due_again()
    {
        Assert.Equal(0, await RunAsync("record", "list"));
        Assert.Contains("NEVER", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await RunAsync("record", "add", "penetration-test", "--note", "two findings"));
        Assert.Contains("due on 2027-11-24", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await RunAsync("record", "list"));
        Assert.Matches(@"in time +penetration-test +2027-11-24 +2026-11-24", _cli.Out);
        Assert.Contains("two findings", _cli.Out, StringComparison.Ordinal);
        await At(-TimeSpan.FromDays(366)).AddAsync(RecordKinds.PenetrationTest, Actor.Machine.Id, "long ago", null, default);
        Assert.Equal(1, await RunAsync("record", "list"));
        Assert.Matches(@"OVERDUE +penetration-test", _cli.Out);
    }

    [Fact]
    public async Task An_overdue_one_raises_an_alert_once_and_a_new_record_starts_anew()
    {
        await _host.Get<Records>().AddAsync(RecordKinds.Patch, Actor.Machine.Id, "all new", TimeSpan.FromDays(2), default);
        await _host.Get<Records>().LookAsync(default);
        Assert.Empty(await OverdueAlertsAsync());
        var later = At(TimeSpan.FromDays(3));
        await later.LookAsync(default);
        var alert = Assert.Single(await OverdueAlertsAsync());
        Assert.Contains("kind patch", alert.Text, StringComparison.Ordinal);
        Assert.True(await _host.Get<Alerts>().AcknowledgeAsync(alert.Id, Actor.Machine, null, default));
        await later.LookAsync(default);
        Assert.Single(await OverdueAlertsAsync());
        await later.AddAsync(RecordKinds.Patch, Actor.Machine.Id, "again", TimeSpan.FromDays(2), default);
        await At(TimeSpan.FromDays(6)).LookAsync(default);
        Assert.Equal(2, (await OverdueAlertsAsync()).Count);
    }

    [Fact]
    public async Task The_first_date_of_a_kind_counts_from_the_first_look()
    {
        await _host.Get<Records>().LookAsync(default);
        var later = At(TimeSpan.FromDays(31));
        await later.LookAsync(default);
        Assert.Equal(["patch"], (await OverdueAlertsAsync()).Select(alert => alert.Subject));
        Assert.Equal(DueState.Overdue, (await later.DueAsync(default))[0].State);
    }

    [Fact]
    public async Task An_operator_writes_and_reads_them_over_HTTP_and_nobody_else_does()
    {
        using var client = await _host.ClientAsync(Role.Operator);
        var body = new StringContent("""{"kind":"keyRotation","note":"master key","dueInDays":10}""", Encoding.UTF8, "application/json");
        using var added = await client.PostAsync(new Uri("/api/v1/records", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        var listed = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/records", UriKind.Relative)))!["items"]!.AsArray();
        Assert.Equal("key-rotation", listed.Single()!["kind"]!.GetValue<string>());
        await At(-TimeSpan.FromDays(11)).AddAsync(RecordKinds.KeyRotation, Actor.Machine.Id, "long ago", TimeSpan.FromDays(10), default);
        var due = JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/records/due", UriKind.Relative)))!["items"]!.AsArray();
        Assert.True(due.Single(one => one!["kind"]!.GetValue<string>() == "key-rotation")!["finding"]!.GetValue<bool>());
        using var admin = await _host.ClientAsync(Role.Admin);
        using var refused = await admin.GetAsync(new Uri("/api/v1/records", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains(await _host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 20, default), entry => entry.Act == "record.add");
    }
}

using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using ReplyMint.Audit;
using ReplyMint.Guide;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>The guide that goes on: a server looks itself, keeps what it found, and tells once of a control that turned.</summary>
public sealed class GuideClockTests : IAsyncLifetime
{
    private static readonly GuideSettings Untold = StoreMutants.Good with { Notices = new() };

    private static readonly GuideSettings Unnamed = StoreMutants.Good with { Http = StoreMutants.Good.Http with { PublicUrl = null } };

    private ProductHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProductHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>A process that was just started, and its first tick.</summary>
    private async Task TickAsync(GuideSettings settings, string text = "settings")
    {
        using var clock = new GuideClock(_host.Services, _host.Get<IStore>(), _host.Get<GuideBook>(), _host.Get<Alerts>(), settings, new(), new(() => text), _host.Time, NullLogger<GuideClock>.Instance);
        await clock.TickIfDueAsync(TestContext.Current.CancellationToken);
    }

    private async Task<IReadOnlyList<string>> AlertsAsync() =>
        [.. (await _host.Get<Alerts>().NewestAsync(100, default)).Where(alert => alert.Kind.StartsWith("guide-", StringComparison.Ordinal)).Select(alert => $"{alert.Kind} {alert.Subject}{(alert.AcknowledgedAt is null ? "" : ", over")}").Order(StringComparer.Ordinal)];

    private async Task<JsonNode> GuideAsync(HttpClient client) => JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/guide", UriKind.Relative), TestContext.Current.CancellationToken))!;

    [Fact]
    public async Task A_control_that_turns_is_told_of_once_whatever_starts_anew()
    {
        await TickAsync(StoreMutants.Good);
        // What fails from the first look on has not turned.
        Assert.Empty(await AlertsAsync());
        await TickAsync(Unnamed, "changed");
        Assert.Equal(["guide-failed NET-1"], await AlertsAsync());
        var alert = (await _host.Get<Alerts>().NewestAsync(1, default))[0];
        Assert.Contains("Control NET-1 of the security guide held and does not any more", alert.Text, StringComparison.Ordinal);
        await TickAsync(Unnamed, "changed");
        await TickAsync(Unnamed, "changed again");
        Assert.True(await _host.Get<Alerts>().AcknowledgeAsync(alert.Id, Actor.Machine, null, default));
        _host.Time.Advance(TimeSpan.FromHours(6));
        await TickAsync(Unnamed, "changed again");
        Assert.Equal(["guide-failed NET-1, over"], await AlertsAsync());
    }

    [Fact]
    public async Task One_that_holds_again_says_so_and_may_turn_anew()
    {
        await TickAsync(StoreMutants.Good);
        await TickAsync(Unnamed, "2");
        await TickAsync(StoreMutants.Good, "3");
        Assert.Equal(["guide-failed NET-1, over", "guide-holds-again NET-1"], await AlertsAsync());
        await TickAsync(Unnamed, "4");
        Assert.Equal(["guide-failed NET-1", "guide-failed NET-1, over", "guide-holds-again NET-1, over"], await AlertsAsync());
    }

    [Fact]
    public async Task It_looks_after_six_hours_or_when_settings_changed_and_else_not()
    {
        await TickAsync(StoreMutants.Good);
        var first = (await _host.Get<GuideBook>().LastAsync(default))!;
        _host.Time.Advance(TimeSpan.FromHours(5));
        await TickAsync(StoreMutants.Good);
        Assert.Equal(first.At, (await _host.Get<GuideBook>().LastAsync(default))!.At);
        await TickAsync(StoreMutants.Good, "changed");
        var second = (await _host.Get<GuideBook>().LastAsync(default))!;
        Assert.Equal(_host.Time.GetUtcNow(), second.At);
        _host.Time.Advance(TimeSpan.FromHours(6));
        await TickAsync(StoreMutants.Good, "changed");
        Assert.Equal(_host.Time.GetUtcNow(), (await _host.Get<GuideBook>().LastAsync(default))!.At);
    }

    /// <summary>A look that could not look is neither a turn nor its end.</summary>
    [Fact]
    public void What_was_not_checked_turns_nothing()
    {
        var check = Catalogue.Find("MON-1")!.Checks.Single(one => one.AtStore is not null);
        GuideResult Of(Outcome outcome, GuideResult? before) => GuideResult.Of(DateTimeOffset.UnixEpoch, "1", new Dictionary<Check, Outcome> { [check] = outcome }, before);
        var held = Of(Outcome.Pass("told"), null);
        var failed = Of(Outcome.Fail("nobody"), held);
        Assert.Equal("MON-1", Assert.Single(failed.TurnedSince(held)).Id);
        Assert.Empty(failed.TurnedSince(null));
        var unknown = Of(Outcome.NotChecked("broke"), failed);
        Assert.Empty(unknown.TurnedSince(failed));
        Assert.Empty(Of(Outcome.Fail("nobody"), unknown).TurnedSince(unknown));
        Assert.False(Assert.Single(Of(Outcome.Warn("one"), unknown).TurnedSince(unknown)).Fails);
        var read = GuideResult.Read(failed.Write());
        Assert.Equal((failed.At, failed.Version, true, Verdict.Fail, "nobody"), (read.At, read.Version, read.Controls[0].Fails, read.Controls[0].Verdict, read.Controls[0].Findings[0].Outcome.Evidence));
    }

    [Fact]
    public async Task Auditors_see_verdicts_and_operators_what_was_seen()
    {
        using var auditor = await _host.ClientAsync(Role.Auditor);
        Assert.Empty((await GuideAsync(auditor))["controls"]!.AsArray());
        await TickAsync(Untold);
        var seen = await GuideAsync(auditor);
        var control = seen["controls"]!.AsArray().Single(one => (string?)one!["id"] == "MON-1")!;
        Assert.Equal(("fail", null), ((string?)control["verdict"], control["evidence"]));
        Assert.StartsWith("Set notices.email", (string?)control["remedy"], StringComparison.Ordinal);
        Assert.True(seen["controls"]!.AsArray().Count > 20);
        using var operates = await _host.ClientAsync(Role.Operator);
        Assert.StartsWith("config: notices.email, ", (string?)(await GuideAsync(operates))["controls"]!.AsArray().Single(one => (string?)one!["id"] == "MON-1")!["evidence"]![0], StringComparison.Ordinal);
        using var member = await _host.ClientAsync(Role.Member);
        using var refused = await member.GetAsync(new Uri("/api/v1/guide", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Verdicts_are_counted()
    {
        using var book = new ReplyMint.Monitoring.MetricBook(_host.Time);
        await TickAsync(Untold);
        Assert.Matches("replymint_guide_controls\\{replymint_verdict=\"pass\"\\} [1-9]", ReplyMint.Monitoring.PrometheusText.Write(book));
        Assert.Matches("replymint_guide_controls\\{replymint_verdict=\"fail\"\\} [1-9]", ReplyMint.Monitoring.PrometheusText.Write(book));
    }
}

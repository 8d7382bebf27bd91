using System.Net.Http.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Outbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>What detectors find is grouped, told, and quiet once somebody has seen it.</summary>
public sealed class DetectedAlertTests
{
    [Fact]
    public async Task The_same_again_is_one_alert_with_a_count_and_quiet_once_it_was_seen_until_it_comes_back()
    {
        await using var host = await Detected.StartAsync();
        async Task<IReadOnlyList<Alert>> ScannedAsync()
        {
            await host.ScanAsync(Detected.Here);
            var seen = await host.SeenAsync();
            host.Time.Advance(TimeSpan.FromMinutes(5));
            return seen;
        }
        await ScannedAsync();
        await ScannedAsync();
        var alert = Assert.Single(await ScannedAsync());
        Assert.Equal(3, alert.Count);
        Assert.True(await host.Get<Alerts>().AcknowledgeAsync(alert.Id, Actor.Machine, null, default));
        Assert.Equal(4, Assert.Single(await ScannedAsync()).Count);
        host.Time.Advance(TimeSpan.FromHours(2));
        var after = await ScannedAsync();
        Assert.Equal(2, after.Count);
        Assert.Null(after[0].AcknowledgedAt);
    }

    [Fact]
    public async Task Many_subjects_become_one_alert_and_hide_no_other_detector()
    {
        await using var host = await Detected.StartAsync(d => d with { MostAlerts = 2, ScannedTargets = 2, StuffedAccounts = 3 });
        for (var i = 0; i < 6; i++)
            await host.ScanAsync($"9.9.{i}.9", 0, 2);
        for (var i = 0; i < 3; i++)
            await host.AskAsync("/api/v1/me", Detected.Here, Detected.WrongKey());
        var seen = await host.SeenAsync();
        Assert.Equal(2, seen.Count(alert => alert.Kind == DetectorNames.Scanning && alert.Subject != Detection.Rest));
        Assert.Equal(4, Assert.Single(seen, alert => alert.Subject == Detection.Rest).Count);
        Assert.Single(seen, alert => alert.Kind == DetectorNames.Stuffing);
    }

    [Fact]
    public async Task Administrators_see_their_own_tenant_s_and_acknowledge_them_operators_all()
    {
        await using var api = await ApiHost.StartAsync();
        api.Add("operator", Role.Operator, KeyRing.Installation);
        api.Add("member", Role.Member);
        await api.AddTenantAsync("other");
        var alerts = api.Product.Get<Alerts>();
        await alerts.SeeAsync(new("privilege-probing", "k1", "k1 tried", api.Tenant), TimeSpan.FromHours(1), default);
        await alerts.SeeAsync(new("scanning", "mark", "a network"), TimeSpan.FromHours(1), default);
        var own = (await api.GetAsync("admin", "alerts")).Expect(200)["items"]!.AsArray();
        var alert = Assert.Single(own)!;
        Assert.Equal("privilege-probing", alert["kind"]!.ToString());
        var id = alert["id"]!.ToString();
        Assert.Equal(2, (await api.GetAsync("operator", "alerts")).Expect(200)["items"]!.AsArray().Count);
        Assert.Empty((await api.GetAsync("other", "alerts")).Expect(200)["items"]!.AsArray());
        (await api.GetAsync("other", "alerts/" + id)).Expect(404);
        (await api.PostAsync("other", $"alerts/{id}/acknowledge")).Expect(404);
        (await api.PostAsync("member", $"alerts/{id}/acknowledge")).Expect(403);
        (await api.PostAsync("auditor", $"alerts/{id}/acknowledge")).Expect(403);
        (await api.GetAsync("member", "alerts")).Expect(403);
        (await api.PostAsync("admin", $"alerts/{id}/acknowledge")).Expect(204);
        Assert.Equal("uadmin", (await api.GetAsync("auditor", "alerts/" + id)).Expect(200)["acknowledgedBy"]!.ToString());
        Assert.Equal(("uadmin", "alert.acknowledge", id), (await api.LastActAsync()) is var act ? (act.Actor, act.Act, act.Target) : default);
        (await api.PostAsync("operator", "alerts/nothing/acknowledge")).Expect(404);
    }

    [Fact]
    public async Task A_chat_whose_address_is_a_secret_gets_a_text_with_ids_only_and_a_topic_hears_of_it_too()
    {
        await using var sink = new HttpSink();
        var file = Path.Combine(Directory.CreateTempSubdirectory("secret").FullName, "chat");
        await File.WriteAllTextAsync(file, sink.Url + "/hook");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        var told = new List<(string Subject, string Text)>();
        await using var host = await ProductHost.StartAsync(
            settings: s => s with { Http = s.Http with { Proxies = ["127.0.0.1"] }, Notices = new() { WebhookSecret = "file:" + file }, Outside = Places.Here },
            services: services => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<ReplyMint.Replies.AlertTopic>(services, (subject, text, _) =>
            {
                lock (told)
                    told.Add((subject, text));
                return Task.FromResult(true);
            }));
        await host.ScanAsync(Detected.Here);
        var alert = await host.OneAsync(DetectorNames.Scanning);
        var body = await ProductHost.EventuallyAsync(() =>
        {
            if (sink.Requests.IsEmpty)
                host.Time.Advance(TimeSpan.FromSeconds(5));
            return Task.FromResult(sink.Requests.TryPeek(out var request) ? request.Body : null);
        });
        var posted = System.Text.Json.Nodes.JsonNode.Parse(body)!;
        Assert.StartsWith("ReplyMint alert scanning: From network " + alert.Subject, posted["text"]!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Detected.Here, body, StringComparison.Ordinal);
        await ProductHost.EventuallyAsync(() => Task.FromResult(told.Count == 1 ? told : null));
        Assert.Equal("ReplyMint alert: scanning", told[0].Subject);
        Assert.DoesNotContain(sink.Url, SettingsJson.Show(host.Get<ReplyMintSettings>()), StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task What_finds_no_room_is_lost_and_counted_and_the_rest_is_looked_at()
    {
        await using var host = await Detected.StartAsync();
        var events = host.Get<SecurityEvents>();
        long lost = 0;
        using var listener = new System.Diagnostics.Metrics.MeterListener
        {
            InstrumentPublished = (instrument, me) =>
            {
                if (instrument.Name == "replymint.telemetry.lost")
                    me.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref lost, count));
        listener.Start();
        for (var i = 0; i < SecurityEvents.MaxWaiting + 1_000; i++)
            events.Note(SecurityEventKind.RequestRefused, System.Net.IPAddress.Parse(Detected.Here), number: i);
        Assert.True(Interlocked.Read(ref lost) > 0);
        await host.OneAsync(DetectorNames.Scanning);
    }

    /// <summary>Who is woken finds what it asks for, by name.</summary>
    [Fact]
    public void Each_detector_stands_in_the_operators_page_and_in_that_for_incidents()
    {
        foreach (var page in (string[])["operations.md", "incident-response.md"])
        {
            var text = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", page));
            Assert.All(DetectorNames.All, name => Assert.Contains($"`{name}`", text, StringComparison.Ordinal));
        }
    }
}

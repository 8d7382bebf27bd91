using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Inbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The search through sealed mails, which takes less than a second however many there are.</summary>
public sealed partial class ConsoleSearchTests
{
    /// <summary>On which each look at the watch takes a while, once it is told to.</summary>
    private sealed class SlowClock() : FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero))
    {
        private long _late;

        public TimeSpan Each { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Add(ref _late, Each.Ticks);
    }

    [Fact]
    public async Task A_search_stops_in_time_says_how_far_back_it_got_and_goes_on_when_asked()
    {
        var clock = new SlowClock();
        await using var host = await ProductHost.StartAsync(m => m with { Mode = ReplyMint.Accounts.MailboxMode.Draft }, time: clock);
        await host.DeliverAndDecideAsync(host.Mail("Do you have a xylophone?", subject: "The oldest"));
        for (var i = 0; i < 40; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            Assert.StartsWith("250", await host.SmtpAsync(host.Mail($"Question {i}")), StringComparison.Ordinal);
        }
        await ProductHost.EventuallyAsync(async () => (await host.ListAsync()) is { Count: 41 } all && all.All(one => one.Record.State != MessageState.Received) ? "decided" : null);
        using var browser = await ConsoleClient.SignedInAsync(host);

        var whole = (await browser.GetAsync("/console/inbox?view=all&q=xylophone")).Expect(200).Html;
        Assert.Contains("The oldest", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("Looked back to", whole, StringComparison.Ordinal);

        clock.Each = TimeSpan.FromMilliseconds(50);
        var (path, looks, told) = ("/console/inbox?view=all&q=xylophone", 0, new List<string>());
        string page;
        do
        {
            page = (await browser.GetAsync(path)).Expect(200).Html;
            if (Told().Match(page) is { Success: true } back)
                told.Add(back.Value);
            path = Next().Match(page) is { Success: true } next ? WebUtility.HtmlDecode(next.Groups[1].Value) : "";
            looks++;
        }
        while (path.Length > 0 && looks < 50);
        Assert.Contains("The oldest", page, StringComparison.Ordinal);
        Assert.True(looks > 2, $"{looks}");
        Assert.Equal(told.Count, told.Distinct().Count());
        Assert.True(told.Count >= looks - 1);
    }

    [GeneratedRegex("<p class=\"muted\" role=\"status\">[^<]+")]
    private static partial Regex Told();

    [GeneratedRegex("rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Next();
}

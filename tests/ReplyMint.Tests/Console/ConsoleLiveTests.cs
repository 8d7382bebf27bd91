using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>An open inbox hears that something came, and only of what its reader may see.</summary>
public sealed class ConsoleLiveTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_open_inbox_hears_of_a_new_mail_and_asks_again_after_a_minute()
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        using var http = new HttpClient { BaseAddress = host.Http };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/console/live");
        request.Headers.TryAddWithoutValidation("Cookie", "__Host-replymint=" + browser.Cookies["__Host-replymint"]);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        using var stream = new StreamReader(await answer.Content.ReadAsStreamAsync(Ct));
        Assert.Equal("retry: 3000", await stream.ReadLineAsync(Ct));
        await host.DeliverAndDecideAsync(host.Mail("When are you open?"));
        var said = stream.ReadToEndAsync(Ct);
        await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(3));
            await Task.Yield();
            return said.IsCompleted ? "ended" : null;
        });
        Assert.Contains("event: inbox", await said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_ends_waits_for_no_listener()
    {
        var host = await ConsoleJourneyTests.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        using var http = new HttpClient { BaseAddress = host.Http };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/console/live");
        request.Headers.TryAddWithoutValidation("Cookie", "__Host-replymint=" + browser.Cookies["__Host-replymint"]);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        var said = answer.Content.ReadAsStringAsync(Ct);
        await host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Ct);
        Assert.Equal("retry: 3000\n\n", await said);
    }

    [Fact]
    public async Task Who_may_see_nothing_of_it_hears_nothing()
    {
        await using var host = await ConsoleJourneyTests.StartAsync();
        using var elsewhere = await ConsoleClient.SignedInAsync(host, Role.Member, mailboxes: ["m00000000000000000000"]);
        await host.DeliverAndDecideAsync(host.Mail("When are you open?"));
        Assert.Equal("", (await elsewhere.GetAsync("/console/live/now")).Expect(200).Html);
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor);
        (await auditor.GetAsync("/console/live")).Expect(403);
    }
}

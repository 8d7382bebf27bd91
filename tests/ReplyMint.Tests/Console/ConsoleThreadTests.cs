using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>A thread as a page: its mails and answers in their order, closed and opened again.</summary>
public sealed class ConsoleThreadTests
{
    [Fact]
    public async Task Mails_and_answers_stand_in_their_order_and_a_closed_thread_answers_nothing()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n");
        var first = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?", subject: "<b>Parcel</b>", messageId: "<one@customer.example>"));
        host.Time.Advance(TimeSpan.FromMinutes(5));
        var second = await host.DeliverAndDecideAsync(host.Mail("And to the moon?", subject: "Re: <b>Parcel</b>", extra: "In-Reply-To: <one@customer.example>"));
        Assert.Equal(first.Record.Thread, second.Record.Thread);
        using var browser = await ConsoleClient.SignedInAsync(host, Role.Member);
        var path = "/console/threads/" + first.Record.Thread;
        Assert.Contains($"href=\"{path}\"", (await browser.GetAsync(ConsoleDecisionTests.MessagePath(second))).Expect(200).Html, StringComparison.Ordinal);
        var page = (await browser.GetAsync(path)).Expect(200).Html;
        Assert.Contains("<h1><bdi>&lt;b&gt;Parcel&lt;/b&gt;</bdi></h1>", page, StringComparison.Ordinal);
        var places = ((string[])["How long does a parcel take?", "A parcel takes three days.", "And to the moon?"]).Select(text => page.IndexOf(text, StringComparison.Ordinal)).ToList();
        Assert.True(places[0] > 0 && places[0] < places[1] && places[1] < places[2], page);

        Assert.Equal(path + "?done=thread-closed", (await browser.ActAsync(path, path + "/close")).Expect(303).Location);
        Assert.Contains("This thread is closed", (await browser.GetAsync(path)).Html, StringComparison.Ordinal);
        host.Time.Advance(TimeSpan.FromMinutes(5));
        var third = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?", subject: "Re: <b>Parcel</b>", extra: "In-Reply-To: <one@customer.example>"));
        Assert.NotEqual(MessageState.Answered, third.Record.State);
        (await browser.ActAsync(path, path + "/reopen")).Expect(303);
        Assert.Contains("decided on as ever", (await browser.GetAsync(path)).Html, StringComparison.Ordinal);

        (await browser.GetAsync("/console/threads/nothing")).Expect(404);
        using var elsewhere = await ConsoleClient.SignedInAsync(host, Role.Member, mailboxes: ["mother"]);
        (await elsewhere.GetAsync(path)).Expect(404);
        (await elsewhere.ActAsync("/console/inbox", path + "/close")).Expect(404);
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor);
        (await auditor.GetAsync(path)).Expect(403);
    }
}

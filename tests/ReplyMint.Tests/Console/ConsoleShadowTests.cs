using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>Shadow mode as a page: begun for some days, reported on to those who read mail, ended.</summary>
public sealed partial class ConsoleShadowTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_begun_reports_where_drafts_differ_and_is_ended()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes 3 days.\n");
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        var box = "/console/mailboxes/" + host.Mailbox.Id;
        var page = box + "/shadow";
        Assert.Contains($"href=\"{page}\"", (await admin.GetAsync(box)).Expect(200).Html, StringComparison.Ordinal);
        var before = (await admin.GetAsync(page)).Expect(200);
        Assert.Contains("Never ran", before.Html, StringComparison.Ordinal);
        var version = VersionOf(before);
        foreach (var days in (string[])["", "-1", "9999", "some"])
            (await admin.ActAsync(page, page, ("days", days), ("version", version))).Expect(400);
        Assert.Equal(page + "?done=shadow-begun", (await admin.ActAsync(page, page, ("days", "7"), ("version", version))).Expect(303).Location);
        (await admin.ActAsync(page, page, ("days", "7"), ("version", version))).Expect(412);
        Assert.Contains("No mail has come in this time yet.", (await admin.GetAsync(page)).Html, StringComparison.Ordinal);

        var mail = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"));
        Assert.Equal(MessageState.Held, mail.Record.State);
        await host.Get<ThreadDesk>().AnsweredAsync(mail, "A parcel takes 5 days.", ReplyMint.Audit.Actor.Machine, Ct);
        var report = (await admin.GetAsync(page)).Expect(200).Html;
        Assert.Contains("Go on, there is too little to tell", report, StringComparison.Ordinal);
        Assert.Contains($"""<a href="/console/inbox/{mail.Id}">""", report, StringComparison.Ordinal);
        Assert.Contains("<dt>Compared</dt><dd>1</dd>", report, StringComparison.Ordinal);
        Assert.Empty(host.OutFiles);

        // It quotes mail: who reads none gets the state alone, and changes nothing.
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor, factor: true);
        var seen = (await auditor.GetAsync(page)).Expect(200).Html;
        Assert.Contains("Runs now", seen, StringComparison.Ordinal);
        Assert.DoesNotContain(mail.Id, seen, StringComparison.Ordinal);
        (await auditor.ActAsync(page, page, ("days", "0"), ("version", VersionOf(await admin.GetAsync(page))))).Expect(403);
        using var elsewhere = await ConsoleClient.SignedInAsync(host, Role.Member, mailboxes: ["mother"]);
        (await elsewhere.GetAsync(page)).Expect(404);

        Assert.Equal(page + "?done=shadow-ended", (await admin.ActAsync(page, page, ("days", "0"), ("version", VersionOf(await admin.GetAsync(page))))).Expect(303).Location);
        Assert.Contains("Is over", (await admin.GetAsync(page)).Html, StringComparison.Ordinal);
        var after = (await host.Get<Mailboxes>().GetAsync(host.Tenant.Id, host.Mailbox.Id, Ct))!;
        Assert.Equal((MailboxMode.Draft, false), (after.Mode, after.IsInShadow(host.Time.GetUtcNow())));
    }

    private static string VersionOf(PageAnswer page) => Version().Match(page.Html).Groups[1].Value;

    [GeneratedRegex("name=\"version\" value=\"([0-9]+)\"")]
    private static partial Regex Version();
}

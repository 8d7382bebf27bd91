using MimeKit;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>A mailbox's way out is tried over HTTP as in the console: to who asks, so often a day, and it says what became of it.</summary>
public sealed class TestMailTests
{
    private const string Own = "mia@people.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_test_mail_goes_to_who_asks_and_to_nobody_else_and_says_what_became_of_it()
    {
        await using var host = await ProductHost.StartAsync();
        var path = $"/api/v1/mailboxes/{host.Mailbox.Id}/test-mail";
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Admin, Own))).AccessToken;
        var asked = await host.PostAsync(path, null, token);
        Assert.Equal((202, "queued", host.Mailbox.Id), (asked.Code, (string?)asked.Body!["state"], (string?)asked.Body["mailbox"]));
        var at = asked.Message.Headers.Location!.ToString();
        await host.IdleAsync();
        var mail = await MimeMessage.LoadAsync(Path.Combine(host.OutFolder, Assert.Single(host.OutFiles) + ".eml"), Ct);
        Assert.Equal((Own, ProductHost.Address), (mail.To.Mailboxes.Single().Address, mail.From.Mailboxes.Single().Address));
        var seen = await host.GetAsync(at, token);
        Assert.Equal((200, "sent", (string?)asked.Body["id"]), (seen.Code, (string?)seen.Body!["state"], (string?)seen.Body["id"]));
        Assert.Equal(("mailbox.test-mail", host.Mailbox.Id), (await host.Get<AuditLog>().NewestAsync(host.Tenant.Id, 1, Ct)).Select(entry => (entry.Act, entry.Target)).Single());

        // The same twenty a day as in the console, of all of the tenant together.
        using (var browser = await Console.ConsoleClient.SignedInAsync(host, factor: true))
            (await browser.ActAsync($"/console/mailboxes/{host.Mailbox.Id}/way-out", $"/console/mailboxes/{host.Mailbox.Id}/way-out/test")).Expect(303);
        for (var again = 2; again < 20; again++)
            Assert.Equal(202, (await host.PostAsync(path, null, token)).Code);
        Assert.Equal(429, (await host.PostAsync(path, null, token)).Code);
        await host.IdleAsync();
        Assert.Equal(20, host.OutFiles.Count);
    }

    [Fact]
    public async Task What_is_no_test_mail_of_the_tenant_is_not_there()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n");
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;
        var answered = await host.DeliverAndDecideAsync(host.Mail("How long does a parcel take?"));
        Assert.Single(host.OutFiles);
        foreach (var id in (string[])[answered.Id, "x", "01m8dym1v9sw1fmgzpb78qwmw2"])
            Assert.Equal(404, (await host.GetAsync("/api/v1/test-mails/" + id, token)).Code);
        Assert.Equal(404, (await host.PostAsync("/api/v1/mailboxes/m-nobody/test-mail", null, token)).Code);
        Assert.Single(host.OutFiles);
    }
}

using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The first run of a person in a real browser: from the link to the first approved draft, by mouse, by keys and without a script.</summary>
public sealed class ConsoleJourneyTests
{
    internal const string Knowledge = "# Opening hours\n\n## When are you open?\n\nOur shop is open from Monday to Friday between 9 and 17 o'clock.\n";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("mouse")]
    [InlineData("keys")]
    [InlineData("no script")]
    public async Task From_the_link_to_the_first_approved_draft(string way)
    {
        await using var browser = await ConsoleBrowser.StartAsync(scripts: way != "no script");
        await using var host = await StartAsync();
        var mail = await host.DeliverAndDecideAsync(host.Mail("When are you open?", subject: "Opening hours"));
        Assert.Equal(MessageState.Held, mail.Record.State);
        await browser.OpenAsync(await LinkAsync(host));
        if (way == "keys")
        {
            await browser.SeeAsync("button.main:focus");
            await browser.KeyAsync("Enter");
        }
        else
            await browser.ClickAsync("button.main");

        await browser.SeeAsync("ol.mails a");
        if (way == "keys")
        {
            await browser.SeeAsync("#show-keys:not([hidden])");
            await browser.KeyAsync("j");
            await browser.SeeAsync("ol.mails a:focus");
            await browser.KeyAsync("Enter");
        }
        else
            await browser.ClickAsync("ol.mails a .subject");
        await browser.SeeAsync("#draft button.main");
        Assert.Contains("between 9 and 17", await browser.HtmlAsync(), StringComparison.Ordinal);
        if (way == "keys")
        {
            await browser.SeeAsync("#show-keys:not([hidden])");
            await browser.KeyAsync("a");
        }
        else
            await browser.ClickAsync("#draft button.main");

        await browser.ReadAsync("It is sent in 10 seconds.");
        Assert.Empty(host.OutFiles);
        host.Time.Advance(DraftDecisions.Window + TimeSpan.FromSeconds(2));
        await host.DecidedAsync(mail);
        var answered = await ProductHost.EventuallyAsync(async () => await host.Get<Messages>().FindAsync(host.Tenant.Id, mail.Id, Ct) is { Record.State: MessageState.Answered } found ? found : null);
        await host.DecidedAsync(answered);
        Assert.Equal([mail.Id], host.OutFiles);
    }

    internal static Task<ProductHost> StartAsync() => ProductHost.StartAsync(mailbox: m => m with { Mode = MailboxMode.Draft }, knowledge: Knowledge);

    internal static async Task<Uri> LinkAsync(ProductHost host, string address = "mia@people.example")
    {
        var user = await host.Get<Users>().FindAsync(await host.PersonAsync(Role.Admin, address), Ct);
        var (token, verifier) = Assert.NotNull(await host.Get<SignInDesk>().MakeAsync(user!, null, Actor.Machine, Ct));
        return new Uri(host.Http, $"/console/link?token={token}&verifier={verifier}");
    }
}

using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Console;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>How the first person comes in, how invited ones do, and where somebody lands who types our name.</summary>
public sealed partial class ConsoleFirstRunTests
{
    private const string Own = "ann@people.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly (string, string)[] Wish = [("address", Own), ("name", "Ann's shop"), ("mailbox", "help@ann.example"), ("question", "When are you open?"), ("answer", "We are open from Monday to Friday between 9 and 17 o'clock.")];

    [Fact]
    public async Task From_the_terminals_link_to_the_first_approved_draft()
    {
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var host = await NewAsync();
        await browser.OpenAsync(new(host.Http, await host.Get<FirstRun>().OpenAsync(Ct)));
        await browser.TypeAsync("#address", Own);
        await browser.TypeAsync("#name", "Ann's shop");
        await browser.TypeAsync("#mailbox", "help@ann.example");
        if (File.Exists(ConsoleLookTests.Axe))
            await ConsoleLookTests.JudgeAsync(browser, null, "first", brief: true);
        await browser.LookAsync(1280, dark: false);
        await browser.ClickAsync("button.main");
        await browser.ReadAsync("your question came in as the first mail");
        var tenant = Assert.Single(await host.Get<Tenants>().ListAsync(Ct));
        var mail = await ProductHost.EventuallyAsync(async () => (await host.Get<Messages>().ListAsync(tenant.Id, 10, null, Ct)).Messages is [{ Record.State: MessageState.Held } one] ? one : null);
        await browser.OpenAsync(new(host.Http, "/console"));
        await browser.ClickAsync("ol.mails a .subject");
        await browser.SeeAsync("#draft button.main");
        Assert.Contains("between 9 and 17", await browser.HtmlAsync(), StringComparison.Ordinal);
        await browser.ClickAsync("#draft button.main");
        await browser.ReadAsync("It is sent in 10 seconds.");
        host.Time.Advance(DraftDecisions.Window + TimeSpan.FromSeconds(2));
        await ProductHost.EventuallyAsync(() => Task.FromResult(host.OutFiles.Contains(mail.Id) ? "sent" : null));
    }

    [Fact]
    public async Task The_terminals_link_works_once_for_its_token_alone_and_never_when_somebody_is_there()
    {
        await using var host = await NewAsync();
        using var browser = new ConsoleClient(host);
        (await browser.GetAsync("/console/first?token=")).Expect(404);
        var link = (await host.Get<FirstRun>().OpenAsync(Ct))!;
        var token = link.Split('=')[1];
        (await browser.GetAsync("/console/first?token=" + SignInLinks.NewToken())).Expect(404);
        foreach (var (name, bad) in ((string, string)[])[("address", "ann"), ("name", ""), ("mailbox", Own), ("mailbox", "help+x@ann.example"), ("question", ""), ("answer", new string('x', 2_001))])
            Assert.Contains("role=\"alert\"", (await browser.ActAsync(link, "/console/first", [.. Wish.Where(field => field.Item1 != name), (name, bad), ("token", token)])).Expect(400).Html, StringComparison.Ordinal);
        (await browser.ActAsync(link, "/console/first", [.. Wish, ("token", SignInLinks.NewToken())])).Expect(404);
        Assert.Empty(await host.Get<Tenants>().ListAsync(Ct));

        // Many windows at once: it works once.
        var page = await browser.GetAsync(link);
        var all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => browser.PostAsync("/console/first", Wish.Append(("token", token)).Append(("_page", page.Token)).Select(field => KeyValuePair.Create(field.Item1, field.Item2)))));
        Assert.Equal([303, 404, 404, 404, 404, 404], all.Select(answer => answer.Code).Order());
        Assert.Single(await host.Get<Tenants>().ListAsync(Ct));
        (await browser.GetAsync(link)).Expect(404);
        Assert.Null(await host.Get<FirstRun>().OpenAsync(Ct));
    }

    /// <summary>Asked of the service itself: each begins before the first one's tenant is stored, which windows do now and then only.</summary>
    [Fact]
    public async Task Who_begin_at_the_very_moment_make_one_organisation()
    {
        await using var host = await NewAsync();
        var first = host.Get<FirstRun>();
        var token = (await first.OpenAsync(Ct))!.Split('=')[1];
        var made = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => first.BeginAsync(token, new(Own, $"Shop {i}", $"help@shop{i}.example", "When are you open?", "From 9 to 17 o'clock."), Ct)));
        Assert.Single(made, one => one is not null);
        Assert.Single(await host.Get<Tenants>().ListAsync(Ct));
    }

    [Fact]
    public async Task A_tenant_that_a_command_made_meanwhile_shuts_the_link()
    {
        await using var host = await NewAsync();
        using var browser = new ConsoleClient(host);
        var link = (await host.Get<FirstRun>().OpenAsync(Ct))!;
        (await browser.GetAsync(link)).Expect(200);
        await host.Get<Tenants>().AddAsync("other", ReplyMint.Audit.Actor.Machine, Ct);
        (await browser.GetAsync(link)).Expect(404);
    }

    [Fact]
    public async Task A_browser_is_led_to_the_pages_and_a_program_is_told_that_there_is_nothing()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = new ConsoleClient(host);
        Assert.Equal("/console", (await browser.GetAsync("/", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))).Expect(303).Location);
        Assert.Contains("There is nothing at this address.", (await browser.GetAsync("/", ("Accept", "application/json"))).Expect(404).Html, StringComparison.Ordinal);
        (await browser.GetAsync("/")).Expect(404);
        (await browser.PostAsync("/", [], ("Accept", "text/html"))).Expect(404);
        (await browser.GetAsync("/elsewhere", ("Accept", "text/html"))).Expect(404);
    }

    [Fact]
    public async Task An_invitation_made_on_the_page_leads_through_two_mails_into_the_console()
    {
        await using var host = await ProductHost.StartAsync(settings: s => s with { Accounts = new() { SignUp = SignUp.Invite, From = "hello@shop.example", SignInUrl = PeopleHost.Page }, Http = s.Http with { PublicUrl = "http://localhost:8080" } });
        using var admin = await ConsoleClient.SignedInAsync(host, factor: true);
        (await admin.ActAsync("/console/people/invite", "/console/people/invite", ("address", Own), ("role", "member"), ("every", "on"), ("language", "en"))).Expect(303);
        var invited = Link(Assert.Single(await host.MailsToAsync(Own)).TextBody);
        Assert.StartsWith("/console/invitation?token=", invited, StringComparison.Ordinal);
        await EnterAsync(host, invited);
    }

    [Fact]
    public async Task Where_our_own_page_is_the_front_end_every_mailed_link_leads_there()
    {
        await using var host = await PeopleHost.StartAsync(SignUp.Invite, page: "https://app.shop.example/console/sign-in");
        var token = (await host.SignInAsync(await host.PersonAsync(Role.Admin))).AccessToken;
        Assert.Equal(201, (await host.PostAsync("/api/v1/invitations", new { address = Own, role = "member" }, token)).Code);
        await EnterAsync(host, Link(Assert.Single(await host.MailsToAsync(Own)).TextBody));
    }

    private static async Task EnterAsync(ProductHost host, string invited)
    {
        using var browser = new ConsoleClient(host);
        // A scanner that follows the link accepts nothing.
        Assert.Contains("You are invited", (await browser.GetAsync(invited)).Expect(200).Html, StringComparison.Ordinal);
        (await browser.ActAsync(invited, "/console/invitation", ("token", SignInLinks.NewToken()))).Expect(400);
        (await browser.ActAsync(invited, "/console/invitation", ("token", invited.Split('=')[1]))).Expect(202);
        var link = Link((await host.MailsToAsync(Own))[^1].TextBody);
        Assert.StartsWith("/console/link?token=", link, StringComparison.Ordinal);
        // Forwarded to somebody else it lets nobody in.
        using var other = new ConsoleClient(host);
        (await other.ActAsync(link, "/console/link", ("token", link.Split('=')[1]))).Expect(400);
        Assert.Equal("/console", (await browser.ActAsync(link, "/console/link", ("token", link.Split('=')[1]))).Expect(303).Location);
        (await browser.GetAsync("/console/inbox")).Expect(200);
        Assert.Contains("not valid", (await browser.ActAsync(invited, "/console/invitation", ("token", invited.Split('=')[1]))).Html, StringComparison.Ordinal);
    }

    /// <summary>A store in which nobody is.</summary>
    private static Task<ProductHost> NewAsync() => ProductHost.StartAsync(filled: false);

    private static string Link(string? text) => PathOf().Match(text ?? "").Value;

    [GeneratedRegex("/console/[a-z]+\\?token=[A-Za-z0-9_-]+")]
    private static partial Regex PathOf();
}

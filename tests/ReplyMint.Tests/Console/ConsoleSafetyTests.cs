using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Console;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>What keeps a session in its browser, and others' sites out of it. Each holds for every page, those of tomorrow too.</summary>
public sealed partial class ConsoleSafetyTests
{
    private const string Session = "__Host-replymint";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_sessions_cookie_stays_with_this_host_secure_and_out_of_reach_of_scripts_and_other_sites()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host);
        var attributes = browser.SetCookies[Session].Split("; ")[1..];
        Assert.Equal(["HttpOnly", "Path=/", "SameSite=Strict", "Secure"], attributes.Order(StringComparer.Ordinal));
    }

    /// <summary>All that the console ever gives a browser to keep: on the way in, in a session, and of how somebody reads.</summary>
    [Fact]
    public async Task Each_cookie_is_of_this_host_alone_and_never_sent_in_the_clear()
    {
        await using var host = await PeopleHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host);
        (await browser.ActAsync("/console/view", "/console/view", ("language", "de"), ("zone", "Europe/Berlin"))).Expect(303);
        using var stranger = new ConsoleClient(host);
        (await stranger.GetAsync("/console/sign-in")).Expect(200);
        string[] all = [.. browser.SetCookies.Values, .. stranger.SetCookies.Values];
        Assert.Equal(3, all.Length);
        Assert.All(all, cookie => Assert.Matches("^__Host-[a-z-]+=[^;]+; Path=/; Secure; HttpOnly; SameSite=(Strict|Lax)(; Max-Age=[0-9]+)?$", cookie));
    }

    [Fact]
    public async Task A_cookie_that_was_changed_planted_or_sent_elsewhere_opens_nothing()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host);
        var good = browser.Cookies[Session];
        var parts = good.Split('.');
        using var other = await ConsoleClient.SignedInAsync(host, Role.Member);
        var others = other.Cookies[Session].Split('.');
        string[] wrong =
        [
            "", "x", $"{parts[0]}.{parts[1]}.{parts[2]}", $"{others[0]}.{others[1]}.{parts[2]}.{parts[3]}", $"{parts[0]}.{parts[1]}.{long.Parse(parts[2]) + 30}.{parts[3]}",
            $"{parts[0]}.{parts[1]}.99999999999999999.{parts[3]}", good + "A", good[..^1], $"{good}; {Session}={others[0]}", $"{others[0]}; {Session}={good}",
        ];
        foreach (var cookie in wrong)
        {
            browser.Cookies[Session] = cookie;
            Assert.True((await browser.GetAsync("/console/inbox")).Code == 303, cookie);
        }

        // Where programs call, a cookie counts for nothing; and what programs send opens no page.
        browser.Cookies[Session] = good;
        (await browser.GetAsync("/console/inbox")).Expect(200);
        Assert.Equal(401, (await browser.GetAsync("/api/v1/me")).Code);
        Assert.Equal(401, (await browser.GetAsync("/api/v1/me", ("Authorization", "Bearer " + good))).Code);
        using var program = await host.ClientAsync(Role.Admin);
        Assert.Equal(200, (int)(await program.GetAsync("/api/v1/me", Ct)).StatusCode);
        using var none = new ConsoleClient(host);
        (await none.GetAsync("/console/inbox", ("Authorization", program.DefaultRequestHeaders.Authorization!.ToString()))).Expect(303);
    }

    [Fact]
    public async Task A_session_ends_by_itself_when_nobody_is_there_and_after_a_day_of_work()
    {
        await using var host = await ProductHost.StartAsync(settings: s => s with { Accounts = s.Accounts with { Access = new() { ConsoleHours = 2, ConsoleIdleMinutes = 30 } } });
        using var idle = await ConsoleClient.SignedInAsync(host);
        host.Time.Advance(TimeSpan.FromMinutes(29));
        using var busy = new ConsoleClient(host);
        busy.Cookies[Session] = idle.Cookies[Session];
        (await busy.GetAsync("/console/inbox")).Expect(200);
        Assert.NotEqual(idle.Cookies[Session], busy.Cookies[Session]);
        // What a script asks for by itself is no sign that anybody is there.
        (await idle.GetAsync("/console/live/now")).Expect(200);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        (await idle.GetAsync("/console/inbox")).Expect(303);
        (await busy.GetAsync("/console/inbox")).Expect(200);
        for (var minutes = 31; minutes < 120; minutes += 20)
        {
            (await busy.GetAsync("/console/inbox")).Expect(200);
            host.Time.Advance(TimeSpan.FromMinutes(20));
        }
        (await busy.GetAsync("/console/inbox")).Expect(303);
    }

    [Fact]
    public async Task Who_is_removed_or_signed_out_elsewhere_is_out_at_once()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        using var browser = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        (await browser.GetAsync("/console/inbox")).Expect(200);
        await host.Get<Sessions>().EndAllAsync(user, Actor.Machine, Ct);
        (await browser.GetAsync("/console/inbox")).Expect(303);
    }

    /// <summary>Walks every form of every page: none is acted upon that did not come from a page of ours.</summary>
    [Fact]
    public async Task No_form_is_acted_upon_that_does_not_come_from_our_page()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        using var other = await ConsoleClient.SignedInAsync(host, factor: true);
        var acts = Routes(host).Where(route => Methods(route).Contains("POST")).ToList();
        Assert.True(acts.Count > 5);
        var good = (await browser.GetAsync("/console/inbox")).Token;
        var others = (await other.GetAsync("/console/inbox")).Token;
        foreach (var act in acts)
        {
            var path = PathOf(act);
            Assert.True((await browser.PostAsync(path, [])).Code == 403, path + " without a token");
            Assert.True((await browser.PostAsync(path, Fields(others))).Code == 403, path + " with another session's token");
            Assert.True((await browser.PostAsync(path, Fields(good), ("Sec-Fetch-Site", "cross-site"))).Code == 403, path + " from another site");
            Assert.True((await browser.PostAsync(path, Fields(good), ("Origin", "https://evil.example"))).Code == 403, path + " of another origin");
            Assert.True((await browser.PostAsync(path, Fields(good), ("Origin", "null"))).Code == 403, path + " of no origin");
        }
        (await browser.GetAsync("/console/inbox")).Expect(200);
        (await browser.PostAsync("/console/sign-out", Fields(good), ("Sec-Fetch-Site", "same-origin"), ("Origin", host.Http.GetLeftPart(UriPartial.Authority)))).Expect(303);
    }

    [Fact]
    public async Task A_form_of_another_organisation_changes_nothing_in_this_one()
    {
        await using var host = await ProductHost.StartAsync(routes: app => app.MapPages(Permission.Me).Act("/here", call => call.GoAsync("/console/of/" + call.Caller.Tenant)));
        var second = await host.Get<Tenants>().AddAsync("second", Actor.Machine, Ct);
        var user = await host.PersonAsync(Role.Admin, "eva@people.example");
        await host.PersonAsync(Role.Admin, "eva@people.example", second.Id);
        using var browser = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id);
        var open = (await browser.GetAsync("/console/inbox")).Token;
        Assert.Equal("/console/of/" + host.Tenant.Id, (await browser.PostAsync("/console/here", Fields(open))).Expect(303).Location);
        var session = browser.Cookies[Session].Split('.')[1];
        Assert.True(await host.Get<Sessions>().TurnAsync(new Caller(CallerKind.User, user, host.Tenant.Id, Permissions.Of(Role.Admin)) { Session = session }, second.Id, Ct));
        (await browser.PostAsync("/console/here", Fields(open))).Expect(403);
        Assert.Equal("/console/of/" + second.Id, (await browser.ActAsync("/console/inbox", "/console/here")).Expect(303).Location);
    }

    /// <summary>Walks every page: what is only looked at writes nothing into the store.</summary>
    [Fact]
    public async Task Looking_at_a_page_changes_nothing()
    {
        var seen = new SeenStore();
        await using var host = await PeopleHost.StartAsync(services: seen.Into);
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        await host.IdleAsync();
        seen.Committed.Clear();
        foreach (var page in Pages(host))
        {
            Assert.DoesNotContain(Methods(page), method => method is not ("GET" or "HEAD"));
            await browser.GetAsync(PathOf(page));
        }
        Assert.Empty(seen.Committed);
    }

    /// <summary>Walks every page and every way to fail: nothing inline, nothing from elsewhere, nothing kept; and who is signed in finds the way out on each.</summary>
    [Fact]
    public async Task Every_page_has_a_strict_policy_nothing_inline_and_is_kept_nowhere()
    {
        await using var host = await PeopleHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var pages = Pages(host).Select(PathOf).Append("/console/nowhere").Append("/console/inbox/nothing").ToList();
        var own = Pages(host).Where(page => page.Metadata.GetMetadata<Protection>()!.Permission is not null).Select(PathOf).ToHashSet(StringComparer.Ordinal);
        var (shown, nonces) = (0, new HashSet<string>(StringComparer.Ordinal));
        foreach (var path in pages)
        {
            var page = await browser.GetAsync(path);
            Assert.True(page.Header("Cache-Control") == "no-store", path);
            if (page.Message.Content.Headers.ContentType?.MediaType != "text/html")
                continue;
            shown++;
            var policy = page.Header("Content-Security-Policy");
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            var nonce = Nonce().Match(policy).Groups[1].Value;
            Assert.True(nonce.Length >= 22 && nonces.Add(nonce), path);
            Assert.All(Scripts().Matches(page.Html), script => Assert.Contains($" nonce=\"{nonce}\"", script.Value, StringComparison.Ordinal));
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("base-uri 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.DoesNotMatch(Inline(), page.Html);
            Assert.True(!own.Contains(path) || SignOut().Count(page.Html) == 1, path + " has no button that signs out");
            Assert.True(page.Html.Length < 60 * 1024, path);
        }
        Assert.True(shown > 5);
        Assert.Equal("text/html", (await browser.GetAsync("/console/nowhere")).Expect(404).Message.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task What_a_page_loads_is_named_by_its_content_and_kept_for_good()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = new ConsoleClient(host);
        var page = (await browser.GetAsync("/console/sign-in")).Expect(200).Html;
        var files = Loaded().Matches(page);
        Assert.Equal(2, files.Count);
        foreach (Match file in files)
        {
            var answer = (await browser.GetAsync(file.Groups[1].Value)).Expect(200);
            Assert.Equal("public, max-age=31536000, immutable", answer.Header("Cache-Control"));
            Assert.Equal(file.Groups[2].Value, "sha256-" + Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(await answer.Message.Content.ReadAsByteArrayAsync(Ct))));
        }
        (await browser.GetAsync("/console/assets/AAAAAAAAAAAAAAAA/console.css")).Expect(404);
    }

    /// <summary>Each page asks of its reader what the API asks for the same.</summary>
    [Fact]
    public async Task A_role_reaches_its_own_pages_only()
    {
        await using var host = await ProductHost.StartAsync();
        foreach (var role in Enum.GetValues<Role>())
        {
            using var browser = await ConsoleClient.SignedInAsync(host, role, factor: true);
            foreach (var page in Pages(host).Where(route => route.Metadata.GetMetadata<Protection>()!.Permission is not null))
            {
                var permission = page.Metadata.GetMetadata<Protection>()!.Permission!.Value;
                var answer = await browser.GetAsync(PathOf(page));
                Assert.True(answer.Code == 403 == !Permissions.Of(role).Has(permission), $"{role} at {PathOf(page)}: {answer.Code}");
            }
        }
    }

    [Fact]
    public async Task What_a_stranger_writes_is_text_on_the_page_and_nothing_else()
    {
        await using var host = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft });
        const string planted = "<img src=x onerror=alert(1)>'\"&amp;";
        await host.DeliverAndDecideAsync(host.Mail(planted, subject: planted));
        using var browser = await ConsoleClient.SignedInAsync(host);
        var page = (await browser.GetAsync("/console/inbox?view=all&q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&from=%22%3E%3Cscript%3E")).Expect(200).Html;
        Assert.DoesNotContain("<img src=x", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        page = (await browser.GetAsync("/console/inbox?view=all&q=onerror")).Expect(200).Html;
        Assert.DoesNotContain("<img src=x", page, StringComparison.Ordinal);
        Assert.Contains("&lt;img src=x onerror=alert(1)&gt;&#39;&quot;&amp;amp;", page, StringComparison.Ordinal);
    }

    internal static IReadOnlyList<RouteEndpoint> Routes(ProductHost host) =>
        [.. host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Where(route => route.Metadata.GetMetadata<Protection>()?.IsPage == true)];

    /// <summary>What is looked at; a stream, which ends in a minute of the test's own clock, has tests of its own.</summary>
    private static IEnumerable<RouteEndpoint> Pages(ProductHost host) => Routes(host).Where(route => Methods(route).Contains("GET") && !route.RoutePattern.RawText!.EndsWith("/live", StringComparison.Ordinal));

    internal static IReadOnlyList<string> Methods(RouteEndpoint route) => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods;

    private static string PathOf(RouteEndpoint route) => Parameter().Replace("/" + route.RoutePattern.RawText!.TrimStart('/'), "x00000000000000000000");

    private static IEnumerable<KeyValuePair<string, string>> Fields(string token) => [new("_page", token)];

    [GeneratedRegex("""<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|(?:src|href)="(?:https?:)?//""", RegexOptions.IgnoreCase)]
    private static partial Regex Inline();

    [GeneratedRegex("(?:src|href)=\"(/console/assets/[^\"]+)\" integrity=\"([^\"]+)\"")]
    private static partial Regex Loaded();

    [GeneratedRegex("script-src 'nonce-([A-Za-z0-9_-]+)';")]
    private static partial Regex Nonce();

    [GeneratedRegex("""<form[^>]* action="/console/sign-out"[^>]*>(?:<input[^>]*>)*<button(?![^>]*(?:hidden|disabled))[^>]*>[^<]+</button>""")]
    private static partial Regex SignOut();

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Scripts();

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}

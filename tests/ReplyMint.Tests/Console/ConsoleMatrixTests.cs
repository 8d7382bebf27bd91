using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>
/// The console as an attacker meets it: every route with another organisation's ids, every form as no browser of ours sends it, and hostile
/// text in everything that somebody else may write. Which ids there are the pages themselves say, so that a new page is walked, too.
/// </summary>
public sealed partial class ConsoleMatrixTests
{
    private const string Planted = "\"><img src=x onerror=alert(1)><script>'";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    // Whose ids are the installation's and not a tenant's.
    private static readonly string[] Installation = ["console/incidents/", "console/tenants/"];

    private static readonly Dictionary<string, string> Anything = new(StringComparer.Ordinal)
    {
        ["text"] = "Changed.", ["note"] = "Changed.", ["name"] = "changed", ["up"] = "true", ["thumb"] = "up", ["value"] = "up", ["to"] = "//evil.example/", ["user"] = "", ["member"] = "", ["role"] = "member", ["every"] = "on",
        ["version"] = "1", ["mode"] = "off", ["tone"] = "friendly", ["language"] = "en", ["displayName"] = "Changed", ["maxLength"] = "500", ["quietSeconds"] = "30", ["signature"] = "x", ["fixedAnswer"] = "", ["allowedFacts"] = "",
        ["action"] = "hold", ["from"] = "", ["subject"] = "x", ["word"] = "", ["template"] = "", ["kind"] = "api", ["way"] = "api", ["reason"] = "other", ["days"] = "7", ["left"] = "x", ["span"] = "0", ["holiday"] = "0",
    };

    [Fact]
    public async Task No_route_knows_another_organisations_ids()
    {
        var seen = new SeenStore();
        await using var host = await StartAsync(seen);
        var ids = await IdsAsync(host);
        var second = await host.Get<Tenants>().AddAsync("second", Actor.Machine, Ct);
        using var stranger = await ConsoleClient.SignedInAsync(host, Role.Admin, second.Id, factor: true);
        var token = (await stranger.GetAsync("/console/view")).Expect(200).Token;
        var walked = 0;
        foreach (var route in ConsoleSafetyTests.Routes(host).Where(route => route.RoutePattern.RawText!.Contains("{id}", StringComparison.Ordinal)))
            // What no page of a tenant names: with every id that there is.
            foreach (var id in ids.Contains(PrefixOf(route)) ? ids[PrefixOf(route)] : ids.SelectMany(some => some).Append(host.Tenant.Id).Distinct())
            {
                var path = "/" + route.RoutePattern.RawText!.TrimStart('/').Replace("{id}", id, StringComparison.Ordinal).Replace("{kind}", "mail-decide", StringComparison.Ordinal);
                PageAnswer answer = null!;
                var wrote = await WritesAsync(seen, host.Tenant.Id, async () => answer = ConsoleSafetyTests.Methods(route).Contains("GET") ? await stranger.GetAsync(path) : await stranger.PostAsync(path, Anything.Append(KeyValuePair.Create("_page", token))));
                Assert.False(wrote, path);
                Assert.True(answer.Code is 400 or 403 or 404, $"{route.RoutePattern.RawText}: {answer.Code} {answer.Location}");
                Assert.DoesNotContain(ProductHost.Address, answer.Html, StringComparison.Ordinal);
                walked++;
            }
        Assert.True(walked > 60, $"{walked}");
    }

    /// <summary>Walks every address that a page leads to, with all its data: nothing is written, whatever is looked at.</summary>
    [Fact]
    public async Task Looking_at_everything_changes_nothing_and_weighs_little()
    {
        var seen = new SeenStore();
        await using var host = await StartAsync(seen);
        await Parallel.ForAsync(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Ct }, async (i, _) => Assert.StartsWith("250", await host.SmtpAsync(host.Mail($"Question {i}: when are you open, and what does it cost?", subject: $"A question about order {i} and when it comes")), StringComparison.Ordinal));
        await ProductHost.EventuallyAsync(async () => (await host.ListAsync()) is { Count: > 60 } all && all.All(one => one.Record.State != MessageState.Received) ? "decided" : null);
        using var reader = await ReaderAsync(host);
        var pages = await CrawlAsync(reader);
        var files = 0;
        var heaviest = ("", 0);
        foreach (var path in pages.Where(page => page.Value.Length > 0).Select(page => page.Key))
        {
            PageAnswer page = null!;
            Assert.False(await WritesAsync(seen, "", async () => page = await reader.GetAsync(path)), path);
            if (files == 0)
                files = (await Task.WhenAll(Loaded().Matches(page.Html).Select(async file => Compressed((await reader.GetAsync(file.Groups[1].Value)).Html)))).Sum();
            heaviest = Compressed(page.Html) is var size && size > heaviest.Item2 ? (path, size) : heaviest;
        }
        Assert.True(files > 1_000);
        Assert.True(files + heaviest.Item2 < 60 * 1024, $"{heaviest}: {files + heaviest.Item2} bytes with its files");
        TestContext.Current.TestOutputHelper?.WriteLine($"{pages.Count} pages, the heaviest {heaviest.Item1}: {heaviest.Item2} bytes and {files} of its files, compressed");
    }

    /// <summary>Everything that somebody else may write is text on each page that shows it; what an address brings along leads and writes nowhere.</summary>
    [Fact]
    public async Task Hostile_text_is_text_wherever_it_is_shown()
    {
        await using var host = await StartAsync(new SeenStore());
        using var reader = await ReaderAsync(host);
        var pages = await CrawlAsync(reader);
        var shown = pages.Where(page => page.Value.Contains("&lt;img src=x onerror=alert(1)&gt;", StringComparison.Ordinal)).Select(page => Segment().Match(page.Key).Value).ToHashSet();
        foreach (var place in (string[])["/console/inbox", "/console/knowledge", "/console/keys", "/console/mailboxes", "/console/safety"])
            Assert.True(shown.Contains(place), place + " does not show what was planted: " + string.Join(" ", shown));
        foreach (var name in (string[])["Sender", "File"])
            Assert.True(pages.Values.Any(html => html.Contains($"<bdi>{name} &quot;&gt;&lt;img src=x onerror=alert(1)&gt;", StringComparison.Ordinal)), name + " is not shown");
        foreach (var (path, html) in pages)
            Assert.False(html.Contains("<img src=x", StringComparison.Ordinal) || html.Contains("<script>", StringComparison.Ordinal), path);

        var hostile = Uri.EscapeDataString(Planted + "\r\nSet-Cookie: x=1");
        string[] names = ["q", "from", "to", "view", "mailbox", "state", "rule", "after", "done", "month", "act", "actor", "subject", "days", "question", "token", "verifier"];
        foreach (var path in pages.Keys.Select(page => page.Split('?')[0]).Append("/console/link").Append("/console/sign-in").Distinct())
            foreach (var query in (string[])[string.Join('&', names.Select(name => $"{name}={hostile}")), string.Join('&', names.Select(name => $"{name}=%2F%2Fevil.example%2F"))])
            {
                var answer = await reader.GetAsync($"{path}?{query}");
                Assert.True(answer.Code < 500, path);
                Assert.True(answer.Location is null || answer.Location.StartsWith("/console", StringComparison.Ordinal), $"{path}: {answer.Location}");
                Assert.False(answer.Html.Contains("<img src=x", StringComparison.Ordinal) || answer.Html.Contains("<script>", StringComparison.Ordinal), path);
                Assert.DoesNotContain("x=1", answer.Header("Set-Cookie"), StringComparison.Ordinal);
                Assert.DoesNotContain("href=\"//", answer.Html, StringComparison.Ordinal);
            }
    }

    /// <summary>A form of another site can send these without asking first; none is read as a form of ours.</summary>
    [Fact]
    public async Task No_form_is_taken_in_another_shape()
    {
        await using var host = await PeopleHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var token = (await browser.GetAsync("/console/view")).Token;
        foreach (var act in ConsoleSafetyTests.Routes(host).Where(route => ConsoleSafetyTests.Methods(route).Contains("POST")))
            foreach (var type in (string[])["text/plain", "application/json", ""])
            {
                var path = "/" + act.RoutePattern.RawText!.TrimStart('/').Replace("{id}", "x00000000000000000000", StringComparison.Ordinal);
                var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes("_page=" + token)) };
                if (type.Length > 0)
                    request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                Assert.True((await browser.SendAsync(request, [])).Code is 403 or 415, $"{path} as {type}");
            }
    }

    /// <summary>Whether it writes each time; what a job writes meanwhile is none of its doing.</summary>
    private static async Task<bool> WritesAsync(SeenStore seen, string tenant, Func<Task> ask)
    {
        for (var tries = 0; tries < 3; tries++)
        {
            seen.Committed.Clear();
            await ask();
            if (!seen.Committed.SelectMany(keys => keys).Any(key => (key.Partition + key.Sort).Contains(tenant, StringComparison.Ordinal)))
                return false;
        }
        return true;
    }

    internal static async Task<ProductHost> StartAsync(SeenStore seen)
    {
        var host = await ProductHost.StartAsync(
            mailbox: m => m with { Mode = MailboxMode.Draft, DisplayName = "Shop " + Planted[..30] }, knowledge: "# When are you open?\n\nOur shop is open from Monday to Friday between 9 and 17 o'clock.\n", services: seen.Into,
            settings: s => s with { Accounts = new AccountsSettings { SignUp = SignUp.Invite, From = "hello@shop.example", SignInUrl = PeopleHost.Page } });
        await host.Get<KnowledgeStore>().AddAsync(host.Tenant.Id, PassageReader.Read("planted " + Planted + ".md", Encoding.UTF8.GetBytes($"# When are you open {Planted}?\n\nWe are open all day long {Planted}.\n")), Actor.Machine, Ct);
        await host.DeliverAndDecideAsync(PlantedMail(host));
        await host.Get<Alerts>().SeeAsync(new("key-from-elsewhere", "k1", "A key is at work " + Planted, host.Tenant.Id, Times: 3), TimeSpan.FromHours(1), Ct);
        await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, new ApiKeyWish { Name = "Key " + Planted, Scopes = [Permission.MessagesRead.Name()] }, Actor.Machine.Id, Actor.Machine, Ct);
        await ConsoleOutboxTests.PutAsync(host, "o1", OutboxState.Uncertain);
        await ConsoleOutboxTests.PutAsync(host, "o2", OutboxState.Dead);
        using var admin = await ReaderAsync(host);
        (await admin.ActAsync("/console/people/invite", "/console/people/invite", ("address", "new@people.example"), ("role", "member"), ("every", "on"), ("language", "en"))).Expect(303);
        (await admin.ActAsync("/console/privacy", "/console/privacy/exports")).Expect(303);
        await ProductHost.EventuallyAsync(async () => (await admin.GetAsync("/console/privacy")).Html.Contains("/file\"", StringComparison.Ordinal) ? "there" : null);
        return host;
    }

    /// <summary>Who writes chooses the text, his own name, and those of his files.</summary>
    private static string PlantedMail(ProductHost host) =>
        host.Mail("?", subject: "Hours " + Planted, extra: $"X-Planted: {Planted}\r\nMIME-Version: 1.0")
            .Replace("Anna Example", $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes("Sender " + Planted))}?=", StringComparison.Ordinal)
            .Replace("Content-Type: text/plain; charset=utf-8\r\n\r\n?\r\n", $"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nWhen are you open? {Planted}\r\n--m\r\nContent-Type: image/png\r\n"
                + $"Content-Disposition: attachment; filename*=utf-8''{Uri.EscapeDataString("File " + Planted)}\r\n\r\nx\r\n--m--\r\n", StringComparison.Ordinal);

    internal static async Task<ConsoleClient> ReaderAsync(ProductHost host)
    {
        var user = await host.PersonAsync(Role.Admin, "eva@people.example");
        await host.SignInAsync(user, host.Tenant.Id);
        var reader = await ConsoleClient.SignedInAsync(host, user, host.Tenant.Id, factor: true);
        if (!(await host.Get<SecondFactors>().FindAsync(user, Ct)).Any)
        {
            var proposed = await host.Get<SecondFactors>().ProposeTotpAsync(user, Ct);
            var caller = new Caller(CallerKind.User, user, host.Tenant.Id, Permissions.Of(Role.Admin)) { Session = reader.Cookies["__Host-replymint"].Split('.')[1] };
            Assert.Equal(FactorResult.Done, await host.Get<SecondFactors>().ConfirmTotpAsync(caller, Totp.CodeAt(proposed, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds), Ct));
        }
        return reader;
    }

    /// <summary>Every page that some page leads to, and what it says.</summary>
    internal static async Task<Dictionary<string, string>> CrawlAsync(ConsoleClient reader)
    {
        var pages = new Dictionary<string, string>(StringComparer.Ordinal);
        var next = new Queue<string>(["/console/inbox?view=all", "/console/sign-in", "/console/nowhere", "/console/outbox", "/console/incidents", "/console/audit", "/console/safety/stop"]);
        // Of a list's many rows a few stand for all.
        var shapes = new Dictionary<string, int>(StringComparer.Ordinal);
        while (next.TryDequeue(out var path))
        {
            var shape = Id().Replace(path.Split('?')[0], "{id}") + (path.Contains('?', StringComparison.Ordinal) ? "?" : "");
            if (pages.ContainsKey(path) || (shapes[shape] = shapes.GetValueOrDefault(shape) + 1) > 4)
                continue;
            var page = await reader.GetAsync(path);
            Assert.True(page.Code < 500, path);
            pages[path] = page.Message.Content.Headers.ContentType?.MediaType == "text/html" ? page.Html : "";
            foreach (Match link in Link().Matches(pages[path]))
                next.Enqueue(System.Net.WebUtility.HtmlDecode(link.Groups[1].Value));
        }
        Assert.True(pages.Count > 40);
        return pages;
    }

    /// <summary>The ids that stand in addresses of pages and forms, by what stands before them.</summary>
    private static async Task<ILookup<string, string>> IdsAsync(ProductHost host)
    {
        using var reader = await ReaderAsync(host);
        var addresses = (await CrawlAsync(reader)).Values.SelectMany(html => Address().Matches(html).Select(match => System.Net.WebUtility.HtmlDecode(match.Groups[1].Value).TrimStart('/').Split('?')[0])).Distinct().ToList();
        var routes = ConsoleSafetyTests.Routes(host);
        var fixedOnes = routes.Select(route => route.RoutePattern.RawText!.TrimStart('/')).ToHashSet(StringComparer.Ordinal);
        var prefixes = routes.Where(route => route.RoutePattern.RawText!.Contains("{id}", StringComparison.Ordinal)).Select(PrefixOf).Distinct().ToList();
        var ids = (from prefix in prefixes
                   from address in addresses
                   where address.StartsWith(prefix, StringComparison.Ordinal) && !fixedOnes.Contains(address)
                   let id = address[prefix.Length..].Split('/')[0]
                   where id.Length > 1 && !fixedOnes.Contains(prefix + id)
                   select (prefix, id)).Distinct().ToLookup(one => one.prefix, one => one.id);
        Assert.Equal([], prefixes.Where(prefix => !ids.Contains(prefix) && !Installation.Contains(prefix) && !prefix.Contains('{', StringComparison.Ordinal)));
        return ids;
    }

    private static string PrefixOf(RouteEndpoint route) => route.RoutePattern.RawText!.TrimStart('/').Split("{id}")[0];

    /// <summary>As a proxy or CDN sends it; the server itself does not compress what holds a token (BREACH).</summary>
    private static int Compressed(string text)
    {
        using var into = new MemoryStream();
        using (var zip = new System.IO.Compression.GZipStream(into, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(Encoding.UTF8.GetBytes(text));
        return (int)into.Length;
    }

    [GeneratedRegex("href=\"(/console[^\"#]*)\"")]
    private static partial Regex Link();

    [GeneratedRegex("(?:href|action)=\"(/console[^\"#]*)\"")]
    private static partial Regex Address();

    [GeneratedRegex("(?:src|href)=\"(/console/assets/[^\"]+)\"")]
    private static partial Regex Loaded();

    [GeneratedRegex("^/console/[a-z]+")]
    private static partial Regex Segment();

    [GeneratedRegex("(?<=/)[0-9a-z-]*[0-9][0-9a-z-]{7,}")]
    private static partial Regex Id();
}

using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Console;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>All ways in, found by the routes: none is there that is not listed here, and each is as strong as the others (AUTH-2, AUTH-7).</summary>
public sealed partial class WaysInTests
{
    private const int Burst = 4;

    /// <summary>What a route gives to whoever proves something there.</summary>
    private enum Gives
    {
        /// <summary>A session that was not there before.</summary>
        Session,
        /// <summary>More of a session or key that the caller has.</summary>
        More,
        /// <summary>A mail to the address that is named, the same answer for everybody, a challenge, or the way to a page of others.</summary>
        Step,
        /// <summary>Nothing that opens anything.</summary>
        Nothing,
    }

    private static readonly Dictionary<string, Gives> Ways = new(StringComparer.Ordinal)
    {
        ["/api/v1/sign-in/complete"] = Gives.Session,
        ["/api/v1/sign-in/passkey"] = Gives.Session,
        ["/console/link"] = Gives.Session,
        ["/console/passkey"] = Gives.Session,
        ["/console/first"] = Gives.Session,
        ["/api/v1/session/refresh"] = Gives.More,
        ["/api/v1/me/tenant"] = Gives.More,
        ["/api/v1/me/second-factor/totp"] = Gives.More,
        ["/api/v1/me/second-factor/totp/confirm"] = Gives.More,
        ["/api/v1/me/second-factor/verify"] = Gives.More,
        ["/api/v1/me/second-factor/passkey/confirm"] = Gives.More,
        ["/api/v1/me/second-factor/passkey/verify"] = Gives.More,
        ["/api/v1/me/second-factor/recovery-codes"] = Gives.More,
        ["/api/v1/plan/checkout"] = Gives.Step,
        ["/api/v1/plan/portal"] = Gives.Step,
        ["/api/v1/keys"] = Gives.More,
        ["/api/v1/keys/{id}/rotate"] = Gives.More,
        ["/api/v1/webhooks"] = Gives.More,
        ["/api/v1/webhooks/{id}/rotate-secret"] = Gives.More,
        ["/api/v1/sign-in"] = Gives.Step,
        ["/api/v1/sign-up"] = Gives.Step,
        ["/api/v1/sign-in/passkey/challenge"] = Gives.Step,
        ["/api/v1/invitations/accept"] = Gives.Step,
        ["/console/sign-in"] = Gives.Step,
        ["/console/invitation"] = Gives.Step,
        ["/api/v1/knowledge/uploads"] = Gives.Nothing,
        ["/webhooks/mailgun/inbound"] = Gives.Nothing,
        ["/webhooks/mailgun/{channel}/inbound"] = Gives.Nothing,
        ["/webhooks/mailgun/events"] = Gives.Nothing,
        ["/webhooks/mailgun/{channel}/events"] = Gives.Nothing,
        ["/webhooks/ses/{channel}"] = Gives.Nothing,
        ["/webhooks/stripe"] = Gives.Nothing,
        ["/withdraw/{answer}"] = Gives.Nothing,
    };

    /// <summary>Where a session, a token of one or its cookie begins; the guide's rehearsals do it in throw-away tenants.</summary>
    private static readonly Dictionary<string, string[]> Beginnings = new(StringComparer.Ordinal)
    {
        [@"\b[Ss]essions>?(?:\(\))?\.StartAsync\("] = ["Accounts/Factors/Passkeys.cs", "Accounts/SignIn/SignInDoor.cs", "Guide/Rehearse/RehearsalDoor.cs"],
        [@"\b(?:tokens|TokenDesk>\(\))\.WelcomeAsync\("] = ["Accounts/Factors/FactorDoor.cs", "Accounts/Factors/PasskeyRoutes.cs", "Accounts/SignIn/SignInRoutes.cs", "Guide/Rehearse/RehearsalDoor.cs"],
        [@"\b(?:cookies|PageCookies>\(\))\.GiveAsync\("] = ["Accounts/Factors/FactorDoor.cs", "Console/SignInPages.cs"],
        [@"\bSignInPages\.WelcomeAsync\("] = ["Console/FirstPages.cs"],
    };

    [Fact]
    public async Task Every_route_that_anybody_may_post_to_or_that_answers_with_a_token_is_listed_with_what_it_gives()
    {
        await using var host = await PeopleHost.StartAsync();
        var routes = host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Where(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST"));
        var found = routes.Where(route => route.Metadata.GetMetadata<Protection>()!.Permission is null || GivesSecret(route)).Select(route => "/" + route.RoutePattern.RawText!.Trim('/')).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(Ways.Keys.Order(StringComparer.Ordinal), found);

        var src = Path.Combine(HouseTests.Root, "src", "ReplyMint");
        var texts = Directory.EnumerateFiles(src, "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).ToDictionary(file => Path.GetRelativePath(src, file), File.ReadAllText);
        foreach (var (call, files) in Beginnings)
            Assert.Equal(files, texts.Where(file => Regex.IsMatch(file.Value, call)).Select(file => file.Key).Order(StringComparer.Ordinal));

        static bool GivesSecret(RouteEndpoint route) => route.Metadata.GetMetadata<SecretAnswerMark>() is not null
            || route.Metadata.OfType<IProducesResponseTypeMetadata>().Any(answer => answer.Type == typeof(SessionTokens));
    }

    /// <summary>Whoever guesses is slowed at each of them, as at all others.</summary>
    [Fact]
    public async Task Each_way_in_slows_who_guesses()
    {
        await using var slow = await ProductHost.StartAsync(settings: s => s with
        {
            Accounts = new AccountsSettings { From = "hello@shop.example", SignInUrl = PeopleHost.Page }, Requests = s.Requests with { FailedFromNetwork = new() { PerMinute = 1, Burst = Burst } },
        });
        foreach (var way in SessionWays)
        {
            slow.Time.Advance(TimeSpan.FromHours(1));
            var codes = new List<int>();
            for (var i = 0; i <= Burst; i++)
                codes.Add(await GuessAsync(slow, way));
            Assert.True(codes[..Burst].All(code => code is 400 or 404) && codes[Burst] == 429, $"{way}: {string.Join(' ', codes)}");
        }
    }

    /// <summary>A link proves an address and no second factor; a passkey is both. Who was isolated comes in by none.</summary>
    [Fact]
    public async Task Each_way_in_leads_to_a_session_of_the_strength_that_was_proved_and_is_shut_to_who_is_isolated()
    {
        await using var host = await PeopleHost.StartAsync();
        using var authenticator = new Authenticator();
        var user = await host.PersonAsync(Role.Admin, "ann@people.example");
        var token = (await host.SignInAsync(user)).AccessToken;
        var options = (await host.PostAsync("/api/v1/me/second-factor/passkey", null, token)).Body!;
        Assert.Equal(200, (await host.PostAsync("/api/v1/me/second-factor/passkey/confirm", authenticator.Make(options), token)).Code);
        foreach (var way in SessionWays.Where(way => way != "/console/first"))
        {
            var before = (await host.Get<Sessions>().ListAsync(user, default)).Select(seen => seen.Session.Id).ToHashSet();
            Assert.True(await (await ProveAsync(host, way, authenticator))(), way);
            var session = Assert.Single(await host.Get<Sessions>().ListAsync(user, default), seen => !before.Contains(seen.Session.Id)).Session;
            Assert.True(session.SecondFactorAt is not null == way.EndsWith("/passkey", StringComparison.Ordinal), way);

            var come = await ProveAsync(host, way, authenticator);
            await ContainAsync(host, user, isolated: true);
            Assert.False(await come(), way);
            await ContainAsync(host, user, isolated: false);
            host.Time.Advance(TimeSpan.FromHours(1));
        }
    }

    /// <summary>The link of the terminal, before there is anybody: no second factor was proved.</summary>
    [Fact]
    public async Task The_first_link_proves_no_second_factor()
    {
        await using var host = await ProductHost.StartAsync(filled: false);
        using var browser = new ConsoleClient(host);
        var link = (await host.Get<FirstRun>().OpenAsync(default))!;
        (await browser.ActAsync(link, "/console/first", [.. First, ("token", link.Split('=')[1])])).Expect(303);
        var user = (await host.Get<Users>().FindByAddressAsync(First[0].Value, default))!;
        Assert.Null(Assert.Single(await host.Get<Sessions>().ListAsync(user.Id, default)).Session.SecondFactorAt);
        Assert.StartsWith("/console/factor", (await browser.GetAsync("/console/people/invite")).Expect(303).Location, StringComparison.Ordinal);
    }

    private static readonly (string Name, string Value)[] First =
        [("address", "ann@people.example"), ("name", "Ann's shop"), ("mailbox", "help@ann.example"), ("question", "When are you open?"), ("answer", "We are open from Monday to Friday between 9 and 17 o'clock.")];

    private static IEnumerable<string> SessionWays => Ways.Where(way => way.Value == Gives.Session).Select(way => way.Key);

    private static async Task<int> GuessAsync(ProductHost host, string way)
    {
        var (guess, verifier) = (SignInLinks.NewToken(), SignInLinks.NewToken());
        using var authenticator = new Authenticator();
        using var browser = new ConsoleClient(host);
        return way switch
        {
            "/api/v1/sign-in/complete" => (await host.CompleteAsync(guess, verifier)).Code,
            "/api/v1/sign-in/passkey" => (await host.PostAsync(way, new { passkey = authenticator.Use((await host.PostAsync(way + "/challenge")).Body!) })).Code,
            "/console/link" => (await browser.ActAsync("/console/sign-in", way, ("token", guess), ("verifier", verifier))).Code,
            "/console/passkey" => (await browser.ActAsync("/console/sign-in", way, Fields(authenticator, (await browser.GetAsync("/console/sign-in")).Html))).Code,
            "/console/first" => (await browser.ActAsync("/console/sign-in", way, [.. First, ("token", guess)])).Code,
            _ => throw new InvalidOperationException($"say how somebody guesses at {way}"),
        };
    }

    /// <summary>All that a person does before the last step; what is returned is that step, and says whether he is in.</summary>
    private static async Task<Func<Task<bool>>> ProveAsync(ProductHost host, string way, Authenticator authenticator)
    {
        switch (way)
        {
            case "/api/v1/sign-in/complete" or "/console/link":
                var (link, verifier) = await host.LinkAsync("ann@people.example");
                return async () => way == "/console/link" ? await PageAsync(host, way, ("token", link), ("verifier", verifier)) : (await host.CompleteAsync(link, verifier)).Code == 200;
            case "/api/v1/sign-in/passkey":
                var passkey = authenticator.Use((await host.PostAsync(way + "/challenge")).Body!);
                return async () => (await host.PostAsync(way, new { passkey })).Code == 200;
            case "/console/passkey":
                using (var browser = new ConsoleClient(host))
                {
                    var fields = Fields(authenticator, (await browser.GetAsync("/console/sign-in")).Html);
                    return () => PageAsync(host, way, fields);
                }
            default:
                throw new InvalidOperationException($"say how somebody comes in at {way}");
        }
    }

    private static async Task<bool> PageAsync(ProductHost host, string action, params (string, string)[] fields)
    {
        using var browser = new ConsoleClient(host);
        return (await browser.ActAsync("/console/sign-in", action, fields)).Code == 303 && browser.Cookies.ContainsKey("__Host-replymint");
    }

    private static (string, string)[] Fields(Authenticator authenticator, string page)
    {
        var said = JsonSerializer.SerializeToNode(authenticator.Use(new System.Text.Json.Nodes.JsonObject { ["challenge"] = Challenge().Match(page).Groups[1].Value }))!;
        return [("to", ""), ("id", (string)said["id"]!), ("client", (string)said["clientDataJSON"]!), ("data", (string)said["authenticatorData"]!), ("signature", (string)said["signature"]!)];
    }

    private static Task ContainAsync(ProductHost host, string user, bool isolated) => host.Get<IStore>().RetryAsync(async (commit, ct) =>
    {
        if (isolated)
            await host.Get<Containments>().SetAsync(commit, ContainedKind.User, user, null, "operator", null, ct);
        else
            await host.Get<Containments>().LiftAsync(commit, ContainedKind.User, user, ct);
        return true;
    }, default);

    [GeneratedRegex("data-challenge=\"([^\"]+)\"")]
    private static partial Regex Challenge();
}

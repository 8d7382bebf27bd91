using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Guide;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>The guide asks a good service and finds nothing; asks one from which a protection was taken, and names it.</summary>
public sealed class LiveGuideTests
{
    /// <summary>As <see cref="ApiHost"/> knows one.</summary>
    private const string AsAuditor = "X-API-Key: auditor";

    private static readonly IReadOnlyList<Control> Live = [.. Catalogue.All.Where(control => control.Checks.Any(check => check.AtService is not null))];

    private static ReplyMintSettings Quick(ReplyMintSettings settings, bool production) => settings with
    {
        Environment = production ? DeploymentEnvironment.Production : DeploymentEnvironment.Development,
        Http = new()
        {
            PublicUrl = production ? "https://" + LiveMutants.PublicName : null, Proxies = production ? ["127.0.0.1"] : [],
            Limits = new() { HeadSeconds = 0.5, RateGraceSeconds = 1.5 },
        },
        Smtp = settings.Smtp with { MaxConnectionsPerAddress = 150 },
    };

    private static LiveTarget Target(int port, int smtp, bool production) => new()
    {
        Url = new($"http://127.0.0.1:{port}"), Addresses = [IPAddress.Loopback], Host = production ? LiveMutants.PublicName : $"127.0.0.1:{port}", StandsForProxy = production,
        Origins = [production ? "https://replymint.vercel.app" : "http://localhost:3000"], Smtp = new(IPAddress.Loopback, smtp), Caller = AsAuditor,
    };

    private static async Task<IReadOnlyList<Judgement>> LookAsync(LiveTarget target, IReadOnlyList<Control>? controls = null)
    {
        using var http = new RawHttp(target, TimeProvider.System);
        var outcomes = await GuideRun.AtServiceAsync(controls ?? Live, new LiveLook(http, TimeProvider.System, TestContext.Current.CancellationToken), _ => { }, TestContext.Current.CancellationToken);
        // A look at mail alone asks nothing by HTTP.
        Assert.InRange(http.Requests, controls is null ? 1 : 0, RawHttp.MostRequests);
        return GuideRun.Judge(controls ?? Live, check => outcomes.GetValueOrDefault(check), _ => "not looked at");
    }

    private static string[] Found(IEnumerable<Judgement> judgements) => [.. judgements.Where(one => one.Counts).Select(one => one.Control.Id)];

    private static string Told(IEnumerable<Judgement> judgements) =>
        string.Join('\n', judgements.SelectMany(one => one.Findings.Where(finding => finding.Outcome.Verdict != Verdict.Pass && finding.Look == Look.Live).Select(finding => $"{one.Control.Id} {finding.Outcome.Verdict}: {finding.Outcome.Evidence}")));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_good_service_passes(bool production)
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production));
        var host = api.Product;
        var judged = await LookAsync(Target(host.Http.Port, host.SmtpPort, production));
        Assert.All(judged, one => Assert.True(one.Verdict == Verdict.Pass || (one is { Verdict: Verdict.NotApplicable, Control.Id: "NET-3" } && !production), Told(judged)));
        Assert.Empty(await host.ListAsync());
    }

    /// <summary>By TLS of its own: HTTPS is all that there is, and who is not believed by his certificate is not looked at.</summary>
    [Theory]
    [InlineData(SmtpListenerSettings.Offered)]
    [InlineData(SmtpListenerSettings.Required)]
    public async Task A_good_service_passes_by_TLS_and_one_with_a_strange_certificate_does_not(string tls)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "tls.pem");
        TestCertificates.Write(file, LiveMutants.PublicName);
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: true) with
        {
            Urls = ["https://127.0.0.1:0"], Smtp = settings.Smtp with { CertificateFile = file, Tls = tls },
            Http = new() { PublicUrl = "https://" + LiveMutants.PublicName, Certificate = new() { CertificateFile = file, KeyFile = file }, Limits = new() { HeadSeconds = 0.5, RateGraceSeconds = 1.5 } },
        });
        var host = api.Product;
        LiveTarget Target(bool believed, int? mail = null) => new()
        {
            Url = new($"https://127.0.0.1:{host.Http.Port}"), Addresses = [IPAddress.Loopback], Host = LiveMutants.PublicName, Origins = ["https://replymint.vercel.app"],
            Smtp = new(IPAddress.Loopback, mail ?? host.SmtpPort), SmtpOffersTls = true, Caller = AsAuditor, Authority = believed ? System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(File.ReadAllText(file)) : null,
        };
        var good = await LookAsync(Target(believed: true));
        Assert.True(good.All(one => one.Verdict == Verdict.Pass), Told(good));
        foreach (var (from, to) in ((string, string)[])[("250-STARTTLS\r\n", ""), ("501 5.5.4 Nothing", "220 2.0.0 Go ahead\r\n250 2.0.0 Nothing")])
        {
            await using var mail = new ForgingProxy(new(IPAddress.Loopback, host.SmtpPort)) { IsDialogue = true, Answer = (_, said) => said.Replace(from, to, StringComparison.Ordinal) };
            Assert.Equal(["MAIL-8"], Found(await LookAsync(Target(believed: true, mail.Port), [.. Live.Where(control => control.Id == "MAIL-8")])));
        }
        var strange = await LookAsync(Target(believed: false));
        Assert.Equal(["NET-3"], Found(strange));
        Assert.All(strange.Where(one => one.Control.Id is not ("NET-3" or "MAIL-8")), one => Assert.Equal(Verdict.NotChecked, one.Verdict));
    }

    /// <summary>Some at once: most of the time of each is spent on waiting for slow refusals.</summary>
    [Fact]
    public async Task Each_protection_that_is_taken_away_is_named_and_nothing_else()
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: true));
        var host = api.Product;
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(LiveMutants.All, new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (mutant, _) =>
        {
            await using var front = new ForgingProxy(new(IPAddress.Loopback, host.Http.Port)) { Ask = mutant.Ask, Answer = mutant.Answer };
            await using var mail = new ForgingProxy(new(IPAddress.Loopback, host.SmtpPort)) { IsDialogue = true, Answer = (_, said) => mutant.Smtp?.Invoke(said) ?? said };
            var target = Target(front.Port, mail.Port, production: true);
            var judged = await LookAsync(mutant.Name.Contains("waited for", StringComparison.Ordinal) ? WithPatience(target, TimeSpan.FromSeconds(6)) : target);
            if (!Found(judged).SequenceEqual(mutant.Controls))
                wrong.Add($"{mutant.Name}: expected {string.Join(' ', mutant.Controls)}, found {string.Join(' ', Found(judged))}\n{Told(judged)}");
        });
        Assert.True(wrong.IsEmpty, string.Join("\n\n", wrong));
    }

    private static LiveTarget WithPatience(LiveTarget target, TimeSpan patience) => new()
    {
        Url = target.Url, Addresses = target.Addresses, Host = target.Host, StandsForProxy = target.StandsForProxy, Origins = target.Origins, Smtp = target.Smtp, Caller = target.Caller, Patience = patience,
    };

    /// <summary>Some lines of ASP.NET Core as tutorials show them.</summary>
    [Fact]
    public async Task A_plain_application_lacks_what_nobody_gave_it()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore().AddCors(options => options.AddDefaultPolicy(policy => policy.AllowAnyOrigin().AllowAnyMethod().AllowAnyHeader()));
        await using var app = builder.Build();
        app.UseCors();
        app.MapGet("/health", () => "ok");
        await app.StartAsync(TestContext.Current.CancellationToken);
        var port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        var judged = await LookAsync(new() { Url = new($"http://127.0.0.1:{port}"), Addresses = [IPAddress.Loopback], Host = $"127.0.0.1:{port}", Patience = TimeSpan.FromSeconds(3) });
        string[] lacking = ["CORS-1", "CORS-2", "CORS-3", "CORS-5", "CORS-6", "HDR-1", "HDR-2", "HDR-3", "HDR-4", "HDR-5", "HDR-6", "HDR-7", "NET-1", "NET-3", "NET-4", "MON-2"];
        Assert.Equal(lacking, Found(judged));
        Assert.All(judged.Where(one => one.Control.Id is "INPUT-1" or "INPUT-4" or "MAIL-8"), one => Assert.Equal(Verdict.NotChecked, one.Verdict));
    }

    /// <summary>Where no proxy is believed, no word about one is either.</summary>
    [Fact]
    public async Task A_name_that_a_stranger_forwards_is_not_believed()
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: false));
        var host = api.Product;
        IReadOnlyList<Control> forwarded = [Catalogue.Find("NET-2")!];
        Assert.Equal(Verdict.Pass, Assert.Single((await LookAsync(Target(host.Http.Port, host.SmtpPort, production: false), forwarded))[0].Findings, finding => finding.Look == Look.Live).Outcome.Verdict);
        await using var proxy = new ForgingProxy(new(IPAddress.Loopback, host.Http.Port))
        {
            Answer = (asked, answered) => asked.Contains("X-Forwarded-Host: stranger.example", StringComparison.Ordinal) ? "HTTP/1.1 301 Moved Permanently\r\nLocation: https://stranger.example/health\r\nContent-Length: 0\r\n\r\n" : answered,
        };
        Assert.Equal(["NET-2"], Found(await LookAsync(Behind(Target(host.Http.Port, host.SmtpPort, production: false), proxy.Port), forwarded)));
    }

    private static LiveTarget Behind(LiveTarget target, int port) => new()
    {
        Url = new($"http://127.0.0.1:{port}"), Addresses = target.Addresses, Host = target.Host, Origins = target.Origins, Smtp = target.Smtp, Caller = target.Caller,
    };

    /// <summary>Without a caller, and over a network in the clear, what only a caller sees is not asked for.</summary>
    [Fact]
    public async Task A_token_is_sent_to_who_was_named_and_never_in_the_clear()
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: false));
        IReadOnlyList<Control> asked = [Catalogue.Find("SOC-3")!, Catalogue.Find("MON-4")!];
        var seen = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var proxy = new ForgingProxy(new(IPAddress.Loopback, api.Product.Http.Port)) { Ask = text => { seen.Enqueue(text); return text; } };
        var good = Behind(Target(api.Product.Http.Port, api.Product.SmtpPort, production: false), proxy.Port);
        var judged = await LookAsync(good, asked);
        Assert.All(judged, one => Assert.Equal(Verdict.Pass, one.Findings.Single(finding => finding.Look == Look.Live).Outcome.Verdict));
        Assert.DoesNotContain("auditor", string.Join(' ', judged.SelectMany(one => one.Findings.Select(finding => finding.Outcome.Evidence))), StringComparison.Ordinal);
        Assert.Contains(seen, text => text.Contains(AsAuditor, StringComparison.Ordinal));
        seen.Clear();
        foreach (var wrong in new LiveTarget[] { new() { Url = good.Url, Addresses = good.Addresses, Host = good.Host }, new() { Url = good.Url, Addresses = [IPAddress.Loopback, IPAddress.Parse("192.0.2.1")], Host = good.Host, Caller = AsAuditor } })
            Assert.All(await LookAsync(wrong, asked), one => Assert.Equal(Verdict.NotChecked, one.Findings.Single(finding => finding.Look == Look.Live).Outcome.Verdict));
        Assert.DoesNotContain(seen, text => text.Contains("auditor", StringComparison.Ordinal));
    }

    /// <summary>A firewall, a full limit or a broken service refuses what it never looked at, with all headers that there should be.</summary>
    [Theory]
    [InlineData("403 Forbidden")]
    [InlineData("429 Too Many Requests")]
    [InlineData("503 Service Unavailable")]
    [InlineData("400 Bad Request")]
    [InlineData("421 Misdirected Request")]
    [InlineData("426 Upgrade Required")]
    public async Task What_refuses_everything_alike_is_no_pass(string status)
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: true));
        await using var front = new ForgingProxy(new(IPAddress.Loopback, api.Product.Http.Port)) { Answer = (_, answered) => As(status, answered) };
        var judged = await LookAsync(Target(front.Port, api.Product.SmtpPort, production: true));
        Assert.Empty(judged.Where(one => one.Verdict == Verdict.Pass && one.Control.Id != "MAIL-8").Select(one => one.Control.Id));
        Assert.Contains(judged, one => one.Control.Id == "INPUT-4" && one.Findings.Any(finding => finding.Outcome.Evidence.StartsWith($"GET /health -> {status[..3]}", StringComparison.Ordinal)));
    }

    /// <summary>Asked by plain HTTP alone, a good service refuses its health, too, and shows that it is there by the page that it sends on; a wall does not.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("403 Forbidden")]
    [InlineData("426 Upgrade Required")]
    public async Task Plain_HTTP_that_is_sent_on_passes_and_a_wall_is_not_checked(string wall)
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: true));
        await using var front = new ForgingProxy(new(IPAddress.Loopback, api.Product.Http.Port)) { Answer = (_, answered) => wall.Length == 0 ? answered : As(wall, answered) };
        var target = new LiveTarget { Url = new($"http://127.0.0.1:{front.Port}"), Addresses = [IPAddress.Loopback], Host = LiveMutants.PublicName };
        var outcome = Assert.Single((await LookAsync(target, [Catalogue.Find("NET-3")!]))[0].Findings, finding => finding.Look == Look.Live).Outcome;
        Assert.Equal(wall.Length == 0 ? Verdict.Pass : Verdict.NotChecked, outcome.Verdict);
        Assert.StartsWith(wall.Length == 0 ? "GET / by plain HTTP -> 308; " : $"GET /health -> {wall[..3]}", outcome.Evidence, StringComparison.Ordinal);
    }

    /// <summary>The guide may use up what one network may ask for; what is refused then was refused for nothing else.</summary>
    [Fact]
    public async Task A_limit_in_place_of_an_answer_is_neither_a_pass_nor_a_finding()
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: true));
        await using var front = new ForgingProxy(new(IPAddress.Loopback, api.Product.Http.Port))
        {
            Answer = (asked, answered) => asked.StartsWith("GET /health HTTP/1.1\r\nHost: api.example.com\r\nX-Forwarded-Proto: https\r\nUser-Agent:", StringComparison.Ordinal) ? answered : As("429 Too Many Requests", answered),
        };
        IReadOnlyList<Control> asked = [.. new[] { "CORS-1", "NET-1", "NET-2", "NET-3", "NET-4", "INPUT-1", "INPUT-2", "INPUT-4" }.Select(id => Catalogue.Find(id)!)];
        var judged = await LookAsync(Target(front.Port, api.Product.SmtpPort, production: true), asked);
        Assert.All(judged, one => Assert.True(one.Verdict == Verdict.NotChecked, Told(judged)));
        Assert.All(judged, one => Assert.Contains("429: a limit answered instead", one.Findings.Single(finding => finding.Look == Look.Live).Outcome.Evidence, StringComparison.Ordinal));
    }

    /// <summary>The same of mail: a listener that lets nobody in any more refused none of what it was not asked.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_listener_that_is_full_is_neither_a_pass_nor_a_finding(int room)
    {
        await using var api = await ApiHost.StartAsync(settings: settings => Quick(settings, production: false));
        var greeted = 0;
        await using var mail = new ForgingProxy(new(IPAddress.Loopback, api.Product.SmtpPort))
        {
            IsDialogue = true, Answer = (_, said) => said.StartsWith("220 ", StringComparison.Ordinal) && Interlocked.Increment(ref greeted) > room ? "421 4.7.0 Too many connections\r\n" : said,
        };
        var look = Assert.Single((await LookAsync(Target(api.Product.Http.Port, mail.Port, production: false), [Catalogue.Find("MAIL-8")!]))[0].Findings, finding => finding.Look == Look.Live);
        Assert.Equal(Verdict.NotChecked, look.Outcome.Verdict);
        Assert.Contains("takes no further connection", look.Outcome.Evidence, StringComparison.Ordinal);
    }

    private static string As(string status, string answered) =>
        answered.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && answered.IndexOf("\r\n", StringComparison.Ordinal) is var end ? $"HTTP/1.1 {status}{answered[end..]}" : answered;

    [Theory]
    [InlineData("7fffffff")]
    [InlineData("7ffffffe")]
    [InlineData("ffffffff")]
    public async Task A_service_that_announces_more_than_there_can_be_is_answered_by_a_verdict(string size)
    {
        using var strange = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        strange.Start();
        var serving = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    using var caller = await strange.AcceptSocketAsync();
                    await caller.ReceiveAsync(new byte[16 * 1024]);
                    await caller.SendAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nall\r\n0\r\n\r\n"));
                }
            }
            catch (Exception e) when (e is System.Net.Sockets.SocketException or InvalidOperationException)
            {
                // The end of the test.
            }
        }, TestContext.Current.CancellationToken);
        var port = ((IPEndPoint)strange.LocalEndpoint).Port;
        var judged = Assert.Single(await LookAsync(Target(port, port, production: false), [Catalogue.Find("NET-1")!]));
        Assert.NotEqual(Verdict.Pass, judged.Verdict);
        Assert.DoesNotContain(judged.Findings, finding => finding.Outcome.Evidence.StartsWith("the check itself failed", StringComparison.Ordinal));
        strange.Stop();
        await serving;
    }

    [Fact]
    public async Task Nobody_at_home_is_no_pass()
    {
        var port = 0;
        using (var gone = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
        {
            gone.Start();
            port = ((IPEndPoint)gone.LocalEndpoint).Port;
        }
        var judged = await LookAsync(Target(port, port, production: false));
        Assert.All(judged, one => Assert.Equal(Verdict.NotChecked, one.Verdict));
    }
}

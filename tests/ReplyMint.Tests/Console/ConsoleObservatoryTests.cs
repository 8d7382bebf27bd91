using System.Diagnostics;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>What MDN's HTTP Observatory and Google's CSP Evaluator say of the console's answers, as a browser gets them behind a proxy with HTTPS.</summary>
public sealed class ConsoleObservatoryTests
{
    private const string Site = "app.shop.example";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly string Tools = Path.Combine(HouseTests.Root, "tools", "console");
    private static readonly (string, string)[] ByProxy = [("Host", Site), ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.9")];

    /// <summary>An answer as the judges take it.</summary>
    private sealed record Judged(string Name, string Url, int Status, string[][] Headers, string Body, string? Redirect);

    private sealed record Verdict(string Name, string Grade, int Score, string[] Failed, string[] Findings);

    [Fact]
    public async Task Each_page_has_the_best_grade_and_loses_it_without_any_one_protection()
    {
        if (!Directory.Exists(Path.Combine(Tools, "node_modules", "csp_evaluator")) && Environment.GetEnvironmentVariable("CI") is null)
            Assert.Skip("The judges are not installed; run npm ci in tools/console.");
        await using var host = await ProductHost.StartAsync(settings: s => s with
        {
            Environment = DeploymentEnvironment.Production,
            Http = s.Http with { PublicUrl = "https://" + Site, Proxies = ["127.0.0.1"] },
            Accounts = new AccountsSettings { From = "hello@shop.example", SignInUrl = $"https://{Site}/console/sign-in" },
        });
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        using var stranger = new ConsoleClient(host);
        var redirect = (await stranger.GetAsync("/console/sign-in", ("Host", Site))).Expect(308).Location;
        var answers = new List<Judged> { await TakeAsync(stranger, "/console/sign-in", redirect), await TakeAsync(stranger, "/console/nowhere", redirect), await TakeAsync(stranger, "/console/inbox", redirect) };
        foreach (var page in ConsoleSafetyTests.Routes(host).Where(route => ConsoleSafetyTests.Methods(route).Contains("HEAD") && !route.RoutePattern.RawText!.Contains('{', StringComparison.Ordinal)))
            answers.Add(await TakeAsync(browser, "/" + page.RoutePattern.RawText!.TrimStart('/'), redirect));
        var pages = answers.Count;
        Assert.True(pages > 20);

        // The same answer without one of its protections.
        var one = answers[0];
        string[] protections = ["Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy"];
        answers.AddRange(protections.Select(name => one with { Name = "without " + name, Headers = [.. one.Headers.Where(header => header[0] != name)] }));
        answers.Add(one with { Name = "without the redirect", Redirect = $"http://{Site}/console" });
        answers.Add(one with { Name = "with an open cookie", Headers = [.. one.Headers.Select(header => header[0] == "Set-Cookie" ? [header[0], header[1].Replace("; Secure", "", StringComparison.Ordinal).Replace("__Host-", "", StringComparison.Ordinal)] : header)] });
        answers.Add(one with { Name = "with this host's scripts", Headers = Policy(one, policy => policy.Replace("script-src 'nonce-", "script-src 'self' 'nonce-", StringComparison.Ordinal)) });
        answers.Add(one with { Name = "with inline scripts", Headers = Policy(one, policy => policy.Replace("script-src 'nonce-", "script-src 'unsafe-inline' 'was-", StringComparison.Ordinal)) });
        answers.Add(one with { Name = "with any base", Headers = Policy(one, policy => policy.Replace("base-uri 'none'; ", "", StringComparison.Ordinal)) });

        var verdicts = await JudgeAsync(answers);
        var best = verdicts[0].Score;
        foreach (var verdict in verdicts.Take(pages))
            Assert.True(verdict is { Grade: "A+", Score: >= 120, Failed: [], Findings: [] }, verdict.ToString() + string.Join("; ", [.. verdict.Failed, .. verdict.Findings]));
        foreach (var verdict in verdicts.Skip(pages))
            Assert.True(verdict.Score < best || verdict.Findings.Length > 0, $"{verdict.Name}: {verdict.Score} as before");
        TestContext.Current.TestOutputHelper?.WriteLine($"{pages} answers: {verdicts.Take(pages).Min(verdict => verdict.Score)} to {verdicts.Take(pages).Max(verdict => verdict.Score)} points");
    }

    private static string[][] Policy(Judged of, Func<string, string> change) =>
        [.. of.Headers.Select(header => header[0] == "Content-Security-Policy" ? [header[0], change(header[1])] : header)];

    private static async Task<Judged> TakeAsync(ConsoleClient browser, string path, string? redirect)
    {
        var answer = await browser.GetAsync(path, ByProxy);
        var headers = answer.Message.Headers.Concat(answer.Message.Content.Headers).SelectMany(header => header.Value.Select(value => (string[])[header.Key, value]));
        return new(path, $"https://{Site}{path}", answer.Code, [.. headers], answer.Html, redirect);
    }

    private static async Task<IReadOnlyList<Verdict>> JudgeAsync(IReadOnlyList<Judged> answers)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "answers.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(answers, JsonSerializerOptions.Web), Ct);
        using var node = Process.Start(new ProcessStartInfo("node", ["judge.mjs", file]) { WorkingDirectory = Tools, RedirectStandardOutput = true })!;
        var said = await node.StandardOutput.ReadToEndAsync(Ct);
        await node.WaitForExitAsync(Ct);
        Assert.Equal(0, node.ExitCode);
        var verdicts = said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<Verdict>(line, JsonSerializerOptions.Web)!).ToList();
        Assert.Equal(answers.Count, verdicts.Count);
        return verdicts;
    }
}

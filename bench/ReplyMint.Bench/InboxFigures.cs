using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Bench;

/// <summary>How long a person waits for the first byte of the console's inbox when 100,000 mails lie in it.</summary>
internal static class InboxFigures
{
    private const int Mails = 100_000;
    private const int Rounds = 200;
    private const double Asked = 50;

    public static async Task PagesAsync(Installations installations, Table table)
    {
        var folder = await installations.MakeAsync(MailboxMode.Draft);
        var cookie = await FillAsync(folder);
        using var server = await installations.ServeAsync(folder, "requests.read.perMinute=10000000", "requests.read.burst=10000000", "requests.tenantTimes=1000");
        using var http = new HttpClient { BaseAddress = server.Url };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Cookie", $"{PageCookies.Name}={cookie}");
        foreach (var (name, path) in ((string, string)[])[("what waits", "/console/inbox"), ("all", "/console/inbox?view=all"), ("one correspondent", "/console/inbox?view=all&from=anna%40customer.example"), ("search", "/console/inbox?view=all&q=blanket")])
        {
            var (took, size, searches) = (new List<long>(), 0, name == "search");
            for (var round = searches ? -1 : -20; round < (searches ? 5 : Rounds); round++)
            {
                var start = Stopwatch.GetTimestamp();
                using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
                if (round >= 0)
                    took.Add(Stopwatch.GetTimestamp() - start);
                size = (await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync()).Length;
            }
            var (p50, p99) = Percentiles.Milliseconds([.. took]);
            if (searches)
                table.Add($"console: {name}, {Mails:N0} mails", $"first byte p50 {p50:N0} ms", "1,000 ms", p50 < 1_000, $"{size / 1024} KB");
            else
                table.Add($"console: inbox, {name}, {Mails:N0} mails", $"first byte p50 {p50:N1} ms, p99 {p99:N1} ms", $"{Asked} ms", p50 < Asked, $"{size / 1024} KB");
        }
    }

    private static async Task<string> FillAsync(string folder)
    {
        await using var opened = await Installations.OpenAsync(folder);
        var services = opened.Services;
        var (store, tenant) = (services.GetRequiredService<IStore>(), (await services.GetRequiredService<Tenants>().ListAsync(default))[0].Id);
        await StoredMails.FillAsync(services, tenant, Mails, "anna@customer.example", 100);
        var user = await store.RetryAsync(async (commit, ct) =>
        {
            var made = await services.GetRequiredService<Users>().EnsureAsync(commit, "lead@shop.example", "A lead", ct);
            await services.GetRequiredService<Members>().SetAsync(commit, tenant, made.Id, Role.Admin, null, Actor.Machine, ct);
            return made.Id;
        }, default);
        var start = await store.RetryAsync((commit, ct) => services.GetRequiredService<Sessions>().StartAsync(commit, user, tenant, null, new SessionClient("bench", "127.0.0.1"), ct), default);
        var context = new DefaultHttpContext();
        await services.GetRequiredService<PageCookies>().GiveAsync(context.Response, user, start.Session.Id, default);
        return context.Response.Headers.SetCookie.ToString()[(PageCookies.Name.Length + 1)..].Split(';')[0];
    }
}

using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>The console behind a gateway, which gives each answer whole: no stream, and files in an event.</summary>
public sealed class LambdaConsoleTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private LambdaBench _bench = null!;
    private string _cookie = "", _key = "";

    public async ValueTask InitializeAsync()
    {
        _bench = await LambdaBench.StartAsync();
        await _bench.RunAsync(LambdaFunction.Api);
        await _bench.FillAsync(Api.Services);
        var user = await _bench.Store.Store.RetryAsync(async (commit, ct) =>
        {
            var made = await Api.Get<Users>().EnsureAsync(commit, "admin@people.example", "A person", ct);
            Assert.Equal(MemberChange.Done, await Api.Get<Members>().SetAsync(commit, _bench.Tenant.Id, made.Id, Role.Admin, null, Actor.Machine, ct));
            return made.Id;
        }, Ct);
        var start = await _bench.Store.Store.RetryAsync((commit, ct) => Api.Get<Sessions>().StartAsync(commit, user, _bench.Tenant.Id, _bench.Time.GetUtcNow(), new SessionClient("test", "127.0.0.1"), ct), Ct);
        var context = new DefaultHttpContext();
        await Api.Get<PageCookies>().GiveAsync(context.Response, user, (await Api.Get<TokenDesk>().WelcomeAsync(start, Ct)).Session, Ct);
        _cookie = string.Join("; ", context.Response.Headers.SetCookie.Select(cookie => cookie!.Split(';')[0]));
        _key = (await Api.Get<ApiKeys>().CreateAsync(_bench.Tenant.Id, new ApiKeyWish { Name = "A key", Scopes = ["messages:write"] }, Actor.Machine.Id, Actor.Machine, Ct)).Text!;
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    private LambdaBench.Running Api => _bench.First;

    private Task<RestAnswer> GetAsync(string path) => Api.AskAsync(new("GET", path) { Headers = [("Cookie", _cookie)] });

    private async Task ComesAsync(string id)
    {
        var mail = Encoding.UTF8.GetBytes($"From: Anna <anna@customer.example>\r\nTo: {LambdaBench.Address}\r\nSubject: About {id}\r\nMessage-ID: <{id}@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n\r\nWhen?\r\n");
        var taken = await Api.AskAsync(new("POST", "/api/v1/messages") { Headers = [("X-API-Key", _key), ("Content-Type", "message/rfc822")], Query = [("to", LambdaBench.Address), ("from", "anna@customer.example")], Body = mail });
        Assert.True(taken.Status == 202, taken.Text);
    }

    [Fact]
    public async Task No_stream_is_begun_and_whoever_asks_hears_of_a_new_mail()
    {
        Assert.Equal(204, (await GetAsync("/console/live")).Status);
        var before = await GetAsync("/console/live/now");
        Assert.Equal((200, "", "no-store"), (before.Status, before.Text, before.Header("Cache-Control")));
        await ComesAsync("one");
        var now = (await GetAsync("/console/live/now")).Text;
        Assert.NotEqual("", now);
        Assert.Equal(now, (await GetAsync("/console/live/now")).Text);
        Assert.Equal(303, (await Api.AskAsync(new("GET", "/console/live/now"))).Status);
    }

    [Fact]
    public async Task A_file_of_knowledge_is_taken_as_a_browser_sends_it()
    {
        var token = Regex.Match((await GetAsync("/console/knowledge/add")).Text, "name=\"_page\" value=\"([^\"]+)\"").Groups[1].Value;
        using var form = new MultipartFormDataContent("----browser") { { new StringContent(token), "_page" }, { new ByteArrayContent(Encoding.UTF8.GetBytes("# Wann öffnet ihr?\n\nUm neun.\n")), "file", "hours.md" } };
        var answer = await Api.AskAsync(new("POST", "/console/knowledge/upload")
        {
            Headers = [("Cookie", _cookie), ("Origin", "https://api.shop.example"), ("Sec-Fetch-Site", "same-origin"), ("Content-Type", form.Headers.ContentType!.ToString())], Body = await form.ReadAsByteArrayAsync(Ct),
        });
        Assert.True(answer.Status == 303, answer.Text);
        Assert.Contains("hours.md", (await GetAsync("/console/knowledge")).Text, StringComparison.Ordinal);
    }

    /// <summary>The stream is refused for good, so the page's script asks every 15 seconds, and shows what is new.</summary>
    [Fact]
    public async Task An_open_inbox_shows_a_new_mail_by_itself()
    {
        await using var browser = await ConsoleBrowser.StartAsync();
        await using var gateway = await Gateway.StartAsync(Api, _cookie);
        // The test says when the time has come.
        await browser.PrepareAsync("window.setInterval = (act, period) => { window.act = act; window.period = period; return 0; };");
        await browser.OpenAsync(new(gateway.Address, "/console/inbox?view=all"));
        await ProductHost.EventuallyAsync(() => Task.FromResult(gateway.Asked.Contains("/console/live/now") ? "asked" : null));
        Assert.Equal(15_000, (int)(await browser.EvaluateAsync("period"))!);
        await browser.EvaluateAsync("window.before = true; act()");
        Assert.True((bool)(await browser.EvaluateAsync("before"))!, "Nothing is new, and the page was loaded again.");
        await ComesAsync("two");
        await browser.EvaluateAsync("void act()");
        await browser.ReadAsync("About two");
    }

    /// <summary>Hands requests of a browser to the function as events; the browser is signed in.</summary>
    private sealed class Gateway : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly SemaphoreSlim _one = new(1, 1);

        private Gateway(WebApplication app) => _app = app;

        public Uri Address => new(_app.Urls.Single());

        public System.Collections.Concurrent.ConcurrentQueue<string> Asked { get; } = [];

        public static async Task<Gateway> StartAsync(LambdaBench.Running api, string cookie)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var gateway = new Gateway(builder.Build());
            gateway._app.Run(context => gateway.HandAsync(context, api, cookie));
            await gateway._app.StartAsync(Ct);
            return gateway;
        }

        private async Task HandAsync(HttpContext context, LambdaBench.Running api, string cookie)
        {
            var path = context.Request.Path.Value!;
            await _one.WaitAsync(Ct);
            try
            {
                var answer = await api.AskAsync(new(context.Request.Method, path)
                {
                    Query = [.. context.Request.Query.Select(one => (one.Key, one.Value.ToString()))],
                    Headers = [("Cookie", cookie), .. context.Request.Headers.Where(field => field.Key is not ("Host" or "Cookie" or "Connection")).Select(field => (field.Key, field.Value.ToString()))],
                });
                context.Response.StatusCode = answer.Status;
                foreach (var (name, values) in answer.Json["multiValueHeaders"]!.AsObject().Where(field => field.Key != "Content-Length"))
                    context.Response.Headers[name] = values!.AsArray().Select(value => (string?)value).ToArray();
                if (answer.Body is { Length: > 0 } body)
                    await context.Response.Body.WriteAsync(body, Ct);
            }
            finally
            {
                _one.Release();
            }
            Asked.Enqueue(path);
        }

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            _one.Dispose();
        }
    }
}

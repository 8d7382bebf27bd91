using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>A page as a browser gets it.</summary>
internal sealed record PageAnswer(HttpStatusCode Status, string Html, HttpResponseMessage Message)
{
    public int Code => (int)Status;

    public string? Location => Message.Headers.Location?.ToString();

    public string Header(string name) => Message.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";

    /// <summary>The token of the page's first form.</summary>
    public string Token => Regex.Match(Html, "name=\"_page\" value=\"([^\"]+)\"").Groups[1].Value;

    public PageAnswer Expect(int status)
    {
        Assert.True(Code == status, $"{Code} instead of {status} ({Location}): {Html}");
        return this;
    }
}

/// <summary>A browser without a script: it keeps cookies, follows nothing by itself, and sends forms.</summary>
internal sealed class ConsoleClient(ProductHost host) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = host.Http };

    public Dictionary<string, string> Cookies { get; } = [];

    /// <summary>What cookies came with their attributes, the last one of each name.</summary>
    public Dictionary<string, string> SetCookies { get; } = [];

    /// <summary>A browser of somebody who came in.</summary>
    public static async Task<ConsoleClient> SignedInAsync(ProductHost host, Role role = Role.Admin, string? tenant = null, bool factor = false, IReadOnlyList<string>? mailboxes = null)
    {
        var user = await host.PersonAsync(role, tenant: tenant, mailboxes: mailboxes);
        return await SignedInAsync(host, user, tenant ?? (role == Role.Operator ? ReplyMint.Storage.KeyRing.Installation : host.Tenant.Id), factor);
    }

    public static async Task<ConsoleClient> SignedInAsync(ProductHost host, string user, string tenant, bool factor = false)
    {
        var tokens = await host.SignInAsync(user, tenant, factor);
        var client = new ConsoleClient(host);
        var context = new DefaultHttpContext();
        await host.Get<PageCookies>().GiveAsync(context.Response, user, tokens.Session, default);
        client.Keep(context.Response.Headers.SetCookie!);
        return client;
    }

    public Task<PageAnswer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(new(HttpMethod.Get, path), headers);

    public Task<PageAnswer> PostAsync(string path, IEnumerable<KeyValuePair<string, string>> fields, params (string Name, string Value)[] headers) =>
        SendAsync(new(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) }, headers);

    /// <summary>Sends a form that stands on a page, with the page's token.</summary>
    public async Task<PageAnswer> ActAsync(string page, string action, params (string Name, string Value)[] fields)
    {
        var token = (await GetAsync(page)).Expect(200).Token;
        return await PostAsync(action, fields.Append(("_page", token)).Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
    }

    public void Dispose() => _http.Dispose();

    public async Task<PageAnswer> SendAsync(HttpRequestMessage request, (string Name, string Value)[] headers)
    {
        if (Cookies.Count > 0)
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        if (answer.Headers.TryGetValues("Set-Cookie", out var set))
            Keep(set);
        return new(answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), answer);
    }

    private void Keep(IEnumerable<string?> set)
    {
        foreach (var line in set.OfType<string>())
        {
            var (name, rest) = line.Split('=', 2) is [var n, var r] ? (n, r) : throw new FormatException(line);
            SetCookies[name] = line;
            if (line.Contains("Max-Age=0", StringComparison.Ordinal))
                Cookies.Remove(name);
            else
                Cookies[name] = rest.Split(';')[0];
        }
    }
}

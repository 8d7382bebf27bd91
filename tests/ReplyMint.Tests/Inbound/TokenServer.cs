using System.Net;
using System.Text;
using System.Web;

namespace ReplyMint.Tests.Inbound;

/// <summary>Changes refresh tokens for access tokens, each refresh token once, and tells a mail server whose an access token is.</summary>
internal sealed class TokenServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _user;
    private int _given;

    public TokenServer(int port, string user)
    {
        (_user, Url) = (user, $"http://127.0.0.1:{port}/token");
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _ = AnswerAsync();
    }

    public string Url { get; }
    public string Refresh { get; private set; } = "refresh-0";
    public string Access { get; private set; } = "";
    public string ClientSecret { get; private set; } = "";

    public void Dispose() => _listener.Close();

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                var (status, answer) = context.Request.Url!.AbsolutePath == "/token" ? Token(await new StreamReader(context.Request.InputStream).ReadToEndAsync())
                    : context.Request.QueryString["access_token"] is { Length: > 0 } asked && asked == Access ? (200, $$"""{"email":"{{_user}}","active":"yes"}""") : (401, """{"error":"invalid_token"}""");
                context.Response.StatusCode = status;
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
        }
    }

    private (int, string) Token(string form)
    {
        var said = HttpUtility.ParseQueryString(form);
        if (said["grant_type"] != "refresh_token" || said["refresh_token"] != Refresh)
            return (400, """{"error":"invalid_grant"}""");
        ClientSecret = said["client_secret"] ?? "";
        _given++;
        (Refresh, Access) = ($"refresh-{_given}", $"access-{_given}");
        return (200, $$"""{"access_token":"{{Access}}","expires_in":3600,"refresh_token":"{{Refresh}}"}""");
    }
}

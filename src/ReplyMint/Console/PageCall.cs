using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>One request for a page, with what its handler needs.</summary>
internal sealed class PageCall(HttpContext context)
{
    public HttpContext Context => context;
    public Speech Say { get; } = Speech.Of(context.Request);
    public CancellationToken Stop => context.RequestAborted;

    /// <summary>Whoever reads the page; null on the pages before sign-in.</summary>
    public Caller? Reader => context.Features.Get<Caller>();

    /// <summary>The same, behind sign-in. The tenant is always his.</summary>
    public Caller Caller => Reader ?? throw new InvalidOperationException("This page has no reader.");

    /// <summary>Names the script that this answer runs; nobody who writes into a page knows it.</summary>
    public string Nonce { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    /// <summary>An origin that this page's script may call beside ours.</summary>
    public string? Connects { get; set; }

    /// <summary>For the forms of the page.</summary>
    public string Token { get; private set; } = "";

    public T Get<T>() where T : notnull => context.RequestServices.GetRequiredService<T>();

    /// <summary>A part of the path.</summary>
    public string Route(string name) => context.Request.RouteValues[name] as string ?? "";

    /// <summary>What was asked for behind the question mark; empty when it was not, or not once.</summary>
    public string Query(string name) => context.Request.Query[name] is [{ } value] ? value.Trim() : "";

    /// <summary>A field of the form that was sent; empty when it has none, or not once.</summary>
    public string Field(string name) => context.Request.Form[name] is [{ } value] ? value.Trim() : "";

    /// <summary>All that were ticked under one name.</summary>
    public IReadOnlyList<string> Fields(string name) => [.. context.Request.Form[name].OfType<string>()];

    /// <summary>What a mailed link to one of our pages begins with; null when no setting says where we are.</summary>
    public string? Page(string path) => ConsoleAddress.Of(Get<HttpSettings>(), Get<AccountsSettings>()) is { } home ? home + path : null;

    public bool May(Permission permission) => Reader?.May.Has(permission) == true;

    /// <summary>Begins a page.</summary>
    /// <param name="title">As the browser's window shows it.</param>
    /// <param name="place">The entry of the navigation that it belongs to.</param>
    public async ValueTask<Html> BeginAsync(string title, string place = "")
    {
        if (Reader is null)
            AskCookie.Ensure(context);
        Token = await Get<PageForms>().TokenAsync(context);
        var html = new Html();
        Frame.Begin(html, this, title, place);
        return html;
    }

    /// <summary>Ends the page and sends it.</summary>
    public async Task ShowAsync(Html html, int status = 200)
    {
        Frame.End(html, this);
        await SendAsync(html, status);
    }

    /// <summary>Sends what was written, as it is: a part of a page.</summary>
    public async Task SendAsync(Html html, int status = 200)
    {
        var answer = context.Response;
        answer.StatusCode = status;
        answer.ContentType = "text/html; charset=utf-8";
        answer.ContentLength = html.Bytes.Length;
        answer.Headers.ContentSecurityPolicy = Frame.Policy(Nonce, Connects);
        if (!HttpMethods.IsHead(context.Request.Method))
            await answer.Body.WriteAsync(html.Bytes, Stop);
    }

    /// <summary>What was done is told on the next page, which can be loaded again without doing it again.</summary>
    public Task GoAsync(string path)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = path;
        return Task.CompletedTask;
    }

    public Task RefuseAsync(IResult problem) => problem.ExecuteAsync(context);

    /// <summary>A page of ours by its address; whatever else somebody wrote there leads to the start.</summary>
    public static string Here(string path) =>
        path.StartsWith(RouteGroups.PagesRoot, StringComparison.Ordinal) && path.Length <= 300 && path[RouteGroups.PagesRoot.Length..] is "" or ['/' or '?', ..]
            && !path.Contains("//", StringComparison.Ordinal) && path.All(c => c is > ' ' and <= '~' and not ('\\' or '"' or '<' or '>')) ? path : RouteGroups.PagesRoot;
}

/// <summary>Shows a page or acts on a form.</summary>
internal delegate Task PageHandler(PageCall call);

/// <summary>How pages are mapped: what is asked by GET changes nothing, what is sent by POST passed <see cref="PageForms"/>.</summary>
internal static class PageRoutes
{
    public static void Show(this RouteGroupBuilder pages, string path, PageHandler handler) => pages.MapMethods(path, ["GET", "HEAD"], Run(handler));

    public static void Act(this RouteGroupBuilder pages, string path, PageHandler handler) => pages.MapMethods(path, ["POST"], Run(handler));

    /// <summary>What a script asks for by itself, which is no sign that anybody is there.</summary>
    public static void ShowUnattended(this RouteGroupBuilder pages, string path, PageHandler handler) => pages.MapMethods(path, ["GET"], (RequestDelegate)(context => handler(new PageCall(context))));

    private static RequestDelegate Run(PageHandler handler) => async context =>
    {
        var call = new PageCall(context);
        if (call.Reader is { } reader)
            await call.Get<PageCookies>().RenewAsync(context, reader);
        await handler(call);
    };
}

using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>Problems as pages: what is wrong, and the way on.</summary>
internal static class ErrorPages
{
    private static readonly int[] Known = [400, 401, 403, 404, 409, 412, 413, 415, 429];

    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        var call = new PageCall(context);
        var reads = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        var asked = Uri.EscapeDataString(context.Request.Path + context.Request.QueryString);
        if (problem.Status == 401)
        {
            // The cookie of a session does not come along from other sites. Asked for by this page, the same address has it.
            if (reads && context.Request.Headers["Sec-Fetch-Site"].ToString() == "cross-site" && PageCookies.Of(context.Request) is null)
                return AgainAsync(call);
            if (reads)
                return call.GoAsync("/console/sign-in?to=" + asked);
        }
        // What RFC 9470 says to programs: a fresh second factor opens it.
        if (problem.Status == 403 && context.Response.Headers.WWWAuthenticate.ToString().Contains("insufficient_user_authentication", StringComparison.Ordinal))
        {
            context.Response.Headers.Remove("WWW-Authenticate");
            if (reads)
                return call.GoAsync("/console/factor?to=" + asked);
            return ShowAsync(call, 403, "error.factor", problem, "/console/factor");
        }
        var word = problem.Type == "urn:replymint:problem:stale-page" ? "error.stale"
            : "error." + (Array.IndexOf(Known, problem.Status) >= 0 ? problem.Status.ToString(CultureInfo.InvariantCulture) : problem.Status >= 500 ? "500" : "400");
        return ShowAsync(call, problem.Status, word, problem, problem.Status == 401 ? "/console/sign-in" : "/console");
    }

    private static async Task ShowAsync(PageCall call, int status, string word, Problem problem, string on)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["error.title"]);
        html.Add($"""<section class="card narrow"><h1 tabindex="-1" autofocus>{say["error.title"]}</h1><p>{say[word]}</p>""");
        if (problem.Detail is { } detail && status is 400 or 403 or 409 or 422)
            html.Add($"""<p class="muted" lang="en">{detail}</p>""");
        foreach (var (member, wrong) in problem.Errors ?? new Dictionary<string, string[]>())
            html.Add($"""<p class="muted" lang="en">{member}: {string.Join("; ", wrong)}</p>""");
        html.Add($"""<p><a class="button" href="{on}">{say["error.on"]}</a></p><p class="muted">{say["error.trace", call.Context.TraceIdentifier]}</p></section>""");
        await call.ShowAsync(html, status);
    }

    private static Task AgainAsync(PageCall call)
    {
        var html = new Html();
        html.Add($"""<!doctype html><html lang="{call.Say.Language}"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>ReplyMint</title></head><body><p><a href="">{call.Say["error.on"]}</a></p></body></html>""");
        return call.SendAsync(html);
    }
}

internal static class PageSteps
{
    /// <summary>Behind the first step of all: whatever goes wrong below the pages' root is told as a page.</summary>
    public static void UseProblemPages(this WebApplication app)
    {
        if (app.Services.GetService<PageForms>() is null)
            return;
        ProblemPage page = ErrorPages.WriteAsync;
        app.Use(next => context =>
        {
            if (context.Request.Path.StartsWithSegments(RouteGroups.PagesRoot, StringComparison.Ordinal))
                context.Features.Set(page);
            return next(context);
        });
    }

    /// <summary>Behind the gate: a form that did not come from a page of ours is not acted upon.</summary>
    public static void UsePageForms(this WebApplication app)
    {
        if (app.Services.GetService<PageForms>() is not { } forms)
            return;
        app.Use(next => async context =>
        {
            if (context.GetEndpoint() is null && IsVisitor(context.Request))
                await new PageCall(context).GoAsync(RouteGroups.PagesRoot);
            else if (context.GetEndpoint()?.Metadata.GetMetadata<Protection>() is { IsPage: true } && !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)
                && await forms.RefusalAsync(context) is { } refusal)
                await refusal.ExecuteAsync(context);
            else
                await next(context);
        });
    }

    /// <summary>Somebody typed our name into a browser. Programs, which ask for no page, are told that there is nothing.</summary>
    private static bool IsVisitor(HttpRequest request) =>
        request.Path == "/" && HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;

namespace ReplyMint;

/// <summary>The whole product put together. It sees every room; no room sees it.</summary>
public static class ReplyMintApp
{
    /// <summary>An empty host: no ASPNETCORE_* variable, no appsettings.json and no file of the working folder changes what is served.</summary>
    internal static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // Would log each request's path and make an activity of it; ReplyMint names requests itself.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        return builder;
    }

    internal static void AddReplyMint(this IServiceCollection services, HttpSettings http, ControlSocket? control = null)
    {
        services.AddSecurity(http, control);
    }

    /// <summary>The way of a request, in order.</summary>
    internal static void MapReplyMint(this WebApplication app)
    {
        app.UseEveryAnswer();                 // headers and trace id, whoever answers
        app.UseProblemAnswers();              // what fails below becomes problem details
        app.UseForwardedHeadersOfProxies();   // who asks, by which name and scheme
        app.UseHostFilter();                  // only names that are served
        app.UseHttpsOnly();                   // never in the clear
        app.UsePreflight();                   // browsers' questions, before any route
        app.UseContentRules();                // charset, compression, lengths
        app.UseRouting();
        app.UseRouteGuard();                  // no route without protection

        app.MapSecurity();                    // /health, /ready, /info, /openapi/v1.json
    }
}

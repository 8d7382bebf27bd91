using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Console;
using ReplyMint.Guide;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Jobs;
using ReplyMint.Knowledge;
using ReplyMint.Limits;
using ReplyMint.Monitoring;
using ReplyMint.Outbound;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Storage;

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
        // Each line names the request or job that it belongs to (MON-2).
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        // Would log each request's path and make an activity of it; ReplyMint names requests itself.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        return builder;
    }

    /// <summary>All rooms, from the ground up. Commands without a server use the same, and start nothing.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="settings">Without problems.</param>
    /// <param name="open">What all stands on.</param>
    /// <param name="parameters">A store of secrets outside, where settings name one.</param>
    internal static IServiceCollection AddReplyMint(this IServiceCollection services, ReplyMintSettings settings, OpenStore open, ParameterDoor? parameters = null)
    {
        services.TryAddSingleton(TimeProvider.System);
        open.Masters.Form = Sealing.Named(settings.Secrets.Sealing)!.Value;
        var secrets = SecretSource.FromEnvironment(open.Secrets.Read, parameters);
        if (parameters is not null)
            services.AddSingleton(parameters);
        services.AddSingleton(secrets);
        services.AddSingleton(settings);
        services.AddSecurity(settings.HttpFront());
        services.AddSingleton(provider => new SecurityEvents(open.Installation.Derive("security events"), settings.Detection.Enabled, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AccessLines>();
        services.AddOutside(settings.Outside, settings.Environment.NeedsHttps(), [new(settings.Billing.Stripe.Endpoint), .. settings.Audit.Anchors.Select(place => place.Url).OfType<string>().Select(url => new Uri(url))]);
        return services
            .AddStorage(open)
            // First, so that it ends last and tells of the others' end.
            .AddMonitoring(settings.Monitoring, settings.Environment)
            .AddAudit(settings.Audit, open)
            .AddRecords(settings.Records)
            .AddJobs(settings.Jobs)
            .AddLimits(settings.Rates)
            .AddRequestLimits(settings.Requests, provider => provider.GetRequiredService<Alerts>().RaiseAsync)
            .AddKnowledge(settings.Knowledge)
            .AddOutbound(settings.Outbound, open)
            .AddAccounts(settings.Accounts, settings.Dns, open)
            .AddBilling(settings.Billing)
            .AddInbound(settings.Smtp, settings.Inbound, settings.Environment == DeploymentEnvironment.Development)
            .AddMailgun(settings.Mailgun)
            .AddSes()
            .AddSecrets(settings.Secrets, [.. settings.SecretReferences()], new DataBackupsKept(TimeSpan.FromDays(settings.Backup.KeepDays)))
            .AddReplies(settings.Model, settings.Notices, open, secrets)
            .AddEmbedding(settings.Knowledge.Embedding, settings.Model, secrets)
            .AddPrivacy()
            .AddIncidents(settings.Detection)
            .AddConsole()
            .AddBackups(settings.Backup, new SettingsToKeep(() => SettingsJson.Show(settings.WithoutSecrets() with { ChangedBy = null })), provider => store => Rooms(settings, store, provider))
            .AddGuide(settings.Guide, settings.ForGuide());
    }

    /// <summary>All rooms over a store that a drill restored. Nothing is started, and nothing of it may leave the machine.</summary>
    private static ServiceProvider Rooms(ReplyMintSettings settings, OpenStore store, IServiceProvider outer)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(outer.GetRequiredService<TimeProvider>());
        return services.AddReplyMint(settings with { Backup = new(), Notices = new(), Monitoring = new(), Detection = new() { Enabled = false } }, store, outer.GetService<ParameterDoor>()).BuildServiceProvider();
    }

    /// <summary>The way of a request, in order, and behind it all routes.</summary>
    internal static void MapReplyMint(this WebApplication app)
    {
        app.UseReplyMint();
        app.MapSecurity();                    // /health, /ready, /info, /openapi/v1.json, /.well-known/security.txt
        app.MapAudit(route => route.Costly()); // /.well-known/attestation-keys.json, /api/v1/audit
        app.MapAccounts();                    // /api/v1: people, keys, tenants, domains
        app.MapMailgun();                     // /webhooks/mailgun/...
        app.MapSes();                         // /webhooks/ses/...
        app.MapBilling();                     // plans
        app.MapUsage();                       // GET /api/v1/usage
        app.MapMessagesIn();                  // POST /api/v1/messages
        app.MapKnowledge();                   // files of knowledge
        app.MapOutbound();                    // outgoing webhooks
        app.MapReplies();                     // messages, threads, receipts, drafts, quality
        app.MapPrivacy();                     // legal holds, erasures, retention
        app.MapIncidents();                   // incidents, records, access reviews
        app.MapGuide();                       // GET /api/v1/guide
        app.MapMonitoring();                  // /metrics, where a token is set
        app.MapConsole();                     // /console: the pages where people work
    }

    /// <summary>What stands before every route.</summary>
    internal static void UseReplyMint(this WebApplication app)
    {
        app.UseEveryAnswer();                 // headers and trace id, whoever answers
        app.UseProblemPages();                // told as a page, where people look at one
        app.UseProblemAnswers();              // what fails below becomes problem details
        app.UseForwardedHeadersOfProxies();   // who asks, by which name and scheme
        app.UseRefusalNotes();                // and what he was refused
        app.UseNetworkBlocks();               // unless his network is shut out
        app.UseHostFilter();                  // only names that are served
        app.UseHttpsOnly();                   // never in the clear
        app.UsePreflight();                   // browsers' questions, before any route
        app.UseContentRules();                // charset, compression, lengths
        app.UseRouting();
        app.UseRouteGuard();                  // no route without protection
        app.UseIdentification();              // who asks
        app.UseWatches();                     // and is he watched
        app.UseRequestLimits();               // not too much of it
        app.UseCallerGate();                  // and may he
        app.UsePageForms();                   // and was it a page of ours that asked
        app.UseUsage();                       // counts what was let in
        app.UseIdempotency();                 // once, though he asks twice
    }
}

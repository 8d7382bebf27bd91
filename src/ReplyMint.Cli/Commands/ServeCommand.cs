using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Cli.Reach;
using ReplyMint.Console;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>Runs the server until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Command Build(CommandHost host)
    {
        var urls = new Option<string?>("--urls") { HelpName = "URL", Description = "where HTTP is served; several are separated by commas" };
        var environment = new Option<string?>("--environment") { HelpName = "NAME", Description = "production (the default), staging or development" };
        var serve = new Verb("serve", "run the server: take mail, answer it, serve HTTP")
        {
            Options = { urls, environment },
            Examples = ["serve --environment development", "serve --data /var/lib/replymint --config /etc/replymint --urls http://127.0.0.1:8080"],
        };
        serve.SetAction(async (parse, ct) =>
        {
            var settings = SettingsOfCommand.Read(parse, host, ("urls", parse.GetValue(urls), "--urls"), ("environment", parse.GetValue(environment), "--environment"));
            if (settings is null)
                return ExitCode.Usage;
            return await RunAsync(settings with { Data = settings.Data ?? new Folders(host).Data }, host, ct);
        });
        return serve;
    }

    private static async Task<int> RunAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        ServerProcess server;
        try
        {
            server = await ServerProcess.StartAsync(settings, host, ct);
        }
        catch (RefusedException e)
        {
            return host.Fail(e.Message);
        }
        await using (server)
        {
            foreach (var warning in settings.HttpFront().Warnings().Concat(settings.Accounts.Warnings()))
                host.Error.WriteLine($"replymint: {warning}");
            var mail = server.SmtpPort > 0 ? $", mail on port {server.SmtpPort}" : "";
            host.Out.WriteLine($"ReplyMint {HealthEndpoints.Version} serves {server.Url}{mail} ({settings.Environment.Name()}, data in {settings.Data})");
            await TellWayInAsync(server, settings, host, ct);
            await Forever(ct);
        }
        return ExitCode.Ok;
    }

    /// <summary>Where people work. Only for development, whose output nobody else reads, the link that lets the first one in.</summary>
    private static async Task TellWayInAsync(ServerProcess server, ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        var home = ConsoleAddress.Of(server.Services.GetRequiredService<HttpSettings>(), settings.Accounts) ?? server.Url;
        if (settings.Environment == DeploymentEnvironment.Development && await server.Services.GetRequiredService<FirstRun>().OpenAsync(ct) is { } first)
            host.Out.WriteLine($"""

                Nobody works here yet. Open this in your browser to begin; it works once:
                {home}{first}
                """);
        else
            host.Out.WriteLine($"people work at {home}{RouteGroups.PagesRoot}");
    }

    private static async Task Forever(CancellationToken ct)
    {
        var ended = new TaskCompletionSource();
        await using var _ = ct.Register(ended.SetResult);
        await ended.Task;
    }
}

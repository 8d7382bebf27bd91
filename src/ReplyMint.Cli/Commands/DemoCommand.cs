using System.CommandLine;
using ReplyMint.Cli.Demo;
using ReplyMint.Cli.Reach;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Shows the main job on a throw-away installation: six mails in by SMTP, and what becomes of each.</summary>
internal static class DemoCommand
{
    private const string Marker = "demo";

    public static Command Build(CommandHost host)
    {
        var exit = new Option<bool>("--exit") { Description = "end after the last mail: 0 when all went as it should" };
        var json = new Option<bool>("--json") { Description = "print one JSON object a mail" };
        var urls = new Option<string?>("--urls") { HelpName = "URL", Description = "where HTTP is served" };
        var demo = new Verb("demo", "show the main job: a shop's mailbox and six mails, in a fresh folder")
        {
            Options = { exit, json, urls },
            Examples = ["demo", "demo --exit --json"],
        };
        demo.SetAction(async (parse, ct) =>
        {
            if (SettingsOfCommand.Read(parse, host, ("urls", parse.GetValue(urls), "--urls"), ("environment", "development", "demo")) is not { } settings)
                return ExitCode.Usage;
            var folders = new Folders(host);
            var data = settings.Data ?? folders.Here("data-demo");
            settings = settings with
            {
                Data = data, Store = StoreKind.Embedded,
                Config = parse.GetValue(GlobalOptions.Config) is not null ? settings.Config
                    : settings.Data is null ? folders.Here("config-demo") : data.TrimEnd('/') + "-config",
                Smtp = settings.Smtp with { AuthservId = DemoMail.TrustedServer, Enabled = true },
            };
            return await RunAsync(settings, host, parse.GetValue(exit), parse.GetValue(json), ct);
        });
        return demo;
    }

    private static async Task<int> RunAsync(ReplyMintSettings settings, CommandHost host, bool exit, bool json, CancellationToken ct)
    {
        if (Renew(settings.Data!, settings.Config!) is { } problem)
            return host.Fail(problem);
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
            var run = new DemoRun(server.Services, server.SmtpPort);
            var passages = await run.FillAsync(ct);
            if (!json)
                host.Out.WriteLine($"A shop with {passages} passages of knowledge; its mailbox {DemoMail.Recipient} answers automatically.");
            var failed = 0;
            foreach (var mail in DemoMail.All)
            {
                var result = await run.SendAsync(mail, ct);
                failed += result.Ok ? 0 : 1;
                if (json)
                    DemoReport.WriteJson(result, host.Out);
                else
                    DemoReport.Write(result, host.Out);
            }
            if (!json)
                Close(server, settings, host, failed, exit ? null : await run.InviteAsync(server.Url, ct));
            if (!exit)
                await Task.Delay(Timeout.Infinite, ct).ContinueWith(static _ => { }, TaskScheduler.Default);
            return failed == 0 ? ExitCode.Ok : ExitCode.Failed;
        }
    }

    private static void Close(ServerProcess server, ReplyMintSettings settings, CommandHost host, int failed, string? link)
    {
        host.Out.WriteLine();
        host.Out.WriteLine(failed == 0 ? "All went as it should." : $"{failed} of {DemoMail.All.Count} went otherwise than they should.");
        if (link is null)
            return;
        host.Out.WriteLine($"""

            One more mail waits for you in the console. Come in (once, within 10 minutes):
            {link}

            It stays up: {server.Url}, SMTP on port {server.SmtpPort}, data in {settings.Data} (answers as .eml in its folder out).
            From another terminal:   ./run.sh messages list      what came and what was decided
                                     ./run.sh drafts list        what waits for you
                                     ./run.sh guide              whether it is as secure as it says, and what shows it
            Stop with Ctrl-C.
            """);
    }

    /// <summary>Makes the folders anew, but only such that an earlier demo made.</summary>
    private static string? Renew(string data, string config)
    {
        using (var free = Directory.Exists(data) ? StoreLock.TryTake(data) : null)
        {
            if (free is null && Directory.Exists(data))
                return $"a demo runs already on {data}; stop it first, or name another folder with --data";
        }
        foreach (var folder in (string[])[data, config])
        {
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any() && !File.Exists(Path.Combine(folder, Marker)))
                return $"{folder} is not empty and no demo made it; name another folder with --data";
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.WriteAllText(Path.Combine(folder, Marker), "This folder was made by `replymint demo` and is made anew by it.\n");
        }
        return null;
    }
}

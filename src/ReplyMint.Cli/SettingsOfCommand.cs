using System.CommandLine;
using ReplyMint.Cli.Reach;

namespace ReplyMint.Cli;

/// <summary>Reads the settings a command line asks for.</summary>
internal static class SettingsOfCommand
{
    /// <summary>The settings with data and config folder filled in, or null after the problems were printed.</summary>
    /// <param name="more">Members that options of the command itself set.</param>
    public static ReplyMintSettings? Read(ParseResult parse, CommandHost host, params (string Path, string? Text, string Option)[] more)
    {
        var line = new List<(string Path, string Text, string Option)>();
        void Say(string path, string? text, string option)
        {
            if (text is not null)
                line.Add((path, text, option));
        }

        foreach (var pair in parse.GetValue(GlobalOptions.Set) ?? [])
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                host.Fail($"--set takes NAME=VALUE, such as --set jobs.workers=8");
                return null;
            }
            Say(pair[..equals], pair[(equals + 1)..], "--set");
        }
        Say("data", parse.GetValue(GlobalOptions.Data), "--data");
        Say("config", parse.GetValue(GlobalOptions.Config), "--config");
        Say("store", parse.GetValue(GlobalOptions.Store), "--store");
        foreach (var (path, text, option) in more)
            Say(path, text, option);

        // Where the file lies can't be said in the file: only the command line and the environment choose the folders it is looked for in.
        string? Early(string path, string variable) =>
            line.LastOrDefault(l => l.Path == path).Text ?? host.Environment.GetValueOrDefault(variable);
        var folders = new Folders(host);
        var data = host.Full(Early("data", "REPLYMINT_DATA") ?? folders.Data);
        // The demo's data has keys of its own beside it.
        var usual = data == folders.Here("data-demo") ? folders.Here("config-demo") : folders.Config;
        var config = host.Full(Early("config", "REPLYMINT_CONFIG") ?? usual);
        var named = parse.GetValue(GlobalOptions.Settings) ?? host.Environment.GetValueOrDefault(SettingsReader.FileVariable);
        var outcome = SettingsReader.Read(new(
            named is null ? null : host.Full(named),
            [Path.Combine(config, SettingsReader.FileName), Path.Combine(Path.GetDirectoryName(data) ?? data, SettingsReader.FileName)],
            host.Environment, line));
        foreach (var problem in outcome.Problems)
            host.Fail(problem);
        return outcome.Settings is { } settings
            ? settings with { Config = host.Full(settings.Config ?? config), Data = settings.Data is null ? null : host.Full(settings.Data) }
            : null;
    }
}

using System.CommandLine;

namespace ReplyMint.Cli;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static Option<string?> Data { get; } = new("--data") { HelpName = "DIR", Description = "the data folder", Recursive = true };

    public static Option<string?> Config { get; } = new("--config")
    {
        HelpName = "DIR", Description = "the folder of master key and replymint.json, outside the data folder", Recursive = true,
    };

    public static Option<string?> Store { get; } = new("--store") { HelpName = "NAME", Description = "where all is kept: embedded (the data folder, the default) or aws", Recursive = true };

    public static Option<string?> Settings { get; } = new("--settings") { HelpName = "FILE", Description = "the settings file", Recursive = true };

    public static Option<string[]> Set { get; } = new("--set")
    {
        HelpName = "NAME=VALUE", Description = "any setting, such as jobs.workers=8; may be repeated", Recursive = true,
    };

    public static IReadOnlyList<Option> All { get; } = [Data, Config, Store, Settings, Set];
}

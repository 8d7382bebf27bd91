using System.CommandLine;

namespace ReplyMint.Cli.Commands;

/// <summary>What the installation is set to, and what could be set.</summary>
internal static class SettingsCommands
{
    public static Command Build(CommandHost host)
    {
        var show = new Verb("show", "print the settings in effect, as replymint.json would say them (secrets are only named, never shown)")
        {
            Examples = ["settings show", "settings show --set jobs.workers=8"],
        };
        show.SetAction(parse =>
        {
            if (SettingsOfCommand.Read(parse, host) is not { } settings)
                return ExitCode.Usage;
            host.Out.Write(SettingsJson.Show(settings));
            return ExitCode.Ok;
        });

        var schema = new Verb("schema", "print the JSON schema of replymint.json");
        schema.SetAction(_ => host.Out.Write(SettingsJson.Schema()));

        var variables = new Verb("variables", "list the environment variable of each setting");
        variables.SetAction(_ =>
        {
            foreach (var leaf in SettingsShape.Root.Leaves)
                host.Out.WriteLine($"{leaf.Variable,-52} {leaf.Allowed}");
        });
        return new Command("settings", "what this installation is set to") { show, schema, variables };
    }
}

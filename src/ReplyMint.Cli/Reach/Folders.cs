namespace ReplyMint.Cli.Reach;

/// <summary>Which folders are meant when none is named.</summary>
internal sealed class Folders(CommandHost host)
{
    /// <summary>run.sh names its own folder; there data and keys lie beside the sources, ignored by git.</summary>
    private readonly string? _base = host.Environment.GetValueOrDefault(SettingsReader.BaseVariable);

    /// <summary>STATE_DIRECTORY and CONFIGURATION_DIRECTORY come from systemd, which makes them with the right owner and mode.</summary>
    public string Data => InBase("data") ?? First("STATE_DIRECTORY") ?? OfUser("XDG_DATA_HOME", ".local/share");

    public string Config => InBase("config") ?? First("CONFIGURATION_DIRECTORY") ?? OfUser("XDG_CONFIG_HOME", ".config");

    /// <summary>A folder beside the usual ones under run.sh, else beside the user.</summary>
    public string Here(string name) => InBase(name) ?? Path.Combine(host.Directory, name);

    /// <summary>The folder a command works on that names none: a running demo, a running server, else the usual folder.</summary>
    public (string Folder, string Which) ForCommand()
    {
        foreach (var name in (string[])["data-demo", "data"])
        {
            var folder = Here(name);
            if (ControlClient.Answers(folder))
                return (folder, $"the running server of ./{name}");
        }
        var here = Path.Combine(host.Directory, "data");
        if (_base is null && HoldsStore(here))
            return (here, "./data");
        return (Data, ControlClient.Answers(Data) ? $"the running server of {Data}" : Data);
    }

    public static bool HoldsStore(string data) => File.Exists(Path.Combine(data, "db", "replymint.db"));

    private string? InBase(string name) => _base is null ? null : Path.Combine(host.Full(_base), name);

    private string? First(string variable) => host.Environment.GetValueOrDefault(variable)?.Split(':')[0] is { Length: > 0 } folder ? folder : null;

    private string OfUser(string variable, string usual)
    {
        if (host.Environment.GetValueOrDefault(variable) is { Length: > 0 } named && Path.IsPathRooted(named))
            return Path.Combine(named, "replymint");
        var home = host.Environment.GetValueOrDefault("HOME") is { Length: > 0 } said
            ? said : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(home.Length > 0 ? home : "/", usual, "replymint");
    }
}

using System.Diagnostics;
using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>A script of infra/ with stand-ins for what it calls: aws, curl and replymint note how they were called, and answer what a file says.</summary>
internal sealed class ScriptRun : IDisposable
{
    private const string StandIn = """
        #!/bin/bash
        name=$(basename "$0")
        printf '%s' "$name" >>"$FAKE/calls"; printf ' %s' "$@" >>"$FAKE/calls"; echo >>"$FAKE/calls"
        case $name in aws) answer=$FAKE/$1.$2 ;; *) answer=$FAKE/$name ;; esac
        [[ ! -f $answer ]] || cat "$answer"
        [[ ! -f $answer.status ]] || exit "$(cat "$answer.status")"
        """;

    public ScriptRun()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "bin"));
        Directory.CreateDirectory(Path.Combine(Folder, "published"));
        File.WriteAllText(Path.Combine(Folder, "calls"), "");
        foreach (var name in new[] { "aws", "curl", "replymint" })
        {
            var path = Path.Combine(Folder, "bin", name);
            File.WriteAllText(path, StandIn + "\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        File.WriteAllText(Path.Combine(Folder, "published", "replymint"), "replymint");
        File.Copy(Path.Combine(HouseTests.Root, "infra", "example.parameters"), Path.Combine(Folder, "parameters"));
    }

    private string _path = Environment.GetEnvironmentVariable("PATH") ?? "";

    public string Folder { get; } = Directory.CreateTempSubdirectory("replymint-script-").FullName;

    public string Out { get; private set; } = "";

    public string Error { get; private set; } = "";

    public IReadOnlyList<string> Calls => File.ReadAllLines(Path.Combine(Folder, "calls"));

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <param name="call">As "cloudformation.get-template".</param>
    public void Answer(string call, string answer, int status = 0)
    {
        File.WriteAllText(Path.Combine(Folder, call), answer + "\n");
        if (status != 0)
            File.WriteAllText(Path.Combine(Folder, call + ".status"), status.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Another command of that name, before the machine's own.</summary>
    public void Instead(string name, string script)
    {
        var path = Path.Combine(Folder, "bin", name);
        File.WriteAllText(path, "#!/bin/bash\n" + script + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>The machine's commands without these.</summary>
    public void HideFromPath(params string[] names)
    {
        var rest = Directory.CreateDirectory(Path.Combine(Folder, "rest")).FullName;
        foreach (var folder in _path.Split(':').Where(Directory.Exists))
            foreach (var command in Directory.EnumerateFiles(folder).Where(command => !names.Contains(Path.GetFileName(command)) && !Path.Exists(Path.Combine(rest, Path.GetFileName(command)))))
                File.CreateSymbolicLink(Path.Combine(rest, Path.GetFileName(command)), command);
        _path = rest;
    }

    public async Task<int> RunAsync(string script, string[] arguments, string input = "")
    {
        var info = new ProcessStartInfo("bash", [Path.Combine(HouseTests.Root, "infra", script), .. arguments])
        {
            WorkingDirectory = Folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        info.Environment["PATH"] = Path.Combine(Folder, "bin") + ":" + _path;
        info.Environment["FAKE"] = Folder;
        info.Environment["DEPLOY_PUBLISHED"] = Path.Combine(Folder, "published");
        info.Environment["DEPLOY_PARAMETERS"] = Path.Combine(Folder, "parameters");
        info.Environment["DEPLOY_PACKAGES"] = "replymint-packages-111122223333-eu-central-1";
        info.Environment["DEPLOY_WORK"] = Path.Combine(Folder, "work");
        info.Environment["AWS_REGION"] = Stack.Region;
        using var process = Process.Start(info)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        (Out, Error) = (await output, await error);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>A fence around the process (docs/connections.md): a network of its own, which leads nowhere. What the operator forgot to let out is named, and nothing breaks by it.</summary>
public sealed class OuterFenceTests
{
    private const string Unshare = "/usr/bin/unshare";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_doctor_names_each_place_that_a_fence_leaves_out()
    {
        Assert.SkipUnless(File.Exists(Unshare) && (await RunAsync(new ProcessStartInfo("/bin/true"))).Code == 0, "this machine lets nobody make a network of his own");
        using var folder = new TemporaryFolder();
        var (code, output, error) = await RunAsync(ServerChild.Command(folder.Path, null, "doctor", "--json", "--environment", "development", "--data", folder.Sub("data"), "--config", folder.Sub("config"),
            "--set", "model.endpoint=http://192.0.2.1:11434/v1", "--set", "model.model=m", "--set", "outbound.channel=smtp", "--set", "outbound.smtp.host=192.0.2.2", "--set", "outside.allow=*:443"));
        Assert.Equal((1, ""), (code, error));
        var findings = output.TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!).ToDictionary(finding => (string)finding["check"]!, finding => $"{finding["state"]}: {finding["text"]}");
        Assert.StartsWith("fail: the system's resolver does not answer", findings["dns"], StringComparison.Ordinal);
        Assert.StartsWith("fail: 192.0.2.1 port 11434 can't be reached (NetworkUnreachable)", findings["model"], StringComparison.Ordinal);
        Assert.StartsWith("fail: 192.0.2.2 port 587 does not greet (NetworkUnreachable)", findings["outbound"], StringComparison.Ordinal);
        Assert.Equal("ok: tenants may name *:443, of the public internet", findings["outside"]);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(ProcessStartInfo command)
    {
        command.ArgumentList.Insert(0, command.FileName);
        command.ArgumentList.Insert(0, "-Urn");
        command.FileName = Unshare;
        command.RedirectStandardOutput = command.RedirectStandardError = true;
        using var process = Process.Start(command)!;
        var error = process.StandardError.ReadToEndAsync(Ct);
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, output, await error);
    }
}

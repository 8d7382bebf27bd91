using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ReplyMint.BinaryTests;

/// <summary>The published binary as the package that functions of Lambda run: its size is part of each start. Wanted are 20 MB (docs/aws.md); it may shrink, not grow.</summary>
public sealed class PackageTests : IDisposable
{
    private const long Most = 22_000_000;

    private readonly Binary _binary = new();

    public void Dispose() => _binary.Dispose();

    [Fact]
    public async Task The_package_is_no_larger_than_it_was()
    {
        var info = new ProcessStartInfo("bash", [Path.Combine(Binary.Root, "infra", "deploy.sh"), "staging", "--dry-run", "--no-smoke"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["DEPLOY_PUBLISHED"] = Path.GetDirectoryName(_binary.Path);
        info.Environment["DEPLOY_PARAMETERS"] = Path.Combine(Binary.Root, "infra", "example.parameters");
        info.Environment["DEPLOY_PACKAGES"] = "replymint-packages-111122223333-eu-central-1";
        info.Environment["DEPLOY_WORK"] = Path.Combine(_binary.Folder, "deploy");
        using var process = Process.Start(info)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await error);
        var size = Regex.Match(await output, @"^Package: packages/[0-9a-f]{32}\.zip, ([0-9]+) bytes$", RegexOptions.Multiline, TimeSpan.FromSeconds(1));
        Assert.True(size.Success, await output);
        var bytes = long.Parse(size.Groups[1].Value, CultureInfo.InvariantCulture);
        TestContext.Current.SendDiagnosticMessage(size.Value);
        Assert.InRange(bytes, 1, Most);
        Assert.Equal(bytes, new FileInfo(Path.Combine(_binary.Folder, "deploy", "package.zip")).Length);
    }
}

using System.IO.Compression;
using ReplyMint.Cli;
using ReplyMint.Privacy;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>A small file that becomes very much is refused from its list of files on, before a store is made for it.</summary>
public sealed class ImportBoundTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CliRun _cli = CliRun.OnStore();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string[] Here => ["--data", _folder.Sub("data"), "--config", _folder.Sub("config")];

    public void Dispose()
    {
        _cli.Dispose();
        _folder.Dispose();
    }

    private async Task<string> RefusedAsync(string verb, string file, params string[] more)
    {
        string[] arguments = verb == "import" ? ["import", file, .. more, .. Here] : ["export", "verify", file, .. more];
        Assert.Equal(1, await _cli.RunAsync(arguments));
        Assert.False(Directory.Exists(_folder.Sub("data")), "A store was made.");
        return Assert.Single(_cli.Error.TrimEnd().Split('\n'));
    }

    /// <summary>An export of 60 mails, with more files of so many bytes, all of them zero.</summary>
    private async Task<string> FileAsync(int files, int bytes)
    {
        var file = await ExportedFile.WithManyMailsAsync(_folder.Sub("many.zip"), 60, Ct);
        using var zip = await ZipFile.OpenAsync(file, ZipArchiveMode.Update, Ct);
        for (var i = 0; i < files; i++)
        {
            await using var entry = await zip.CreateEntry($"more-{i}.jsonl").OpenAsync(Ct);
            await entry.WriteAsync(new byte[bytes], Ct);
        }
        return file;
    }

    [Theory]
    [InlineData("import")]
    [InlineData("verify")]
    public async Task More_than_was_said_is_refused_with_what_to_say(string verb)
    {
        var file = await FileAsync(1, 3 << 20);
        Assert.True(new FileInfo(file).Length < 1 << 20);
        Assert.EndsWith("many.zip is more than 3 MB when it is unpacked; if you know whose it is and that there is room, say how many: --most-megabytes", await RefusedAsync(verb, file, "--most-megabytes", "3"), StringComparison.Ordinal);
        // Within the bound it goes on to what else is wrong.
        Assert.EndsWith("holds other files than its manifest says", verb == "verify" ? await RefusedAsync(verb, file, "--most-megabytes", "4") : (await _cli.FailsAsync(["import", file, "--most-megabytes", "4", .. Here])).TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_many_files_is_refused() =>
        Assert.Contains("an export has no more than 100", await RefusedAsync("import", await FileAsync(100, 1)), StringComparison.Ordinal);

    [Fact]
    public async Task What_the_list_of_files_says_is_enough_to_refuse()
    {
        var file = await FileAsync(3, 1);
        // Each size that is claimed fits, their sum does not.
        var bytes = await File.ReadAllBytesAsync(file, Ct);
        for (var at = bytes.Length - 4; at >= 0; at--)
            if (bytes.AsSpan(at).StartsWith("PK\u0001\u0002"u8) && bytes.AsSpan(at + 46).StartsWith("more-"u8))
                bytes.AsSpan(at + 24, 4).Fill(0xFE);
        await File.WriteAllBytesAsync(file, bytes, Ct);
        Assert.Contains($"is more than {ImportBounds.UsualMegabytes} MB", await RefusedAsync("import", file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("10000001")]
    [InlineData("-1")]
    [InlineData("99999999999")]
    public async Task A_bound_that_is_none_is_refused(string most)
    {
        Assert.Equal(ExitCode.Usage, await _cli.RunAsync(["import", "x.zip", "--most-megabytes", most, .. Here]));
        Assert.Contains("most-megabytes", _cli.Error, StringComparison.Ordinal);
    }
}

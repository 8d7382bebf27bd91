using System.Text.Json.Nodes;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>The audit log from the command line, and what somebody elsewhere verifies with files alone.</summary>
public sealed class AuditCommandTests : IDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task An_export_is_verified_elsewhere_with_the_public_keys_alone()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        await _cli.OkAsync("knowledge", "add", _cli.Write("faq.md", "# When are you open?\n\nAlways."));
        var export = await _cli.OkAsync("audit", "export");
        var file = _cli.Write("acme.jsonl", export);
        var keys = _cli.Write("keys.json", await _cli.OkAsync("audit", "keys"));
        Assert.Contains("entries 1 to 2: whole, and held by the root of", await _cli.OkAsync("audit", "verify-export", file, "--keys", keys), StringComparison.Ordinal);

        var lines = export.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        string Without(int line) => _cli.Write("forged.jsonl", string.Join('\n', lines.Where((_, i) => i != line)) + "\n");
        Assert.Contains("Changed: entry 1", await _cli.FailsAsync("audit", "verify-export", _cli.Write("forged.jsonl", export.Replace("mailbox.add", "mailbox.bad", StringComparison.Ordinal)), "--keys", keys), StringComparison.Ordinal);
        Assert.Contains("Missing: entry 1", await _cli.FailsAsync("audit", "verify-export", Without(1), "--keys", keys), StringComparison.Ordinal);
        Assert.Contains("CutOff: entry 2", await _cli.FailsAsync("audit", "verify-export", Without(2), "--keys", keys), StringComparison.Ordinal);
        Assert.Contains("CutOff", await _cli.FailsAsync("audit", "verify-export", Without(3), "--keys", keys), StringComparison.Ordinal);

        // Keys of another installation verify nothing.
        using var other = CliRun.OnStore();
        await other.OkAsync("tenant", "add", "Other");
        await other.OkAsync("audit", "root");
        Assert.Contains("not what this installation signed", await _cli.FailsAsync("audit", "verify-export", file, "--keys", _cli.Write("other.json", await other.OkAsync("audit", "keys"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_root_is_verified_as_it_was_copied_and_as_it_was_mailed()
    {
        Directory.CreateDirectory(Path.Combine(_cli.Folder, "elsewhere"));
        _cli.Environment["REPLYMINT_AUDIT__ANCHORS"] = $$"""[{"folder":"{{_cli.Folder}}/elsewhere"}]""";
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        Assert.Contains("root 1 over 2 chains", await _cli.OkAsync("audit", "root"), StringComparison.Ordinal);
        var keys = _cli.Write("keys.json", await _cli.OkAsync("audit", "keys"));
        var root = Path.Combine(_cli.Folder, "elsewhere", "roots", "000000000001.json");
        var said = await _cli.OkAsync("audit", "verify-statement", root, "--keys", keys);
        Assert.StartsWith("genuine: kind root", said, StringComparison.Ordinal);
        Assert.Contains("\"chains\":2", said, StringComparison.Ordinal);
        var mailed = string.Join('\n', "Keep this mail".Chunk(72).Concat((await File.ReadAllTextAsync(root, TestContext.Current.CancellationToken)).Chunk(72)).Select(piece => new string(piece)));
        await _cli.OkAsync("audit", "verify-statement", _cli.Write("mail.txt", mailed), "--keys", keys);
        Assert.Contains("no statement", await _cli.FailsAsync("audit", "verify-statement", _cli.Write("mail.txt", mailed.Replace("eyJ", "eyK", StringComparison.Ordinal)), "--keys", keys), StringComparison.Ordinal);

        Assert.Contains("complete up to the root of", await _cli.OkAsync("audit", "verify"), StringComparison.Ordinal);
        Assert.Contains("complete up to the root of", await _cli.OkAsync("audit", "verify", "--chain", "Acme", "--roots", Path.GetDirectoryName(root)!), StringComparison.Ordinal);
        await _cli.OkAsync("audit", "rotate-key");
        Assert.True((bool)JsonNode.Parse(await _cli.OkAsync("audit", "verify", "--chain", "installation", "--json"))!["whole"]!);
    }

    /// <summary>Files that lie elsewhere may say any number: what is verified by them must not hang on a sum that runs over.</summary>
    [Fact]
    public async Task The_highest_and_the_lowest_numbers_of_keys_and_roots_change_nothing()
    {
        Directory.CreateDirectory(Path.Combine(_cli.Folder, "elsewhere"));
        _cli.Environment["REPLYMINT_AUDIT__ANCHORS"] = $$"""[{"folder":"{{_cli.Folder}}/elsewhere"}]""";
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("audit", "root");
        await _cli.OkAsync("audit", "root");
        var roots = Path.Combine(_cli.Folder, "elsewhere", "roots");
        var keys = JsonNode.Parse(await _cli.OkAsync("audit", "keys"))!;
        async Task<string> SaidAsync(long iat, long? retired)
        {
            (keys["keys"]![0]!["iat"], keys["keys"]![0]!["retired"]) = (iat, retired);
            var (file, root) = (_cli.Write("keys.json", keys.ToJsonString()), Path.Combine(roots, "000000000001.json"));
            return iat <= 0 && retired is null or > 0 ? await _cli.OkAsync("audit", "verify-statement", root, "--keys", file) : await _cli.FailsAsync("audit", "verify-statement", root, "--keys", file);
        }
        Assert.StartsWith("genuine", await SaidAsync(long.MinValue, null), StringComparison.Ordinal);
        Assert.StartsWith("genuine", await SaidAsync(0, long.MaxValue), StringComparison.Ordinal);
        Assert.Contains("no statement", await SaidAsync(long.MaxValue, null), StringComparison.Ordinal);
        Assert.Contains("no statement", await SaidAsync(0, long.MinValue), StringComparison.Ordinal);

        // Neither is named as we name a root, and none can follow it.
        foreach (var name in new[] { "09223372036854775807", "9223372036854775807" })
            File.Copy(Path.Combine(roots, "000000000001.json"), Path.Combine(roots, name + ".json"));
        Assert.Contains("complete up to the root of", await _cli.OkAsync("audit", "verify", "--chain", "installation", "--roots", Path.GetDirectoryName(roots)!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(999_999_999_999_999)]
    [InlineData(0)]
    public async Task An_entry_that_says_any_number_is_a_finding_and_the_rest_is_read(long number)
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        await _cli.OkAsync("mailbox", "add", "sales@example.com");
        var keys = _cli.Write("keys.json", await _cli.OkAsync("audit", "keys"));
        var export = await _cli.OkAsync("audit", "export");
        Assert.Contains("\"sequence\":1,", export, StringComparison.Ordinal);
        var forged = _cli.Write("forged.jsonl", export.Replace("\"sequence\":1,", $"\"sequence\":{number},", StringComparison.Ordinal));
        Assert.Contains("Changed: entry", await _cli.FailsAsync("audit", "verify-export", forged, "--keys", keys), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acts_are_listed_by_what_they_are()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        await _cli.OkAsync("mailbox", "add", "shop@example.com");
        await _cli.OkAsync("mailbox", "add", "sales@example.com");
        Assert.Equal(3, (await _cli.OkAsync("audit", "list", "--act", "mailbox.")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var one = JsonNode.Parse(await _cli.OkAsync("audit", "list", "--limit", "1", "--json"))!;
        Assert.Equal((2L, "mailbox.add", "operator@machine"), ((long)one["entry"]!, (string?)one["act"], (string?)one["actor"]));
        Assert.Empty(await _cli.OkAsync("audit", "list", "--until", "2026-01-01"));
        Assert.Contains("tenant.add", await _cli.OkAsync("audit", "list", "--installation"), StringComparison.Ordinal);
        Assert.Contains("takes a time", await _cli.FailsAsync("audit", "list", "--since", "yesterday"), StringComparison.Ordinal);
    }
}

using System.Security.Cryptography;
using System.Text;
using ReplyMint.Secrets;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A bundle for the investigator: whole, signed, sealed; no address in it; whatever is changed is found (IR-4).</summary>
public sealed class EvidenceTests : IDisposable
{
    private readonly IncidentCli _cli = new();
    private string _incident = "";

    public void Dispose() => _cli.Dispose();

    private string Path(string name) => System.IO.Path.Combine(_cli.Folder, name);

    private async Task TakeAsync()
    {
        var key = await _cli.FillAsync();
        await File.WriteAllTextAsync(Path("pass"), "seven blue lamps over the harbour wall\n");
        _incident = (await _cli.OkAsync("incident", "open", "it was lead@example.com")).Trim();
        await _cli.OkAsync("incident", "note", _incident, "lead+tag@example.com wrote to support@example.com");
        await _cli.OkAsync("incident", "contain", "key", key, "--incident", _incident);
        await _cli.OkAsync("user", "sign-in-link", "lead@example.com");
        await _cli.OkAsync("incident", "evidence", "--incident", _incident, "--out", "bundle", "--passphrase-file", "pass");
    }

    private Task<int> OpenAsync(string file, string folder, params string[] more) => _cli.RunAsync(["incident", "open-evidence", file, "--out", folder, "--passphrase-file", "pass", .. more]);

    [Fact]
    public async Task It_opens_holds_what_happened_and_no_address()
    {
        await TakeAsync();
        Assert.DoesNotContain("incident.open", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Path("bundle"))), StringComparison.Ordinal);
        Assert.Equal(0, await OpenAsync("bundle", "opened"));
        Assert.Contains("signed by this installation, all hashes are right", _cli.Out, StringComparison.Ordinal);
        foreach (var (file, what) in new[] { ("audit.jsonl", "tenant.add"), ("audit.jsonl", "key.create"), ("timeline.jsonl", "contain.key"), ("sign-ins.jsonl", "user.sign-in-link"), ("keys.jsonl", "messages:read"), ("contained.jsonl", "\"key\"") })
            Assert.Contains(what, await File.ReadAllTextAsync(Path("opened/" + file)), StringComparison.Ordinal);
        Assert.Contains("(address) wrote to (address)", await File.ReadAllTextAsync(Path("opened/timeline.jsonl")), StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(Path("opened")))
        {
            Assert.DoesNotContain("example.com", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
            Assert.DoesNotContain("192.0.2", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
        Assert.Contains("evidence.take", await _cli.OkAsync("incident", "timeline", _incident), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_seen_elsewhere_is_sealed_and_signed_with_it()
    {
        await TakeAsync();
        await File.WriteAllTextAsync(Path("aws-access.jsonl"), "{\"status\":\"403\"}\n{\"status\":\"200\"}\n");
        await _cli.OkAsync("incident", "evidence", "--incident", _incident, "--also", "aws-access.jsonl", "--out", "more", "--passphrase-file", "pass");
        Assert.Equal(0, await OpenAsync("more", "opened"));
        Assert.Contains("aws-access.jsonl  2 lines", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(Path("aws-access.jsonl")), await File.ReadAllTextAsync(Path("opened/aws-access.jsonl")));
    }

    /// <summary>What somebody brings along must not pass for what the installation saw.</summary>
    [Theory]
    [InlineData("audit.jsonl")]
    [InlineData("manifest.jws")]
    [InlineData("aws-1.jsonl")]
    public async Task What_is_brought_along_never_takes_the_name_of_our_own(string name)
    {
        await TakeAsync();
        await File.WriteAllTextAsync(Path(name), "{}\n");
        Assert.Equal(1, await _cli.RunAsync(["incident", "evidence", "--incident", _incident, "--also", name, "--out", "more", "--passphrase-file", "pass"]));
        Assert.False(File.Exists(Path("more")));
    }

    [Fact]
    public async Task Whatever_is_changed_cut_off_or_of_somebody_else_is_refused()
    {
        await TakeAsync();
        var whole = await File.ReadAllBytesAsync(Path("bundle"));
        var tries = 0;
        foreach (var at in (int[])[0, 25, 52, 56, 60, whole.Length / 2, whole.Length - 1])
        {
            var changed = (byte[])whole.Clone();
            changed[at] ^= 1;
            await RefusedAsync(changed);
        }
        await RefusedAsync(whole[..^1]);
        await RefusedAsync(whole[..^40]);
        await RefusedAsync([.. whole, 0]);
        await File.WriteAllTextAsync(Path("pass"), "seven red lamps over the harbour wall\n");
        await RefusedAsync(whole);
        await File.WriteAllTextAsync(Path("pass"), "seven blue lamps over the harbour wall\n");
        // Keys of somebody else: sealed well, but not what this installation said.
        await File.WriteAllTextAsync(Path("keys.json"), """{"keys":[]}""");
        Assert.Equal(1, await OpenAsync("bundle", "elsewhere", "--keys", "keys.json"));

        async Task RefusedAsync(byte[] bytes)
        {
            await File.WriteAllBytesAsync(Path("other"), bytes);
            Assert.Equal(1, await OpenAsync("other", $"other-{tries++}"));
            Assert.DoesNotContain("unexpectedly", _cli.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Whoever_has_the_passphrase_still_can_not_take_a_line_out()
    {
        await TakeAsync();
        const string passphrase = "seven blue lamps over the harbour wall";
        List<byte[]> pieces;
        await using (var file = File.OpenRead(Path("bundle")))
            pieces = [.. PassphraseReader.Read(file, passphrase)];
        var inside = pieces.SelectMany(piece => piece).ToArray();
        await using (var file = File.Create(Path("shorter")))
        using (var writer = new PassphraseWriter(file, passphrase))
        {
            writer.Write(inside.AsSpan(Array.IndexOf(inside, (byte)'\n') + 1));
            writer.Complete();
        }
        Assert.Equal(1, await OpenAsync("shorter", "opened"));
        Assert.Contains("not what was signed", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_somebody_exchanged_inside_are_not_those_that_were_signed()
    {
        var (one, other) = (new ReplyMint.Incidents.EvidenceHashes(), new ReplyMint.Incidents.EvidenceHashes());
        one.Add("audit.jsonl", "a"u8);
        one.Add("audit.jsonl", "b"u8);
        other.Add("audit.jsonl", "b"u8);
        other.Add("audit.jsonl", "a"u8);
        Assert.NotEqual(one.Files(), other.Files());
    }

    [Fact]
    public void Files_of_any_size_come_back_as_they_were()
    {
        foreach (var size in (int[])[0, 1, PassphraseSeal.Piece - 1, PassphraseSeal.Piece, PassphraseSeal.Piece + 1])
        {
            var plain = RandomNumberGenerator.GetBytes(size);
            using var file = new MemoryStream();
            using (var writer = new PassphraseWriter(file, "seven blue lamps over the harbour wall"))
            {
                foreach (var some in plain.Chunk(10_000))
                    writer.Write(some);
                writer.Complete();
            }
            file.Position = 0;
            Assert.Equal(plain, PassphraseReader.Read(file, "seven blue lamps over the harbour wall").SelectMany(piece => piece).ToArray());
        }
    }

    [Fact]
    public async Task A_short_passphrase_or_a_file_that_is_there_is_refused()
    {
        await TakeAsync();
        Assert.Equal(1, await _cli.RunAsync("incident", "evidence", "--incident", _incident, "--out", "bundle", "--passphrase-file", "pass"));
        await File.WriteAllTextAsync(Path("pass"), "short");
        Assert.Equal(1, await _cli.RunAsync("incident", "evidence", "--incident", _incident, "--out", "second", "--passphrase-file", "pass"));
        Assert.False(File.Exists(Path("second")) || File.Exists(Path("second.part")) || File.Exists(Path("bundle.part")));
    }
}

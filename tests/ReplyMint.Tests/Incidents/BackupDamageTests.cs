using System.Buffers.Binary;
using ReplyMint.Incidents;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A part of a backup that is not as it was written is found, and nothing is made of it.</summary>
public sealed class BackupDamageTests : IAsyncLifetime
{
    private readonly BackupFolder _backups = new();
    private ProductHost _host = null!;
    private MadeBackup _made = null!;

    private string Config => BackupFolder.Config(_host);

    public async ValueTask InitializeAsync()
    {
        _host = await ProductHost.StartAsync(knowledge: BackupFolder.Faq);
        // Large enough for several chunks.
        await _host.DeliverAndDecideAsync(_host.Mail("How long does delivery take?\r\n" + string.Concat(Enumerable.Repeat("> a line of an old mail\r\n", 36_000))));
        _made = await _backups.CreateAsync(_host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _backups.Dispose();
    }

    private async Task<string> RefusedAsync(byte[] bytes, string because)
    {
        var file = _backups.Sub("damaged");
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        Assert.True(await _backups.VerifyAsync(file, Config) == 1, because);
        Assert.Single(_backups.Error.TrimEnd().Split('\n'));
        return _backups.Error;
    }

    [Fact]
    public async Task A_bit_that_was_turned_is_found_wherever_it_is()
    {
        foreach (var file in (string[])[_made.Keys!.Path, _made.Data!.Path])
        {
            var whole = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            Assert.Equal(0, await _backups.VerifyAsync(file, Config));
            var random = new Random(7);
            // All of the header and the first frame, each frame's length, the end, and some of everything between.
            var frames = Frames(whole).SelectMany(at => Enumerable.Range(at, 4));
            foreach (var at in Enumerable.Range(0, BackupHeader.Bytes + 40).Concat(frames).Concat(Enumerable.Range(whole.Length - 24, 24)).Concat(Enumerable.Range(0, 60).Select(_ => random.Next(whole.Length))))
            {
                whole[at] ^= (byte)(1 << random.Next(8));
                await RefusedAsync(whole, $"the byte {at} of {Path.GetFileName(file)} was changed");
                whole = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            }
        }
    }

    [Fact]
    public async Task What_was_cut_off_left_out_moved_or_added_is_found()
    {
        var whole = await File.ReadAllBytesAsync(_made.Data!.Path, TestContext.Current.CancellationToken);
        var frames = Frames(whole);
        Assert.True(frames.Count > 3);
        foreach (var length in (int[])[0, 5, BackupHeader.Bytes, BackupHeader.Bytes + 3, frames[1], frames[2] + 4, frames[^1], whole.Length - 1])
            Assert.Contains("replymint: ", await RefusedAsync(whole[..length], $"cut off at {length}"), StringComparison.Ordinal);
        await RefusedAsync([.. whole, 0], "a byte was added");
        await RefusedAsync([.. whole[..frames[1]], .. whole[frames[2]..]], "a chunk was left out");
        await RefusedAsync([.. whole[..frames[1]], .. whole[frames[2]..frames[3]], .. whole[frames[1]..frames[2]], .. whole[frames[3]..]], "two chunks changed places");
        // A chunk of another part of the same store, in the same place.
        var other = await File.ReadAllBytesAsync((await _backups.CreateAsync(_host)).Data!.Path, TestContext.Current.CancellationToken);
        await RefusedAsync([.. whole[..frames[0]], .. other[frames[0]..frames[1]], .. whole[frames[1]..]], "a chunk came from elsewhere");
        await RefusedAsync([.. other[..frames[0]], .. whole[frames[0]..]], "another part's beginning was put before it");
    }

    [Fact]
    public async Task A_damaged_part_leaves_a_folder_that_is_no_store()
    {
        var whole = await File.ReadAllBytesAsync(_made.Data!.Path, TestContext.Current.CancellationToken);
        whole[^100] ^= 1;
        await File.WriteAllBytesAsync(_backups.Sub("damaged"), whole, TestContext.Current.CancellationToken);
        Assert.Equal(1, await _backups.RestoreAsync(_backups.Sub("damaged"), _made.Keys!.Path, _backups.Sub("new"), Config));
        Assert.Contains("can't be used: it is damaged", _backups.Error, StringComparison.Ordinal);
        Assert.Contains("was not finished", Assert.Throws<StoreRefusedException>(() => DataFolder.Open(_backups.Sub("new"))).Message, StringComparison.Ordinal);
        Assert.Equal(1, await _backups.RestoreAsync(_made.Data.Path, _made.Keys.Path, _backups.Sub("new"), Config));
        Assert.Contains("was not finished. Remove the folder", _backups.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_that_do_not_belong_together_are_refused_before_anything_is_written()
    {
        await using var stranger = await ProductHost.StartAsync();
        using var elsewhere = new BackupFolder();
        var other = await elsewhere.CreateAsync(stranger);
        _host.Time.Advance(TimeSpan.FromHours(1));
        var newer = await _backups.CreateAsync(_host);
        var (data, keys, into) = (_made.Data!.Path, _made.Keys!.Path, _backups.Sub("new"));
        await RefusesAsync(data, other.Keys!.Path, "different stores");
        await RefusesAsync(keys, data, "holds keys, not data");
        await RefusesAsync(newer.Data!.Path, keys, "could not be read");
        await RefusesAsync(data, data, "holds data, not keys");
        await RefusesAsync(data, _backups.Sub("nothing"), "can't be read");
        // A newer form than this one knows.
        var form = await File.ReadAllBytesAsync(data, TestContext.Current.CancellationToken);
        form[8] = byte.MaxValue;
        await File.WriteAllBytesAsync(_backups.Sub("newer"), form, TestContext.Current.CancellationToken);
        await RefusesAsync(_backups.Sub("newer"), keys, "was written by a newer ReplyMint");
        // The key of another store under this one's name.
        var wrong = _backups.Sub("wrong");
        BackupFolder.CopyConfig(Config, wrong);
        File.Copy(Directory.GetFiles(Path.Combine(BackupFolder.Config(stranger), "keys")).Single(), Directory.GetFiles(Path.Combine(wrong, "keys")).Single(), overwrite: true);
        Assert.Equal(1, await _backups.RestoreAsync(data, keys, into, wrong));
        Assert.Contains("is not the one of this backup", Assert.Single(_backups.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal(1, await _backups.VerifyAsync(data, wrong));
        Assert.False(Directory.Exists(into));
        Directory.CreateDirectory(into);
        await File.WriteAllTextAsync(Path.Combine(into, "mine"), "", TestContext.Current.CancellationToken);
        await RefusesAsync(data, keys, "is not empty");
        Assert.Equal(["mine"], Directory.GetFileSystemEntries(into).Select(Path.GetFileName));
        // Newer keys with older data are as good as a pair.
        Assert.Equal(0, await _backups.RestoreAsync(data, newer.Keys!.Path, _backups.Sub("good"), Config));

        async Task RefusesAsync(string one, string two, string because)
        {
            Assert.Equal(1, await _backups.RestoreAsync(one, two, into, Config));
            Assert.Contains(because, Assert.Single(_backups.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }
    }

    /// <summary>Where each chunk begins.</summary>
    private static List<int> Frames(byte[] file)
    {
        var frames = new List<int>();
        for (var at = BackupHeader.Bytes; at < file.Length; at += 4 + (int)(BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at)) & 0x7fff_ffff) + 16)
            frames.Add(at);
        return frames;
    }
}

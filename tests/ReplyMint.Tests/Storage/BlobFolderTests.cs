using ReplyMint.Storage;

namespace ReplyMint.Tests.Storage;

public sealed class BlobFolderTests : BlobConformance
{
    private readonly TemporaryFolder _folder = new();

    private protected override ValueTask<IBlobStore> OpenAsync() => new(new BlobFolder(_folder.Sub("blobs")));

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_half_written_file_is_found_and_removed()
    {
        await Blobs.WriteAsync("t1", "a", "x"u8.ToArray(), Ct);
        var half = Path.Combine(_folder.Sub("blobs"), "t1", "b.part");
        await File.WriteAllTextAsync(half, "x", Ct);
        await foreach (var blob in Blobs.BeforeAsync(DateTimeOffset.UtcNow.AddHours(1), Ct))
            if (blob.Id is null)
                await Blobs.RemoveAsync(blob, Ct);
        Assert.False(File.Exists(half));
        Assert.NotNull(await Blobs.ReadAsync("t1", "a", Ct));
    }
}

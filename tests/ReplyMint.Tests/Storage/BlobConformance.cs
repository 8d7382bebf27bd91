using ReplyMint.Storage;

namespace ReplyMint.Tests.Storage;

/// <summary>What every adapter for blobs has to do. An adapter's test class derives from it and opens the adapter.</summary>
public abstract class BlobConformance : IAsyncLifetime
{
    private protected IBlobStore Blobs { get; private set; } = null!;
    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected abstract ValueTask<IBlobStore> OpenAsync();

    public async ValueTask InitializeAsync() => Blobs = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_blob_reads_back_as_it_was_written_and_the_last_write_counts()
    {
        var content = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(content);
        await Blobs.WriteAsync("t1", "m_1-A", content, Ct);
        Assert.Equal(content, await Blobs.ReadAsync("t1", "m_1-A", Ct));
        await Blobs.WriteAsync("t1", "m_1-A", "short"u8.ToArray(), Ct);
        Assert.Equal("short"u8.ToArray(), await Blobs.ReadAsync("t1", "m_1-A", Ct));
        Assert.Null(await Blobs.ReadAsync("t2", "m_1-A", Ct));
        Assert.Null(await Blobs.ReadAsync("t1", "m_1", Ct));
    }

    [Fact]
    public async Task What_is_deleted_is_gone_and_may_be_deleted_again()
    {
        await Blobs.WriteAsync("t1", "a", "x"u8.ToArray(), Ct);
        await Blobs.WriteAsync("t1", "b", "y"u8.ToArray(), Ct);
        await Blobs.DeleteAsync("t1", "a", Ct);
        await Blobs.DeleteAsync("t1", "a", Ct);
        Assert.Null(await Blobs.ReadAsync("t1", "a", Ct));
        Assert.NotNull(await Blobs.ReadAsync("t1", "b", Ct));
    }

    [Fact]
    public async Task All_of_a_tenants_are_removed_and_nobody_elses()
    {
        for (var i = 0; i < 7; i++)
            await Blobs.WriteAsync("t1", $"a{i}", "x"u8.ToArray(), Ct);
        await Blobs.WriteAsync("t10", "a", "x"u8.ToArray(), Ct);
        Assert.Equal(7, await Blobs.DeleteAllAsync("t1", Ct));
        Assert.Equal(0, await Blobs.DeleteAllAsync("t1", Ct));
        Assert.Null(await Blobs.ReadAsync("t1", "a3", Ct));
        Assert.NotNull(await Blobs.ReadAsync("t10", "a", Ct));
    }

    [Fact]
    public async Task Those_of_before_an_instant_are_found_and_removed()
    {
        for (var i = 0; i < 7; i++)
            await Blobs.WriteAsync($"t{i % 2}", $"a{i}", "x"u8.ToArray(), Ct);
        Assert.Empty(await BeforeAsync(DateTimeOffset.UtcNow.AddHours(-1)));
        var found = await BeforeAsync(DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal(["t0 a0", "t0 a2", "t0 a4", "t0 a6", "t1 a1", "t1 a3", "t1 a5"], found.Select(blob => $"{blob.Tenant} {blob.Id}").Order(StringComparer.Ordinal));
        await Blobs.RemoveAsync(found.Single(blob => blob.Id == "a3"), Ct);
        Assert.Null(await Blobs.ReadAsync("t1", "a3", Ct));
        Assert.Equal(6, (await BeforeAsync(DateTimeOffset.UtcNow.AddHours(1))).Count);
    }

    [Theory]
    [InlineData("..", "a")]
    [InlineData("t1", "../a")]
    [InlineData("t1", "a/b")]
    [InlineData("t1/x", "a")]
    [InlineData("t1", "")]
    [InlineData("", "a")]
    public async Task No_name_leads_elsewhere(string tenant, string id)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Blobs.WriteAsync(tenant, id, "x"u8.ToArray(), Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => Blobs.ReadAsync(tenant, id, Ct));
        await Assert.ThrowsAsync<ArgumentException>(() => Blobs.DeleteAsync(tenant, id, Ct));
        if (tenant != "t1")
            await Assert.ThrowsAsync<ArgumentException>(() => Blobs.DeleteAllAsync(tenant, Ct));
    }

    private async Task<List<StoredBlob>> BeforeAsync(DateTimeOffset instant)
    {
        var found = new List<StoredBlob>();
        await foreach (var blob in Blobs.BeforeAsync(instant, Ct))
            found.Add(blob);
        return found;
    }
}

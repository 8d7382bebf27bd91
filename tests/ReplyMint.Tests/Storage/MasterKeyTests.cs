using ReplyMint.Storage;

namespace ReplyMint.Tests.Storage;

public sealed class MasterKeyTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(UnixFileMode.None, false, true)]
    [InlineData(UnixFileMode.GroupRead, false, false)]
    [InlineData(UnixFileMode.OtherRead, false, false)]
    // systemd's access list for the service's user shows as a group that may read.
    [InlineData(UnixFileMode.GroupRead, true, true)]
    [InlineData(UnixFileMode.GroupWrite, true, false)]
    [InlineData(UnixFileMode.OtherRead, true, false)]
    public void A_key_that_others_may_read_is_refused(UnixFileMode more, bool credential, bool taken)
    {
        var file = Path.Combine(_folder.Path, "master.key");
        MasterKey.Create(file);
        File.SetUnixFileMode(file, Owner | more);
        if (taken)
            Assert.NotEmpty(MasterKey.Read(file, credential).Check);
        else
            Assert.Contains($"chmod 600 {file}", Assert.Throws<StoreRefusedException>(() => MasterKey.Read(file, credential)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_never_overwritten()
    {
        var file = Path.Combine(_folder.Path, "master.key");
        var check = MasterKey.Create(file).Check;
        Assert.Throws<StoreRefusedException>(() => MasterKey.Create(file));
        Assert.Equal(check, MasterKey.Read(file).Check);
    }

    [Theory]
    [InlineData("")]
    [InlineData("c2hvcnQ=")]
    [InlineData("no base64 at all, though as long as a key is")]
    public void What_is_no_key_is_refused_by_name(string content)
    {
        var file = Path.Combine(_folder.Path, "master.key");
        File.WriteAllText(file, content);
        File.SetUnixFileMode(file, Owner);
        Assert.Contains("holds no master key", Assert.Throws<StoreRefusedException>(() => MasterKey.Read(file)).Message, StringComparison.Ordinal);
    }
}

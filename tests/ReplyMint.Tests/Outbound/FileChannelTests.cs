using ReplyMint.Outbound;

namespace ReplyMint.Tests.Outbound;

public sealed class FileChannelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("file-channel").FullName;

    private string Out => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task Writes_the_mail_once_under_its_id()
    {
        var channel = new FileChannel(Out);
        Assert.Equal(SendResult.Sent, (await channel.SendAsync("o1", Mails.Answer(), default)).Result);
        var path = Path.Combine(Out, "o1.eml");
        var written = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.StartsWith("Return-Path: <bounces+t1o1@example.com>\r\nDate: ", written);
        Assert.EndsWith("we open at nine.\r\n", written);
        Assert.Equal(SendResult.Sent, (await channel.SendAsync("o1", Mails.Answer("another text"), default)).Result);
        Assert.Equal(written, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        Assert.Equal([path], Directory.GetFiles(Out));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task What_a_crash_left_half_written_is_written_anew()
    {
        Directory.CreateDirectory(Out);
        await File.WriteAllTextAsync(Path.Combine(Out, "o1.eml.tmp"), "half", TestContext.Current.CancellationToken);
        var channel = new FileChannel(Out);
        Assert.Equal(SendResult.Sent, (await channel.SendAsync("o1", Mails.Answer(), default)).Result);
        Assert.Equal(["o1.eml"], Directory.GetFiles(Out).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Many_at_once_are_all_written()
    {
        var channel = new FileChannel(Out);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => channel.SendAsync($"o{i}", Mails.Answer(), default)));
        Assert.All(outcomes, outcome => Assert.Equal(SendResult.Sent, outcome.Result));
        Assert.Equal(50, Directory.GetFiles(Out, "*.eml").Length);
    }

    [Fact]
    public async Task One_of_many_that_can_not_be_written_keeps_no_other_back()
    {
        Directory.CreateDirectory(Path.Combine(Out, "o7.eml.tmp"));
        var channel = new FileChannel(Out);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => channel.SendAsync($"o{i}", Mails.Answer(), default)));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => i == 7 ? SendResult.Temporary : SendResult.Sent), outcomes.Select(outcome => outcome.Result));
        Assert.Equal(19, Directory.GetFiles(Out, "*.eml").Length);
    }

    [Fact]
    public async Task A_folder_that_can_not_be_written_is_a_temporary_failure_that_says_so()
    {
        await File.WriteAllTextAsync(Out, "a file in the way", TestContext.Current.CancellationToken);
        var channel = new FileChannel(Out);
        var outcome = await channel.SendAsync("o1", Mails.Answer(), default);
        Assert.Equal(SendResult.Temporary, outcome.Result);
        Assert.Contains(Out, outcome.Detail);
    }

    [Fact]
    public async Task A_full_disk_is_a_temporary_failure_that_says_so()
    {
        // /dev/full is Linux's own full disk; the temporary file is a link to it.
        if (!File.Exists("/dev/full"))
            Assert.Skip("There is no /dev/full here.");
        Directory.CreateDirectory(Out);
        File.CreateSymbolicLink(Path.Combine(Out, "o1.eml.tmp"), "/dev/full");
        var channel = new FileChannel(Out);
        var outcome = await channel.SendAsync("o1", Mails.Answer(), default);
        Assert.Equal(SendResult.Temporary, outcome.Result);
        Assert.Contains("is full", outcome.Detail);
        Assert.Empty(Directory.GetFiles(Out));
    }

    [Fact]
    public async Task No_id_leads_out_of_the_folder()
    {
        var channel = new FileChannel(Out);
        await Assert.ThrowsAsync<ArgumentException>(() => channel.SendAsync("../o1", Mails.Answer(), default));
    }
}

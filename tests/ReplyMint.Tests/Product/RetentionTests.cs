using ReplyMint.Accounts;
using ReplyMint.Inbound;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>What is kept of a mail goes by itself when its time is over.</summary>
public sealed class RetentionTests
{
    [Fact]
    public async Task The_file_of_a_large_mail_goes_when_the_raw_mail_expires()
    {
        // Seven days in steps of two seconds would be 300,000 looks.
        await using var host = await ProductHost.StartAsync(settings: settings => settings with { Jobs = settings.Jobs with { SweepSeconds = 300 } });
        var message = await host.DeliverAsync(host.Mail("A question. " + Lines(Messages.MaxInlineRaw + 1_000)));
        Assert.Equal(message.Id, Path.GetFileName(Assert.Single(Blobs(host))));

        host.Leap(TimeSpan.FromDays(new RetentionRecord().RawDays) - TimeSpan.FromHours(1));
        Assert.NotNull(await host.Get<Messages>().RawAsync(message, default));
        Assert.Single(Blobs(host));

        host.Time.Advance(TimeSpan.FromHours(2));
        Assert.Null(await host.Get<Messages>().RawAsync(message, default));
        await ProductHost.EventuallyAsync(() => Task.FromResult(Blobs(host).Length == 0 ? "gone" : null));
    }

    [Fact]
    public async Task The_same_large_mail_again_leaves_no_second_file()
    {
        await using var host = await ProductHost.StartAsync();
        var raw = host.Mail("A question. " + Lines(Messages.MaxInlineRaw + 1_000));
        await Task.WhenAll(host.SmtpAsync(raw), host.SmtpAsync(raw), host.SmtpAsync(raw));
        Assert.Single(await host.ListAsync());
        Assert.Single(Blobs(host));
    }

    private static string[] Blobs(ProductHost host) => Directory.GetFiles(Path.Combine(host.DataFolder, "blobs"), "*", SearchOption.AllDirectories);

    private static string Lines(int length) => string.Join("\r\n", Enumerable.Repeat(new string('x', 70), length / 72 + 1));
}

using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>The main job on DynamoDB and S3: what the rooms ask of a store is what these adapters do.</summary>
public sealed class AwsProductTests : IAsyncDisposable
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private readonly AwsInstallation _aws = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    public ValueTask DisposeAsync() => _aws.DisposeAsync();

    [Fact]
    public async Task A_question_is_answered_once_and_still_known_after_a_restart()
    {
        var folder = new TemporaryFolder();
        var host = await ProductHost.StartAsync(knowledge: Faq, folder: folder, time: _time, aws: _aws);
        var raw = host.Mail("Hello,\r\n\r\nhow long does delivery take?", messageId: "<q1@customer.example>");
        var message = await host.DeliverAndDecideAsync(raw);
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.Contains("two to three working days", (await host.AnswerAsync(message)).TextBody, StringComparison.Ordinal);
        var tenant = host.Tenant;
        await host.StopAsync();

        await using var again = await ProductHost.StartAsync(folder: folder, time: _time, of: tenant, aws: _aws);
        Assert.StartsWith("250", await again.SmtpAsync(raw), StringComparison.Ordinal);
        Assert.Equal(message.Id, Assert.Single(await again.ListAsync()).Id);
        Assert.Single(again.OutFiles);
        Assert.Equal(OutboxState.Sent, (await again.Get<Outbox>().StateAsync(tenant.Id, message.Id, default))!.State);
    }

    [Fact]
    public async Task A_large_mail_lies_in_the_bucket_until_its_time_is_over()
    {
        await using var host = await ProductHost.StartAsync(knowledge: Faq, time: _time, aws: _aws);
        var line = new string('x', 70) + "\r\n";
        var message = await host.DeliverAsync(host.Mail("How long does delivery take?\r\n" + string.Concat(Enumerable.Repeat(line, 6_000))));
        Assert.NotNull(await (await _aws.BlobsAsync()).ReadAsync(host.Tenant.Id, message.Id, default));
        Assert.True((await host.Get<Messages>().RawAsync(message, default))!.Value.Length > Messages.MaxInlineRaw);

        // Eight days, an hour at a time: the job that removes it comes after its time.
        await ProductHost.EventuallyAsync(async () =>
        {
            _time.Advance(TimeSpan.FromHours(1));
            return await (await _aws.BlobsAsync()).ReadAsync(host.Tenant.Id, message.Id, default) is null ? "gone" : null;
        });
        Assert.Null(await host.Get<Messages>().RawAsync(message, default));
    }

    [Fact]
    public async Task The_same_mails_at_two_processes_at_once_are_each_answered_once()
    {
        var folder = new TemporaryFolder();
        await using var one = await ProductHost.StartAsync(knowledge: Faq, folder: folder, time: _time, aws: _aws);
        await using var other = await ProductHost.StartAsync(folder: AwsInstallation.Beside(folder), time: _time, of: one.Tenant, aws: _aws);
        var mails = Enumerable.Range(0, 6).Select(i => one.Mail("How long does delivery take?", from: string.Create(CultureInfo.InvariantCulture, $"person{i}@customer.example"), messageId: $"<both-{i}@customer.example>")).ToList();

        var replies = await Task.WhenAll(mails.SelectMany(mail => new[] { one.SmtpAsync(mail), other.SmtpAsync(mail) }));

        Assert.All(replies, reply => Assert.StartsWith("250", reply, StringComparison.Ordinal));
        var messages = await one.ListAsync();
        Assert.Equal(6, messages.Count);
        foreach (var message in messages)
            Assert.Equal(MessageState.Answered, (await one.DecidedAsync(message)).Record.State);
        Assert.Equal(messages.Select(message => message.Id).Order(), one.OutFiles.Concat(other.OutFiles).Order());
    }
}

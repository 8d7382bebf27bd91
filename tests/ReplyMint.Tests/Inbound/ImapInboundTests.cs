using MailKit;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>Mail of an account of a real server: taken once, answered once, marked, whatever happens on the way.</summary>
public sealed class ImapInboundTests(DovecotServer server) : IClassFixture<DovecotServer>
{
    [Fact]
    public async Task A_mail_is_taken_marked_as_read_answered_once_and_marked_as_answered()
    {
        await using var host = await ImapHost.StartAsync(server);
        var uid = await host.AppendAsync(host.Product.Mail(ImapHost.Question));

        var message = Assert.Single(await host.DecidedAsync(1));
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.Equal(host.Channel.Id, message.Record.Channel);
        Assert.Equal(ProductHost.TrustedServer, message.Summary.Authentication.Source);
        await host.FlaggedAsync(uid, MessageFlags.Seen | MessageFlags.Answered);
        Assert.Single(host.Product.OutFiles);
        Assert.Contains("two to three working days", (await host.Product.AnswerAsync(message)).TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_mail_is_heard_of_without_waiting_for_the_next_look()
    {
        await using var host = await ImapHost.StartAsync(server);
        await host.AppendAsync(host.Product.Mail("First?"));
        await host.DecidedAsync(1);
        await host.AppendAsync(host.Product.Mail("Second?"));
        // Time stands still: only the server can have told.
        await ProductHost.EventuallyAsync(async () => await host.Product.ListAsync() is { Count: 2 } all ? all : null);
    }

    [Fact]
    public async Task A_mail_that_comes_while_another_is_taken_is_not_left_lying()
    {
        WatchedStore watched = null!;
        await using var host = await ImapHost.StartAsync(server, services: services => watched = WatchedStore.Put(services));
        // Behind the search, and before the server is asked to tell: the pass is about to look into the other folders.
        var position = Channels.PositionKey(host.Channel.Owner, host.Channel.Id);
        var second = false;
        watched.AfterCommit = async commit =>
        {
            if (!second && commit.Operations.Any(operation => operation.Key == position) && await host.Product.ListAsync() is { Count: 1 })
            {
                second = true;
                await host.AppendAsync(host.Product.Mail("Second?"));
            }
        };
        await host.AppendAsync(host.Product.Mail("First?"));
        await host.DecidedAsync(1);
        await ProductHost.EventuallyAsync(async () => await host.Product.ListAsync() is { Count: 2 } all ? all : null);
        Assert.True(second);
    }

    [Fact]
    public async Task A_server_that_does_not_tell_is_looked_into_every_so_often()
    {
        await using var host = await ImapHost.StartAsync(server, settings: settings => settings with { Inbound = settings.Inbound with { Imap = new() { MaxConnections = 0 } } });
        for (var i = 1; i <= 3; i++)
        {
            var uid = await host.AppendAsync(host.Product.Mail($"Question {i}?"));
            Assert.Equal(i, (await host.DecidedAsync(i)).Count);
            await host.UntilAsync(async () => (await server.FlagsAsync(host.User))[uid.Id].HasFlag(MessageFlags.Seen) ? "read" : null);
        }
    }

    [Fact]
    public async Task A_restart_goes_on_where_it_was()
    {
        using var folder = new TemporaryFolder();
        var first = await ImapHost.StartAsync(server, folder: folder);
        await first.AppendAsync(first.Product.Mail(ImapHost.Question));
        await first.DecidedAsync(1);
        await first.Product.StopAsync();
        await first.AppendAsync(first.Product.Mail("And while you were away?"));

        await using var product = await ProductHost.StartAsync(settings: chosen => ImapHost.Of(server, chosen), folder: folder, of: first.Product.Tenant);
        var second = new ImapHost(server, product, first.Channel, first.User);
        Assert.Equal(2, (await second.DecidedAsync(2)).Count);
        Assert.Single(product.OutFiles);
    }

    [Fact]
    public async Task Other_numbers_are_read_anew_and_nothing_is_answered_twice()
    {
        await using var host = await ImapHost.StartAsync(server);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        await host.DecidedAsync(1);
        await host.UntilAsync(async () => await host.Product.Get<ImapPositions>().FindAsync(host.Channel, default) is { Last: > 0 } ? "stored" : null);
        await host.Product.Get<Channels>().RemoveAsync(host.Channel.Id, Actor.Machine, default);

        server.Renumber(host.User, 4711);
        var again = (await host.Product.Get<Channels>().AddAsync(host.Channel, Actor.Machine, default)).Channel!;
        Assert.Null(await host.LookAsync(again));
        server.Renumber(host.User, 4712);
        await host.AppendAsync(host.Product.Mail("One more?"));
        Assert.Null(await host.LookAsync(again));

        Assert.Equal(2, (await host.DecidedAsync(2)).Count);
        Assert.Equal(4712u, (await host.Product.Get<ImapPositions>().FindAsync(again, default))!.Validity);
        Assert.Single(host.Product.OutFiles);
    }

    [Fact]
    public async Task What_came_before_the_channel_was_made_is_left_alone()
    {
        await using var host = await ImapHost.StartAsync(server);
        var old = await host.AppendAsync(host.Product.Mail("Long ago?"), received: DateTimeOffset.UtcNow.AddHours(-2));
        var older = await host.AppendAsync(host.Product.Mail("Longer ago?"), received: DateTimeOffset.UtcNow.AddDays(-40));
        var now = await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        await host.FlaggedAsync(now, MessageFlags.Seen | MessageFlags.Answered);
        Assert.Single(await host.Product.ListAsync());
        var flags = await server.FlagsAsync(host.User);
        Assert.Equal((MessageFlags.None, MessageFlags.None), (flags[old.Id], flags[older.Id]));
    }

    [Fact]
    public async Task A_mail_that_is_too_large_is_put_aside_and_told_of()
    {
        await using var host = await ImapHost.StartAsync(server, settings: settings => settings with { Http = settings.Http with { Limits = settings.Http.Limits with { MaxMailBytes = 1024 * 1024 } } });
        var huge = await host.AppendAsync(host.Product.Mail(string.Join("\r\n", Enumerable.Repeat(new string('x', 70), 20_000))));
        var small = await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        await host.FlaggedAsync(small, MessageFlags.Seen | MessageFlags.Answered);
        Assert.Single(await host.Product.ListAsync());
        Assert.Equal(MessageFlags.None, (await server.FlagsAsync(host.User))[huge.Id]);
        Assert.Single(await host.Product.Get<Alerts>().NewestAsync(100, default), alert => alert.Kind == "imap-aside");
    }

    [Fact]
    public async Task A_mail_belongs_to_the_accounts_mailbox_whatever_its_fields_say()
    {
        await using var host = await ImapHost.StartAsync(server);
        await host.AppendAsync(host.Product.Mail("For whom?", to: "other@shop.example", extra: "Delivered-To: other@shop.example\r\nX-Original-To: other@shop.example"));
        var message = Assert.Single(await host.DecidedAsync(1));
        Assert.Equal((host.Product.Mailbox.Id, ProductHost.Address), (message.Record.Mailbox, message.Summary.Envelope.Recipient));
        // Rule 10: the address stands in neither To nor Cc.
        Assert.Equal(MessageState.Held, message.Record.State);
    }

    [Fact]
    public async Task A_mail_of_whose_sender_no_named_server_speaks_waits_for_a_person()
    {
        await using var host = await ImapHost.StartAsync(server, account => account with { Server = "" });
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        var message = Assert.Single(await host.DecidedAsync(1));
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Contains("dmarc", message.Record.Reasons);
        Assert.Empty(host.Product.OutFiles);
    }

    [Fact]
    public async Task A_bounce_is_known_by_the_return_path_that_the_server_writes()
    {
        await using var host = await ImapHost.StartAsync(server);
        await host.AppendAsync("Return-Path: <>\r\n" + host.Product.Mail(ImapHost.Question));
        var message = Assert.Single(await host.DecidedAsync(1));
        Assert.Equal((MessageState.Ignored, ""), (message.Record.State, message.Summary.Envelope.ReversePath));
    }

    [Fact]
    public async Task A_removed_channel_is_looked_into_no_more()
    {
        await using var host = await ImapHost.StartAsync(server);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        await host.DecidedAsync(1);
        Assert.True(await host.Product.Get<Channels>().RemoveAsync(host.Channel.Id, Actor.Machine, default));
        Assert.Empty(await host.Product.Get<Channels>().PolledAsync(default));
        Assert.Null(await host.Product.Get<ImapPositions>().FindAsync(host.Channel, default));
        host.Product.Time.Advance(TimeSpan.FromSeconds(20));
        await host.AppendAsync(host.Product.Mail("And now?"));
        host.Product.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Single(await host.Product.ListAsync());
        Assert.Equal([MessageFlags.None], (await server.FlagsAsync(host.User)).OrderBy(mail => mail.Key).Skip(1).Select(mail => mail.Value));
    }
}

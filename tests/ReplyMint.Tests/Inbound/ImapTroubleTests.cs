using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>What can be wrong with an account, and that each is told in one sentence and loses nothing.</summary>
public sealed class ImapTroubleTests(DovecotServer server) : IClassFixture<DovecotServer>
{
    [Fact]
    public async Task A_line_that_is_cut_in_the_middle_of_a_mail_loses_nothing_and_doubles_nothing()
    {
        server.Need();
        using var line = new CutConnection(server.Port);
        await using var host = await ImapHost.StartAsync(server, account => account with { Port = line.Port, Security = ImapAccount.None, Host = "localhost" });
        // Before the line breaks within the second mail, the first one was taken.
        line.After = 60_000;
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        await host.AppendAsync(host.Product.Mail(string.Join("\r\n", Enumerable.Repeat(new string('x', 70), 3_000))));
        await host.UntilAsync(() => Task.FromResult(line.Cuts >= 2 ? "cut" : null));
        line.After = null;
        Assert.Equal(2, (await host.DecidedAsync(2)).Count);
        Assert.Single(host.Product.OutFiles);
        Assert.DoesNotContain(await host.Product.Get<Alerts>().NewestAsync(100, default), alert => alert.Kind == "imap-aside");
    }

    [Fact]
    public async Task A_mail_that_breaks_the_line_each_time_is_put_aside_so_that_others_come_through()
    {
        server.Need();
        using var line = new CutConnection(server.Port) { After = 60_000 };
        await using var host = await ImapHost.StartAsync(server, account => account with { Port = line.Port, Security = ImapAccount.None, Host = "localhost" });
        var poison = await host.AppendAsync(host.Product.Mail(string.Join("\r\n", Enumerable.Repeat(new string('x', 70), 3_000))));
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        Assert.Equal(MessageState.Answered, Assert.Single(await host.DecidedAsync(1)).Record.State);
        Assert.Equal(ImapPass.MostTries, line.Cuts);
        Assert.Equal(MessageFlags.None, (await server.FlagsAsync(host.User))[poison.Id]);
        Assert.Single(await host.Product.Get<Alerts>().NewestAsync(100, default), alert => alert.Kind == "imap-aside");
    }

    [Fact]
    public async Task Behind_the_last_number_that_there_is_nothing_is_looked_for_and_nothing_breaks()
    {
        await using var host = await ImapHost.StartAsync(server);
        Assert.Null(await host.LookAsync());
        // As after a mail that the server gave this number.
        var (store, key) = (host.Product.Get<IStore>(), Channels.PositionKey(host.Channel.Owner, host.Channel.Id));
        var item = (await store.GetAsync(key, default))!;
        var position = System.Text.Json.JsonSerializer.Deserialize(item.Value.Span, InboundJson.Default.ImapPosition)! with { Last = uint.MaxValue };
        Assert.Equal(CommitResult.Committed, await store.CommitAsync(new Commit().Put(key, StoredJson.Write(position, InboundJson.Default.ImapPosition), Condition.Same(item)), default));
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        Assert.Null(await host.LookAsync());
        Assert.Empty(await host.Product.ListAsync());
    }

    [Fact]
    public async Task Each_mistake_is_one_sentence()
    {
        await using var host = await ImapHost.StartAsync(server);
        async Task<string?> SaysAsync(Func<ImapAccount, ImapAccount> change, string secret) =>
            (await host.Product.Get<ImapCheck>().LookAsync(host.Channel with { Imap = change(host.Channel.Imap!), Secret = secret }, default)).Problem;

        Assert.Null(await SaysAsync(account => account, DovecotServer.Word));
        Assert.Equal("127.0.0.1 refuses the user or the password", await SaysAsync(account => account, "wrong"));
        Assert.Equal("there is no server of the name no-such-host.invalid", await SaysAsync(account => account with { Host = "no-such-host.invalid" }, DovecotServer.Word));
        var free = DovecotServer.FreePort();
        Assert.Equal($"nothing listens at 127.0.0.1:{free}", await SaysAsync(account => account with { Port = free }, DovecotServer.Word));
        Assert.Equal("there is no folder Nowhere", await SaysAsync(account => account with { Folder = "Nowhere" }, DovecotServer.Word));
        Assert.Contains("does not speak TLS", await SaysAsync(account => account with { Port = server.Port }, DovecotServer.Word), StringComparison.Ordinal);
        Assert.Null(await SaysAsync(account => account with { Port = server.Port, Security = ImapAccount.StartTls }, DovecotServer.Word));
    }

    [Fact]
    public async Task A_private_address_is_not_called_unless_the_operator_opened_it()
    {
        server.Need();
        await using var host = await ImapHost.StartAsync(server, account => account with { Host = "localhost" });
        await using var closed = await ProductHost.StartAsync(settings: chosen => chosen with { Outside = Places.Closed });
        foreach (var address in (string[])["localhost", "127.0.0.1", "169.254.169.254"])
            Assert.Contains("private or reserved", (await closed.Get<ImapCheck>().LookAsync(host.Channel with { Imap = host.Channel.Imap! with { Host = address } }, default)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void No_password_goes_over_a_line_that_anybody_can_read()
    {
        var account = new ImapAccount("m1", "imap.shop.example", 143, ImapAccount.None, "anna", "INBOX", "", default);
        Assert.Equal("security", account.Problem(new OutsideAddress(Places.Here), needsTls: false)?.Member);
        Assert.Equal("security", (account with { Host = "localhost" }).Problem(new OutsideAddress(Places.Here), needsTls: true)?.Member);
        Assert.Null((account with { Host = "localhost" }).Problem(new OutsideAddress(Places.Here), needsTls: false));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_ends_the_connection_before_the_password()
    {
        await using var host = await ImapHost.StartAsync(server);
        await using var stranger = await ProductHost.StartAsync(settings: chosen => chosen with { Outside = Places.Here });
        Assert.Contains("signed by no authority", (await stranger.Get<ImapCheck>().LookAsync(host.Channel, default)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_a_certificate_is_said()
    {
        using var folder = new TemporaryFolder();
        var account = new ImapAccount("m1", "imap.shop.example", 993, ImapAccount.Tls, "anna", "INBOX", "", default);
        var (certificate, key) = (Path.Combine(folder.Path, "cert.pem"), Path.Combine(folder.Path, "key.pem"));
        DovecotServer.Certificate(certificate, key, "other.example", DateTimeOffset.UtcNow.AddDays(-1));
        using var shown = X509Certificate2.CreateFromPemFile(certificate, key);
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.Build(shown);
        Assert.Matches("^the certificate of imap.shop.example is valid from .* to .* only$", ServerTrouble.Of(account, shown, chain, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.Equal("the certificate of imap.shop.example is for another name", ServerTrouble.Of(account, shown, null, SslPolicyErrors.RemoteCertificateNameMismatch));
    }

    [Fact]
    public async Task A_refresh_token_opens_the_account_and_a_new_one_is_kept_at_once()
    {
        server.Need();
        var user = "u" + Guid.NewGuid().ToString("N")[..12];
        using var tokens = new TokenServer(server.TokenPort, user);
        await using var host = await ImapHost.StartAsync(server, account => account with { TokenUrl = tokens.Url, ClientId = "client", ClientSecret = "secret of the client" }, user: user);
        Assert.Equal("127.0.0.1 gives no access token (invalid_grant)", (await host.Product.Get<ImapCheck>().LookAsync(host.Channel with { Secret = "wrong" }, default)).Problem);

        await host.Product.Get<Channels>().ChangeAsync(host.Channel.Id, channel => channel with { Secret = tokens.Refresh }, Actor.Machine, default);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));

        Assert.Equal(MessageState.Answered, Assert.Single(await host.DecidedAsync(1)).Record.State);
        Assert.Equal("secret of the client", tokens.ClientSecret);
        var kept = (await host.Product.Get<Channels>().FindAsync(host.Channel.Id, default))!;
        Assert.Equal((tokens.Refresh, null), (kept.Secret, kept.PreviousSecret));
    }

    [Fact]
    public async Task What_lasts_is_told_to_the_operator_and_ends_by_itself()
    {
        await using var host = await ImapHost.StartAsync(server, account => account with { Port = DovecotServer.FreePort() });
        for (var hours = 0; hours < 3; hours++)
        {
            Assert.NotNull(await host.LookAsync());
            host.Product.Time.Advance(TimeSpan.FromHours(1));
        }
        Assert.Single(await host.Product.Get<Alerts>().NewestAsync(100, default), alert => alert.Kind == "imap-failing");
        Assert.NotNull((await host.Product.Get<ImapPositions>().FindAsync(host.Channel, default))!.Problem);
        await host.Product.Get<Channels>().ChangeAsync(host.Channel.Id, channel => channel with { Imap = channel.Imap! with { Port = server.TlsPort } }, Actor.Machine, default);
        await host.AppendAsync(host.Product.Mail(ImapHost.Question));
        await host.DecidedAsync(1);
        await host.UntilAsync(async () => (await host.Product.Get<ImapPositions>().FindAsync(host.Channel, default))!.Problem is null ? "well" : null);
    }
}

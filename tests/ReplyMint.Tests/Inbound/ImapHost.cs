using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Inbound;

/// <summary>The product, with one mailbox that lies in an account of a real server.</summary>
internal sealed class ImapHost(DovecotServer server, ProductHost product, Channel channel, string user) : IAsyncDisposable
{
    public const string Knowledge = "# How long does delivery take?\nDelivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.\n";
    public const string Question = "How long does delivery take?";

    // The hosts' clock stands; the servers' goes on.
    private static readonly DateTimeOffset Before = DateTimeOffset.UtcNow.AddHours(-1);

    public ProductHost Product => product;
    public Channel Channel => channel;
    public string User => user;

    public static async Task<ImapHost> StartAsync(
        DovecotServer server, Func<ImapAccount, ImapAccount>? account = null, Func<Mailbox, Mailbox>? mailbox = null, Func<ReplyMintSettings, ReplyMintSettings>? settings = null, TemporaryFolder? folder = null, string? user = null, Action<IServiceCollection>? services = null)
    {
        server.Need();
        user ??= "u" + Guid.NewGuid().ToString("N")[..12];
        var product = await ProductHost.StartAsync(mailbox, chosen => Of(server, settings?.Invoke(chosen) ?? chosen), Knowledge, folder, services: services);
        var wanted = new ImapAccount(product.Mailbox.Id, "127.0.0.1", server.TlsPort, ImapAccount.Tls, user, "INBOX", ProductHost.TrustedServer, Before);
        var (_, channel) = await product.Get<Channels>().AddAsync(new Channel("", product.Tenant.Id, Channel.ByImap, DovecotServer.Word) { Imap = account?.Invoke(wanted) ?? wanted }, Actor.Machine, default);
        return new(server, product, channel!, user);
    }

    public static ReplyMintSettings Of(DovecotServer server, ReplyMintSettings settings) => settings with
    {
        Outside = Places.Here,
        Inbound = settings.Inbound with { Imap = settings.Inbound.Imap with { AuthorityFile = server.Authority } },
    };

    public Task<MailKit.UniqueId> AppendAsync(string mail, string folder = "INBOX", DateTimeOffset? received = null) => server.AppendAsync(user, mail, folder, received);

    /// <summary>Lets time pass until something is so: each look is an account's turn sooner or later.</summary>
    public Task<T> UntilAsync<T>(Func<Task<T?>> look) where T : class => ProductHost.EventuallyAsync(async () =>
    {
        if (await look() is { } found)
            return found;
        // Not while a server is asked for something: on a loaded machine our clock would be over before its answer.
        if (!product.Get<ImapWatch>().IsLooking)
            product.Time.Advance(TimeSpan.FromSeconds(1));
        return null;
    });

    /// <summary>Waits for the flags of a mail.</summary>
    public Task<string> FlaggedAsync(MailKit.UniqueId uid, MailKit.MessageFlags flags) => UntilAsync(async () => (await server.FlagsAsync(user)).GetValueOrDefault(uid.Id) == flags ? "so" : null);

    /// <summary>Waits for so many messages that are decided, and until no answer is on its way any more.</summary>
    public Task<IReadOnlyList<Message>> DecidedAsync(int count) => UntilAsync(async () =>
    {
        var all = await product.ListAsync();
        foreach (var message in all)
            if (await product.Get<Outbox>().StateAsync(product.Tenant.Id, message.Id, default) is { State: OutboxState.Queued or OutboxState.Sending })
                return null;
        return all.Count(message => message.Record.State != MessageState.Received) >= count ? all : null;
    });

    /// <summary>One look into the account, as a schedule does; what went wrong, or null.</summary>
    public Task<string?> LookAsync(Channel? at = null) => product.Get<ImapWatch>().OnceAsync(at ?? channel, default);

    public async ValueTask DisposeAsync() => await product.DisposeAsync();
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Jobs;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Inbound;

internal static class InboundFeature
{
    // All mails above 64 KB that are on their way in at one moment; ten of the largest.
    private const long MemoryBudget = 256L * 1024 * 1024;

    /// <param name="services">The application's.</param>
    /// <param name="smtp">The listener's settings.</param>
    /// <param name="settings">How much is taken.</param>
    /// <param name="development">Then the listener stays on loopback.</param>
    public static IServiceCollection AddInbound(this IServiceCollection services, SmtpListenerSettings smtp, InboundSettings settings, bool development) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(InboundWire.Default))
        .AddSingleton(smtp)
        .AddSingleton(settings)
        .AddSingleton<StoredBytes>()
        // What a shared store takes does not lie on this disk.
        .AddSingleton(provider => new DiskSpace(provider.GetRequiredService<DataFolder>().Root, provider.GetRequiredService<OpenStore>().IsEmbedded ? settings.MinFreeMegabytes * 1024L * 1024 : 0,
            provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new ReadyCheck("disk", _ => ValueTask.FromResult(!provider.GetRequiredService<DiskSpace>().IsLow())))
        .AddSingleton(new InboundBudget(MemoryBudget))
        .AddSingleton<UnprovedPost>(provider => provider.GetRequiredService<UnprovedBodies>().HandleAsync)
        .AddSingleton(provider => new UnprovedBodies(provider.GetRequiredService<HttpSettings>().Limits.MaxMailBytes,
            provider.GetRequiredService<InboundBudget>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new ApiBodies(provider.GetRequiredService<HttpSettings>().Limits.MaxMailBytes,
            provider.GetRequiredService<InboundBudget>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<Messages>()
        .AddSingleton(new SealedOnce("message/", Messages.MayRewrite))
        .AddSingleton(provider => new SealedByPerson("message/", provider.GetRequiredService<Messages>().KeyOfAsync))
        .AddSingleton(provider => new SealedByPerson("text/", provider.GetRequiredService<Messages>().KeyOfAsync))
        .AddSingleton(provider => new SealedByPerson(Messages.RawPrefix, provider.GetRequiredService<Messages>().KeyOfAsync, provider.GetRequiredService<Messages>().ResealFileAsync))
        .AddSingleton<MessageTexts>()
        .AddSingleton<Threads>()
        .AddSingleton<MailThreads>()
        .AddSingleton<HumanAnswers>()
        .AddSingleton<ShadowAnswers>()
        .AddSingleton(provider => new JobHandler(Messages.BlobJob, provider.GetRequiredService<Messages>().RemoveBlobAsync))
        .AddHostedService<BlobSweep>()
        .AddSingleton<SpentTokens>()
        .AddSingleton(settings.Attachments)
        .AddSingleton<Clamd>()
        .AddSingleton<AttachmentGate>()
        .AddSingleton<BounceAddresses>()
        .AddSingleton<Inbox>()
        .AddSingleton(provider => new SenderDns(provider.GetRequiredService<DnsSettings>()))
        .AddSingleton(provider => Room(provider, smtp))
        .AddSingleton(provider => new SmtpExposure(development, () => provider.GetRequiredService<Mailboxes>().AnyAsync(default).GetAwaiter().GetResult()))
        .AddSingleton<SmtpListener>()
        .AddHostedService(provider => provider.GetRequiredService<SmtpListener>())
        .AddImap(settings.Imap);

    private static IServiceCollection AddImap(this IServiceCollection services, ImapSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton(new ServerTrust(settings.AuthorityFile))
        .AddSingleton<ImapDoor>()
        .AddSingleton<ImapPositions>()
        .AddSingleton<ImapMarks>()
        .AddSingleton<ImapSent>()
        .AddSingleton<ImapPass>()
        .AddSingleton<ImapWatch>()
        .AddSingleton<ImapRound>()
        .AddSingleton<ImapCheck>()
        .AddHostedService<ImapPoller>();

    private static SmtpRoom Room(IServiceProvider provider, SmtpListenerSettings smtp)
    {
        var inbox = provider.GetRequiredService<Inbox>();
        var time = provider.GetRequiredService<TimeProvider>();
        var log = provider.GetRequiredService<ILogger<SmtpListener>>();
        return new SmtpRoom(smtp, TrustedNetworks.TryParse(smtp.Networks, out _)!, provider.GetRequiredService<InboundBudget>(),
            Certificate(provider, smtp, time), time, log,
            (recipient, ct) => inbox.KnowsAsync(recipient, Channel.Operator, ct), inbox.AcceptAsync,
            smtp.Mode == SmtpListenerSettings.Mx ? new SenderCheck(provider.GetRequiredService<SenderDns>().AskAsync, time) : null);
    }

    private static CertificateFiles? Certificate(IServiceProvider provider, SmtpListenerSettings smtp, TimeProvider time) => smtp.CertificateFile.Length == 0 ? null
        : new("smtp.certificateFile", smtp.CertificateFile, smtp.CertificateKeyFile.Length > 0 ? smtp.CertificateKeyFile : smtp.CertificateFile, null, time,
            provider.GetRequiredService<ILogger<CertificateFiles>>());
}

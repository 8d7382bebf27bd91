using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

internal static class OutboundFeature
{
    public static IServiceCollection AddOutbound(this IServiceCollection services, OutboundSettings settings, OpenStore open) => services
        .AddSingleton(settings)
        .AddSingleton<SendingRecords>()
        .AddSingleton(new ReplyTokens(open.Installation.Derive("reply tokens")))
        .AddSingleton(provider => OutboundChannels.Create(settings, open.Folder.Out, provider.GetRequiredService<SecretSource>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetService<SesCall>()))
        .AddSingleton(new SealedOnce(Outbox.Prefix, Outbox.MayRewrite))
        .AddSingleton(provider => new SealedByPerson(Outbox.Prefix, provider.GetRequiredService<Outbox>().KeyOfAsync))
        .AddSingleton(provider => new SealedByPerson(Consents.Prefix, provider.GetRequiredService<Consents>().KeyOfAsync))
        .AddSingleton<WishLedger>()
        .AddSingleton<Suppressions>()
        .AddSingleton<Consents>()
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(OutboundWire.Default))
        .AddSingleton<Webhooks>()
        .AddSingleton<WebhookRules>()
        .AddSingleton<WebhookEvents>()
        .AddSingleton<WebhookSender>()
        .AddSingleton(provider => new JobHandler(WebhookEvents.JobKind, provider.GetRequiredService<WebhookSender>().DeliverAsync))
        .AddSingleton<Outbox>()
        .AddSingleton<SentFiles>()
        .AddSingleton<HouseMail>()
        .AddSingleton<Func<AnchorMailer>>(provider => () => (commit, from, to, subject, text) =>
        {
            var job = provider.GetRequiredService<HouseMail>().Enqueue(commit, KeyRing.Installation, open.Installation, null, from, to, subject, text);
            return () => provider.GetRequiredService<JobQueue>().Wake(job);
        })
        .AddSingleton<StoppedSendings>()
        .AddSingleton<SwitchLifted>(provider => provider.GetRequiredService<StoppedSendings>().Lift)
        .AddSingleton(provider => new JobHandler(StoppedSendings.JobKind, provider.GetRequiredService<StoppedSendings>().ResumeAsync))
        .AddSingleton<OutboxSender>()
        // Mails that lead people in are the installation's.
        .AddSingleton(new JobLaneRule(Outbox.JobKind, JobLane.Door, KeyRing.Installation))
        .AddSingleton(provider => new JobHandler(Outbox.JobKind, provider.GetRequiredService<OutboxSender>().SendAsync));
}

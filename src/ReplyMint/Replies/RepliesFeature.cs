using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

internal static class RepliesFeature
{
    public static IServiceCollection AddReplies(this IServiceCollection services, ModelSettings model, OperatorNoticeSettings notices, OpenStore open, SecretSource secrets) => services
        .AddModel(model, secrets, Convert.ToHexStringLower(open.Installation.Derive("model canary").AsSpan(0, 16)))
        .AddSingleton(notices)
        .AddSingleton<ModelSpending>()
        .AddSingleton<Drafting>()
        .AddSingleton<Drafts>()
        .AddSingleton<Receipts>()
        .AddSingleton(provider => new SealedByPerson("draft/", provider.GetRequiredService<Messages>().KeyOfAsync))
        .AddSingleton(provider => new SealedByPerson("receipt/", provider.GetRequiredService<Messages>().KeyOfAsync))
        .AddSingleton<Bursts>()
        .AddSingleton<OwnAnswers>()
        .AddSingleton<OvertakenAnswers>()
        .AddSingleton<ThreadDesk>()
        .AddSingleton<ReplyLetters>()
        .AddSingleton<ReplyWorkReader>()
        .AddSingleton<ReplyEndings>()
        .AddSingleton<ReplyJudge>()
        .AddSingleton<ReplyPipeline>()
        .AddSingleton<DryRun>()
        .AddSingleton<MissingKnowledge>()
        .AddSingleton<DraftDesk>()
        .AddSingleton<DraftTalk>()
        .AddSingleton<DraftDecisions>()
        .AddSingleton(provider => new JobHandler(DraftDecisions.JobKind, provider.GetRequiredService<DraftDecisions>().RunAsync))
        .AddSingleton(new JobLaneRule(DraftDecisions.JobKind, JobLane.Short))
        .AddSingleton<DraftDoor>()
        .AddSingleton<Thumbs>()
        .AddSingleton<QualityReports>()
        .AddSingleton<ShadowReports>()
        .AddSingleton<PastAnswers>()
        .AddSingleton<HandAnswers>()
        .AddSingleton<PersonAnswered>(provider => provider.GetRequiredService<HandAnswers>().CloseAsync)
        .AddSingleton<DraftForHand>(provider => provider.GetRequiredService<HandAnswers>().DraftAsync)
        .AddSingleton<DraftHandedOver>(_ => HandAnswers.HandOver)
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(RepliesJson.Default))
        .AddSingleton<NoticeRate>()
        .AddSingleton<Notices>()
        .AddSingleton(provider => new JobHandler(Inbox.JobKind, provider.GetRequiredService<ReplyPipeline>().HandleAsync))
        .AddSingleton(provider => new JobHandler(HumanAnswers.JobKind, provider.GetRequiredService<OvertakenAnswers>().RunAsync))
        .AddSingleton(new JobLaneRule(HumanAnswers.JobKind, JobLane.Short))
        .AddSingleton(provider => new JobHandler(Notices.DraftsJob, provider.GetRequiredService<Notices>().TellDraftsAsync))
        .AddSingleton(provider => new JobHandler(Notices.ReminderJob, provider.GetRequiredService<Notices>().RemindAsync))
        .AddSingleton(provider => new JobHandler(Notices.AlertJob, provider.GetRequiredService<Notices>().TellAlertAsync))
        .AddSingleton(new JobLaneRule(Notices.DraftsJob, JobLane.Short))
        .AddSingleton(new JobLaneRule(Notices.ReminderJob, JobLane.Short))
        .AddSingleton(new JobLaneRule(Notices.AlertJob, JobLane.Short))
        // An alert that could not be told must not raise the next one about itself.
        .AddSingleton<BuriedTeller>(provider => (job, reason, ct) => job.Record.Kind == Notices.AlertJob
            ? Task.CompletedTask
            : provider.GetRequiredService<Alerts>().RaiseAsync("dead-job", job.Target,
                $"Work of the kind \"{job.Record.Kind}\" for tenant {job.Tenant} was given up ({reason}). What it was about stays as it is until a person looks: a mail is stored, and not answered. See `replymint jobs list`.", ct))
        .AddSingleton<Func<AlertAnnouncer>>(provider => () => provider.GetRequiredService<Notices>().Announce);

    public static void MapReplies(this IEndpointRouteBuilder routes)
    {
        MessageRoutes.Map(routes);
        DraftRoutes.Map(routes);
        TryRoutes.Map(routes);
        QualityRoutes.Map(routes);
        ShadowRoutes.Map(routes);
        PastAnswerRoutes.Map(routes);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DraftRecord))]
[JsonSerializable(typeof(WaitingRecord))]
[JsonSerializable(typeof(DraftContent))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(NoticeEvent))]
[JsonSerializable(typeof(Listing<MessageEntry>))]
[JsonSerializable(typeof(MessageDetail))]
[JsonSerializable(typeof(ThreadDetail))]
[JsonSerializable(typeof(Listing<ReceiptEntry>))]
[JsonSerializable(typeof(ReceiptDetail))]
[JsonSerializable(typeof(Listing<DraftEntry>))]
[JsonSerializable(typeof(DraftDetail))]
[JsonSerializable(typeof(DraftEdit))]
[JsonSerializable(typeof(DraftApproval))]
[JsonSerializable(typeof(DraftAssignment))]
[JsonSerializable(typeof(DraftNoteText))]
[JsonSerializable(typeof(KnowledgeQuestion))]
[JsonSerializable(typeof(KnowledgeTryResult))]
[JsonSerializable(typeof(MailboxTest))]
[JsonSerializable(typeof(MailboxTestResult))]
[JsonSerializable(typeof(MissingReport))]
[JsonSerializable(typeof(ThumbGiven))]
[JsonSerializable(typeof(QualityReport))]
[JsonSerializable(typeof(ShadowReport))]
[JsonSerializable(typeof(Listing<PastAnswer>))]
[JsonSerializable(typeof(AnsweredText))]
internal sealed partial class RepliesJson : JsonSerializerContext;

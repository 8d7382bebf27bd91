using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

internal static class PrivacyFeature
{
    public static IServiceCollection AddPrivacy(this IServiceCollection services) => services
        .ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(PrivacyWire.Default))
        .AddSingleton<LegalHolds>()
        .AddSingleton<ExportMails>()
        .AddSingleton<Exporter>()
        .AddSingleton<ImportMails>()
        .AddSingleton<Importer>()
        // What lies in a data folder is one machine's, and the next request may come to another.
        .AddSingleton<IExportPlace>(provider => provider.GetRequiredService<IStore>().IsShared
            ? new ExportBucket(provider.GetRequiredService<BucketFiles>()) : new ExportFiles(provider.GetRequiredService<DataFolder>().Exports, provider.GetRequiredService<DiskSpace>()))
        .AddSingleton<Exports>()
        .AddSingleton(new SealedOnce(Exports.KeyOf("", "").Sort, static _ => true))
        .AddHostedService<ExportSweep>()
        .AddSingleton(provider => new JobHandler(Exports.JobKind, provider.GetRequiredService<Exports>().MakeAsync))
        .AddSingleton(provider => new JobHandler(Exports.EndJob, provider.GetRequiredService<Exports>().RemoveFileAsync))
        .AddSingleton<RetentionDesk>()
        .AddSingleton<RetentionMove>()
        .AddSingleton<RetentionReports>()
        .AddSingleton(provider => new JobHandler(RetentionMove.JobKind, provider.GetRequiredService<RetentionMove>().RunAsync))
        .AddSingleton<ErasureLedger>()
        .AddSingleton<ErasureCounts>()
        .AddSingleton<ErasureCertificates>()
        .AddSingleton<ErasureBeginning>()
        .AddSingleton<MailRemoval>()
        .AddSingleton<UserSweep>()
        .AddSingleton<TenantRemoval>()
        .AddSingleton<AddressSearch>()
        .AddSingleton<Erasures>()
        .AddSingleton<ErasureWork>()
        .AddSingleton<ErasureReplay>()
        // Their slices are short, and they must not wait behind mails whose model hangs.
        .AddSingleton(new JobLaneRule(ErasureWork.JobKind, JobLane.Short))
        .AddSingleton(new JobLaneRule(RetentionMove.JobKind, JobLane.Short))
        .AddSingleton(new ErasingKind(ErasureWork.JobKind))
        .AddSingleton(provider => new JobHandler(ErasureWork.JobKind, provider.GetRequiredService<ErasureWork>().HandleAsync));

    public static void MapPrivacy(this IEndpointRouteBuilder routes)
    {
        LegalHoldRoutes.Map(routes);
        RetentionRoutes.Map(routes);
        ErasureRoutes.Map(routes);
        ExportRoutes.Map(routes);
        ConsentRoutes.Map(routes);
        WithdrawalPage.Map(routes);
    }
}

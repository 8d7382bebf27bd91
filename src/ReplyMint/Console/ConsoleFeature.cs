using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Console;

/// <summary>The doors of the room: pages where people work. Nothing is read or made before the first page is asked for.</summary>
internal static class ConsoleFeature
{
    public static IServiceCollection AddConsole(this IServiceCollection services) => services.AddSingleton<PageForms>().AddSingleton<InboxSearch>().AddSingleton<FirstRun>();

    /// <summary>One line a slice.</summary>
    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        Assets.Map(routes);
        ViewPages.Map(routes);
        SignInPages.Map(routes);
        InvitationPages.Map(routes);
        FirstPages.Map(routes);
        FactorPages.Map(routes);
        PasskeyPages.Map(routes);
        KnowledgeFilePages.Map(routes);
        MailboxPages.Map(routes);
        MailboxPlanPages.Map(routes);
        MailboxWizardPages.Map(routes);
        MailboxOutPages.Map(routes);
        PeoplePages.Map(routes);
        KeyPages.Map(routes);
        SessionPages.Map(routes);
        SafetyPages.Map(routes);
        OutboxPages.Map(routes);
        IncidentPages.Map(routes);
        UsagePages.Map(routes);
        PlanPages.Map(routes);
        TenantPages.Map(routes);
        PrivacyPages.Map(routes);
        AuditPages.Map(routes);
        InboxPages.Map(routes);
        MessagePages.Map(routes);
        DraftActs.Map(routes);
        LivePages.Map(routes);
        QualityPages.Map(routes);
        GuidePages.Map(routes);
        ThreadPages.Map(routes);
        ShadowPages.Map(routes);
    }
}

using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

internal static class AccountsFeature
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, AccountsSettings settings, DnsSettings dns, OpenStore open)
    {
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Add(AccountsWire.Default));
        return services
            .AddSingleton(settings)
            .AddSingleton(settings.Access)
            .AddSingleton(dns)
            .AddSingleton(new DnsText(dns))
            .AddSingleton<Tenants>()
            .AddSingleton<DomainOwners>()
            .AddSingleton<Retention>()
            .AddSingleton<Mailboxes>()
            .AddSingleton<TestMails>()
            .AddSingleton<SenderRight>(provider => provider.GetRequiredService<Mailboxes>().MayNotSendAsync)
            .AddSingleton<SwitchDesk>()
            .AddSingleton<Channels>()
            .AddSingleton<AccountTokens>()
            .AddSingleton<AccountDoor>()
            .AddSingleton<OwnServers>()
            .AddSingleton<OwnWay>(provider => provider.GetRequiredService<OwnServers>().FindAsync)
            .AddSingleton<Users>()
            .AddSingleton<ActorSealer>(provider => async (person, ct) => await provider.GetRequiredService<Users>().KeyOfPersonAsync(person, ct))
            .AddSingleton(provider => new SealedByPerson("user/", provider.GetRequiredService<Users>().KeyOfItemAsync))
            .AddSingleton(provider => new SealedByPerson("factors/", provider.GetRequiredService<Users>().KeyOfItemAsync))
            .AddSingleton(provider => new SealedByPerson("session/", provider.GetRequiredService<Users>().KeyOfItemAsync))
            .AddSingleton<Members>()
            .AddSingleton<NoticeAddresses>()
            .AddSingleton<ProvedDomains>()
            .AddSingleton<SignInLinks>()
            .AddSingleton<SignInDesk>()
            .AddSingleton<SignInDoor>()
            .AddSingleton<SignUpRate>()
            .AddSingleton<PersonMailRate>()
            .AddSingleton<SecondFactors>()
            .AddSingleton<FactorDoor>()
            .AddSingleton<PasskeyChallenges>()
            .AddSingleton<Passkeys>()
            .AddSingleton<Invitations>()
            .AddSingleton<MemberDesk>()
            .AddSingleton<UserRemoval>()
            .AddSingleton(provider => new JobHandler(SignInDesk.JobKind, provider.GetRequiredService<SignInDesk>().HandleAsync))
            .AddSingleton(new JobLaneRule(SignInDesk.JobKind, JobLane.Door))
            .AddSingleton(new JobLaneRule(Invitations.JobKind, JobLane.Short))
            .AddSingleton(provider => new JobHandler(Invitations.JobKind, provider.GetRequiredService<Invitations>().MailAsync))
            .AddSingleton<Pepper>()
            .AddSingleton<Standings>()
            .AddSingleton<Revocations>()
            .AddSingleton<ApiKeys>()
            .AddSingleton<ApiKeyUses>()
            .AddSingleton<StrayKeys>()
            .AddSingleton(provider => Issuer(provider.GetRequiredService<HttpSettings>(), open.Id))
            .AddSingleton<AccessTokens>()
            .AddSingleton<SigningKeys>()
            .AddSingleton<RefreshTokens>()
            .AddSingleton<Sessions>()
            .AddSingleton<TokenDesk>()
            .AddSingleton<PageCookies>()
            .AddSingleton<CallerFinder>()
            .AddSingleton<PageCallerSource>(provider => provider.GetRequiredService<CallerFinder>().FindPageAsync)
            .AddSingleton<CallerSource>(provider => provider.GetRequiredService<CallerFinder>().FindAsync);
    }

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        routes.MapMe();
        routes.MapSessions();
        routes.MapApiKeys();
        routes.MapSignInLinks();
        routes.MapSecondFactors();
        routes.MapPasskeys();
        routes.MapMembers();
        routes.MapInvitations();
        routes.MapTenants();
        routes.MapDomains();
        routes.MapMailboxes();
        routes.MapTestMails();
        routes.MapChannels();
        routes.MapTenantSettings();
    }

    /// <summary>The public address; without one the store's own name, which is nobody else's either.</summary>
    private static TokenIssuer Issuer(HttpSettings http, string store)
    {
        var issuer = http.PublicUrl?.TrimEnd('/') ?? "urn:replymint:" + store;
        return new(issuer, issuer + (http.PublicUrl is null ? ":api" : RouteGroups.ApiRoot));
    }
}

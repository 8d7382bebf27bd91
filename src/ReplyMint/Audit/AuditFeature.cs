using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Audit;

internal static class AuditFeature
{
    public static IServiceCollection AddAudit(this IServiceCollection services) => services
        .AddSingleton<AuditLog>()
        .AddSingleton<Alerts>();
}

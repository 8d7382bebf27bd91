using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>Who can do what (SOC-1): a tenant's people read their own, operators each tenant's.</summary>
internal static class AccessRoutes
{
    private const string Tag = "access";

    public static void Map(IEndpointRouteBuilder routes)
    {
        // The same right that shows keys: administrators and auditors.
        routes.MapApi(Permission.KeysRead, Tag)
            .MapGet("/access-review", OwnAsync).WithName("ReviewAccess").WithSummary("Who can do what in this tenant, since when, and who gave it").Produces<Listing<AccessRow>>().Costly();
        routes.MapApi(Permission.IncidentsRead, Tag)
            .MapGet("/access-reviews/{id}", OfAsync).WithName("ReviewAccessOf").WithSummary("The same of a tenant, or of the installation").Produces<Listing<AccessRow>>().Costly();
    }

    private static async Task<IResult> OwnAsync(Caller caller, [FromServices] AccessReviews reviews, CancellationToken ct) => TypedResults.Ok(await ListAsync(reviews, caller.Tenant, ct));

    private static async Task<IResult> OfAsync(string id, [FromServices] AccessReviews reviews, [FromServices] Tenants tenants, CancellationToken ct) =>
        id == KeyRing.Installation || await tenants.FindAsync(id, ct) is not null ? TypedResults.Ok(await ListAsync(reviews, id, ct)) : Problem.NotFound;

    // Members, keys and channels are each bounded.
    private static async Task<Listing<AccessRow>> ListAsync(AccessReviews reviews, string tenant, CancellationToken ct)
    {
        var rows = new List<AccessRow>();
        await foreach (var row in reviews.OfTenantAsync(tenant, ct))
            rows.Add(row);
        return new(rows, null);
    }
}

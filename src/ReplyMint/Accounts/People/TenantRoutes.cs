using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Accounts;

/// <param name="Admin">The address that is invited as the first administrator.</param>
/// <param name="Language">Of the mail to it.</param>
internal sealed record TenantWish([Line(100)] string Name, [Address] string? Admin = null, LetterLanguage? Language = null);

/// <param name="TimeZone">IANA name, such as Europe/Berlin.</param>
/// <param name="AnswersVouched">Mail that the tenant's callers vouch for may be answered without a person; left out: as it is.</param>
internal sealed record TenantChangeWish([Line(100)] string Name, [Line(64)] string TimeZone, bool? AnswersVouched = null);

internal sealed record TenantAnswer(string Id, string Name, string TimeZone, bool AnswersVouched, DateTimeOffset CreatedAt);

/// <summary>Tenants, for the operator: that they are there, never what is in them.</summary>
internal static class TenantRoutes
{
    private const string Tag = "tenants";

    public static void MapTenants(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.TenantsRead, Tag);
        read.MapGet("/tenants", ListAsync).WithName("listTenants").WithSummary("The tenants of this installation").Produces<Listing<TenantAnswer>>();
        read.MapGet("/tenants/{id}", GetAsync).WithName("getTenant").WithSummary("One tenant").Produces<TenantAnswer>();

        var write = routes.MapApi(Permission.TenantsWrite, Tag);
        write.MapPost("/tenants", AddAsync).WithName("addTenant").WithSummary("Make a tenant, and invite its first administrator").Produces<TenantAnswer>(201);
        write.MapPut("/tenants/{id}", ChangeAsync).WithName("changeTenant").WithSummary("Change a tenant's name or zone").Produces<TenantAnswer>();
    }

    private static async Task<IResult> ListAsync(HttpContext context, [AsParameters] PageQuery page, [FromServices] Tenants tenants, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (found, next) = await tenants.PageAsync(page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<TenantAnswer>([.. found.Select(Answer)], next).Linked(context));
    }

    private static async Task<IResult> GetAsync(HttpContext context, string id, [FromServices] Tenants tenants, CancellationToken ct)
    {
        if (await FindAsync(tenants, id, ct) is not { } found)
            return Problem.NotFound;
        EntityTags.Tell(context, found.Version);
        return TypedResults.Ok(Answer(found.Value));
    }

    private static Task<IResult> AddAsync(Caller caller, TenantWish wish, [FromServices] Tenants tenants, [FromServices] Invitations invitations, [FromServices] AccountsSettings settings, CancellationToken ct) =>
        AddFromAsync(null, caller, wish, tenants, invitations, settings, ct);

    /// <param name="page">What the invitation's link begins with; null is the front end's.</param>
    internal static async Task<IResult> AddFromAsync(string? page, Caller caller, TenantWish wish, Tenants tenants, Invitations invitations, AccountsSettings settings, CancellationToken ct)
    {
        var admin = wish.Admin is null ? null : Mail.AddressRules.Normalize(wish.Admin);
        if (wish.Admin is not null && admin is null)
            return Problem.Of("admin", "must be a mail address");
        if (admin is not null && !settings.CanMail)
            return Problem.Of("admin", "can't be invited: accounts.from and accounts.signInUrl are not set");
        if (!Tenants.IsName(wish.Name))
            return LikeAnId;
        var actor = Actor.Of(caller);
        var tenant = admin is null ? await tenants.AddAsync(wish.Name.Trim(), actor, ct)
            : await invitations.AddTenantAsync(wish.Name.Trim(), admin, SignInRoutes.Code(wish.Language), actor, ct, page);
        return TypedResults.Created($"{RouteGroups.ApiRoot}/tenants/{tenant.Id}", Answer(tenant));
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, Caller caller, string id, TenantChangeWish wish, [FromServices] Tenants tenants, CancellationToken ct)
    {
        if (EntityTags.Required(context, out var version) is { } missing)
            return missing;
        if (!Tenants.IsName(wish.Name))
            return LikeAnId;
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(wish.TimeZone, out _))
            return Problem.Of("timeZone", "must be a time zone's name, such as Europe/Berlin");
        if (id == KeyRing.Installation)
            return Problem.NotFound;
        var details = new Dictionary<string, string> { ["name"] = "set", ["timeZone"] = wish.TimeZone };
        if (wish.AnswersVouched is { } vouched)
            details["answersVouched"] = vouched ? "true" : "false";
        var (result, now) = await tenants.ChangeAsync(id, version, tenant => tenant with { Name = wish.Name.Trim(), TimeZone = wish.TimeZone, AnswersVouched = wish.AnswersVouched ?? tenant.AnswersVouched }, Actor.Of(caller), details, ct);
        if (result != ChangeResult.Done)
            return result == ChangeResult.NotFound ? Problem.NotFound : EntityTags.Changed;
        EntityTags.Tell(context, now.Version);
        return TypedResults.Ok(Answer(now.Value));
    }

    private static Problem LikeAnId => Problem.Of("name", "must not look like an id");

    // The operator's own partition is no tenant.
    private static ValueTask<Versioned<Tenant>?> FindAsync(Tenants tenants, string id, CancellationToken ct) =>
        id == KeyRing.Installation ? new((Versioned<Tenant>?)null) : tenants.FindVersionAsync(id, ct);

    private static TenantAnswer Answer(Tenant tenant) => new(tenant.Id, tenant.Name, tenant.TimeZone, tenant.AnswersVouched, tenant.CreatedAt);
}

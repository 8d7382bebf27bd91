using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <param name="Domain">Such as example.com. Names below it are proved by themselves.</param>
internal sealed record NewDomain([Line(253), Example("shop.example")] string Domain);

/// <param name="RecordName">Where the TXT record has to stand.</param>
/// <param name="RecordValue">What it has to say; it is this tenant's own.</param>
/// <param name="ProvedAt">When DNS said so; absent until then.</param>
internal sealed record DomainAnswer(string Domain, string RecordName, string RecordValue, DateTimeOffset AddedAt, DateTimeOffset? ProvedAt);

/// <summary>Domains that a tenant proves to be his own, so that he may claim mailboxes there.</summary>
internal static class DomainRoutes
{
    public const string Contested = "Another tenant of this service has proved this domain, and its TXT record is still there. Remove that record first if the domain is yours; the operator was told.";

    private const string Tag = "domains";

    public static void MapDomains(this IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.MailboxesRead, Tag);
        var write = routes.MapApi(Permission.MailboxesWrite, Tag);
        read.MapGet("/domains", ListAsync).WithName("listDomains").WithSummary("The domains of this tenant, proved or not yet.");
        read.MapGet("/domains/{domain}", GetAsync).WithName("getDomain").WithSummary("One domain, with the record that proves it.").Produces<DomainAnswer>();
        write.MapPost("/domains", AddAsync).WithName("addDomain").WithSummary("Says which TXT record proves that a domain is yours.")
            .Produces<DomainAnswer>(201);
        write.MapPost("/domains/{domain}/verify", VerifyAsync).WithName("verifyDomain").WithSummary("Looks for the TXT record in DNS.");
        write.MapDelete("/domains/{domain}", RemoveAsync).WithName("removeDomain").WithSummary("Forgets a domain and its proof. Mailboxes stay.");
    }

    private static async Task<Results<Ok<Listing<DomainAnswer>>, Problem>> ListAsync(Caller caller, ProvedDomains domains, HttpContext context, [AsParameters] PageQuery page, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (claims, next) = await domains.ListAsync(caller.Tenant, page.Size, page.Cursor, ct);
        var answers = new List<DomainAnswer>(claims.Count);
        foreach (var claim in claims)
            answers.Add(await AnswerAsync(domains, caller.Tenant, claim, ct));
        return TypedResults.Ok(new Listing<DomainAnswer>(answers, next).Linked(context));
    }

    private static async Task<Results<Ok<DomainAnswer>, Problem>> GetAsync(Caller caller, ProvedDomains domains, [Line(253)] string domain, CancellationToken ct) =>
        Mail.Domains.ToAscii(domain) is { } name && await domains.FindAsync(caller.Tenant, name, ct) is { } claim ? TypedResults.Ok(await AnswerAsync(domains, caller.Tenant, claim, ct)) : Problem.NotFound;

    internal static async Task<Results<Created<DomainAnswer>, Ok<DomainAnswer>, Problem>> AddAsync(Caller caller, ProvedDomains domains, NewDomain wanted, CancellationToken ct)
    {
        var (result, claim) = await domains.AddAsync(caller.Tenant, wanted.Domain, Actor.Of(caller), ct);
        return result switch
        {
            DomainClaimResult.NotADomain => Problem.Of("domain", "must be a domain name such as example.com"),
            DomainClaimResult.Shared => Problem.Of("domain", "is a name under which a registry or a service gives names to many; it can't be one tenant's"),
            DomainClaimResult.TooMany => new Problem(409, "There are too many domains. Remove some that are not needed."),
            DomainClaimResult.Known => TypedResults.Ok(await AnswerAsync(domains, caller.Tenant, claim!, ct)),
            _ => TypedResults.Created($"{RouteGroups.ApiRoot}/domains/{claim!.Domain}", await AnswerAsync(domains, caller.Tenant, claim, ct)),
        };
    }

    internal static async Task<Results<Ok<DomainAnswer>, Problem>> VerifyAsync(Caller caller, ProvedDomains domains, [Line(253)] string domain, CancellationToken ct)
    {
        var (result, claim) = await domains.ProveAsync(caller.Tenant, domain, Actor.Of(caller), ct);
        return result switch
        {
            DomainProofResult.NoClaim => Problem.NotFound,
            DomainProofResult.NotAsked => new Problem(503, "DNS did not answer. Try again in a while."),
            DomainProofResult.Contested => new Problem(409, Contested),
            DomainProofResult.NotThere => new Problem(409, "The TXT record is not there yet. Set it as recordName and recordValue say, then try again; new records may take a while to be seen."),
            _ => TypedResults.Ok(await AnswerAsync(domains, caller.Tenant, claim!, ct)),
        };
    }

    private static async Task<Results<NoContent, Problem>> RemoveAsync(Caller caller, ProvedDomains domains, [Line(253)] string domain, CancellationToken ct) =>
        await domains.RemoveAsync(caller.Tenant, domain, Actor.Of(caller), ct) ? TypedResults.NoContent() : Problem.NotFound;

    private static async Task<DomainAnswer> AnswerAsync(ProvedDomains domains, string tenant, DomainClaim claim, CancellationToken ct)
    {
        var (name, value) = await domains.RecordAsync(tenant, claim.Domain, ct);
        return new(claim.Domain, name, value, claim.AddedAt, claim.ProvedAt);
    }
}

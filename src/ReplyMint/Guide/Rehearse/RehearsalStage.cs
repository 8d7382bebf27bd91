using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>A throw-away tenant. All addresses of it and of who writes to it end in .invalid, where no mail can go (RFC 6761 6.4).</summary>
internal sealed record RehearsedTenant(string Id, Mailbox Mailbox)
{
    public string Person(Role role) => PersonOf(Id, role);

    /// <summary>Somebody who writes to it.</summary>
    public string Guest(string name) => $"{name}@{Id}.guests.invalid";

    public static string PersonOf(string tenant, Role role) => $"{role.ToString().ToLowerInvariant()}@{tenant}.rehearsal.invalid";

    public static string MailboxOf(string tenant) => $"support@{tenant}.rehearsal.invalid";
}

/// <summary>
/// Two throw-away tenants, made for a rehearsal and erased after it. Each is marked in the commit that makes it, and the mark goes last: what a
/// process left that ended in the middle is found and erased by the next rehearsal.
/// </summary>
internal sealed class RehearsalStage : IAsyncDisposable
{
    /// <summary>How long a rehearsal may take. A mark that is older is one that somebody left.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>Roles of the people that a throw-away tenant has.</summary>
    public static readonly IReadOnlyList<Role> Roles = [Role.Admin, Role.Member, Role.Auditor];

    internal const string MarkPrefix = "rehearsal/";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IServiceProvider _services;

    private RehearsalStage(IServiceProvider services, RehearsedTenant own, RehearsedTenant other) => (_services, Own, Other) = (services, own, other);

    public RehearsedTenant Own { get; }

    /// <summary>Another tenant, whose things are not there for the first.</summary>
    public RehearsedTenant Other { get; }

    /// <summary>What the erasure left at the end; null when it is all gone.</summary>
    public string? Left { get; private set; }

    /// <summary>Erases what an earlier one left; null while another rehearsal is at work.</summary>
    public static async Task<RehearsalStage?> OpenAsync(IServiceProvider services, CancellationToken ct)
    {
        var (store, now) = (services.GetRequiredService<IStore>(), services.GetRequiredService<TimeProvider>().GetUtcNow());
        var left = new List<string>();
        await foreach (var mark in store.AllAsync(Table.Main, KeyRing.Installation, MarkPrefix, ct))
        {
            using var json = JsonDocument.Parse(mark.Value);
            if (now - json.RootElement.GetProperty("at").GetDateTimeOffset() < Longest)
                return null;
            left.Add(mark.Key.Sort[MarkPrefix.Length..]);
        }
        foreach (var tenant in left)
            await EraseAsync(services, tenant, ct);
        return await SetAsync(services, ct);
    }

    /// <summary>Makes the tenants; what was made is erased again when that fails half way.</summary>
    internal static async Task<RehearsalStage> SetAsync(IServiceProvider services, CancellationToken ct)
    {
        var own = await MakeAsync(services, ct);
        try
        {
            return new(services, own, await MakeAsync(services, ct));
        }
        catch
        {
            await EraseAsync(services, own.Id, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Whoever cancelled the rehearsal, or whatever failed in it: this is done all the same.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var tenant in (string[])[Own.Id, Other.Id])
            Left = await EraseAsync(_services, tenant, CancellationToken.None) ?? Left;
    }

    private static async Task<RehearsedTenant> MakeAsync(IServiceProvider services, CancellationToken ct)
    {
        var (store, tenants) = (services.GetRequiredService<IStore>(), services.GetRequiredService<Tenants>());
        var made = await store.RetryAsync(async (commit, token) =>
        {
            var (tenant, _) = await tenants.AddAsync(commit, $"Rehearsal {Ids.Secret(6)}, erased after it", Actor.Machine, token);
            commit.Put(MarkOf(tenant.Id), Encoding.ASCII.GetBytes($$"""{"v":1,"at":"{{tenant.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}}"}"""), Condition.Absent);
            return tenant.Id;
        }, ct);
        try
        {
            // Its own callers vouch for its guests, who are nobody.
            await tenants.ChangeAsync(made, before => before with { AnswersVouched = true }, Actor.Machine, new Dictionary<string, string> { ["answersVouched"] = "true" }, ct);
            // A fixed answer asks no model, which costs.
            var (claimed, mailbox) = await services.GetRequiredService<Mailboxes>().AddAsync(new()
            {
                Id = Ids.Random('m'), TenantId = made, Address = RehearsedTenant.MailboxOf(made), DisplayName = "Rehearsal", Mode = MailboxMode.Automatic, FixedAnswer = "Thank you for your question. Somebody looks at it today.",
            }, Actor.Machine, ct);
            if (claimed != ClaimResult.Claimed)
                throw new InvalidOperationException($"The mailbox of a rehearsal could not be claimed: {claimed}.");
            foreach (var role in Roles)
                await services.GetRequiredService<MemberDesk>().AddAsync(made, RehearsedTenant.PersonOf(made, role), role, Actor.Machine, ct);
            return new(made, mailbox!);
        }
        catch
        {
            await EraseAsync(services, made, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Null when nothing of it is left but what every erasure leaves; else what is.</summary>
    internal static async Task<string?> EraseAsync(IServiceProvider services, string tenant, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        var (erasures, users) = (services.GetRequiredService<Erasures>(), services.GetRequiredService<Users>());
        try
        {
            await ErasedAsync(erasures, await erasures.TenantAsync(tenant, Actor.Machine, patience.Token), patience.Token);
            // They managed it: only behind it they can go.
            foreach (var role in Roles)
                if (await users.FindByAddressAsync(RehearsedTenant.PersonOf(tenant, role), patience.Token) is { } person)
                    await ErasedAsync(erasures, await erasures.UserAsync(person.Address, Actor.Machine, patience.Token), patience.Token);
            await services.GetRequiredService<IStore>().CommitAsync(new Commit().Delete(MarkOf(tenant)), patience.Token);
            return null;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            return $"the throw-away tenant {tenant} is not all erased yet ({(e is OperationCanceledException ? "it takes long" : Failure.Types(e))}); the next rehearsal finishes it, or: replymint erase tenant {tenant}";
        }
    }

    private static async Task ErasedAsync(Erasures erasures, ErasureStart start, CancellationToken ct)
    {
        if (start is not ErasureStart.Started { Erasure: var erasure })
            // Of an earlier try: its job ends by itself.
            return;
        await RehearsalAct.EventuallyAsync(async () => await erasures.FindAsync(erasure.Home, erasure.Id, ct) is { Erasure.State: ErasureState.Done }, Timeout.InfiniteTimeSpan, ct);
    }

    private static ItemKey MarkOf(string tenant) => ItemKey.Main(KeyRing.Installation, MarkPrefix + tenant);
}

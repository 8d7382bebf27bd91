using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Incidents;

/// <summary>One right that somebody or something has.</summary>
/// <param name="Kind">member, operator, key or channel.</param>
/// <param name="Id">The user's, key's or channel's.</param>
/// <param name="Name">The person's address, or what the key is called.</param>
/// <param name="Tenant">Where it counts; null for the installation.</param>
/// <param name="May">The role, the scopes, or what kind of channel it is.</param>
/// <param name="Only">The mailboxes and networks that it is bound to; empty: all.</param>
/// <param name="Since">When it was given, as it stands now.</param>
/// <param name="By">Who gave it: a user's id, or a name of the audit log.</param>
/// <param name="Until">When it ends by itself, or null.</param>
/// <param name="Used">When it was used last, as far as that is known.</param>
internal sealed record AccessRow(string Kind, string Id, string? Name, string? Tenant, string May, string Only, DateTimeOffset? Since, string? By, DateTimeOffset? Until, DateTimeOffset? Used, string? Note);

/// <summary>
/// Who can do what, since when, and who gave it (SOC-1): from the store, and from the audit log where the store does not say who.
/// </summary>
internal sealed class AccessReviews(AccessGivers givers, Tenants tenants, Members members, Users users, ApiKeys keys, ApiKeyUses uses, Channels channels, Limits.Containments containments)
{
    /// <summary>All rights in one tenant.</summary>
    public async IAsyncEnumerable<AccessRow> OfTenantAsync(string tenant, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var given = await givers.OfAsync(tenant, ct);
        foreach (var member in await members.ListAsync(tenant, ct))
            yield return await MemberAsync(member, tenant == KeyRing.Installation ? null : tenant, given, ct);
        foreach (var key in tenant == KeyRing.Installation ? [] : await keys.ListAsync(tenant, ct))
        {
            var by = given.GetValueOrDefault(key.Id);
            yield return new("key", key.Id, key.Name, tenant, string.Join(' ', key.Scopes), Bounds(key.Mailboxes, key.Networks), key.Secrets[0].CreatedAt, by?.By ?? key.Owner, key.EndsAt(keys.MaximalAge), await uses.LastAsync(tenant, key.Id, ct),
                await NoteAsync(Limits.ContainedKind.Key, key.Id, await keys.IsTakenAsync(key, key.Secrets[0], ct) ? null : "ended", ct));
        }
        foreach (var channel in await channels.ListAsync(tenant == KeyRing.Installation ? Channel.Operator : tenant, ct))
        {
            var by = given.GetValueOrDefault(channel.Id);
            yield return new("channel", channel.Id, null, tenant == KeyRing.Installation ? null : tenant, $"mail in by {channel.Kind}", string.Join(' ', channel.Topics ?? []), by?.At, by?.By, null, null, await NoteAsync(Limits.ContainedKind.Channel, channel.Id, null, ct));
        }
    }

    /// <summary>All rights of the installation: operators, their channels, and each tenant's.</summary>
    public async IAsyncEnumerable<AccessRow> AllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var row in OfTenantAsync(KeyRing.Installation, ct))
            yield return row;
        for (var tenant = await tenants.NextIdAsync(null, ct); tenant is not null; tenant = await tenants.NextIdAsync(tenant, ct))
            await foreach (var row in OfTenantAsync(tenant, ct))
                yield return row;
    }

    private async Task<AccessRow> MemberAsync(Membership member, string? tenant, IReadOnlyDictionary<string, Giving> given, CancellationToken ct)
    {
        var by = given.GetValueOrDefault(member.User);
        var (user, mailboxes) = (await users.FindAsync(member.User, ct), Bounds(member.Mailboxes, null));
        return new(tenant is null ? "operator" : "member", member.User, user?.Address, tenant, member.Role.ToString().ToLowerInvariant(), mailboxes, by?.At ?? member.AddedAt, by?.By ?? member.AddedBy, null, null,
            await NoteAsync(Limits.ContainedKind.User, member.User, member.HeldSince is null ? null : "held", ct));
    }

    private async ValueTask<string?> NoteAsync(Limits.ContainedKind kind, string id, string? other, CancellationToken ct) => await containments.IsAsync(kind, id, ct) ? "contained" : other;

    private static string Bounds(IReadOnlyList<string>? mailboxes, IReadOnlyList<string>? networks) =>
        string.Join("; ", new[] { mailboxes is null ? null : "mailboxes " + string.Join(' ', mailboxes), networks is null ? null : "networks " + string.Join(' ', networks) }.OfType<string>());
}

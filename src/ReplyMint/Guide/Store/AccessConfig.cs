using ReplyMint.Accounts;

namespace ReplyMint.Guide;

/// <summary>AUTH-1: the keys that there are.</summary>
internal static class AccessConfig
{
    private const int UsualDays = 365;
    private const int IdleDays = 180;

    public static async Task<Outcome> KeysAsync(StoreLook look, CancellationToken ct)
    {
        var (keys, uses, count, idle) = (look.Get<ApiKeys>(), look.Get<ApiKeyUses>(), 0, new List<string>());
        await foreach (var tenant in look.Get<Tenants>().IdsAsync(ct))
            foreach (var key in await keys.ListAsync(tenant, ct))
            {
                count++;
                if (key.EndsAt(keys.MaximalAge) > look.Now && (await uses.LastAsync(tenant, key.Id, ct) ?? key.CreatedAt).AddDays(IdleDays) < look.Now)
                    idle.Add(key.Id);
            }
        var days = look.Settings.Access.KeyMaxDays;
        if (days > UsualDays)
            return Outcome.Warn($"accounts.access.keyMaxDays: {days}; {UsualDays} are usual");
        return idle.Count > 0 ? Outcome.Warn($"{idle.Count} of {count} keys were not used for {IdleDays} days, such as {idle[0]}")
            : Outcome.Pass($"{count} keys, stored as keyed hashes, shown once; each ends {days} days after its last rotation (accounts.access.keyMaxDays)");
    }
}

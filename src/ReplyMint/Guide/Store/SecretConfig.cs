using ReplyMint.Secrets;

namespace ReplyMint.Guide;

/// <summary>SEC-1 and SEC-2: where secrets lie, and how old they are. No value is read into evidence.</summary>
internal static class SecretConfig
{
    private const int MostDays = 730;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>SEC-1.</summary>
    public static async Task<Outcome> StoredAsync(StoreLook look, CancellationToken ct)
    {
        var count = 0;
        await foreach (var fact in look.Get<SecretList>().AllAsync(ct))
        {
            count++;
            if (fact is { Problem: { } problem, Overdue: false } && fact.Name != SecretList.Kit)
                return Outcome.Fail($"{fact.Name} ({fact.Where}): {problem}");
            var file = fact.Where.StartsWith("file:", StringComparison.Ordinal) ? fact.Where["file:".Length..] : fact.Where;
            if (Path.IsPathRooted(file) && File.Exists(file) && (File.GetUnixFileMode(file) & Others) != 0)
                return Outcome.Fail($"{fact.Name}: others may read or write {file}");
        }
        return Outcome.Pass($"{count} keys and secrets: in the store, sealed, or in files and credentials that nobody else reads");
    }

    /// <summary>SEC-2.</summary>
    public static async Task<Outcome> RotatedAsync(StoreLook look, CancellationToken ct)
    {
        var (count, overdue) = (0, new List<string>());
        await foreach (var fact in look.Get<SecretList>().AllAsync(ct))
        {
            count++;
            if (fact.Overdue)
                overdue.Add(fact.Name);
        }
        var secrets = look.Settings.Secrets;
        if (overdue.Count > 0)
            return Outcome.Fail($"overdue: {string.Join(", ", overdue.Take(5))}{(overdue.Count > 5 ? ", ..." : "")}");
        foreach (var (name, days) in new[] { ("tenantKeyDays", secrets.TenantKeyDays), ("pepperDays", secrets.PepperDays), ("remindDays", secrets.RemindDays) })
            if (days > MostDays)
                return Outcome.Warn($"secrets.{name}: {days}; a key that is older than {MostDays} days was seen by too many");
        return Outcome.Pass($"{count} keys and secrets, none overdue; tenants' keys change after {secrets.TenantKeyDays} days, hashing keys after {secrets.PepperDays}, people are reminded after {secrets.RemindDays}");
    }
}

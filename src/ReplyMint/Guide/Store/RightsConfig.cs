using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>Who may what, who read what, and what was changed: AUTH-4, SEC-3, SOC-2, AWS-8.</summary>
internal static class RightsConfig
{
    private const int NewestActs = 1_000;

    /// <summary>What mail says is for members and administrators; what settings, members and keys are for administrators.</summary>
    private static readonly Permission[] s_contents = [Permission.MessagesRead, Permission.DraftsRead, Permission.DraftsWrite];

    /// <summary>AUTH-4: the table of rights in effect, and who holds an administrator's.</summary>
    public static async Task<Outcome> RolesAsync(StoreLook look, CancellationToken ct)
    {
        foreach (var (role, never) in new[]
        {
            (Role.Member, Elevated()), (Role.Auditor, Elevated().Concat(s_contents)), (Role.Operator, s_contents.Append(Permission.SettingsWrite).Append(Permission.MembersWrite)),
        })
            foreach (var permission in never)
                if (look.May(role).Has(permission))
                    return Outcome.Fail($"the role {role.ToString().ToLowerInvariant()} has {permission.Name()}");
        foreach (var permission in look.May(Role.Admin).Each().Concat(look.May(Role.Operator).Each()))
            if (permission.Name().EndsWith(":write", StringComparison.Ordinal) && permission != Permission.DraftsWrite && !permission.NeedsSecondFactor())
                return Outcome.Fail($"{permission.Name()} is used without a second factor");
        var (admins, without) = (0, 0);
        await foreach (var tenant in look.Get<Tenants>().IdsAsync(ct))
            foreach (var member in await look.Get<Members>().ListAsync(tenant, ct))
                if (member.Role == Role.Admin)
                {
                    admins++;
                    if (!(await look.Get<SecondFactors>().FindAsync(member.User, ct)).Any)
                        without++;
                }
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"members and auditors have no right of an administrator's, auditors and operators none to mail; {admins} administrators, of whom {without} have no second factor and can't act as such until they do"));
    }

    private static IEnumerable<Permission> Elevated() => Enum.GetValues<Permission>().Where(permission => permission.NeedsSecondFactor());

    /// <summary>SEC-3: who set a stored secret stands in the audit log, of the time that its newest entries reach back to.</summary>
    public static async Task<Outcome> ReadingAsync(StoreLook look, CancellationToken ct)
    {
        var acts = await look.Get<AuditLog>().NewestAsync(KeyRing.Installation, NewestActs, ct);
        var (all, since) = (acts.Count < NewestActs, acts.Count == 0 ? DateTimeOffset.MaxValue : acts[^1].At);
        var told = acts.Where(act => act.Act is "secret.add" or "secret.change").Select(act => act.Target).ToHashSet(StringComparer.Ordinal);
        var count = 0;
        foreach (var (name, setAt) in await look.Get<StoredSecrets>().ListAsync(ct))
        {
            count++;
            if ((all || setAt >= since) && !told.Contains(SecretSource.StorePrefix + name))
                return Outcome.Fail($"the stored secret {name} was set, and the audit log does not say by whom");
        }
        if (count == 0)
            return Outcome.NotApplicable("no secret of others is stored, so none can be shown");
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{count} stored secrets, each set by an act of the audit log; shown {acts.Count(act => act.Act == "secret.show")} times lately, each with who asked; only the owner of the data folder can ask, on the machine"));
    }

    /// <summary>SOC-2: what runs is what the last start wrote down.</summary>
    public static async Task<Outcome> ChangesAsync(StoreLook look, CancellationToken ct)
    {
        if (!look.Serves)
            return Outcome.NotApplicable("no server runs here: each start compares its settings with those of the last one, and records what changed");
        return await look.Get<SettingsChanges>().AgreesAsync(ct) switch
        {
            true => Outcome.Pass("the settings in effect are those that the last start wrote down; each change before is a record with author, time, before and after (replymint record list)"),
            false => Outcome.Fail("the settings in effect are not those that the last start wrote down: nothing says who changed them"),
            null => look.Settings.IsDevelopment ? Outcome.NotApplicable("in development nobody records changes") : Outcome.Fail("no start wrote down its settings"),
        };
    }

    /// <summary>AWS-8: operators' own credentials, which only people can change.</summary>
    public static Task<Outcome> CredentialsChangedAsync(StoreLook look, CancellationToken ct) => CareConfig.DueAsync(look, due => due.Kind == RecordKinds.KeyRotation, "change of credentials", ct);
}

using System.Collections.Frozen;
using System.Numerics;

namespace ReplyMint.Security;

/// <summary>What a person may do in one tenant, or in the installation.</summary>
internal enum Role
{
    /// <summary>Reads and decides the drafts of his mailboxes.</summary>
    Member,
    /// <summary>Receipts, settings and members to read; no mail text.</summary>
    Auditor,
    /// <summary>Settings, members, keys.</summary>
    Admin,
    /// <summary>The installation; no mail text.</summary>
    Operator,
}

/// <summary>What a route asks of its caller. The order is free: a permission is stored and sent by its name.</summary>
internal enum Permission
{
    /// <summary>Who am I: every caller.</summary>
    Me,
    /// <summary>The person's own sessions and second factors; never a key.</summary>
    Self,
    MessagesRead,
    MessagesWrite,
    ReceiptsRead,
    DraftsRead,
    DraftsWrite,
    KnowledgeRead,
    KnowledgeWrite,
    MailboxesRead,
    MailboxesWrite,
    SettingsRead,
    SettingsWrite,
    MembersRead,
    MembersWrite,
    KeysRead,
    KeysWrite,
    UsageRead,
    WebhooksRead,
    WebhooksWrite,
    TenantsRead,
    TenantsWrite,
    AuditRead,
    PrivacyRead,
    PrivacyWrite,
    IncidentsRead,
    IncidentsWrite,
    AlertsRead,
    AlertsWrite,
}

/// <summary>A set of permissions.</summary>
internal readonly record struct PermissionSet(uint Bits)
{
    public static PermissionSet Of(params ReadOnlySpan<Permission> permissions)
    {
        var bits = 0u;
        foreach (var permission in permissions)
            bits |= 1u << (int)permission;
        return new(bits);
    }

    public bool Has(Permission permission) => (Bits & (1u << (int)permission)) != 0;

    public int Count => BitOperations.PopCount(Bits);

    public PermissionSet And(PermissionSet other) => new(Bits & other.Bits);

    public IEnumerable<Permission> Each()
    {
        for (var permission = 0; permission < 32; permission++)
            if ((Bits & (1u << permission)) != 0)
                yield return (Permission)permission;
    }
}

/// <summary>
/// Who may what (AUTH-4), in one table. Roles are read from the store at each request, so a change here or there takes
/// effect at once; a token names a person and a tenant, never a right.
/// </summary>
internal static class Permissions
{
    private sealed record Row(Permission Permission, string Name, Role[] Roles, bool Keys, bool Elevated);

    private static readonly Row[] Table =
    [
        new(Permission.Me, "me:read", [Role.Member, Role.Auditor, Role.Admin, Role.Operator], Keys: true, Elevated: false),
        new(Permission.Self, "self", [Role.Member, Role.Auditor, Role.Admin, Role.Operator], Keys: false, Elevated: false),
        new(Permission.MessagesRead, "messages:read", [Role.Member, Role.Admin], Keys: true, Elevated: false),
        new(Permission.MessagesWrite, "messages:write", [Role.Admin], Keys: true, Elevated: true),
        new(Permission.ReceiptsRead, "receipts:read", [Role.Member, Role.Auditor, Role.Admin], Keys: true, Elevated: false),
        new(Permission.DraftsRead, "drafts:read", [Role.Member, Role.Admin], Keys: true, Elevated: false),
        new(Permission.DraftsWrite, "drafts:write", [Role.Member, Role.Admin], Keys: true, Elevated: false),
        new(Permission.KnowledgeRead, "knowledge:read", [Role.Member, Role.Auditor, Role.Admin], Keys: true, Elevated: false),
        new(Permission.KnowledgeWrite, "knowledge:write", [Role.Admin], Keys: true, Elevated: true),
        new(Permission.MailboxesRead, "mailboxes:read", [Role.Member, Role.Auditor, Role.Admin], Keys: true, Elevated: false),
        new(Permission.MailboxesWrite, "mailboxes:write", [Role.Admin], Keys: false, Elevated: true),
        new(Permission.SettingsRead, "settings:read", [Role.Member, Role.Auditor, Role.Admin], Keys: true, Elevated: false),
        new(Permission.SettingsWrite, "settings:write", [Role.Admin], Keys: false, Elevated: true),
        new(Permission.MembersRead, "members:read", [Role.Member, Role.Auditor, Role.Admin], Keys: false, Elevated: false),
        new(Permission.MembersWrite, "members:write", [Role.Admin], Keys: false, Elevated: true),
        new(Permission.KeysRead, "keys:read", [Role.Auditor, Role.Admin], Keys: false, Elevated: false),
        new(Permission.KeysWrite, "keys:write", [Role.Admin], Keys: false, Elevated: true),
        new(Permission.UsageRead, "usage:read", [Role.Member, Role.Auditor, Role.Admin], Keys: true, Elevated: false),
        new(Permission.WebhooksRead, "webhooks:read", [Role.Auditor, Role.Admin], Keys: false, Elevated: false),
        new(Permission.WebhooksWrite, "webhooks:write", [Role.Admin], Keys: false, Elevated: true),
        new(Permission.TenantsRead, "tenants:read", [Role.Operator], Keys: false, Elevated: true),
        new(Permission.TenantsWrite, "tenants:write", [Role.Operator], Keys: false, Elevated: true),
        new(Permission.AuditRead, "audit:read", [Role.Auditor, Role.Admin, Role.Operator], Keys: false, Elevated: false),
        new(Permission.PrivacyRead, "privacy:read", [Role.Auditor, Role.Admin], Keys: false, Elevated: false),
        new(Permission.PrivacyWrite, "privacy:write", [Role.Admin], Keys: false, Elevated: true),
        new(Permission.IncidentsRead, "incidents:read", [Role.Operator], Keys: false, Elevated: true),
        new(Permission.IncidentsWrite, "incidents:write", [Role.Operator], Keys: false, Elevated: true),
        new(Permission.AlertsRead, "alerts:read", [Role.Auditor, Role.Admin, Role.Operator], Keys: false, Elevated: false),
        new(Permission.AlertsWrite, "alerts:write", [Role.Admin, Role.Operator], Keys: false, Elevated: true),
    ];

    private static readonly FrozenDictionary<Permission, Row> Rows = Table.ToFrozenDictionary(row => row.Permission);
    private static readonly FrozenDictionary<string, Permission> ByName = Table.ToFrozenDictionary(row => row.Name, row => row.Permission, StringComparer.Ordinal);
    private static readonly FrozenDictionary<Role, PermissionSet> ByRole = Enum.GetValues<Role>()
        .ToFrozenDictionary(role => role, role => PermissionSet.Of([.. Table.Where(row => row.Roles.Contains(role)).Select(row => row.Permission)]));

    /// <summary>What an API key may carry: never an admin's or operator's right over people, keys and settings.</summary>
    public static PermissionSet OfKeys { get; } = PermissionSet.Of([.. Table.Where(row => row.Keys).Select(row => row.Permission)]);

    public static PermissionSet Of(Role role) => ByRole[role];

    /// <summary>The name in scopes, documents and answers, such as "drafts:write".</summary>
    public static string Name(this Permission permission) => Rows[permission].Name;

    /// <summary>Only administrators or operators hold it, so a person needs a fresh second factor to use it.</summary>
    public static bool NeedsSecondFactor(this Permission permission) => Rows[permission].Elevated;

    public static Permission? Find(string name) => ByName.TryGetValue(name, out var permission) ? permission : null;
}

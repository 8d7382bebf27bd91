using System.Globalization;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>
/// Whom notices may be sent to: members of the tenant, who proved their addresses when they signed in, and whom the operator named
/// on the machine. Else a tenant could have mail sent to anybody at all.
/// </summary>
internal sealed class NoticeAddresses(Tenants tenants, Users users, Members members)
{
    /// <summary>Null when all of them may be told. It says nothing of who has an account elsewhere.</summary>
    public async Task<Problem?> ProblemAsync(string tenant, IReadOnlyList<string> wanted, CancellationToken ct)
    {
        var before = await tenants.FindAsync(tenant, ct) is { } found ? found.Notices.Emails.Select(Form).ToHashSet(StringComparer.Ordinal) : [];
        var wrong = new Dictionary<string, string[]>();
        for (var i = 0; i < wanted.Count; i++)
            if (!before.Contains(Form(wanted[i])) && !(await users.FindByAddressAsync(wanted[i], ct) is { } user && await members.FindAsync(tenant, user.Id, ct) is not null))
                wrong[string.Create(CultureInfo.InvariantCulture, $"notices.emails[{i}]")] = ["is no member's address; invite him first"];
        return wrong.Count == 0 ? null : new Problem(400, ProblemAnswers.Detail(400), wrong);
    }

    private static string Form(string address) => AddressRules.Normalize(address) ?? address;
}

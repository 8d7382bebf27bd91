using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;

namespace ReplyMint.Cli.Commands;

/// <summary>The commands on the store say it was wrong; the message is the line for the user.</summary>
internal sealed class WrongException(string message) : Exception(message);

/// <summary>What many store commands share: whose tenant, who acts, how a table looks.</summary>
internal static class StoreWords
{
    /// <summary>A command on the machine acts as the operator.</summary>
    public static Actor Actor => Actor.Machine;

    public static Option<string?> TenantOption() => new("--tenant") { HelpName = "NAME", Description = "the tenant, by name or id; may be left out while there is only one" };

    public static Option<bool> JsonOption() => new("--json") { Description = "one JSON object a line" };

    public static Option<bool> YesOption() => new("--yes") { Description = "do it without asking" };

    public static Option<int> LimitOption() => new("--limit") { HelpName = "N", Description = "at most so many, the newest (50)", DefaultValueFactory = _ => 50 };

    public static Argument<string> Id(string name, string description) => new(name) { Description = description };

    public static T Get<T>(this CommandContext context) where T : notnull => context.Services.GetRequiredService<T>();

    /// <exception cref="WrongException">None or several fit.</exception>
    public static async Task<Tenant> TenantAsync(this CommandContext context, string? named, CancellationToken ct)
    {
        var tenants = context.Get<Tenants>();
        if (named is not null)
            return await tenants.NamedAsync(named, ct) switch
            {
                [var one] => one,
                [] => throw new WrongException($"there is no tenant {Plain.Line(named, 60)}; list them with: replymint tenant list"),
                var several => throw new WrongException($"{several.Count} tenants are called {Plain.Line(named, 60)}; say which by id ({string.Join(", ", several.Take(5).Select(t => t.Id))})"),
            };
        var all = await tenants.ListAsync(ct);
        return all.Count switch
        {
            1 => all[0],
            0 => throw new WrongException("there is no tenant yet; make one with: replymint tenant add NAME"),
            _ => throw new WrongException($"there are several tenants; say which with --tenant ({string.Join(", ", all.Take(5).Select(t => t.Name))})"),
        };
    }

    /// <summary>A mailbox by its address, whose tenant need not be named.</summary>
    /// <exception cref="WrongException">There is none.</exception>
    public static async Task<Mailbox> MailboxAsync(this CommandContext context, string address, CancellationToken ct)
    {
        var normalized = Mail.AddressRules.Normalize(address) ?? throw new WrongException($"{Plain.Line(address, 60)} is no mail address");
        var found = await context.Get<Mailboxes>().FindAsync(normalized, ct);
        return found is not null && found.Address == Mail.AddressRules.WithoutTag(normalized) ? found
            : throw new WrongException($"there is no mailbox {Plain.Line(address, 60)}; list them with: replymint mailbox list");
    }

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    public static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>Columns as wide as they need to be; the last one runs on.</summary>
    public static void Table(TextWriter to, IReadOnlyList<string[]> rows, params string[] head)
    {
        if (rows.Count == 0)
            return;
        var widths = head.Select((h, i) => Math.Min(48, rows.Max(r => Math.Max(h.Length, r[i].Length)))).ToArray();
        foreach (var row in rows.Prepend(head))
            to.WriteLine(string.Join("  ", row.Select((cell, i) => i == row.Length - 1 ? Plain.Line(cell) : Plain.Line(cell, 48).PadRight(widths[i]))).TrimEnd());
    }
}

using System.Globalization;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>Which mails somebody wants to see, as the page's address says it.</summary>
/// <param name="View">waiting, all, answered, held or ignored.</param>
/// <param name="Mailbox">Its id, or empty.</param>
/// <param name="Reason">Name of a rule that decided, or empty.</param>
/// <param name="Until">The last day, or null.</param>
/// <param name="From">A correspondent's whole address, or empty: what is sealed is found by its keyed hash only.</param>
/// <param name="Words">To be found in subject, sender or text; or empty.</param>
/// <param name="Cursor">Behind which mail to go on, or empty.</param>
internal sealed record InboxFilter(string View, string Mailbox, string Reason, DateOnly? Until, string From, string Words, string Cursor)
{
    public static readonly string[] Views = ["waiting", "all", "answered", "held", "ignored"];

    private const int MaxText = 200;

    public static InboxFilter Of(PageCall call)
    {
        var view = call.Query("view");
        return new(
            Array.IndexOf(Views, view) > 0 ? view : "waiting", Id(call.Query("mailbox")), Id(call.Query("reason")),
            DateOnly.TryParseExact(call.Query("until"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null,
            Short(call.Query("from")), Short(call.Query("q")), Ids.IsTimed(call.Query("after")) ? call.Query("after") : "");
    }

    /// <summary>More is asked than which of the lists; then the list of what waits is no help.</summary>
    public bool IsNarrow => Reason.Length > 0 || Until is not null || From.Length > 0 || Words.Length > 0;

    /// <summary>Where to begin: behind the page before, or at the end of the last day.</summary>
    public string? After => Cursor.Length > 0 ? Cursor
        : Until is { } day && day < DateOnly.MaxValue ? Ids.At(new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)) : null;

    /// <summary>Asked of the clear part, before anything is opened.</summary>
    /// <param name="caller">Sees his mailboxes only.</param>
    /// <param name="person">The keyed hash of <see cref="From"/>, or null.</param>
    public Func<MessageRecord, bool> Test(Caller caller, string? person) => record =>
        caller.Sees(record.Mailbox) && (Mailbox.Length == 0 || record.Mailbox == Mailbox) && (person is null || record.Person == person)
        && (Reason.Length == 0 || record.Reasons.Contains(Reason, StringComparer.Ordinal))
        && View switch { "answered" => record.State == MessageState.Answered, "held" or "waiting" => record.State == MessageState.Held, "ignored" => record.State == MessageState.Ignored, _ => true };

    /// <summary>The correspondent's address as it is hashed; null when none is asked for, empty when it is none.</summary>
    public string? Correspondent => From.Length == 0 ? null : AddressRules.Normalize(From) ?? "";

    /// <summary>The page's address with another view or place.</summary>
    public string With(string? view = null, string? after = null)
    {
        var query = new List<string>();
        void Add(string name, string value)
        {
            if (value.Length > 0)
                query.Add(name + "=" + Uri.EscapeDataString(value));
        }
        Add("view", view ?? View);
        Add("mailbox", Mailbox);
        Add("reason", Reason);
        Add("until", Until?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "");
        Add("from", From);
        Add("q", Words);
        Add("after", after ?? "");
        return "/console/inbox?" + string.Join('&', query);
    }

    private static string Id(string text) => text.Length <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ':') ? text : "";

    private static string Short(string text) => text.Length <= MaxText ? text : text[..MaxText];
}

using ReplyMint.Accounts;

namespace ReplyMint.Replies;

/// <summary>The mode at a moment.</summary>
/// <param name="Answer">A holiday's fixed answer, or empty.</param>
internal readonly record struct ScheduledMode(MailboxMode Mode, string Answer);

/// <summary>Which mode a weekly schedule chooses at a moment, in the tenant's zone (pure).</summary>
internal static class ScheduleClock
{
    /// <summary>
    /// A holiday of the local date decides before any span. A span that ends at or before its start runs past midnight
    /// into the next day; it belongs to the day it starts on. The end itself is outside. Local times are the wall clock's:
    /// an hour that the clock skips is never, one that it repeats is covered twice. An unknown zone drafts.
    /// </summary>
    public static ScheduledMode ModeAt(Schedule schedule, string timeZone, DateTimeOffset instant)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone))
            return new(MailboxMode.Draft, "");
        var local = TimeZoneInfo.ConvertTime(instant, zone);
        var date = DateOnly.FromDateTime(local.DateTime);
        foreach (var holiday in schedule.Holidays)
            if (holiday.Date == date)
                return new(Plain(holiday.Mode), holiday.Answer);
        var time = TimeOnly.FromDateTime(local.DateTime);
        foreach (var span in schedule.Spans)
            if (Covers(span, local.DayOfWeek, time))
                return new(Plain(span.Mode), "");
        return new(Plain(schedule.Otherwise), "");
    }

    private static bool Covers(ScheduleSpan span, DayOfWeek day, TimeOnly time)
    {
        var today = span.Days.Contains(day);
        if (span.From < span.To)
            return today && time >= span.From && time < span.To;
        var yesterday = span.Days.Contains((DayOfWeek)(((int)day + 6) % 7));
        return today && time >= span.From || yesterday && time < span.To;
    }

    /// <summary>A schedule can't choose a schedule; what it can't choose is drafted.</summary>
    private static MailboxMode Plain(MailboxMode mode) => mode == MailboxMode.Schedule ? MailboxMode.Draft : mode;
}

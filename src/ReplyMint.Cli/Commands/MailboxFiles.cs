using System.Text.Json;
using ReplyMint.Accounts;

namespace ReplyMint.Cli.Commands;

/// <summary>A rule as written in the file of --rules.</summary>
internal sealed record RuleFile
{
    public string Name { get; set; } = "";
    public string From { get; set; } = "";
    public string Subject { get; set; } = "";
    public string Word { get; set; } = "";
    public RuleAction Action { get; set; } = RuleAction.Hold;
    public string Template { get; set; } = "";

    public static RuleFile Of(MailRule rule) => new()
    {
        Name = rule.Name, From = rule.From, Subject = rule.Subject, Word = rule.Word, Action = rule.Action, Template = rule.Template,
    };

    /// <exception cref="WrongException">What is wrong with the file.</exception>
    public static IReadOnlyList<MailRule> Read(byte[] file)
    {
        var rules = MailboxFile.Parse(file, "--rules", CliJson.Default.ListRuleFile);
        IReadOnlyList<MailRule> read = [.. rules.Select(r => new MailRule(r.Name, r.From, r.Subject, r.Word, r.Action, r.Template))];
        return MailboxChecks.Rules(read) is { } wrong ? throw new WrongException($"--rules: {wrong.Member}: {wrong.What}") : read;
    }
}

/// <summary>A schedule as written in the file of --schedule.</summary>
internal sealed record ScheduleFile
{
    public List<SpanFile> Spans { get; set; } = [];
    public List<HolidayFile> Holidays { get; set; } = [];
    public MailboxMode Otherwise { get; set; } = MailboxMode.Draft;

    public static ScheduleFile Of(Schedule schedule) => new()
    {
        Spans = [.. schedule.Spans.Select(s => new SpanFile { Days = [.. s.Days], From = s.From, To = s.To, Mode = s.Mode })],
        Holidays = [.. schedule.Holidays.Select(h => new HolidayFile { Date = h.Date, Mode = h.Mode, Answer = h.Answer })],
        Otherwise = schedule.Otherwise,
    };

    /// <exception cref="WrongException">What is wrong with the file.</exception>
    public static Schedule Read(byte[] file)
    {
        var read = MailboxFile.Parse(file, "--schedule", CliJson.Default.ScheduleFile);
        var schedule = new Schedule
        {
            Spans = [.. read.Spans.Select(s => new ScheduleSpan(s.Days, s.From, s.To, s.Mode))],
            Holidays = [.. read.Holidays.Select(h => new Holiday(h.Date, h.Mode, h.Answer))],
            Otherwise = read.Otherwise,
        };
        return MailboxChecks.Schedule(schedule) is { } wrong ? throw new WrongException($"--schedule: {wrong.Member}: {wrong.What}") : schedule;
    }
}

internal sealed record SpanFile
{
    public List<DayOfWeek> Days { get; set; } = [];
    public TimeOnly From { get; set; }
    public TimeOnly To { get; set; }
    public MailboxMode Mode { get; set; } = MailboxMode.Draft;
}

internal sealed record HolidayFile
{
    public DateOnly Date { get; set; }
    public MailboxMode Mode { get; set; } = MailboxMode.Draft;
    public string Answer { get; set; } = "";
}

internal static class MailboxFile
{
    public static T Parse<T>(byte[] file, string option, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(file, type) ?? throw new WrongException($"the file of {option} holds null");
        }
        catch (JsonException e)
        {
            var where = e.LineNumber is { } line ? $" at line {line + 1}" : "";
            var member = e.Path is { Length: > 1 } path ? $" ({path.TrimStart('$', '.')})" : "";
            throw new WrongException($"the file of {option} can't be read{where}{member}; its form is told by: replymint mailbox set --help");
        }
    }
}

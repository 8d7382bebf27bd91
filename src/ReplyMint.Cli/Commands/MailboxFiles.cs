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
        if (rules.Count > 100)
            throw new WrongException("--rules takes at most 100 rules");
        foreach (var rule in rules)
        {
            if (rule.Name.Length == 0 || rules.Count(r => r.Name == rule.Name) > 1)
                throw new WrongException("--rules: each rule needs a name of its own");
            if (rule.From.Length + rule.Subject.Length + rule.Word.Length == 0)
                throw new WrongException($"--rules: {Plain.Line(rule.Name, 40)} has no condition; give from, subject or word");
            if (rule.Action == RuleAction.Template != rule.Template.Length > 0)
                throw new WrongException($"--rules: {Plain.Line(rule.Name, 40)}: the action template, and only that, needs a template");
        }
        return [.. rules.Select(r => new MailRule(r.Name, r.From, r.Subject, r.Word, r.Action, r.Template))];
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
        if (read.Spans.Count > 100 || read.Holidays.Count > 400)
            throw new WrongException("--schedule takes at most 100 spans and 400 holidays");
        if (read.Spans.Any(s => s.Days.Count == 0 || s.From == s.To))
            throw new WrongException("--schedule: each span needs days, and a from that differs from its to");
        if (read.Spans.Any(s => s.Mode == MailboxMode.Schedule) || read.Holidays.Any(h => h.Mode == MailboxMode.Schedule) || read.Otherwise == MailboxMode.Schedule)
            throw new WrongException("--schedule: a schedule chooses among off, draft and automatic");
        return new Schedule
        {
            Spans = [.. read.Spans.Select(s => new ScheduleSpan(s.Days, s.From, s.To, s.Mode))],
            Holidays = [.. read.Holidays.Select(h => new Holiday(h.Date, h.Mode, h.Answer))],
            Otherwise = read.Otherwise,
        };
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

using System.CommandLine;
using System.Globalization;

namespace ReplyMint.Cli.Commands;

/// <summary>From which day to which, in UTC, for reports that tell day by day.</summary>
/// <param name="whole">What the first day is when nobody names one.</param>
internal sealed class DayOptions(string whole)
{
    public Option<string?> From { get; } = Day("--from", $"the first day ({whole})");

    public Option<string?> To { get; } = Day("--to", "the last day, itself included (today)");

    /// <summary>What was given; null where nothing was.</summary>
    /// <exception cref="WrongException">One is no day.</exception>
    public (DateOnly? From, DateOnly? To) Read(ParseResult parse) => (Read("--from", parse.GetValue(From)), Read("--to", parse.GetValue(To)));

    public static string Name(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static Option<string?> Day(string name, string description) => new(name) { HelpName = "YYYY-MM-DD", Description = description };

    private static DateOnly? Read(string option, string? text) => text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : throw new WrongException($"{option}: {Plain.Line(text, 60)} is no day such as 2026-01-31");
}

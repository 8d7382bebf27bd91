using System.CommandLine;
using System.Globalization;
using System.Text;
using ReplyMint.Accounts;

namespace ReplyMint.Cli.Commands;

/// <summary>The options that set a mailbox up, for "add" and "set".</summary>
internal sealed class MailboxOptions
{
    private readonly Option<string?> _mode = OneOf("--mode", "draft (a person approves), automatic, schedule or off", Enum.GetNames<MailboxMode>());
    private readonly Option<string?> _tone = OneOf("--tone", "professional, friendly, casual or formal", Enum.GetNames<Tone>());
    private readonly Option<string?> _language = OneOf("--language", "auto (the mail's), en, de, fr or es", MailboxChecks.Languages);
    private readonly Option<string?> _name = Text("--display-name", "the sender's name in answers");
    private readonly Option<string?> _signature = Text("--signature", "the signature; \\n ends a line");
    private readonly Option<int?> _length = new("--max-length") { HelpName = "N", Description = "characters of an answer, 100 to 1000" };
    private readonly Option<string?> _fixed = Text("--fixed-answer", "one text for all mails instead of drafted ones; \"\" ends that");
    private readonly Option<string?> _facts = Text("--allowed-facts", "links, addresses, numbers and prices that any answer may name");
    private readonly Option<bool?> _null = new("--null-reverse-path") { HelpName = "BOOL", Description = "true: answers leave with an empty envelope sender" };
    private readonly Option<int?> _quiet = new("--quiet-seconds") { HelpName = "N", Description = "wait until a thread was quiet for so long, 0 (answer at once) to 600, then give its mails one answer" };
    private readonly Option<int?> _shadow = new("--shadow-days") { HelpName = "N", Description = "draft answers for so many days, 1 to 90, and send none; 0 ends that. Then everything is held" };
    private readonly Option<string?> _rules = new("--rules") { HelpName = "FILE", Description = "a JSON list of {name, from, subject, word, action, template}, asked before drafting" };
    private readonly Option<string?> _schedule = new("--schedule") { HelpName = "FILE", Description = "JSON: spans [{days, from, to, mode}], holidays [{date, mode, answer}], otherwise" };

    public StoreCommand AddTo(StoreCommand command)
    {
        foreach (var option in (Option[])[_mode, _tone, _language, _name, _signature, _length, _fixed, _facts, _null, _quiet, _shadow, _rules, _schedule])
            command.Options.Add(option);
        return command;
    }

    public async Task<IReadOnlyList<ForwardedFile>> ReadFilesAsync(ParseResult parse, CommandHost host, CancellationToken ct) =>
    [
        .. (await NamedFiles.OneAsync(parse.GetValue(_rules), host, ct)).Select(f => f with { Name = "rules" }),
        .. (await NamedFiles.OneAsync(parse.GetValue(_schedule), host, ct)).Select(f => f with { Name = "schedule" }),
    ];

    /// <returns>The change, and what of it the audit log names (no text of the tenant's).</returns>
    /// <exception cref="WrongException">An option's value can't be.</exception>
    public (Func<Mailbox, Mailbox> Change, IReadOnlyDictionary<string, string> Details) Read(ParseResult parse, CommandContext context)
    {
        var steps = new List<Func<Mailbox, Mailbox>>();
        var details = new Dictionary<string, string>();
        void Step(string name, string? shown, Func<Mailbox, Mailbox> step)
        {
            steps.Add(step);
            details[name] = shown ?? "changed";
        }

        if (parse.GetValue(_shadow) is { } days)
        {
            if (days is < 0 or > MailboxChecks.MaxShadowDays)
                throw new WrongException($"--shadow-days takes 0 to {MailboxChecks.MaxShadowDays}");
            if (days > 0 && parse.GetValue(_mode) is not null)
                throw new WrongException("--shadow-days holds everything until its end, so there is no --mode beside it");
            var now = context.Get<TimeProvider>().GetUtcNow();
            Step("shadowDays", days.ToString(CultureInfo.InvariantCulture), m => m.InShadowFor(days, now));
        }
        if (parse.GetValue(_mode) is { } mode)
            Step("mode", mode, m => m with { Mode = Enum.Parse<MailboxMode>(mode, ignoreCase: true) });
        if (parse.GetValue(_tone) is { } tone)
            Step("tone", tone, m => m with { Tone = Enum.Parse<Tone>(tone, ignoreCase: true) });
        if (parse.GetValue(_language) is { } language)
            Step("language", language, m => m with { Language = language });
        if (parse.GetValue(_name) is { } name)
            Step("displayName", null, m => m with { DisplayName = name });
        if (parse.GetValue(_signature) is { } signature)
            Step("signature", null, m => m with { Signature = Lines(signature) });
        if (parse.GetValue(_length) is { } length)
            Step("maxLength", length.ToString(CultureInfo.InvariantCulture), m => m with { MaxLength = length });
        if (parse.GetValue(_fixed) is { } answer)
            Step("fixedAnswer", answer.Length == 0 ? "none" : null, m => m with { FixedAnswer = Lines(answer) });
        if (parse.GetValue(_facts) is { } facts)
            Step("allowedFacts", null, m => m with { AllowedFacts = Lines(facts) });
        if (parse.GetValue(_null) is { } empty)
            Step("nullReversePath", empty ? "true" : "false", m => m with { NullReversePath = empty });
        if (parse.GetValue(_quiet) is { } quiet)
            Step("quietSeconds", quiet.ToString(CultureInfo.InvariantCulture), m => m with { QuietSeconds = quiet });
        if (context.Files.FirstOrDefault(f => f.Name == "rules") is { } rules)
        {
            var read = RuleFile.Read(rules.Bytes);
            Step("rules", read.Count.ToString(CultureInfo.InvariantCulture), m => m with { Rules = read });
        }
        if (context.Files.FirstOrDefault(f => f.Name == "schedule") is { } schedule)
        {
            var read = ScheduleFile.Read(schedule.Bytes);
            Step("schedule", read.Spans.Count.ToString(CultureInfo.InvariantCulture), m => m with { Schedule = read });
        }
        // Checked now, applied later: a wrong value must not be found in the middle of a commit.
        if (MailboxChecks.Settings(steps.Aggregate(new Mailbox { Id = "", TenantId = "", Address = "" }, (m, step) => step(m))) is { } wrong)
            throw new WrongException($"--{OptionOf(wrong.Member)} {wrong.What}");
        return (m => steps.Aggregate(m, (before, step) => step(before)), details);
    }

    private static string Lines(string text) => text.Replace("\\n", "\n", StringComparison.Ordinal);

    /// <summary>"maxLength" is --max-length.</summary>
    private static string OptionOf(string member) => string.Concat(member.Select(c => char.IsUpper(c) ? "-" + char.ToLowerInvariant(c) : c.ToString()));

    private static Option<string?> Text(string name, string description) => new(name) { HelpName = "TEXT", Description = description };

    private static Option<string?> OneOf(string name, string description, string[] values)
    {
        var option = new Option<string?>(name) { HelpName = name[2..].ToUpperInvariant(), Description = description };
        option.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, [.. values.Select(v => v.ToLowerInvariant())]);
        return option;
    }
}

using System.CommandLine;
using System.CommandLine.Help;

namespace ReplyMint.Cli;

/// <summary>Usage text: the whole tool on one screen, each command on half of one.</summary>
internal sealed class Help(TextWriter to, int width)
{
    private const int Column = 26;

    /// <summary>Where no terminal says how wide it is, and at most: longer lines are hard to read.</summary>
    private const int Widest = 130;

    private const int Narrowest = 60;

    /// <param name="command">What is explained.</param>
    /// <param name="to">Where to.</param>
    /// <param name="columns">How wide the terminal is; null where there is none.</param>
    public static void Write(Command command, TextWriter to, int? columns) => new Help(to, Math.Clamp(columns ?? Widest, Narrowest, Widest)).Write(command);

    private void Write(Command command)
    {
        if (command is RootCommand root)
            WriteRoot(root);
        else if (command.Subcommands.Count > 0)
            WriteGroup(command);
        else
            WriteLeaf(command);
    }

    /// <summary>"replymint drafts list".</summary>
    public static string Path(Command command) =>
        command is RootCommand ? "replymint" : $"{Path((Command)command.Parents.First())} {command.Name}";

    private void WriteRoot(RootCommand root)
    {
        Line("replymint reads the mail of a mailbox and answers it, drafts an answer, or records why not.");
        to.WriteLine();
        to.WriteLine("Usage: replymint COMMAND [OPTIONS]");
        foreach (var (title, names) in CommandTree.Groups)
        {
            to.WriteLine();
            to.WriteLine(title);
            foreach (var command in root.Subcommands.Where(c => names.Contains(c.Name)).OrderBy(c => Array.IndexOf(names, c.Name)))
                Row(command.Name, Summary(command));
        }
        to.WriteLine();
        to.WriteLine("Options of every command");
        foreach (var option in GlobalOptions.All)
            Row(Term(option), option.Description);
        Row("--version", "the version of this program");
        to.WriteLine();
        Line("A command speaks to the server on its data folder (without --data first ./data-demo, ./data), or else opens the folder itself.");
        Line("Exit status: 0 done, 1 it failed, 2 it was asked wrongly.  More: replymint COMMAND --help");
    }

    private static string Summary(Command command) => command.Subcommands.Count == 0
        ? command.Description ?? ""
        : $"{command.Description} ({string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))})";

    private void WriteGroup(Command group)
    {
        Line($"{Path(group)}: {group.Description}");
        to.WriteLine();
        to.WriteLine("Usage:");
        foreach (var command in group.Subcommands.Where(c => !c.Hidden))
        {
            Line($"  {Usage(command)}", "         ");
            Line($"      {command.Description}", "      ");
        }
        to.WriteLine();
        to.WriteLine($"More: {Path(group)} {group.Subcommands[0].Name} --help");
    }

    private void WriteLeaf(Command command)
    {
        Line($"{Path(command)}: {command.Description}");
        to.WriteLine();
        Line($"Usage: {Usage(command)}", "         ");
        var own = command.Options.Where(o => !o.Hidden && o is not HelpOption).ToList();
        if (command.Arguments.Count > 0 || own.Count > 0)
            to.WriteLine();
        foreach (var argument in command.Arguments)
            Row(argument.HelpName ?? argument.Name, argument.Description);
        foreach (var option in own)
            Row(Term(option), option.Description);
        if (command is Verb { Examples.Count: > 0 } verb)
        {
            to.WriteLine();
            to.WriteLine(verb.Examples.Count == 1 ? "Example:" : "Examples:");
            foreach (var example in verb.Examples)
                to.WriteLine($"  replymint {example}");
        }
        to.WriteLine();
        Line($"Options of every command: {string.Join(", ", GlobalOptions.All.Select(Term))}");
    }

    private static string Usage(Command command)
    {
        var words = new List<string> { Path(command) };
        foreach (var argument in command.Arguments)
        {
            var name = argument.HelpName ?? argument.Name;
            name += argument.Arity.MaximumNumberOfValues > 1 ? "..." : "";
            words.Add(argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name);
        }
        foreach (var option in command.Options.Where(o => !o.Hidden && o is not HelpOption))
            words.Add(option.Required ? Term(option) : $"[{Term(option)}]");
        return string.Join(' ', words);
    }

    private static string Term(Option option) =>
        option.ValueType == typeof(bool) ? option.Name : $"{option.Name} {option.HelpName ?? "VALUE"}";

    /// <summary>A group of many commands runs over the screen's edge and goes on below.</summary>
    private void Row(string term, string? text)
    {
        var lines = string.Join($"\n{new string(' ', Column)}", Plain.Broken(text ?? "", width - Column));
        to.WriteLine(term.Length < Column - 3 ? $"  {term.PadRight(Column - 2)}{lines}" : $"  {term}\n{new string(' ', Column)}{lines}");
    }

    /// <summary>A sentence, as wide as there is room; further lines are set in.</summary>
    private void Line(string text, string indent = "  ") => to.WriteLine(string.Join($"\n{indent}", Plain.Broken(text, width - indent.Length)));
}

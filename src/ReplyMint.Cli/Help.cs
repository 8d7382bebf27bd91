using System.CommandLine;
using System.CommandLine.Help;

namespace ReplyMint.Cli;

/// <summary>Usage text: the whole tool on one screen, each command on half of one.</summary>
internal static class Help
{
    private const int Column = 26;
    private const int Width = 130;

    public static void Write(Command command, TextWriter to)
    {
        if (command is RootCommand root)
            WriteRoot(root, to);
        else if (command.Subcommands.Count > 0)
            WriteGroup(command, to);
        else
            WriteLeaf(command, to);
    }

    /// <summary>"replymint drafts list".</summary>
    public static string Path(Command command) =>
        command is RootCommand ? "replymint" : $"{Path((Command)command.Parents.First())} {command.Name}";

    private static void WriteRoot(RootCommand root, TextWriter to)
    {
        to.WriteLine("replymint reads the mail of a mailbox and answers it, drafts an answer, or records why not.");
        to.WriteLine();
        to.WriteLine("Usage: replymint COMMAND [OPTIONS]");
        foreach (var (title, names) in CommandTree.Groups)
        {
            to.WriteLine();
            to.WriteLine(title);
            foreach (var command in root.Subcommands.Where(c => names.Contains(c.Name)).OrderBy(c => Array.IndexOf(names, c.Name)))
                Row(to, command.Name, Summary(command));
        }
        to.WriteLine();
        to.WriteLine("Options of every command");
        foreach (var option in GlobalOptions.All)
            Row(to, Term(option), option.Description);
        Row(to, "--version", "the version of this program");
        to.WriteLine();
        to.WriteLine("A command speaks to the server on its data folder (without --data first ./data-demo, ./data), or else opens the folder itself.");
        to.WriteLine("Exit status: 0 done, 1 it failed, 2 it was asked wrongly.  More: replymint COMMAND --help");
    }

    private static string Summary(Command command) => command.Subcommands.Count == 0
        ? command.Description ?? ""
        : $"{command.Description} ({string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))})";

    private static void WriteGroup(Command group, TextWriter to)
    {
        to.WriteLine($"{Path(group)}: {group.Description}");
        to.WriteLine();
        to.WriteLine("Usage:");
        foreach (var command in group.Subcommands.Where(c => !c.Hidden))
        {
            to.WriteLine($"  {Usage(command)}");
            to.WriteLine($"      {command.Description}");
        }
        to.WriteLine();
        to.WriteLine($"More: {Path(group)} {group.Subcommands[0].Name} --help");
    }

    private static void WriteLeaf(Command command, TextWriter to)
    {
        to.WriteLine($"{Path(command)}: {command.Description}");
        to.WriteLine();
        to.WriteLine($"Usage: {Usage(command)}");
        var own = command.Options.Where(o => !o.Hidden && o is not HelpOption).ToList();
        if (command.Arguments.Count > 0 || own.Count > 0)
            to.WriteLine();
        foreach (var argument in command.Arguments)
            Row(to, argument.HelpName ?? argument.Name, argument.Description);
        foreach (var option in own)
            Row(to, Term(option), option.Description);
        if (command is Verb { Examples.Count: > 0 } verb)
        {
            to.WriteLine();
            to.WriteLine(verb.Examples.Count == 1 ? "Example:" : "Examples:");
            foreach (var example in verb.Examples)
                to.WriteLine($"  replymint {example}");
        }
        to.WriteLine();
        to.WriteLine($"Options of every command: {string.Join(", ", GlobalOptions.All.Select(Term))}");
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
    private static void Row(TextWriter to, string term, string? text)
    {
        var lines = Broken(text ?? "");
        to.WriteLine(term.Length < Column - 3 ? $"  {term.PadRight(Column - 2)}{lines}" : $"  {term}\n{new string(' ', Column)}{lines}");
    }

    private static string Broken(string text) =>
        text.Length <= Width - Column || text.LastIndexOf(' ', Width - Column - 1) is not (> 0 and var at) ? text : $"{text[..at]}\n{new string(' ', Column)}{Broken(text[(at + 1)..])}";
}

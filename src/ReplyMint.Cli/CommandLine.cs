using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace ReplyMint.Cli;

/// <summary>From arguments to an exit code: 0 done, 1 it failed, 2 it was asked wrongly.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandHost host, CancellationToken ct)
    {
        host = host with { Arguments = arguments };
        var root = CommandTree.Build(host);
        var parse = root.Parse(arguments);
        var command = parse.CommandResult.Command;
        var help = parse.CommandResult.Children.OfType<OptionResult>().Any(o => o.Option is HelpOption)
            || parse.RootCommandResult.Children.OfType<OptionResult>().Any(o => o.Option is HelpOption);
        if (help)
        {
            Help.Write(command, host.Out, host.Columns());
            return ExitCode.Ok;
        }
        if (command.Subcommands.Count > 0 && parse.UnmatchedTokens.Count == 0 && !IsVersion(parse))
        {
            // Named a group, or nothing at all: show what there is.
            Help.Write(command, host.Error, host.Columns());
            return ExitCode.Usage;
        }
        if (parse.Errors.Count > 0)
            return host.Fail($"{Sentence(parse)} See: {Help.Path(command)} --help", ExitCode.Usage);
        try
        {
            return await parse.InvokeAsync(new()
            {
                Output = host.Out, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
            }, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ExitCode.Failed;
        }
        catch (Exception e)
        {
            return host.Fail($"the command failed unexpectedly: {e.Message} ({e.GetType().Name})");
        }
    }

    private static bool IsVersion(ParseResult parse) =>
        parse.RootCommandResult.Children.OfType<OptionResult>().Any(o => o.Option is VersionOption);

    private static string Sentence(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        if (parse.UnmatchedTokens.Count > 0)
        {
            var wrong = parse.UnmatchedTokens[0];
            IEnumerable<string> known = wrong.StartsWith('-')
                ? command.Options.Concat(GlobalOptions.All).Select(o => o.Name)
                : command.Subcommands.Select(c => c.Name);
            var near = known.Where(k => Distance(wrong, k) <= Math.Max(1, k.Length / 3)).MinBy(k => Distance(wrong, k));
            var hint = near is null ? "" : $" Did you mean {near}?";
            return wrong.StartsWith('-') ? $"there is no option {wrong}.{hint}"
                : command.Subcommands.Count > 0 ? $"there is no command {wrong}.{hint}"
                : $"{wrong} is one argument too many.";
        }
        // The parser lists what it knows a line each.
        var message = string.Join(' ', parse.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return message.EndsWith('.') ? message : message + ".";
    }

    private static int Distance(string a, string b) => SettingsReader.Distance(a, b);
}

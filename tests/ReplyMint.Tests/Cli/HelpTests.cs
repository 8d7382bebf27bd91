using System.CommandLine;
using ReplyMint.Cli;

namespace ReplyMint.Tests.Cli;

public sealed class HelpTests : IDisposable
{
    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    [Fact]
    public async Task The_first_screen_names_every_command()
    {
        Assert.Equal(0, await _cli.RunAsync("--help"));
        foreach (var command in CommandTree.Build(CommandHost.Nowhere).Subcommands.Where(c => !c.Hidden))
            Assert.Contains($"\n  {command.Name} ", _cli.Out, StringComparison.Ordinal);
        Assert.All(_cli.Out.Split('\n'), l => Assert.InRange(l.Length, 0, 130));
    }

    [Fact]
    public async Task Every_command_has_help_that_says_what_each_word_means()
    {
        foreach (var command in All(CommandTree.Build(CommandHost.Nowhere)).Where(c => c is not RootCommand && !c.Hidden))
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), command.Name);
            var path = Help.Path(command).Split(' ')[1..];
            Assert.Equal(0, await _cli.RunAsync([.. path, "--help"]));
            Assert.Equal("", _cli.Error);
            Assert.StartsWith(Help.Path(command) + ": ", _cli.Out, StringComparison.Ordinal);
            foreach (var option in command.Options.Where(o => !o.Hidden))
                Assert.False(string.IsNullOrWhiteSpace(option.Description), $"{command.Name} {option.Name}");
            foreach (var argument in command.Arguments)
                Assert.False(string.IsNullOrWhiteSpace(argument.Description), $"{command.Name} {argument.Name}");
        }
    }

    /// <summary>But for examples, which are there to be copied.</summary>
    [Theory]
    [InlineData(80)]
    [InlineData(100)]
    public void Help_fits_the_terminal(int columns)
    {
        foreach (var command in All(CommandTree.Build(CommandHost.Nowhere)).Where(c => !c.Hidden))
        {
            using var help = new StringWriter();
            Help.Write(command, help, columns);
            var examples = command is Verb verb ? verb.Examples.Select(example => $"  replymint {example}").ToList() : [];
            Assert.DoesNotContain(help.ToString().Split('\n'), line => line.Length > columns && !examples.Contains(line));
        }
    }

    [Fact]
    public async Task Every_example_is_a_command_line_that_is_understood()
    {
        var root = CommandTree.Build(CommandHost.Nowhere);
        foreach (var example in All(root).OfType<Verb>().SelectMany(v => v.Examples))
            Assert.True(root.Parse(example).Errors.Count == 0, example);
        await Task.CompletedTask;
    }

    [Theory]
    [InlineData("setings", "there is no command setings. Did you mean settings? See: replymint --help")]
    [InlineData("settings shw", "there is no command shw. Did you mean show? See: replymint settings --help")]
    [InlineData("settings show --dta x", "there is no option --dta. Did you mean --data? See: replymint settings show --help")]
    [InlineData("settings show --set workers", "--set takes NAME=VALUE")]
    public async Task A_wrong_command_line_gets_one_line_and_status_2(string line, string message)
    {
        Assert.Equal(2, await _cli.RunAsync(line.Split(' ')));
        Assert.Contains(message, _cli.Error, StringComparison.Ordinal);
        Assert.Single(_cli.Error.TrimEnd().Split('\n'));
        Assert.Equal("", _cli.Out);
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        Assert.Equal(0, await _cli.RunAsync("--version"));
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", _cli.Out);
    }
}

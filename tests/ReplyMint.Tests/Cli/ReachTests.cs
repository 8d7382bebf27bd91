using System.CommandLine;
using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Cli;
using ReplyMint.Cli.Reach;

namespace ReplyMint.Tests.Cli;

/// <summary>A command finds its way to the store: through the server's socket, or under the lock.</summary>
public sealed class ReachTests : IAsyncDisposable
{
    private readonly CliRun _cli = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddSingleton(new Where("in the server")).BuildServiceProvider();
    private StoreLock? _lock;
    private ControlServer? _server;

    private sealed record Where(string Text)
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private string Data => Path.Combine(_cli.Folder, "data");

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _lock?.Dispose();
        await _services.DisposeAsync();
        _cli.Dispose();
    }

    private void StartServer(string? data = null)
    {
        _lock = StoreLock.TryTake(data ?? Data);
        Assert.NotNull(_lock);
        _server = ControlServer.Start(data ?? Data, _services, () => Tree(CommandHost.Nowhere));
    }

    /// <summary>A tree with one command of each kind of conversation.</summary>
    private static RootCommand Tree(CommandHost host)
    {
        var root = new RootCommand();
        foreach (var option in GlobalOptions.All)
            root.Options.Add(option);
        var words = new Argument<string[]>("WORD") { Arity = ArgumentArity.ZeroOrMore };
        root.Subcommands.Add(new StoreCommand("say", "", async (context, parse, _) =>
        {
            await context.Out.WriteLineAsync($"{context.Services.GetRequiredService<Where>().Text}: {string.Join('|', parse.GetValue(words)!)}");
            await context.Error.WriteLineAsync("aside");
            foreach (var file in context.Files)
                await context.Out.WriteLineAsync($"{file.Name}={file.Bytes.Length}");
            return 7;
        }) { MakesStore = true, ReadFiles = (_, _, _) => Task.FromResult<IReadOnlyList<ForwardedFile>>([new("a.md", new byte[300_000]), new("b/c.md", [1, 2])]) });
        root.Subcommands[0].Arguments.Add(words);
        root.Subcommands.Add(new StoreCommand("ask", "", async (context, _, ct) => await context.Confirm("Sure?", ct) ? 0 : 3));
        root.Subcommands.Add(new StoreCommand("throw", "", (_, _, _) => throw new InvalidOperationException("oh")));
        root.Subcommands.Add(new StoreCommand("wait", "", async (context, _, ct) =>
        {
            context.Services.GetRequiredService<Where>().Reached.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            return 0;
        }));
        root.Subcommands.Add(new StoreCommand("big", "", async (context, _, _) =>
        {
            await context.Out.WriteAsync(new string('x', 200_000));
            return 0;
        }));
        root.Subcommands.Add(new Command("local"));
        return root;
    }

    private async Task<int> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = _cli.Host(output, error) with { Arguments = arguments };
        var parse = Tree(host).Parse(arguments);
        var code = await StoreRun.ActAsync((StoreCommand)parse.CommandResult.Command, parse, host, TestContext.Current.CancellationToken);
        (_out, _error) = (output.ToString(), error.ToString());
        return code;
    }

    private string _out = "";
    private string _error = "";

    [Fact]
    public async Task A_command_is_run_by_the_server_with_its_files_and_its_status_comes_back()
    {
        StartServer();
        Assert.Equal(7, await RunAsync("say", "hello", "two words", "--data", Data));
        Assert.Equal("in the server: hello|two words\na.md=300000\nb/c.md=2\n", _out);
        Assert.Equal("aside\n", _error);
    }

    [Fact]
    public async Task Long_output_comes_whole()
    {
        StartServer();
        Assert.Equal(0, await RunAsync("big", "--data", Data));
        Assert.Equal(new string('x', 200_000), _out);
    }

    [Fact]
    public async Task A_question_is_asked_where_the_person_sits()
    {
        StartServer();
        (_cli.Interactive, _cli.Input) = (true, "y\n");
        Assert.Equal(0, await RunAsync("ask", "--data", Data));
        Assert.Contains("Sure? [y/N]", _error, StringComparison.Ordinal);
        _cli.Input = "\n";
        Assert.Equal(3, await RunAsync("ask", "--data", Data));
        Assert.EndsWith("(not done)\n", _error, StringComparison.Ordinal);
        _cli.Interactive = false;
        Assert.Equal(3, await RunAsync("ask", "--data", Data));
        Assert.Contains("add --yes", _error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_command_throws_is_one_line_and_the_server_goes_on()
    {
        StartServer();
        Assert.Equal(1, await RunAsync("throw", "--data", Data));
        Assert.Equal("replymint: the command failed unexpectedly: oh (InvalidOperationException)\n", _error);
        Assert.Equal(7, await RunAsync("say", "--data", Data));
    }

    [Fact]
    public async Task A_command_that_ends_with_the_server_says_so()
    {
        StartServer();
        var asked = RunAsync("wait", "--data", Data);
        await _services.GetRequiredService<Where>().Reached.Task;
        await _server!.DisposeAsync();
        _server = null;
        Assert.Equal(1, await asked);
        Assert.Equal("replymint: the server is ending, and the command ended with it; run it again once a server is up, or without one\n", _error);
    }

    [Fact]
    public async Task Without_a_data_folder_named_the_running_demo_is_taken_first_and_said()
    {
        StartServer(Path.Combine(_cli.Folder, "data-demo"));
        Assert.Equal(7, await RunAsync("say"));
        Assert.StartsWith("(using the running server of ./data-demo)", _error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_the_command_opens_the_store_under_the_lock()
    {
        _cli.Open = (settings, _) =>
        {
            Assert.Null(StoreLock.TryTake(settings.Data!));
            var services = new ServiceCollection().AddSingleton(new Where("here")).BuildServiceProvider();
            return Task.FromResult(new OpenedStore(services, services.DisposeAsync));
        };
        Assert.Equal(7, await RunAsync("say", "x", "--data", Data));
        Assert.StartsWith("here: x\n", _out, StringComparison.Ordinal);
        using var free = StoreLock.TryTake(Data);
        Assert.NotNull(free);
    }

    [Fact]
    public async Task Under_a_base_folder_its_data_folder_is_meant()
    {
        _cli.Environment[SettingsReader.BaseVariable] = _cli.Folder;
        string? opened = null;
        _cli.Open = (settings, _) =>
        {
            opened = settings.Data;
            Assert.Equal(Path.Combine(_cli.Folder, "config"), settings.Config);
            throw new RefusedException("enough");
        };
        Assert.Equal(1, await RunAsync("say"));
        Assert.Equal(Data, opened);
        Assert.EndsWith("replymint: enough\n", _error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_makes_no_empty_store_in_the_wrong_place()
    {
        Assert.Equal(1, await RunAsync("big", "--data", Data));
        Assert.Contains("there is no store in", _error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public void The_socket_and_its_folder_are_the_owners_alone()
    {
        StartServer();
        var run = Path.Combine(Data, "run");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(run));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(run, "control.sock")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(run, "lock")));
    }

    [Fact]
    public async Task A_path_longer_than_a_socket_may_have_works_too()
    {
        var data = Path.Combine(_cli.Folder, new string('d', 120), "data");
        StartServer(data);
        Assert.Equal(7, await RunAsync("say", "--data", data));
        Assert.True(File.Exists(Path.Combine(data, "run/control.sock")));
    }

    [Fact]
    public async Task A_socket_that_a_killed_server_left_is_no_obstacle()
    {
        StoreLock.TryTake(Data)!.Dispose();
        // Bound but not listening refuses connections, as a dead server's file does.
        using var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        dead.Bind(new UnixDomainSocketEndPoint(Path.Combine(Data, "run/control.sock")));
        Assert.False(ControlClient.Answers(Data));
        StartServer();
        Assert.Equal(7, await RunAsync("say", "--data", Data));
    }

    [Fact]
    public async Task A_second_owner_is_refused_and_told_what_to_do()
    {
        using var held = StoreLock.TryTake(Data);
        Assert.NotNull(held);
        Assert.Null(await StoreLock.TakeAsync(Data, TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken));
        Assert.Contains("stop it, or name another folder with --data", StoreLock.Held(Data), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lock_of_a_killed_process_is_free()
    {
        StoreLock.TryTake(Data)!.Dispose();
        using var other = Process.Start(new ProcessStartInfo("flock", [Path.Combine(Data, "run/lock"), "sh", "-c", "echo held; exec sleep 60"])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await other.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Null(StoreLock.TryTake(Data));
        other.Kill(entireProcessTree: true);
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var free = await StoreLock.TakeAsync(Data, TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.NotNull(free);
    }

    [Fact]
    public async Task Only_store_commands_are_run_for_others()
    {
        StartServer();
        using var client = ControlClient.Connect(Data);
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(2, await client!.RunAsync(["local"], [], _cli.Host(output, error), null, TestContext.Current.CancellationToken));
        Assert.Contains("does not know this command", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x7f, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 3, 1, 2, 3 })]
    [InlineData(new byte[] { 0, 0, 0, 4, (byte)'n', (byte)'u', (byte)'l', (byte)'l' })]
    public async Task Nonsense_ends_the_connection_and_nothing_else(byte[] nonsense)
    {
        StartServer();
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(Data, "run/control.sock")), TestContext.Current.CancellationToken);
            await socket.SendAsync(nonsense, TestContext.Current.CancellationToken);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
        }
        Assert.Equal(7, await RunAsync("say", "--data", Data));
    }
}

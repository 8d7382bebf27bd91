using Microsoft.Extensions.Time.Testing;
using ReplyMint.Cli;
using ReplyMint.Cli.Reach;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>The running product, and `replymint secrets ...` as its operator types it: by the control socket.</summary>
internal sealed class SecretsRun : IAsyncDisposable
{
    private readonly CliRun _cli = new();
    private ControlServer _control = null!;

    public ProductHost Host { get; private set; } = null!;
    public TemporaryFolder Folder { get; } = new();
    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    public string Data => Path.Combine(Folder.Path, "data");
    public string Config => Path.Combine(Folder.Path, "config");
    public string Here => _cli.Folder;
    public string Error => _cli.Error;

    public static async Task<SecretsRun> StartAsync(string? knowledge = null, Func<ReplyMintSettings, ReplyMintSettings>? settings = null, Action<Microsoft.Extensions.DependencyInjection.IServiceCollection>? services = null)
    {
        var run = new SecretsRun();
        await run.OpenAsync(knowledge, settings, services);
        return run;
    }

    /// <param name="after">So long it is off: nothing ticks through that time.</param>
    public async Task RestartAsync(Func<ReplyMintSettings, ReplyMintSettings>? settings = null, TimeSpan after = default)
    {
        await StopAsync();
        Time.Advance(after);
        await OpenAsync(null, settings, null);
    }

    public async Task OpenAsync(string? knowledge, Func<ReplyMintSettings, ReplyMintSettings>? settings, Action<Microsoft.Extensions.DependencyInjection.IServiceCollection>? services)
    {
        Host = await ProductHost.StartAsync(folder: Folder, time: Time, knowledge: knowledge, settings: settings, services: services, of: Host?.Tenant);
        _control = ControlServer.Start(Host.DataFolder, Host.Services, () => CommandTree.Build(CommandHost.Nowhere));
    }

    public async Task StopAsync()
    {
        await _control.DisposeAsync();
        await Host.StopAsync();
    }

    /// <summary>Runs a command with something on standard input; returns what it printed.</summary>
    public async Task<string> OkAsync(string input, params string[] arguments)
    {
        var code = await RunAsync(input, arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code} {_cli.Error}");
        return _cli.Out;
    }

    public async Task<string> FailsAsync(string input, params string[] arguments)
    {
        var code = await RunAsync(input, arguments);
        Assert.True(code == 1, $"{string.Join(' ', arguments)}: {code} {_cli.Out} {_cli.Error}");
        return _cli.Error;
    }

    /// <summary>A person at the terminal answers the command's questions, a line each.</summary>
    public bool Interactive { set => _cli.Interactive = value; }

    public Task<int> RunAsync(string input, params string[] arguments)
    {
        _cli.Input = input;
        return _cli.RunAsync([.. arguments, "--data", Data, "--config", Config]);
    }

    /// <summary>A command that says itself where data and keys lie.</summary>
    public Task<int> HereAsync(string input, params string[] arguments)
    {
        _cli.Input = input;
        return _cli.RunAsync(arguments);
    }

    /// <summary>Turns the clock until something has happened that a job or the sweeper does.</summary>
    public Task<T> EventuallyAsync<T>(TimeSpan step, Func<Task<T?>> look) where T : class => ProductHost.EventuallyAsync(async () =>
    {
        Time.Advance(step);
        return await look();
    });

    /// <summary>The numbers of the keys that a tenant has, once there is only one.</summary>
    public Task<TenantKeyRecord> OneKeyAsync(string tenant) => EventuallyAsync(TimeSpan.FromSeconds(30), async () =>
        await Host.Get<KeyRing>().RecordAsync(tenant, default) is { Value: { Keys.Count: 1 } record } ? record : null);

    /// <summary>Data and keys as they lie there; the product is stopped.</summary>
    public void CopyTo(TemporaryFolder copy)
    {
        foreach (var folder in Directory.EnumerateDirectories(Folder.Path, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(copy.Sub(Path.GetRelativePath(Folder.Path, folder)), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var file in Directory.EnumerateFiles(Folder.Path, "*", SearchOption.AllDirectories))
            File.Copy(file, copy.Sub(Path.GetRelativePath(Folder.Path, file)));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _cli.Dispose();
        Folder.Dispose();
    }
}

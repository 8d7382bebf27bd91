using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Cli;
using ReplyMint.Incidents;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>An installation that is backed up, restored into another folder by the command, and started or commanded there.</summary>
internal sealed class RestoredHouse : IDisposable
{
    private readonly TemporaryFolder _old = new(), _new = new();

    public RestoredHouse()
    {
        Cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        Cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, Cli.Host(TextWriter.Null, TextWriter.Null), ct);
    }

    public BackupFolder Backups { get; } = new();
    public CliRun Cli { get; } = new();
    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    /// <summary>Starts it as it was; of a restored one give the host that was.</summary>
    public Task<ProductHost> StartAsync(Func<ReplyMintSettings, ReplyMintSettings> settings, ProductHost? of = null, Func<Mailbox, Mailbox>? mailbox = null) =>
        ProductHost.StartAsync(folder: of is null ? _old : _new, time: Time, knowledge: BackupFolder.Faq, of: of?.Tenant, mailbox: mailbox, settings: settings);

    /// <summary>Stops the host and restores a backup, or one that is made now, into the new folder. Returns what the command said.</summary>
    /// <param name="later">How much time has passed behind it: a minute unless told, in which no link or token ends by itself.</param>
    public async Task<string> RestoreAsync(ProductHost host, MadeBackup? made = null, TimeSpan? later = null)
    {
        made ??= await Backups.CreateAsync(host);
        var config = BackupFolder.Config(host);
        await host.StopAsync();
        BackupFolder.CopyConfig(config, _new.Sub("config"));
        Assert.True(await Backups.RestoreAsync(made.Data!.Path, made.Keys!.Path, _new.Sub("data"), _new.Sub("config")) == 0, Backups.Error);
        Time.Advance(later ?? TimeSpan.FromMinutes(1));
        return Backups.Out;
    }

    /// <summary>Runs a command on what was restored. Returns what it said.</summary>
    public async Task<string> OkAsync(params string[] arguments)
    {
        Assert.True(await Cli.RunAsync([.. arguments, .. Where]) == 0, $"{string.Join(' ', arguments)}: {Cli.Error}");
        return Cli.Out;
    }

    /// <summary>Runs a command that is refused. Returns why.</summary>
    public async Task<string> FailsAsync(params string[] arguments)
    {
        Assert.Equal(1, await Cli.RunAsync([.. arguments, .. Where]));
        return Cli.Error;
    }

    /// <summary>A mail of after the restore, so that nobody can have answered it before.</summary>
    public string Mail(ProductHost host, string from) => host.Mail("How long does delivery take?", from).Replace("Date: Tue, 24 Nov 2026 11:59:00 +0000",
        $"Date: {Time.GetUtcNow().ToString("r", CultureInfo.InvariantCulture).Replace("GMT", "+0000", StringComparison.Ordinal)}", StringComparison.Ordinal);

    public void Dispose()
    {
        _old.Dispose();
        _new.Dispose();
        Backups.Dispose();
        Cli.Dispose();
    }

    private string[] Where => ["--data", _new.Sub("data"), "--config", _new.Sub("config")];
}

using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReplyMint.Audit;
using ReplyMint.Aws;
using ReplyMint.Billing;
using ReplyMint.Guide;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Jobs;
using ReplyMint.Limits;
using ReplyMint.Monitoring;
using ReplyMint.Privacy;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli;

/// <summary>
/// The rooms behind a function of Lambda, and the sink of its events. Nothing runs between two events, so nothing of a host is started: what
/// a server does by its timers a schedule wakes (<see cref="Clocks"/>), and what it gathers in memory is stored behind each event.
/// </summary>
internal sealed partial class LambdaHost : IAsyncDisposable
{
    /// <summary>How old the list of watches may be; an environment sleeps for as long as nobody asks.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    /// <summary>Less than the worker's time in the template, so that one that takes longer can still say so.</summary>
    internal static readonly TimeSpan LongestExport = TimeSpan.FromSeconds(100);

    private readonly IAsyncDisposable _owner;
    private readonly Watches _watches;
    private readonly OpenStore _open;
    private readonly TimeProvider _time;
    private readonly LambdaSink _sink;
    private readonly ILogger<LambdaHost> _log;
    private readonly EmfLine? _emf;
    private readonly TextWriter _out;
    private readonly Func<CancellationToken, Task>? _export;
    private DateTimeOffset _looked;
    private DateTimeOffset _refreshed;

    private LambdaHost(IServiceProvider services, IAsyncDisposable owner, LambdaSink sink, string name)
    {
        (Services, _owner, _sink) = (services, owner, sink);
        (_watches, _open) = (services.GetRequiredService<Watches>(), services.GetRequiredService<OpenStore>());
        (_time, _log) = (services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<LambdaHost>>());
        if (services.GetService<MetricBook>() is { } book && services.GetRequiredService<MonitoringSettings>().Emf)
            _emf = new(book, name, _time);
        _out = services.GetService<TextWriter>() ?? System.Console.Out;
        _export = services.GetService<OtlpExporter>() is { } exporter ? exporter.TickIfDueAsync : null;
        // It was opened just now.
        _refreshed = _time.GetUtcNow();
    }

    public IServiceProvider Services { get; }

    /// <param name="services">Further ones, which win.</param>
    /// <exception cref="RefusedException">With the reason and the remedy.</exception>
    public static async Task<LambdaHost> BuildAsync(LambdaFunction function, ReplyMintSettings settings, OpenInstallation open, Action<IServiceCollection>? services = null)
    {
        if (function == LambdaFunction.Api)
            return await ApiAsync(settings, open, services);
        var rooms = new ServiceCollection().AddLogging(logging => ProcessLog.Add(logging, settings.Environment)).AddSingleton(new ExportTime(LongestExport));
        await AddAsync(rooms, settings, open, services);
        foreach (var clock in Clocks(function))
            rooms.Add(clock);
        if (function == LambdaFunction.Sweep && settings.Monitoring.Measures)
            rooms.AddSingleton<PeriodicService>(provider => provider.GetRequiredService<StateClock>());
        var provider = rooms.BuildServiceProvider();
        return new(provider, provider, function is LambdaFunction.Worker or LambdaFunction.Erase ? Queue(provider, function) : Schedule(provider, function), NameOf(function, settings));
    }

    /// <summary>As the template calls it: alarms name it, and two stages of one account are two.</summary>
    private static string NameOf(LambdaFunction function, ReplyMintSettings settings) => $"replymint-{settings.Environment.Name()}-{function.ToString().ToLowerInvariant()}";

    /// <summary>For the runtime's loop.</summary>
    public async Task<LambdaOutcome> TakeAsync(JsonElement root, CancellationToken deadline)
    {
        try
        {
            await FreshenAsync(deadline);
        }
        catch (StoreUnavailableException failure)
        {
            // What was read last goes on to count, as on a server.
            LogStale(_log, Failure.Of(failure));
        }
        return await _sink(root, deadline);
    }

    /// <summary>Reads anew what a server does by its timers and other processes may have changed.</summary>
    private async Task FreshenAsync(CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        if (now - _looked > Fresh)
        {
            await _watches.ReloadAsync(ct);
            await Services.GetRequiredService<NetworkBlocks>().ReloadAsync(ct);
            _looked = now;
        }
        if (now - _refreshed > SharedStore.Fresh / 2)
        {
            await _open.RefreshAsync(ct);
            _refreshed = now;
        }
    }

    /// <summary>Behind each event, before Lambda may freeze us for good.</summary>
    public async Task RestAsync(CancellationToken ct)
    {
        if (_emf?.Next() is { } line)
            await _out.WriteLineAsync(line);
        if (_export is not null)
            await _export(ct);
        await Services.GetRequiredService<IWorkQueue>().FlushAsync(ct);
        await _watches.FlushAsync(ct);
        await Services.GetRequiredService<UsageCounters>().FlushAsync(ct);
        await Services.GetRequiredService<Detection>().FlushAsync(ct);
    }

    public ValueTask DisposeAsync() => _owner.DisposeAsync();

    /// <summary>
    /// What a schedule ticks. Not the clock of backups and the sweep of exports' files: both are of the embedded store's folder. Not the
    /// listener: mail comes by HTTP and queues, and where it is fetched by <see cref="ImapRound"/>.
    /// </summary>
    private static IEnumerable<ServiceDescriptor> Clocks(LambdaFunction function) => function switch
    {
        LambdaFunction.Sweep => [ServiceDescriptor.Singleton<PeriodicService, AuditClock>(), ServiceDescriptor.Singleton<PeriodicService, RecordWatch>(), ServiceDescriptor.Singleton<PeriodicService, BlobSweep>(), ServiceDescriptor.Singleton<PeriodicService, GuideClock>(), ServiceDescriptor.Singleton<PeriodicService, BillingClock>()],
        LambdaFunction.Rotate => [ServiceDescriptor.Singleton<PeriodicService, RotationClock>()],
        _ => [],
    };

    private static async Task<LambdaHost> ApiAsync(ReplyMintSettings settings, OpenInstallation open, Action<IServiceCollection>? services)
    {
        var builder = ReplyMintApp.NewBuilder();
        ProcessLog.Add(builder.Logging, settings.Environment);
        await AddAsync(builder.Services, settings, open, services);
        // Workers, clocks and the listener; what serves HTTP is added when it is built.
        builder.Services.RemoveAll<IHostedService>();
        builder.Services.AddSingleton<LambdaServer>().AddSingleton<IServer>(provider => provider.GetRequiredService<LambdaServer>());
        var app = builder.Build();
        app.MapReplyMint();
        await app.StartAsync();
        return new(app.Services, app, app.Services.GetRequiredService<LambdaServer>().TakeAsync, NameOf(LambdaFunction.Api, settings));
    }

    private static async Task AddAsync(IServiceCollection rooms, ReplyMintSettings settings, OpenInstallation open, Action<IServiceCollection>? services)
    {
        await Installation.AddRoomsAsync(rooms, settings, open);
        Installation.AddWakeUps(rooms, settings, open);
        services?.Invoke(rooms);
    }

    private static LambdaSink Queue(IServiceProvider services, LambdaFunction function)
    {
        var erases = function == LambdaFunction.Erase;
        return new LambdaQueueSink(services.GetRequiredService<JobQueue>(), services.GetRequiredService<JobRunner>(), services.GetServices<ErasingKind>(), erases,
            erases ? null : OfSes(services.GetRequiredService<SesQueue>()), services.GetRequiredService<ILogger<LambdaQueueSink>>()).TakeAsync;
    }

    private static OtherMessages OfSes(SesQueue queue) => async (body, ct) => await queue.ReceiveAsync(body, ct) switch
    {
        QueuedMail.Done => true,
        QueuedMail.Again => false,
        _ => null,
    };

    private static LambdaSink Schedule(IServiceProvider services, LambdaFunction function)
    {
        var clocks = services.GetServices<PeriodicService>().ToList();
        return async (root, deadline) =>
        {
            if (!LambdaEvents.IsScheduled(root))
                return new LambdaOutcome.Refused("It is no event of a schedule.");
            if (function == LambdaFunction.Sweep)
                await services.GetRequiredService<JobSweep>().LookAsync(deadline);
            if (function == LambdaFunction.Imap)
                await services.GetRequiredService<ImapRound>().LookAsync(deadline);
            // What was found is on its way before anything slower is begun.
            await services.GetRequiredService<IWorkQueue>().FlushAsync(deadline);
            foreach (var clock in clocks)
                await clock.TickIfDueAsync(deadline);
            return LambdaOutcome.Taken;
        };
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What other processes may have changed could not be read: {Failure}")]
    private static partial void LogStale(ILogger log, string failure);
}

using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ReplyMint.Aws;
using ReplyMint.Cli.Reach;
using ReplyMint.Incidents;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli;

/// <summary>A function of Lambda from its start to the end of its environment. A start that fails is told to Lambda, which shows it.</summary>
internal sealed partial class LambdaProcess(string api, CommandHost host) : IDisposable
{
    /// <summary>What .NET doesn't see: Lambda ends a process that takes more than the function has, so the heap ends before.</summary>
    private const double HeapShare = 0.75;
    // Lambda gives 10 GB at the most; what says more is no such number.
    private const long MostMegabytes = 1_000_000;
    private const string MemoryVariable = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http = new(OutsideHttp.Handler(OutsideAddress.Named(new Uri($"http://{api}/")))) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Stack<Func<ValueTask>> _giveBack = new();

    public void Dispose() => _http.Dispose();

    public async Task<int> RunAsync(ReplyMintSettings settings, CancellationToken ct)
    {
        try
        {
            return await StartAsync(settings, ct) is var (sink, behind, log) ? await ServeAsync(sink, behind, log, ct) : ExitCode.Failed;
        }
        finally
        {
            while (_giveBack.TryPop(out var next))
                await next();
        }
    }

    private async Task<int> ServeAsync(LambdaSink sink, Func<CancellationToken, Task> behind, ILogger log, CancellationToken ct)
    {
        var heap = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024 / 1024;
        LogServing(log, heap);
        await new LambdaRuntime(_http, api, TimeProvider.System, log).RunAsync(sink, behind, ct);
        return ExitCode.Ok;
    }

    /// <summary>Null when it failed, and Lambda knows.</summary>
    private async Task<(LambdaSink Sink, Func<CancellationToken, Task> Behind, ILogger Log)?> StartAsync(ReplyMintSettings settings, CancellationToken ct)
    {
        try
        {
            BoundHeap();
            return settings.Lambda.Function switch
            {
                null => throw new RefusedException("lambda.function does not say which function this is; set REPLYMINT_LAMBDA__FUNCTION to api, worker, sweep, imap, rotate, erase or alarm"),
                LambdaFunction.Alarm => await AlarmAsync(settings, ct),
                { } function => await RoomsAsync(function, settings, ct),
            };
        }
        catch (RefusedException e)
        {
            await FailAsync(e.Message, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            host.Error.WriteLine(Failure.Of(e));
            await FailAsync($"the start failed unexpectedly with {Failure.Types(e)}", ct);
        }
        return null;
    }

    /// <summary>Tells Lambda, and the log.</summary>
    public async Task<int> FailAsync(string reason, CancellationToken ct)
    {
        await new LambdaRuntime(_http, api, TimeProvider.System, NullLogger.Instance).TellInitErrorAsync(reason, ct);
        return host.Fail(reason);
    }

    private void BoundHeap()
    {
        if (!long.TryParse(host.Environment.GetValueOrDefault(MemoryVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var megabytes) || megabytes > MostMegabytes)
            return;
        AppContext.SetData("GCHeapHardLimit", (ulong)(megabytes * 1024 * 1024 * HeapShare));
        GC.RefreshMemoryLimit();
    }

    private async Task<(LambdaSink Sink, Func<CancellationToken, Task> Behind, ILogger Log)> RoomsAsync(LambdaFunction function, ReplyMintSettings settings, CancellationToken ct)
    {
        if (settings.Store == StoreKind.Embedded)
        {
            var taken = await StoreLock.TakeAsync(settings.Data!, LockPatience, ct) ?? throw new RefusedException(StoreLock.Held(settings.Data!));
            _giveBack.Push(() => { taken.Dispose(); return ValueTask.CompletedTask; });
        }
        var open = await Installation.OpenAsync(settings, host, ct);
        _giveBack.Push(open.DisposeAsync);
        if (await RestoredMark.IsSetAsync(open.Store.Store, ct))
            throw new RefusedException(Installation.Restored);
        Installation.TellNewKey(open.Store, host);
        var rooms = await LambdaHost.BuildAsync(function, settings, open);
        _giveBack.Push(rooms.DisposeAsync);
        // Of one function only: the others' settings differ in what they are for.
        if (function == LambdaFunction.Sweep)
            await rooms.Services.GetRequiredService<SettingsChanges>().LookAsync(settings.ChangedBy, ct);
        return (rooms.TakeAsync, rooms.RestAsync, rooms.Services.GetRequiredService<ILogger<LambdaRuntime>>());
    }

    /// <summary>Without a store: it is to tell of a store that does not answer, too.</summary>
    private async Task<(LambdaSink Sink, Func<CancellationToken, Task> Behind, ILogger Log)> AlarmAsync(ReplyMintSettings settings, CancellationToken ct)
    {
        var logs = LoggerFactory.Create(logging => ProcessLog.Add(logging, settings.Environment));
        _giveBack.Push(() => { logs.Dispose(); return ValueTask.CompletedTask; });
        var log = logs.CreateLogger<LambdaAlarmSink>();
        var outside = OutsideHttp.Create(OutsideAddress.Secret(settings.Outside), settings.Environment.NeedsHttps());
        _giveBack.Push(() => { outside.Dispose(); return ValueTask.CompletedTask; });
        var secrets = SecretSource.FromEnvironment(parameters: await ParametersAsync(settings, ct));
        var sink = new LambdaAlarmSink(outside, _ => ValueTask.FromResult(secrets.Read("lambda.alarmWebhook", settings.Lambda.AlarmWebhook).Value), settings.Aws.Topic, log);
        return (sink.TakeAsync, static _ => Task.CompletedTask, logs.CreateLogger<LambdaRuntime>());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "This function asks for events; its heap has at most {Megabytes} MB")]
    private static partial void LogServing(ILogger log, long megabytes);

    private async Task<ParameterDoor?> ParametersAsync(ReplyMintSettings settings, CancellationToken ct)
    {
        if (settings.Aws.Parameters is null)
            return null;
        var aws = new AwsServices(settings.Aws, host.Environment.GetValueOrDefault, TimeProvider.System);
        _giveBack.Push(() => { aws.Dispose(); return ValueTask.CompletedTask; });
        var parameters = aws.Parameters();
        await parameters.LoadAsync(settings.Parameters().Select(secret => secret.Reference[SecretSource.ParameterPrefix.Length..]), ct);
        return parameters.Door;
    }
}

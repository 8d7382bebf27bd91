using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

[JsonConverter(typeof(WireEnum<WatchedKind>))]
internal enum WatchedKind { Tenant, User, Key, Mailbox }

/// <summary>More is logged of something for a while (IR-3). Ends by itself.</summary>
internal sealed record Watch(int V, string Id, WatchedKind Kind, string Target, DateTimeOffset From, DateTimeOffset Until, string By, string? Incident);

internal sealed record WatchList(int V, IReadOnlyList<Watch> Watches);

/// <summary>What a watch saw: ids and fixed words, never an address, text or secret.</summary>
/// <param name="What">"request", or what became of a mail.</param>
/// <param name="Network">loopback, private, ipv4 or ipv6.</param>
internal sealed record WatchEvent(
    int V, string Watch, DateTimeOffset At, string What, string? Tenant = null, string? Caller = null, string? Session = null, string? Method = null, string? Route = null, int? Status = null,
    string? Network = null, string? Trace = null, string? Mailbox = null, string? Target = null);

/// <summary>
/// Who is watched, and what was seen. The list lies in one item and in memory; where other processes write, too, it is read anew every few
/// seconds. Events go to the log at once and to the store within a second, by a queue that no request waits for.
/// </summary>
internal sealed partial class Watches(IStore store, TimeProvider time, ILogger<Watches> log) : MemoryFlush(Every, time)
{
    public const int Most = 20;
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private const int MaxWaiting = 20_000;
    private const int Batch = 90;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Reload = TimeSpan.FromSeconds(5);
    // As long as logs are kept.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);
    private static readonly ItemKey ListKey = ItemKey.Main(KeyRing.Installation, "watches");

    private readonly Channel<WatchEvent> _seen = Channel.CreateBounded<WatchEvent>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile Watch[] _active = [];
    // Keeps what happened at one moment in its order; only whoever flushes counts.
    private long _stored;
    private long _readAt;
    // Two processes may see something at one moment.
    private readonly string _process = store.IsShared ? "-" + Ids.Random('p') : "";

    /// <summary>Those that have not ended, from the store: commands without a server have nothing in memory.</summary>
    public async Task<IReadOnlyList<Watch>> ActiveAsync(CancellationToken ct) => Alive(await ListAsync(ct));

    /// <summary>Adds a watch to a commit; the caller adds the audit entry and calls <see cref="ReloadAsync"/> behind it. False when there are too many.</summary>
    public async Task<bool> StartAsync(Commit commit, Watch watch, CancellationToken ct)
    {
        var item = await store.GetAsync(ListKey, ct);
        var alive = Alive(Read(item));
        if (alive.Count >= Most)
            return false;
        Write(commit, item, [.. alive, watch]);
        return true;
    }

    /// <summary>Adds its end to a commit. Null when there is none of this id.</summary>
    public async Task<Watch?> EndAsync(Commit commit, string id, CancellationToken ct)
    {
        var item = await store.GetAsync(ListKey, ct);
        var alive = Alive(Read(item));
        if (alive.FirstOrDefault(one => one.Id == id) is not { } found)
            return null;
        Write(commit, item, [.. alive.Where(one => one != found)]);
        return found;
    }

    public async Task ReloadAsync(CancellationToken ct)
    {
        var at = Time.GetTimestamp();
        _active = [.. await ListAsync(ct)];
        _readAt = at;
    }

    /// <summary>Notes a request of a watched caller, or about a watched mailbox.</summary>
    public void Note(HttpContext context, int status)
    {
        if (_active.Length == 0 || context.Features.Get<Caller>() is not { } caller || context.GetEndpoint() is not RouteEndpoint route)
            return;
        var pattern = route.RoutePattern.RawText ?? "";
        var mailbox = pattern.StartsWith(RouteGroups.ApiRoot + "/mailboxes/{", StringComparison.Ordinal) ? context.Request.RouteValues.Values.FirstOrDefault() as string : null;
        var now = Time.GetUtcNow();
        foreach (var watch in _active)
            if (now < watch.Until && watch.Kind switch
            {
                WatchedKind.Tenant => caller.Tenant == watch.Target,
                WatchedKind.User => caller.Kind == CallerKind.User && caller.Id == watch.Target,
                WatchedKind.Key => caller.Kind == CallerKind.Key && caller.Id == watch.Target,
                _ => mailbox == watch.Target,
            })
                Add(new WatchEvent(1, watch.Id, now, "request", caller.Tenant, caller.Id, caller.Session, context.Request.Method, pattern, status, ClassOf(context.Connection.RemoteIpAddress), context.TraceIdentifier, mailbox == watch.Target ? mailbox : null));
    }

    /// <summary>Notes what became of a mail of a watched tenant or mailbox.</summary>
    /// <param name="what">A fixed word, such as "mail.accepted".</param>
    /// <param name="target">The message's id, or the outbox's.</param>
    public void Note(string tenant, string? mailbox, string what, string? target)
    {
        if (_active.Length == 0)
            return;
        var now = Time.GetUtcNow();
        foreach (var watch in _active)
            if (now < watch.Until && (watch.Kind == WatchedKind.Tenant ? tenant == watch.Target : watch.Kind == WatchedKind.Mailbox && mailbox == watch.Target))
                Add(new WatchEvent(1, watch.Id, now, what, tenant, Mailbox: mailbox, Target: target));
    }

    /// <summary>All that a watch saw, the oldest first; what waits is stored before.</summary>
    public async IAsyncEnumerable<WatchEvent> EventsAsync(string? watch, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await FlushAsync(ct);
        await foreach (var item in store.AllAsync(Table.Main, KeyRing.Installation, watch is null ? EventPrefix : $"{EventPrefix}{watch}/", ct))
            yield return JsonSerializer.Deserialize(item.Value.Span, WatchJson.Default.WatchEvent)!;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await ReloadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    private const string EventPrefix = "watch-event/";

    private void Add(WatchEvent seen)
    {
        LogSeen(log, seen.Watch, seen.What, seen.Method, seen.Route, seen.Status, seen.Caller, seen.Tenant, seen.Network, seen.Target, seen.Trace);
        _seen.Writer.TryWrite(seen);
    }

    protected override async Task StoreAsync(CancellationToken ct)
    {
        try
        {
            if (store.IsShared && Time.GetElapsedTime(_readAt) >= Reload)
                await ReloadAsync(ct);
            while (_seen.Reader.TryPeek(out _))
            {
                var commit = new Commit();
                while (commit.Operations.Count < Batch && _seen.Reader.TryRead(out var seen))
                    commit.Put(ItemKey.Main(KeyRing.Installation, string.Create(CultureInfo.InvariantCulture, $"{EventPrefix}{seen.Watch}/{seen.At.UtcTicks:D19}-{_stored++:D8}{_process}")), JsonSerializer.SerializeToUtf8Bytes(seen, WatchJson.Default.WatchEvent), Condition.Absent, expires: seen.At + Kept);
                await store.CommitAsync(commit, CancellationToken.None);
            }
        }
        catch (StoreUnavailableException e)
        {
            // They stand in the log; nobody waits for the store here.
            LogLost(log, e.GetType().Name);
        }
    }

    private async Task<IReadOnlyList<Watch>> ListAsync(CancellationToken ct) => Read(await store.GetAsync(ListKey, ct));

    private List<Watch> Alive(IReadOnlyList<Watch> all) => [.. all.Where(watch => Time.GetUtcNow() < watch.Until)];

    private static IReadOnlyList<Watch> Read(Item? item) => item is null ? [] : JsonSerializer.Deserialize(item.Value.Span, WatchJson.Default.WatchList)!.Watches;

    private static void Write(Commit commit, Item? before, IReadOnlyList<Watch> all) =>
        commit.Put(ListKey, JsonSerializer.SerializeToUtf8Bytes(new WatchList(1, all), WatchJson.Default.WatchList), Condition.Same(before));

    /// <summary>Where somebody sits, as far as it names nobody.</summary>
    private static string? ClassOf(IPAddress? address) => address is null ? null
        : IPAddress.IsLoopback(address) ? "loopback"
        : OutsideAddress.IsPublic(address) ? address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6 ? "ipv4" : "ipv6" : "private";

    [LoggerMessage(Level = LogLevel.Information, Message = "Watch {Watch}: {What} {Method} {Route} {Status} caller {Caller} tenant {Tenant} network {Network} target {Target} trace {Trace}")]
    private static partial void LogSeen(ILogger log, string watch, string what, string? method, string? route, int? status, string? caller, string? tenant, string? network, string? target, string? trace);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What watches saw could not be stored ({Failure})")]
    private static partial void LogLost(ILogger log, string failure);
}

internal static class WatchSteps
{
    /// <summary>Stands behind the question who asks, and around all that may refuse him.</summary>
    public static void UseWatches(this WebApplication app)
    {
        // A front without a store has nobody to watch.
        if (app.Services.GetService<Watches>() is not { } watches)
            return;
        app.Use(next => async context =>
        {
            var done = false;
            try
            {
                await next(context);
                done = true;
            }
            finally
            {
                watches.Note(context, done ? context.Response.StatusCode : StatusCodes.Status500InternalServerError);
            }
        });
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WatchList))]
[JsonSerializable(typeof(WatchEvent))]
internal sealed partial class WatchJson : JsonSerializerContext;

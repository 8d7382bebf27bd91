using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>How far a document got.</summary>
/// <param name="Written">Places that have it.</param>
/// <param name="Waiting">Places that are tried again by themselves.</param>
/// <param name="Refused">Places where another document lies under the name, for good.</param>
internal readonly record struct AnchorOutcome(int Written, int Waiting, int Refused)
{
    /// <summary>There is a place, and each has it.</summary>
    public bool Everywhere => this is { Written: > 0, Waiting: 0, Refused: 0 };
}

/// <summary>The clear part of a document that waits for a place; the document is sealed.</summary>
internal sealed record WaitingDocument(int V, string Place, string Name, DateTimeOffset Since);

/// <summary>
/// Copies documents to the places off the machine that the operator named (settings audit.anchors), each written once. What is
/// to be copied is stored first, so that no end of the process loses it, then written at once; what fails is tried again each minute.
/// </summary>
internal sealed partial class Anchors : IDisposable
{
    /// <summary>The largest document: it must fit an item while it waits.</summary>
    public const int MaxDocumentBytes = 320 * 1024;

    /// <summary>After so long the operator hears of a place that is behind.</summary>
    public static readonly TimeSpan MostBehind = TimeSpan.FromHours(3);

    /// <summary>A place gets so long at a time, whatever it does; nobody waits for it for longer.</summary>
    public static readonly TimeSpan MostPatience = TimeSpan.FromMinutes(2);

    private const string Prefix = "anchor/";

    private readonly IStore _store;
    private readonly KeyRing _keys;
    private readonly Alerts _alerts;
    private readonly TimeProvider _time;
    private readonly ILogger<Anchors> _log;
    private readonly IReadOnlyDictionary<string, Place> _places;

    /// <summary>A place, and who is writing there: one at a time, and each place by itself, so that none keeps the others waiting.</summary>
    private sealed class Place(IAnchorPlace at, List<Action> afterCommit) : IDisposable
    {
        public IAnchorPlace At => at;
        public SemaphoreSlim One { get; } = new(1, 1);
        public List<Action> AfterCommit => afterCommit;

        public void Dispose()
        {
            One.Dispose();
            (at as IDisposable)?.Dispose();
        }
    }

    private readonly ConcurrentDictionary<Asked, bool> _asked = new();

    /// <summary>Somebody who waits for what the places say to a document.</summary>
    private sealed class Asked(string name)
    {
        public string Name => name;
        public ConcurrentDictionary<string, PlaceAnswer> Answers { get; } = new(StringComparer.Ordinal);
    }

    public Anchors(AuditSettings settings, OpenStore open, SecretSource secrets, OutsideClients http, Alerts alerts, TimeProvider time, ILogger<Anchors> log, Func<AnchorMailer>? mailer = null)
    {
        (_store, _keys, _alerts, _time, _log) = (open.Store, open.Keys, alerts, time, log);
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var place in settings.Anchors)
        {
            List<Action> afterCommit = [];
            // Named by a keyed hash: the order of the settings may change, and an address is nobody's business in a key.
            places[open.Installation.Hash("anchor", place.Folder ?? place.Url ?? place.Mail!)] = new(place switch
            {
                { Folder: { } folder } => new FolderAnchor(folder),
                { Url: { } url } => new HttpAnchor(new Uri(url), place.Secret, secrets, http.Anchors),
                _ => new MailAnchor(place.Mail!, place.From!, (commit, from, to, subject, text) => mailer!()(commit, from, to, subject, text), afterCommit.Add),
            }, afterCommit);
        }
        _places = places;
    }

    public void Dispose()
    {
        foreach (var place in _places.Values)
            place.Dispose();
    }

    /// <summary>The places that can be read back, by their numbers in the settings, from 1 on.</summary>
    public IEnumerable<int> ReadablePlaces => _places.Values.Select((place, index) => (place, Number: index + 1)).Where(each => each.place.At.IsReadable).Select(each => each.Number);

    /// <summary>Whether there is any place at all.</summary>
    public bool Configured => _places.Count > 0;

    /// <summary>Whether there is a place that can be read back.</summary>
    public bool Readable => _places.Values.Any(place => place.At.IsReadable);

    /// <summary>Stores a document for each place and tries to write it now. A name gets one document for all time.</summary>
    /// <param name="name">Such as "erasure/01J....json" (<see cref="AnchorName"/>); no personal data.</param>
    /// <param name="document">At most <see cref="MaxDocumentBytes"/>.</param>
    public async Task<AnchorOutcome> WriteAsync(string name, ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        if (!Configured)
            return default;
        // Whoever writes it, the clock or we, what the places say to it is ours.
        var asked = new Asked(name);
        _asked[asked] = true;
        try
        {
            var commit = new Commit();
            await AddAsync(commit, name, document, ct);
            await _store.CommitAsync(commit, ct);
            await WriteWaitingAsync(ct);
            var (written, refused) = (asked.Answers.Values.Count(answer => answer.Written), asked.Answers.Values.Count(answer => answer.Taken));
            return new(written, _places.Count - written - refused, refused);
        }
        finally
        {
            _asked.TryRemove(asked, out _);
        }
    }

    /// <summary>Adds a document to the commit that makes it true, an operation for each place; <see cref="FlushAsync"/> once that is committed.</summary>
    public async Task AddAsync(Commit commit, string name, ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        if (!AnchorName.IsName(name))
            throw new ArgumentException("This is no name of a document.", nameof(name));
        if (document.Length > MaxDocumentBytes)
            throw new ArgumentException($"A document has at most {MaxDocumentBytes} bytes.", nameof(document));
        var own = await _keys.RequireAsync(KeyRing.Installation, ct);
        foreach (var place in _places.Keys)
        {
            var key = ItemKey.Main(KeyRing.Installation, $"{Prefix}{place}/{Ids.Timed(_time)}");
            commit.Put(key, StoredJson.Write(new WaitingDocument(1, place, name, _time.GetUtcNow()), AuditJson.Default.WaitingDocument), Condition.Absent, own.Seal(key, 1, document.Span));
        }
    }

    /// <summary>Writes what waits, the oldest first; a place that fails is left until the next time.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        await ForgetUnnamedAsync(ct);
        await WriteWaitingAsync(ct);
    }

    private Task WriteWaitingAsync(CancellationToken ct) => Task.WhenAll(_places.Select(place => WriteWaitingAsync(place.Key, place.Value, ct)));

    /// <summary>To one place, and for no longer than <see cref="MostPatience"/>: a disk or a server that hangs is left alone then.</summary>
    private async Task WriteWaitingAsync(string key, Place place, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(MostPatience, _time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        var limit = limited.Token;
        try
        {
            await place.One.WaitAsync(limit);
            // What hangs in the file system hears of no token: it keeps the place, and nobody waits for it.
            await Task.Run(() => WriteAloneAsync(key, place, limit), CancellationToken.None).WaitAsync(limit);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            await foreach (var (_, document) in WaitingAsync(key, ct))
            {
                await FailedAsync(document, PlaceAnswer.Failed("it takes too long"), ct);
                break;
            }
        }
    }

    private async Task WriteAloneAsync(string key, Place place, CancellationToken ct)
    {
        try
        {
            await foreach (var (item, document) in WaitingAsync(key, ct))
            {
                if (await TryAsync(place, item, document, ct) is { Written: false, Taken: false })
                    return;
            }
        }
        finally
        {
            place.One.Release();
        }
    }

    /// <summary>What waits for a place, the oldest first.</summary>
    private async IAsyncEnumerable<(Item Item, WaitingDocument Document)> WaitingAsync(string place, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var item in _store.AllAsync(Table.Main, KeyRing.Installation, $"{Prefix}{place}/", ct))
            yield return (item, JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.WaitingDocument)!);
    }

    /// <summary>A place that the settings name no more is not waited for.</summary>
    private async Task ForgetUnnamedAsync(CancellationToken ct)
    {
        await foreach (var item in _store.AllAsync(Table.Main, KeyRing.Installation, Prefix, ct))
            if (!_places.ContainsKey(item.Key.Sort.Split('/')[1]))
                await _store.CommitAsync(new Commit().Delete(item.Key, Condition.Same(item)), ct);
    }

    /// <summary>Whether some place still lacks a document that was given to <see cref="AddAsync"/>.</summary>
    public async Task<bool> IsWaitingAsync(string name, CancellationToken ct)
    {
        await foreach (var item in _store.AllAsync(Table.Main, KeyRing.Installation, Prefix, ct))
            if (JsonSerializer.Deserialize(item.Value.Span, AuditJson.Default.WaitingDocument)!.Name == name)
                return true;
        return false;
    }

    /// <summary>What the readable places hold under a prefix such as "erasure/", place by place, in the order of the names.</summary>
    /// <exception cref="IOException">A place can't be read; what it holds is not known.</exception>
    public async IAsyncEnumerable<AnchoredDocument> ReadAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        if (!AnchorName.IsPrefix(prefix))
            throw new ArgumentException("This is no prefix of documents' names.", nameof(prefix));
        foreach (var place in _places.Values.Where(place => place.At.IsReadable))
            await foreach (var document in place.At.ReadAsync(prefix, ct))
                yield return document;
    }

    /// <summary>What one place holds under a name; null: nothing.</summary>
    /// <param name="place">One of <see cref="ReadablePlaces"/>.</param>
    /// <param name="name">The document's.</param>
    /// <exception cref="IOException">It can't be read, or takes longer than <see cref="MostPatience"/>.</exception>
    public async Task<byte[]?> ReadOneAsync(int place, string name, CancellationToken ct)
    {
        var at = _places.Values.ElementAt(place - 1).At;
        try
        {
            return await Task.Run(() => at.ReadOneAsync(name, ct), ct).WaitAsync(MostPatience, _time, ct);
        }
        catch (TimeoutException late)
        {
            throw new IOException("it takes too long", late);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException(refused.Message, refused);
        }
    }

    private async Task<PlaceAnswer> TryAsync(Place place, Item item, WaitingDocument document, CancellationToken ct)
    {
        var settled = new Commit().Delete(item.Key, Condition.Same(item));
        var own = await _keys.RequireAsync(KeyRing.Installation, ct);
        var answer = await place.At.WriteAsync(document.Name, own.Open(item), settled, ct);
        foreach (var asked in _asked.Keys)
            if (asked.Name == document.Name)
                asked.Answers[document.Place] = answer;
        if (!answer.Written)
            await FailedAsync(document, answer, ct);
        if (answer is { Written: false, Taken: false })
            return answer;
        var committed = await _store.CommitAsync(settled, ct) == CommitResult.Committed;
        if (committed)
            place.AfterCommit.ForEach(wake => wake());
        place.AfterCommit.Clear();
        return answer;
    }

    private async Task FailedAsync(WaitingDocument document, PlaceAnswer answer, CancellationToken ct)
    {
        LogFailed(_log, document.Name, document.Place, answer.Problem!);
        if (answer.Taken)
            await _alerts.RaiseAsync("anchor-conflict", document.Place, $"At an anchor place {document.Name} is another document than ours. It was written by somebody else, or this store went back to an older state.", ct);
        else if (_time.GetUtcNow() - document.Since > MostBehind)
            await _alerts.RaiseAsync("anchor-behind", document.Place, $"A place of audit.anchors has not taken documents since {document.Since:u}: {answer.Problem}.", ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The document {Name} was not written to the anchor place {Place}: {Problem}")]
    private static partial void LogFailed(ILogger log, string name, string place, string problem);
}

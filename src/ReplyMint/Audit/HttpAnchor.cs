using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Audit;

/// <summary>
/// A web server that takes documents by PUT, each once (If-None-Match: *, RFC 9110 13.1.2). It needs no listing: beside each
/// document a short entry "index/FOLDER/NUMBER" names it, in the order of writing, so whoever reads goes up until one is missing.
/// </summary>
internal sealed class HttpAnchor(Uri url, string? secret, SecretSource secrets, HttpClient http) : IAnchorPlace, IDisposable
{
    // A root each hour are 9,000 entries in a year: a folder that has more is made up by whoever answers.
    private const long MostEntries = 1 << 20;
    // The hint is right, or too low by what a process wrote that ended between two steps.
    private const int MostTries = 64;

    // The next free number of each folder, as far as known; only a hint, since a number that is taken is seen when it is written.
    private readonly Dictionary<string, long> _next = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _one = new(1, 1);

    public void Dispose() => _one.Dispose();

    public string Name => url.AbsoluteUri;

    public bool IsReadable => true;

    public async Task<PlaceAnswer> WriteAsync(string name, ReadOnlyMemory<byte> document, Commit settled, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            var answer = await PutAsync(name, document, ct);
            return answer.Written ? await IndexAsync(name, ct) : answer;
        }
        catch (StrangeIndexException)
        {
            return PlaceAnswer.Failed("its index is not what was written there");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            return PlaceAnswer.Failed($"it can't be reached ({failure.GetType().Name})");
        }
        finally
        {
            _one.Release();
        }
    }

    public async IAsyncEnumerable<AnchoredDocument> ReadAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        var folder = FolderOf(prefix);
        // An index of a folder may name a document twice, after a crash between the two.
        var names = new SortedSet<string>(StringComparer.Ordinal);
        for (long number = 1; await EntryAsync(folder, number, ct) is { } name; number++)
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                names.Add(name);
        foreach (var name in names)
            yield return new(Name, name, await ReadOneAsync(name, ct) ?? throw new IOException($"{url} names {name}, but it is not there"));
    }

    private async Task<PlaceAnswer> IndexAsync(string name, CancellationToken ct)
    {
        var folder = FolderOf(name);
        if (!_next.TryGetValue(folder, out var number))
            number = await FirstFreeAsync(folder, ct);
        for (var tries = 0; tries < MostTries; tries++, number++)
        {
            var answer = await PutAsync(IndexName(folder, number), Encoding.ASCII.GetBytes(name), ct);
            if (answer.Written)
                _next[folder] = number + 1;
            if (!answer.Taken)
                return answer;
        }
        _next.Remove(folder);
        throw NotOurs(folder);
    }

    /// <summary>What the index names under a number; null behind its end.</summary>
    /// <exception cref="IOException">Whoever answers does not tell what we wrote.</exception>
    private async Task<string?> EntryAsync(string folder, long number, CancellationToken ct)
    {
        if (number > MostEntries)
            throw NotOurs(folder);
        if (await ReadOneAsync(IndexName(folder, number), ct) is not { } entry)
            return null;
        return entry.Length <= AnchorName.MaxLength + 2 && Encoding.ASCII.GetString(entry).TrimEnd() is var name && AnchorName.IsName(name) && FolderOf(name) == folder
            ? name : throw NotOurs(folder);
    }

    private StrangeIndexException NotOurs(string folder) => new($"the index of {folder} at the anchor {url} is not what was written there");

    private sealed class StrangeIndexException(string message) : IOException(message);

    /// <summary>By doubling, then halving: some twenty questions once in a process's life.</summary>
    private async Task<long> FirstFreeAsync(string folder, CancellationToken ct)
    {
        var taken = 0L;
        var free = 1L;
        while (await EntryAsync(folder, free, ct) is not null)
            (taken, free) = (free, free * 2);
        while (free - taken > 1)
            if ((taken + free) / 2 is var middle && await EntryAsync(folder, middle, ct) is not null)
                taken = middle;
            else
                free = middle;
        return free;
    }

    private async Task<PlaceAnswer> PutAsync(string name, ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        if (Request(HttpMethod.Put, name, out var problem) is not { } request)
            return PlaceAnswer.Failed(problem!);
        using (request)
        {
            request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
            request.Content = new ReadOnlyMemoryContent(document) { Headers = { ContentType = new("application/octet-stream") } };
            using var answer = await http.SendAsync(request, ct);
            if (answer.IsSuccessStatusCode)
                return PlaceAnswer.Done;
            if (answer.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
                return await ReadOneAsync(name, ct) is not { } there ? PlaceAnswer.Failed("it refuses a document that is not there")
                    : there.AsSpan().SequenceEqual(document.Span) ? PlaceAnswer.Done : PlaceAnswer.Other;
            return PlaceAnswer.Failed(string.Create(CultureInfo.InvariantCulture, $"it answers {(int)answer.StatusCode}"));
        }
    }

    public async Task<byte[]?> ReadOneAsync(string name, CancellationToken ct)
    {
        using var request = Request(HttpMethod.Get, name, out var problem) ?? throw new IOException(problem);
        try
        {
            using var answer = await http.SendAsync(request, ct);
            return answer.StatusCode == HttpStatusCode.NotFound ? null
                : answer.IsSuccessStatusCode ? await answer.Content.ReadAsByteArrayAsync(ct)
                : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"the anchor {url} answers {(int)answer.StatusCode}"));
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            throw new IOException($"the anchor {url} can't be read ({failure.GetType().Name})", failure);
        }
    }

    private HttpRequestMessage? Request(HttpMethod method, string name, out string? problem)
    {
        problem = null;
        var request = new HttpRequestMessage(method, new Uri(url.AbsoluteUri.TrimEnd('/') + "/" + name));
        if (secret is null)
            return request;
        (var token, problem) = secrets.Read("audit.anchors.secret", secret);
        if (token is not null && !token.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return request;
        }
        problem ??= "audit.anchors.secret: a bearer token has no spaces and only ASCII characters.";
        request.Dispose();
        return null;
    }

    private static string FolderOf(string name) => name[..name.IndexOf('/', StringComparison.Ordinal)];

    private static string IndexName(string folder, long number) => string.Create(CultureInfo.InvariantCulture, $"index/{folder}/{number:D10}");
}

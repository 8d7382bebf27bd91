using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>One file of an export, as the manifest names it.</summary>
/// <param name="Count">Records or mails in it.</param>
/// <param name="Sha256">Of its bytes, in lower-case hex.</param>
internal sealed record ExportFile(string Name, long Count, long Size, string Sha256);

/// <summary>What stands in manifest.json, the last file of an export: without it an export is not whole.</summary>
/// <param name="Form">Says which schema the files follow.</param>
/// <param name="Scope">tenant, correspondent or user.</param>
/// <param name="Subject">The tenant's, user's or correspondent's name: an id, or an address.</param>
/// <param name="NotCarried">What is not in it, and why.</param>
internal sealed record ExportManifest(string Form, ExportScope Scope, string Tenant, string Subject, DateTimeOffset MadeAt, IReadOnlyList<ExportFile> Files, IReadOnlyList<string> NotCarried)
{
    public const string Name = "manifest.json";
    public const string Prefix = "replymint-export/";
    public const string Now = Prefix + "1";
}

/// <summary>Writes an export file by file into one zip, hashing as it goes: nothing of it is held in memory but the list of its files.</summary>
internal sealed class ExportPackage : IDisposable
{
    public const string SchemaName = "schema.json";

    private readonly ZipArchive _zip;
    private readonly List<ExportFile> _files = [];

    public ExportPackage(Stream to) => _zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);

    public IReadOnlyList<ExportFile> Files => _files;

    /// <param name="name">Of the file.</param>
    /// <param name="write">Writes it and says how many records it wrote.</param>
    /// <param name="ct">Calls it off.</param>
    public async Task AddAsync(string name, Func<Stream, CancellationToken, Task<long>> write, CancellationToken ct)
    {
        await using var entry = await _zip.CreateEntry(name, CompressionLevel.Fastest).OpenAsync(ct);
        await using var hashing = new HashingStream(entry);
        var count = await write(hashing, ct);
        _files.Add(new(name, count, hashing.Written, hashing.Sha256()));
    }

    /// <summary>One JSON object a line.</summary>
    public Task AddLinesAsync<T>(string name, IAsyncEnumerable<T> records, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken ct) =>
        AddAsync(name, async (to, token) =>
        {
            long count = 0;
            await foreach (var record in records.WithCancellation(token))
            {
                await to.WriteAsync(Storage.StoredJson.Write(record, type), token);
                await to.WriteAsync("\n"u8.ToArray(), token);
                count++;
            }
            return count;
        }, ct);

    /// <summary>The schema, and the manifest at last.</summary>
    public async Task FinishAsync(ExportScope scope, string tenant, string subject, DateTimeOffset now, IReadOnlyList<string> notCarried, CancellationToken ct)
    {
        await AddAsync(SchemaName, async (to, token) =>
        {
            await to.WriteAsync(ExportSchema.Bytes(), token);
            return 1;
        }, ct);
        await using var entry = await _zip.CreateEntry(ExportManifest.Name).OpenAsync(ct);
        await entry.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new(ExportManifest.Now, scope, tenant, subject, now, _files, notCarried), ExportJson.Default.ExportManifest), ct);
    }

    public void Dispose() => _zip.Dispose();
}

/// <summary>Counts and hashes what is written through it.</summary>
internal sealed class HashingStream(Stream to) : WriteOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long Written { get; private set; }

    public override long Position => Written;

    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.AppendData(buffer);
        Written += buffer.Length;
        to.Write(buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _hash.AppendData(buffer.Span);
        Written += buffer.Length;
        return to.WriteAsync(buffer, cancellationToken);
    }

    public override void Flush() => to.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}

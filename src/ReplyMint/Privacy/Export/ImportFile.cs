using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ReplyMint.Privacy;

/// <summary>How much a file of somebody else's may become when it is unpacked.</summary>
/// <param name="Megabytes">Of all files in it together.</param>
internal readonly record struct ImportBounds(int Megabytes)
{
    /// <summary>Files of one export; there are a dozen.</summary>
    public const int MostFiles = 100;
    /// <summary>It lists the files, and is read as one.</summary>
    public const long MostManifest = 1 << 20;
    public const int UsualMegabytes = 8_192;
    public const int MostMegabytes = 10_000_000;

    public static readonly ImportBounds Usual = new(UsualMegabytes);

    /// <summary>What is too much, as a sentence's second half; by the list of files alone, of which no more is unpacked than it says.</summary>
    public string? Wrong(ZipArchive zip)
    {
        if (zip.Entries.Count > MostFiles)
            return $"holds {zip.Entries.Count} files; an export has no more than {MostFiles}";
        var left = (long)Megabytes << 20;
        foreach (var entry in zip.Entries)
            if (entry.Length < 0 || (left -= Math.Min(entry.Length, left + 1)) < 0)
                return $"is more than {Megabytes} MB when it is unpacked; if you know whose it is and that there is room, say how many: --most-megabytes";
        return zip.GetEntry(ExportManifest.Name)?.Length > MostManifest ? "has a manifest that is too large for one" : null;
    }
}

/// <summary>An export that was opened and found whole: each file is as its manifest says. There is no other way to make one.</summary>
internal sealed class ImportFile : IDisposable
{
    private readonly ZipArchive _zip;

    private ImportFile(ZipArchive zip, ExportManifest manifest) => (_zip, Manifest) = (zip, manifest);

    /// <summary>What is said of a file that is no zip any more, as a sentence's second half.</summary>
    public const string NotWhole = "is no whole export: it was cut or changed";

    public ExportManifest Manifest { get; }

    public long Count(string file) => Manifest.Files.FirstOrDefault(one => one.Name == file)?.Count ?? 0;

    /// <summary>Opens and checks one. What is wrong is said in a sentence's second half.</summary>
    public static async Task<(ImportFile? File, string? Wrong)> OpenAsync(Stream from, ImportBounds bounds, CancellationToken ct)
    {
        ZipArchive? zip = null;
        try
        {
            zip = await ZipArchive.CreateAsync(from, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, ct);
            var (manifest, wrong) = bounds.Wrong(zip) is { } tooMuch ? (null, tooMuch) : await CheckAsync(zip, ct);
            if (manifest is null)
            {
                await zip.DisposeAsync();
                return (null, wrong);
            }
            return (new ImportFile(zip, manifest), null);
        }
        catch (Exception failure) when (failure is InvalidDataException or JsonException or EndOfStreamException)
        {
            if (zip is not null)
                await zip.DisposeAsync();
            return (null, NotWhole);
        }
    }

    /// <summary>A first look, which reads no more than the list of files: what is wrong with it, as a sentence's second half, or null when it ends as an export does.</summary>
    public static async Task<string?> FirstWrongAsync(Stream from, ImportBounds bounds, CancellationToken ct)
    {
        try
        {
            await using var zip = await ZipArchive.CreateAsync(from, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, ct);
            return bounds.Wrong(zip) ?? (zip.GetEntry(ExportManifest.Name) is null ? NotWhole : null);
        }
        catch (InvalidDataException)
        {
            return NotWhole;
        }
    }

    public async Task<Stream> OpenAsync(string file, CancellationToken ct) => await _zip.GetEntry(file)!.OpenAsync(ct);

    /// <summary>The lines of a file of records; none of one that is not there.</summary>
    public async IAsyncEnumerable<string> TextLinesAsync(string file, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        if (_zip.GetEntry(file) is null)
            yield break;
        using var reader = new StreamReader(await OpenAsync(file, ct));
        while (await reader.ReadLineAsync(ct) is { } line)
            yield return line;
    }

    /// <summary>The same as records, which <see cref="ImportCheck"/> has read before.</summary>
    public async IAsyncEnumerable<T> LinesAsync<T>(string file, JsonTypeInfo<T> type, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var line in TextLinesAsync(file, ct))
            yield return JsonSerializer.Deserialize(line, type)!;
    }

    public void Dispose() => _zip.Dispose();

    private static async Task<(ExportManifest?, string?)> CheckAsync(ZipArchive zip, CancellationToken ct)
    {
        if (zip.GetEntry(ExportManifest.Name) is not { } entry)
            return (null, "is no whole export: it has no manifest");
        ExportManifest manifest;
        await using (var stream = await entry.OpenAsync(ct))
            manifest = (await JsonSerializer.DeserializeAsync(stream, ExportJson.Default.ExportManifest, ct))!;
        if (manifest.Form is null || !manifest.Form.StartsWith(ExportManifest.Prefix, StringComparison.Ordinal))
            return (null, "is no export of ReplyMint");
        if (manifest.Form != ExportManifest.Now)
            return (null, $"has the form {Plain(manifest.Form)}, which this version does not know; take the version that wrote it");
        if (zip.Entries.Count != manifest.Files.Count + 1)
            return (null, "holds other files than its manifest says");
        foreach (var file in manifest.Files)
        {
            if (zip.GetEntry(file.Name) is not { } part || part.Length != file.Size)
                return (null, $"was changed: {Plain(file.Name)} is not as its manifest says");
            await using var content = await part.OpenAsync(ct);
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct)) != file.Sha256)
                return (null, $"was changed: {Plain(file.Name)} is not as its manifest says");
        }
        return (manifest, null);
    }

    private static string Plain(string text) => new([.. text.Where(c => c is > ' ' and <= '~').Take(60)]);
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ReplyMint.Supply;

/// <summary>A bill of materials, CycloneDX 1.6. The same parts and files give the same bytes: its serial number is a hash of them, and its time is the commit's.</summary>
internal static class Sbom
{
    private static readonly JsonWriterOptions Form = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="files">What is handed out: names and contents' SHA-256, hexadecimal.</param>
    public static byte[] Write(string version, DateTimeOffset commit, IReadOnlyList<(string Name, string Sha256)> files, IReadOnlyList<Part> parts)
    {
        var draft = Write(version, commit, files, parts, Guid.Empty);
        return Write(version, commit, files, parts, new Guid(SHA256.HashData(draft).AsSpan(0, 16), bigEndian: true));
    }

    private static byte[] Write(string version, DateTimeOffset commit, IReadOnlyList<(string Name, string Sha256)> files, IReadOnlyList<Part> parts, Guid serial)
    {
        var self = $"pkg:generic/replymint@{version}";
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Form))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
            json.WriteString("bomFormat", "CycloneDX");
            json.WriteString("specVersion", "1.6");
            json.WriteString("serialNumber", $"urn:uuid:{serial:D}");
            json.WriteNumber("version", 1);
            json.WriteStartObject("metadata");
            json.WriteString("timestamp", commit.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            json.WriteStartObject("component");
            json.WriteString("type", "application");
            json.WriteString("bom-ref", self);
            json.WriteString("name", "replymint");
            json.WriteString("version", version);
            json.WriteString("purl", self);
            json.WriteStartArray("components");
            foreach (var (name, sha256) in files)
            {
                json.WriteStartObject();
                json.WriteString("type", "file");
                json.WriteString("bom-ref", $"file:{name}");
                json.WriteString("name", name);
                WriteHash(json, "SHA-256", sha256);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("components");
            foreach (var part in parts)
                Write(json, part);
            json.WriteEndArray();
            WriteGraph(json, self, parts);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter json, Part part)
    {
        json.WriteStartObject();
        json.WriteString("type", part.Purl is null ? "data" : part.Name.Contains(".App.Runtime.", StringComparison.Ordinal) ? "framework" : "library");
        json.WriteString("bom-ref", part.Reference);
        json.WriteString("name", part.Name);
        json.WriteString("version", part.Version);
        json.WriteString("scope", part.IsBuildTool ? "excluded" : "required");
        WriteHash(json, part.Algorithm, part.Hash);
        json.WriteStartArray("licenses");
        json.WriteStartObject();
        if (part.IsExpression && part.Licence.Contains(' ', StringComparison.Ordinal))
            json.WriteString("expression", part.Licence);
        else
        {
            json.WriteStartObject("license");
            json.WriteString(part.IsExpression ? "id" : "name", part.Licence);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("copyright", part.Copyright);
        if (part.Purl is not null)
            json.WriteString("purl", part.Purl);
        if (part.Repository is not null)
        {
            json.WriteStartArray("externalReferences");
            json.WriteStartObject();
            json.WriteString("type", part.Purl is null ? "website" : "vcs");
            json.WriteString("url", part.Repository);
            json.WriteEndObject();
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteHash(Utf8JsonWriter json, string algorithm, string hash)
    {
        json.WriteStartArray("hashes");
        json.WriteStartObject();
        json.WriteString("alg", algorithm);
        json.WriteString("content", hash);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteGraph(Utf8JsonWriter json, string self, IReadOnlyList<Part> parts)
    {
        var references = parts.ToDictionary(part => part.Name, part => part.Reference, StringComparer.OrdinalIgnoreCase);
        var needed = parts.SelectMany(part => part.Needs).ToHashSet(StringComparer.OrdinalIgnoreCase);
        json.WriteStartArray("dependencies");
        Line(self, parts.Where(part => !needed.Contains(part.Name) && !part.IsBuildTool).Select(part => part.Reference));
        foreach (var part in parts)
            Line(part.Reference, part.Needs.Where(references.ContainsKey).Select(name => references[name]));
        json.WriteEndArray();

        void Line(string reference, IEnumerable<string> needs)
        {
            json.WriteStartObject();
            json.WriteString("ref", reference);
            json.WriteStartArray("dependsOn");
            foreach (var need in needs.Order(StringComparer.Ordinal))
                json.WriteStringValue(need);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}

using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Privacy;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>An export as a file: what it counts, and what somebody may have made of it.</summary>
internal static class ExportedFile
{
    /// <summary>The counts of what an import takes in.</summary>
    public static string Counts(string file)
    {
        using var zip = ZipFile.OpenRead(file);
        using var manifest = zip.GetEntry("manifest.json")!.Open();
        return string.Join(' ', JsonNode.Parse(manifest)!["files"]!.AsArray()
            .Where(one => (string)one!["name"]! is "messages.jsonl" or "mails.mbox" or "answers.mbox" or "mailboxes.jsonl" or "members.jsonl" or "knowledge.jsonl" or "suppressions.jsonl" or "consents.jsonl" or "consent-texts.jsonl")
            .Select(one => $"{one!["name"]} {one["count"]}").Order());
    }

    /// <summary>A copy with other contents; its manifest stays.</summary>
    public static string Changed(string file, Func<string, string, string> change)
    {
        var changed = file + Guid.NewGuid().ToString("N");
        using var from = ZipFile.OpenRead(file);
        using var to = ZipFile.Open(changed, ZipArchiveMode.Create);
        foreach (var entry in from.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            using var writer = new StreamWriter(to.CreateEntry(entry.FullName).Open());
            writer.Write(change(entry.FullName, reader.ReadToEnd()));
        }
        return changed;
    }

    /// <summary>As somebody does who writes an export of his own: the manifest fits again.</summary>
    public static string Resealed(string file)
    {
        using var zip = ZipFile.Open(file, ZipArchiveMode.Update);
        JsonNode manifest;
        using (var reader = zip.GetEntry("manifest.json")!.Open())
            manifest = JsonNode.Parse(reader)!;
        foreach (var one in manifest["files"]!.AsArray())
        {
            using var bytes = new MemoryStream();
            using (var content = zip.GetEntry((string)one!["name"]!)!.Open())
                content.CopyTo(bytes);
            (one["size"], one["sha256"]) = (bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())));
            if (((string)one["name"]!).EndsWith(".jsonl", StringComparison.Ordinal))
                one["count"] = bytes.ToArray().Count(letter => letter == '\n');
            else if (((string)one["name"]!).EndsWith(".mbox", StringComparison.Ordinal))
                one["count"] = Encoding.UTF8.GetString(bytes.ToArray()).Split('\n').Count(line => line.StartsWith("From ", StringComparison.Ordinal));
        }
        zip.GetEntry("manifest.json")!.Delete();
        using var writer = new StreamWriter(zip.CreateEntry("manifest.json").Open());
        writer.Write(manifest.ToJsonString());
        return file;
    }

    /// <summary>One with many mails, made of a tenant that has a few: answered, held, and one that lies in a file of its own.</summary>
    public static async Task<string> WithManyMailsAsync(string path, int messages, CancellationToken ct)
    {
        var small = path + ".small";
        // Earlier than any command that reads it: what is later than now is not exported.
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddHours(-1));
        await using (var host = await ProductHost.StartAsync(knowledge: "# Where is my parcel?\n\nYour parcel is on its way.", time: clock))
        {
            await host.DeliverAndDecideAsync(host.Mail("Where is my parcel?"));
            clock.Advance(TimeSpan.FromMilliseconds(10));
            await host.DeliverAndDecideAsync(host.Mail("What colour is the sky of Mars in the evening?", "ben@customer.example"));
            clock.Advance(TimeSpan.FromMilliseconds(10));
            await host.DeliverAndDecideAsync(host.Mail("Where is my parcel?\r\n" + string.Concat(Enumerable.Repeat("> a line of an old mail\r\n", 12_000)), "carla@customer.example"));
            await using var to = File.Create(small);
            Assert.True(await host.Get<Exporter>().TenantAsync(to, host.Tenant.Id, _ => { }, ct));
        }
        clock.Advance(TimeSpan.FromSeconds(1));
        List<(string Id, string From)> copies = [];
        return Resealed(Renamed(Changed(small, (name, text) => name switch
        {
            "messages.jsonl" => string.Concat(Enumerable.Range(0, messages).Select(number => Copy(text.Split('\n')[number < 3 ? number : number % 2]))),
            "mails.mbox" or "answers.mbox" => Boxes(text),
            _ => text,
        }), path));

        string Copy(string line)
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            var (id, from) = (Ids.Timed(clock), (string)JsonNode.Parse(line)!["message"]!["id"]!);
            copies.Add((id, from));
            return line.Replace(from, id, StringComparison.Ordinal) + "\n";
        }

        string Boxes(string box)
        {
            var mails = box.Split("From ", StringSplitOptions.RemoveEmptyEntries).ToDictionary(mail => mail[..mail.IndexOf('@', StringComparison.Ordinal)], StringComparer.Ordinal);
            return string.Concat(copies.Select(copy => "From " + mails[copy.From].Replace(copy.From, copy.Id, StringComparison.Ordinal)));
        }
    }

    private static string Renamed(string file, string path)
    {
        File.Move(file, path);
        return path;
    }
}

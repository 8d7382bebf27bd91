using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using ReplyMint.Storage;
using ReplyMint.Tests.Aws;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Privacy;

/// <summary>
/// Reads all files of a data folder as a thief would who has the master key too: each row of each database, blobs and index files, with
/// every key that is there, and with every wrapped key of which the bytes are left anywhere. Knows the form of what is stored, and none of the product's caches.
/// </summary>
internal sealed partial class StoreReader
{
    private readonly List<byte[]> _plain = [];

    private StoreReader()
    {
    }

    /// <summary>How many values were opened: a reader that opens none proves nothing.</summary>
    public int Opened { get; private set; }

    /// <summary>How many people's keys can be opened, of whatever the bytes are left: in rows, in free space, in the log.</summary>
    public int Keys { get; private set; }

    /// <summary>How many of the texts stand in what can be read with the master key.</summary>
    public int Count(IEnumerable<string> texts) => Count(_plain, texts);

    /// <summary>How many of the texts stand in the files as they are; what channel "file" wrote in the clear is its purpose, and is left out.</summary>
    public static int CountWithoutKey(string folder, IEnumerable<string> texts) => Count([.. Files(folder).Where(file => !file.Contains("/out/", StringComparison.Ordinal)).Select(Bytes)], texts);

    /// <param name="data">The data folder; copied before it is read, so that a running server is not disturbed.</param>
    /// <param name="config">Holds the master key.</param>
    public static async Task<StoreReader> ReadAsync(string data, string config)
    {
        AwsInstallation.NeedsDataFolder();
        using var folder = new TemporaryFolder();
        Copy(data, folder.Sub("data"));
        var reader = new StoreReader();
        var remains = Files(data).Select(Bytes).ToList();
        reader._plain.AddRange(remains);
        var master = MasterKey.Read(Directory.GetFiles(config, "*.key", SearchOption.AllDirectories).Single(), false);
        foreach (var database in Directory.GetFiles(folder.Sub("data"), "*.db", SearchOption.AllDirectories))
            await reader.ReadAsync(database, folder.Sub("data"), master, string.Concat(remains.Select(Encoding.Latin1.GetString)));
        return reader;
    }

    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var folder in Directory.GetDirectories(from))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in Directory.GetFiles(from).Where(file => !file.EndsWith(".sock", StringComparison.Ordinal)))
            File.WriteAllBytes(Path.Combine(to, Path.GetFileName(file)), Bytes(file));
    }

    private async Task ReadAsync(string database, string data, MasterKey master, string remains)
    {
        var rows = Rows(database);
        _plain.AddRange(rows.Select(row => row.Value.ToArray()));
        using var backup = new TemporaryFolder();
        await using var store = SqliteStore.Open(database, backup.Path, TimeProvider.System);
        var ring = new KeyRing(store, new MasterKeys(master, null, 0), TimeProvider.System);
        foreach (var tenant in rows.Where(row => row.Key is { Table: Table.Keys, Sort: "tenant-key" }).Select(row => row.Key.Partition))
        {
            var own = (await ring.TenantAsync(tenant, default))!;
            var people = PeopleOf(own, remains);
            Keys += people.Count;
            foreach (var row in rows.Where(row => row.Key.Partition == tenant && !row.Sealed.IsEmpty))
                Read(own, people, row.Key, row.Sealed.ToArray(), row.Version);
            foreach (var blob in FilesIn(Path.Combine(data, "blobs", tenant)))
                Read(own, people, ItemKey.Main(tenant, "raw/" + Path.GetFileName(blob)), File.ReadAllBytes(blob), 1);
            foreach (var index in FilesIn(Path.Combine(data, "index")).Where(file => Path.GetFileName(file) == tenant))
                Read(own, people, ItemKey.Main(tenant, "index-file"), File.ReadAllBytes(index), 100);
        }
    }

    private void Read(TenantKeys own, IReadOnlyList<(string Person, PersonKeyRecord Record)> people, ItemKey key, byte[] value, long version)
    {
        var number = BinaryPrimitives.ReadUInt16BigEndian(value);
        // Whichever number a key's values began with: a thief tries.
        foreach (var sealer in people.Select(one => (SealingKey)own.OpenPerson(one.Person, one.Record with { Number = number }, 1, 0)).Prepend(own))
            for (var at = version; at >= 0; at--)
                if (sealer.Open(key, at, value) is { } plain)
                {
                    Opened++;
                    _plain.Add(plain);
                    return;
                }
    }

    /// <summary>Every name of a person and every wrapped key of which the bytes are left in any file, where they fit each other.</summary>
    private static List<(string Person, PersonKeyRecord Record)> PeopleOf(TenantKeys own, string remains)
    {
        var wrapped = Wrapped().Matches(remains).Select(match => match.Groups[1].Value).ToHashSet();
        var people = new List<(string, PersonKeyRecord)>();
        foreach (var name in Person().Matches(remains).Select(match => match.Groups[1].Value).Distinct())
            foreach (var key in wrapped)
                try
                {
                    var record = new PersonKeyRecord(1, 1, Convert.FromBase64String(key), 2);
                    own.OpenPerson(name, record, 1, 0);
                    people.Add((name, record));
                }
                catch (Exception e) when (e is CryptographicException or FormatException)
                {
                    // Of another person, or half of one.
                }
        return people;
    }

    private static List<Item> Rows(string database)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT 0,p,s,v,x,ver FROM main UNION ALL SELECT 1,p,s,v,x,ver FROM keys UNION ALL SELECT 2,p,s,v,x,ver FROM audit";
        using var all = command.ExecuteReader();
        var rows = new List<Item>();
        while (all.Read())
            rows.Add(new Item(new ItemKey((Table)all.GetInt32(0), all.GetString(1), all.GetString(2)), (byte[])all[3], (byte[])all[4], all.GetInt64(5), 0, null));
        return rows;
    }

    private static int Count(List<byte[]> plain, IEnumerable<string> texts) =>
        texts.Count(text => Encoding.UTF8.GetBytes(text) is var bytes && plain.Exists(one => one.AsSpan().IndexOf(bytes) >= 0));

    private static string[] Files(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".sock", StringComparison.Ordinal))];

    private static string[] FilesIn(string folder) => Directory.Exists(folder) ? Directory.GetFiles(folder) : [];

    private static byte[] Bytes(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    [GeneratedRegex("\"wrapped\":\"([A-Za-z0-9+/=]{40,200})\"")]
    private static partial Regex Wrapped();

    [GeneratedRegex("person/([A-Za-z0-9_-]{22})")]
    private static partial Regex Person();
}

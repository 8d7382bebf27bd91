using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>What the tests of a change of form share: how it is asked for, how far it is, and what lies on the disk.</summary>
internal static partial class SealedForms
{
    public static ReplyMintSettings ChaCha(ReplyMintSettings settings) => settings with { Secrets = settings.Secrets with { Sealing = "chacha20-poly1305" } };

    public static Task<SealedFormRecord?> StateAsync(SecretsRun run, string tenant) => StateAsync(run.Host, tenant);

    public static async Task<SealedFormRecord?> StateAsync(ProductHost host, string tenant) => SealedFormRecord.Of(await host.Get<IStore>().GetAsync(SealedFormRecord.KeyOf(tenant), TestContext.Current.CancellationToken));

    public static Task<string> DoneAsync(SecretsRun run, string tenant, string form = "chacha20-poly1305") => run.EventuallyAsync(TimeSpan.FromSeconds(2), async () =>
        (await run.OkAsync("", "secrets", "list", "--json")).Split('\n').FirstOrDefault(line => line.Contains("tenant-key/" + tenant, StringComparison.Ordinal) && line.Contains("; all of it is sealed with " + form, StringComparison.Ordinal)));

    public static HashSet<string> Kinds(IEnumerable<(string Name, int Form)> values) => [.. values.Select(value => value.Name.Split(' ')[1].Split('/')[0])];

    /// <summary>Each sealed value as it lies in the data folder of a product that is stopped: where, and the number of its form.</summary>
    public static List<(string Name, int Form)> Forms(string data)
    {
        var all = new List<(string, int)>();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(data, "db", "replymint.db")};Pooling=False");
        connection.Open();
        // A wrapped key has no number in front; an entry's network is sealed like an item.
        using var command = new SqliteCommand("SELECT p, s, v, x, 0 FROM main UNION ALL SELECT p, s, v, x, 0 FROM keys UNION ALL SELECT p, s, v, x, 2 FROM audit", connection);
        using (var row = command.ExecuteReader())
            while (row.Read())
            {
                var (name, text, value, at) = ($"{row.GetString(0)} {row.GetString(1)}", Encoding.UTF8.GetString((byte[])row[2]), (byte[])row[3], row.GetInt32(4));
                if (value.Length > 0)
                    all.Add((name, value[2]));
                all.AddRange(Wrapped().Matches(text).Select(match => Convert.FromBase64String(Regex.Unescape(match.Groups[2].Value))).Where(bytes => bytes.Length > 0).Select(bytes => (name, (int)bytes[at])));
            }
        foreach (var folder in (string[])["blobs", "index"])
            foreach (var file in Directory.GetFiles(Path.Combine(data, folder), "*", SearchOption.AllDirectories))
                all.Add(($"{Path.GetFileName(file)} {folder}", File.ReadAllBytes(file)[2]));
        return all;
    }

    [GeneratedRegex("\"(wrapped|lookup|network)\":\"([A-Za-z0-9+/=\\\\]*)\"")]
    private static partial Regex Wrapped();
}

using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Audit;

/// <summary>An installation with some acts in its log, a place elsewhere, and somebody with access to its database file.</summary>
internal sealed class AuditHouse : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();
    private readonly bool _anchored;
    private readonly int? _keepDays;

    private AuditHouse(bool anchored, int? keepDays) => (_anchored, _keepDays) = (anchored, keepDays);

    public ProductHost Host { get; private set; } = null!;
    public string Chain => Tenant.Id;
    public Tenant Tenant { get; private set; } = null!;
    public string RootsElsewhere => _elsewhere.Sub("roots");
    public string Elsewhere => _elsewhere.Path;

    /// <summary>Ten entries, a root, and two more.</summary>
    public static async Task<AuditHouse> BuildAsync(bool anchored = true, int? keepDays = null)
    {
        var house = new AuditHouse(anchored, keepDays);
        await house.StartAsync(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        await house.ActUntilAsync(10);
        await house.Host.Get<AuditRoots>().WriteAsync(default);
        await house.ActUntilAsync(12);
        return house;
    }

    /// <param name="at">When it starts again; null: at once.</param>
    /// <param name="meanwhile">What somebody does while it does not run.</param>
    public async Task RestartAsync(DateTimeOffset? at = null, Action? meanwhile = null)
    {
        at ??= Host.Time.GetUtcNow();
        await Host.StopAsync();
        meanwhile?.Invoke();
        await StartAsync(at.Value);
    }

    public async Task ActUntilAsync(long entries)
    {
        while ((await Host.Get<AuditLog>().NewestAsync(Chain, 1, default)) is var newest && (newest.Count == 0 ? 0 : newest[0].Sequence) < entries)
            await Host.Get<Tenants>().ChangeAsync(Chain, tenant => tenant, Actor.Machine, new Dictionary<string, string> { ["name"] = "unchanged" }, default);
    }

    public Task<AuditVerdict> VerifyAsync(string? chain = null) => Host.Get<AuditVerifier>().VerifyAsync(chain, null, null, default);

    public byte[] Read(string partition, string sort)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT v FROM audit WHERE p=$p AND s=$s";
        command.Parameters.AddWithValue("$p", partition);
        command.Parameters.AddWithValue("$s", sort);
        return (byte[])command.ExecuteScalar()!;
    }

    public void Write(string partition, string sort, byte[] value) => Run(command => command.CommandText = "UPDATE audit SET v=$v WHERE p=$p AND s=$s", partition, sort, value);

    public void Add(string partition, string sort, byte[] value) => Run(command => command.CommandText = "INSERT INTO audit(p,s,v,x,ver,n) VALUES($p,$s,$v,x'',1,0)", partition, sort, value);

    public void Remove(string partition, string sort) => Run(command => command.CommandText = "DELETE FROM audit WHERE p=$p AND s=$s", partition, sort, []);

    public void RemoveAll(string partition, string like) => Run(command => command.CommandText = "DELETE FROM audit WHERE p=$p AND s LIKE $s", partition, like, []);

    public void Replace(string partition, string sort, string what, string with)
    {
        var text = Encoding.UTF8.GetString(Read(partition, sort));
        Xunit.Assert.Contains(what, text, StringComparison.Ordinal);
        Write(partition, sort, Encoding.UTF8.GetBytes(text.Replace(what, with, StringComparison.Ordinal)));
    }

    /// <summary>Writes the chain anew from an entry on, with another act there and all hashes and the head made to fit.</summary>
    public void Forge(long from, long to)
    {
        var previous = from == 1 ? AuditRecord.Start : Record(from - 1).Hash!;
        for (var entry = from; entry <= to; entry++)
        {
            var record = Record(entry) with { Previous = previous, Hash = null };
            if (entry == from)
                record = record with { Actor = "somebody-else" };
            record = record with { Hash = AuditRecord.HashOf(record) };
            Write(Chain, Entry(entry), JsonSerializer.SerializeToUtf8Bytes(record, AuditJson.Default.AuditRecord));
            previous = record.Hash!;
        }
        SetHead(to, previous);
    }

    /// <summary>Cuts the end off and makes the head fit.</summary>
    public void Cut(long last)
    {
        for (var entry = last + 1; entry <= 12; entry++)
            Remove(Chain, Entry(entry));
        SetHead(last, Record(last).Hash!);
    }

    public AuditRecord Record(long entry) => JsonSerializer.Deserialize(Read(Chain, Entry(entry)), AuditJson.Default.AuditRecord)!;

    public static string Entry(long number) => AuditLog.KeyOf("", number).Sort;

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync();
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    private void SetHead(long last, string hash) => Write(Chain, "head", JsonSerializer.SerializeToUtf8Bytes(new AuditHead(1, last, hash), AuditJson.Default.AuditHead));

    private async Task StartAsync(DateTimeOffset at)
    {
        Host = await ProductHost.StartAsync(folder: _folder, time: new FakeTimeProvider(at), of: Tenant,
            settings: settings => settings with { Audit = new() { Anchors = _anchored ? [new() { Folder = _elsewhere.Path }] : [], KeepDays = _keepDays } });
        Tenant = Host.Tenant;
        // The first root comes by itself.
        await ProductHost.EventuallyAsync(async () => await Host.Get<AuditRoots>().IsDueAsync(default) ? null : "not due");
    }

    private void Run(Action<SqliteCommand> say, string partition, string sort, byte[] value)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        say(command);
        command.Parameters.AddWithValue("$p", partition);
        command.Parameters.AddWithValue("$s", sort);
        command.Parameters.AddWithValue("$v", value);
        Xunit.Assert.True(command.ExecuteNonQuery() > 0, $"{partition} {sort}");
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(_folder.Sub("data"), "db", "replymint.db"), Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}

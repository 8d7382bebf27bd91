using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Privacy;
using ReplyMint.Storage;
using ReplyMint.Tests.Incidents;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>
/// An import that can't be done: what is wrong in the file is found before anything is written; what breaks off goes on when the same
/// file comes again, and makes room when another one does.
/// </summary>
public sealed class ImportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CliRun _cli = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    public ImportCommandTests()
    {
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        _cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, _cli.Host(TextWriter.Null, TextWriter.Null), ct);
    }

    private const string TextBegins = "\"text\":{\"text\":\"";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string[] Here => ["--data", _folder.Sub("data"), "--config", _folder.Sub("config")];

    public void Dispose()
    {
        _cli.Dispose();
        if (Directory.Exists(_folder.Path))
            _folder.Dispose();
    }

    private Task<string> FileAsync() => ExportedFile.WithManyMailsAsync(_folder.Sub("many.zip"), 60, Ct);

    [Fact]
    public async Task A_bad_record_in_the_middle_stops_all_of_it_before_anything_is_written()
    {
        var file = await FileAsync();
        await RefusedAsync("line 30 of messages.jsonl can't be read", Line(file, 29, _ => "{\"message\":"));
        await RefusedAsync("line 30 of messages.jsonl can't be read", Line(file, 29, line => line.Replace("\"subject\"", "\"object\"", StringComparison.Ordinal)));
        await RefusedAsync("line 30 of messages.jsonl is no record", Line(file, 29, line => line.Replace("\"summary\":{", "\"other\":{", StringComparison.Ordinal)));
        // The same mail twice, and a part that no item can hold.
        await RefusedAsync("line 31 of messages.jsonl is no record", Changed(file, "messages.jsonl", lines => lines[30] = lines[29]));
        await RefusedAsync("line 30 of messages.jsonl is no record", Line(file, 29, line => line.Replace("\"subject\":\"", "\"subject\":\"" + new string('a', 420_000), StringComparison.Ordinal)));
        // Two parts that one item has to hold: neither is too large alone.
        await RefusedAsync("line 30 of messages.jsonl is no record", Line(file, 29, line => line
            .Replace("\"subject\":\"", "\"subject\":\"" + new string('a', 210_000), StringComparison.Ordinal).Replace("\"channel\":\"", "\"channel\":\"" + new string('a', 210_000), StringComparison.Ordinal)));
        await RefusedAsync("line 1 of mailboxes.jsonl is no record", Changed(file, "mailboxes.jsonl", lines => lines[0] = lines[0].Replace("support@shop.example", "support", StringComparison.Ordinal)));
        await RefusedAsync("line 1 of knowledge.jsonl is no record", Changed(file, "knowledge.jsonl", lines => lines[0] = "null"));
        await RefusedAsync("more mailboxes than a tenant may have here (1", Changed(file, "mailboxes.jsonl", lines => lines[0] += "\n" + lines[0]), "--set", "accounts.mailboxesPerTenant=1");
        // Nothing of any of them is there.
        var (open, rooms) = await BackupFolder.OpenAsync(_folder, _time);
        await using (open)
        await using (rooms)
        {
            var tenant = await TenantOfAsync(file);
            Assert.False(await rooms.GetRequiredService<TenantRemoval>().IsThereAsync(tenant, Ct));
            Assert.Null(await open.Store.GetAsync(ItemKey.Main(KeyRing.Installation, "import/" + tenant), Ct));
        }
        await OkAsync(["import", file, .. Here]);
        await SameAsync(file);
    }

    /// <summary>Each fits an item, and as many as a commit takes by their number fit none by their size.</summary>
    [Fact]
    public async Task Large_texts_side_by_side_are_taken_in_however_many()
    {
        var file = Changed(await FileAsync(), "messages.jsonl", lines =>
        {
            for (var number = 10; number < 40; number++)
            {
                Assert.Contains(TextBegins, lines[number], StringComparison.Ordinal);
                lines[number] = lines[number].Replace(TextBegins, TextBegins + new string('a', 380_000), StringComparison.Ordinal);
            }
            // As much as a text may weigh where it comes from.
            using var line = JsonDocument.Parse(lines[41]);
            var room = Commit.MaxItemBytes - 1_100 - Encoding.UTF8.GetByteCount(line.RootElement.GetProperty("text").GetRawText());
            lines[41] = lines[41].Replace(TextBegins, TextBegins + new string('a', room), StringComparison.Ordinal);
        });
        await OkAsync(["import", file, .. Here]);
        await SameAsync(file);
    }

    [Fact]
    public async Task What_is_no_export_makes_no_store_and_a_look_at_one_needs_none()
    {
        await RefusedAsync("there is no file", _folder.Sub("nothing.zip"));
        await RefusedAsync("faq.md is no whole export", _cli.Write("faq.md", "# When do you open?"));
        var file = await FileAsync();
        await File.WriteAllBytesAsync(_folder.Sub("cut.zip"), (await File.ReadAllBytesAsync(file, Ct))[..^200], Ct);
        await RefusedAsync("cut.zip is no whole export", _folder.Sub("cut.zip"));
        Assert.False(Directory.Exists(_folder.Sub("data")));

        Assert.Contains("many.zip is whole: a tenant's of ", await OkAsync(["export", "verify", file]), StringComparison.Ordinal);
        Assert.Contains("60 messages, 60 of them as they came", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("export", "verify", _folder.Sub("cut.zip")));
        Assert.Equal(1, await _cli.RunAsync("export", "verify", ExportedFile.Changed(file, (name, text) => name == "messages.jsonl" ? text.Replace("parcel", "PARCEL", StringComparison.Ordinal) : text)));
        Assert.Contains("was changed: messages.jsonl is not as its manifest says", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("export", "verify", Line(file, 29, _ => "{}")));
        Assert.Contains("line 30 of messages.jsonl", _cli.Error, StringComparison.Ordinal);
        Assert.Contains("\"$defs\"", await OkAsync(["export", "schema"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Sub("data")));
    }

    [Fact]
    public async Task A_tenant_that_was_imported_again_after_its_erasure_is_not_erased_by_a_replay()
    {
        var file = await FileAsync();
        var tenant = await TenantOfAsync(file);
        await OkAsync(["import", file, .. Here]);
        await OkAsync(["erase", "tenant", tenant, "--yes", tenant, .. Here]);
        await OkAsync(["import", file, .. Here]);
        Assert.Contains("1 erasures were looked at, 0 had something to remove again", await OkAsync(["erase", "replay", "--nothing-was-erased-since", .. Here]), StringComparison.Ordinal);
        await SameAsync(file);
    }

    [Fact]
    public async Task With_too_little_room_it_does_not_begin_to_fill_the_disk()
    {
        var file = await FileAsync();
        Assert.Equal(1, await _cli.RunAsync(["import", file, "--set", "inbound.minFreeMegabytes=1000000", .. Here]));
        Assert.Contains("was not taken in whole, and nothing of it is there for anybody yet. The disk has too little room", _cli.Error, StringComparison.Ordinal);
        Assert.Contains("Run the same command again, and it goes on", _cli.Error, StringComparison.Ordinal);
        await OkAsync(["import", file, .. Here]);
        await SameAsync(file);
    }

    [Fact]
    public async Task On_a_full_disk_in_the_middle_it_breaks_off_and_the_same_file_goes_on()
    {
        var file = await FileAsync();
        await BreakOffAsync(file, after: 4);
        // Nobody sees anything of it, and no mail gets in.
        Assert.DoesNotContain("shop", await OkAsync(["tenant", "list", .. Here]), StringComparison.Ordinal);
        await BreakOffAsync(file, after: 3);
        await OkAsync(["import", file, .. Here]);
        await SameAsync(file);
    }

    [Fact]
    public async Task Another_file_of_the_tenant_begins_anew_behind_one_that_broke_off_and_undo_leaves_nothing()
    {
        var file = await FileAsync();
        var later = Changed(file, "messages.jsonl", lines => lines[0] = lines[0].Replace("A question", "Another question", StringComparison.Ordinal));
        await BreakOffAsync(file, after: 4);
        Assert.Equal("what the import had left is removed; accounts of people that it made stay\n", await OkAsync(["import", file, "--undo", .. Here]));
        Assert.Equal(1, await _cli.RunAsync(["import", file, "--undo", .. Here]));
        Assert.Contains("has broken off here", _cli.Error, StringComparison.Ordinal);
        var tenant = await TenantOfAsync(file);
        var (open, rooms) = await BackupFolder.OpenAsync(_folder, _time);
        await using (open)
        await using (rooms)
        {
            Assert.False(await rooms.GetRequiredService<TenantRemoval>().IsThereAsync(tenant, Ct));
            Assert.Empty(Directory.GetFiles(_folder.Sub("data/blobs"), "*", SearchOption.AllDirectories));
        }
        await BreakOffAsync(file, after: 4);
        await OkAsync(["import", later, .. Here]);
        await SameAsync(later);
        Assert.Contains("Another question", await OkAsync(["messages", "list", "--limit", "100", .. Here]), StringComparison.Ordinal);
    }

    /// <summary>Imports with a store that refuses each write behind the first ones, as on a full disk.</summary>
    private async Task BreakOffAsync(string path, int after)
    {
        WatchedStore? watched = null;
        var (open, rooms) = await BackupFolder.OpenAsync(_folder, _time, services => watched = WatchedStore.Put(services));
        await using var _ = open;
        await using var __ = rooms;
        var (file, _) = await ImportFile.OpenAsync(new MemoryStream(await File.ReadAllBytesAsync(path, Ct)), ImportBounds.Usual, Ct);
        using (file)
        {
            var left = after;
            watched!.BeforeCommit = commit =>
            {
                if (Interlocked.Decrement(ref left) < 0)
                    throw new StoreUnavailableException("The disk is full.");
            };
            Assert.Equal("The disk is full.", Assert.IsType<ImportOutcome.BrokenOff>(await rooms.GetRequiredService<Importer>().ImportAsync(file!, Actor.Machine, _ => { }, Ct)).Why);
        }
    }

    private async Task SameAsync(string file)
    {
        var again = Path.Combine(_cli.Folder, "again.zip");
        await OkAsync(["export", "tenant", "--out", again, .. Here]);
        Assert.Equal(ExportedFile.Counts(file), ExportedFile.Counts(again));
    }

    private static async Task<string> TenantOfAsync(string path)
    {
        var (file, _) = await ImportFile.OpenAsync(new MemoryStream(await File.ReadAllBytesAsync(path, Ct)), ImportBounds.Usual, Ct);
        using (file)
            return file!.Manifest.Tenant;
    }

    private static string Line(string file, int number, Func<string, string> change) => Changed(file, "messages.jsonl", lines => lines[number] = change(lines[number]));

    private static string Changed(string file, string name, Action<string[]> change) => ExportedFile.Resealed(ExportedFile.Changed(file, (one, text) =>
    {
        if (one != name)
            return text;
        var lines = text.Split('\n');
        change(lines);
        return string.Join('\n', lines);
    }));

    private async Task RefusedAsync(string why, string file, params string[] settings)
    {
        Assert.Equal(1, await _cli.RunAsync(["import", file, .. settings, .. Here]));
        Assert.Contains(why, Assert.Single(_cli.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private async Task<string> OkAsync(string[] arguments)
    {
        Assert.True(await _cli.RunAsync(arguments) == 0, $"{string.Join(' ', arguments)}: {_cli.Error}");
        return _cli.Out;
    }
}

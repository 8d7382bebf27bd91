using ReplyMint.Audit;
using ReplyMint.Secrets;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>The master key on paper: only its passphrase opens it, only for its store, and a slip is found where it is.</summary>
public sealed class RecoveryKitTests
{
    private const string Passphrase = "seven lanterns, one quiet harbour";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private static string File(SecretsRun run, string name, string text)
    {
        var path = Path.Combine(run.Here, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    private static string KeyFile(SecretsRun run) => Directory.GetFiles(Path.Combine(run.Config, "keys"), "*.key").Single();

    /// <summary>The store of the run on another machine: its data, and no key.</summary>
    private static TemporaryFolder Elsewhere(SecretsRun run)
    {
        var copy = new TemporaryFolder();
        run.CopyTo(copy);
        Directory.Delete(copy.Sub("config"), recursive: true);
        return copy;
    }

    private static Task<int> RestoreAsync(SecretsRun run, TemporaryFolder at, string kit, string input) =>
        run.HereAsync(input, "secrets", "restore-key", kit, "--passphrase-file", "-", "--data", at.Sub("data"), "--config", at.Sub("config"));

    [Fact]
    public async Task A_new_machine_reads_the_store_with_the_kit_and_its_passphrase()
    {
        await using var run = await SecretsRun.StartAsync();
        await run.Host.DeliverAsync(run.Host.Mail("How are you?"));
        var kit = Path.Combine(run.Here, "kit.txt");
        Assert.DoesNotContain(Passphrase, await run.OkAsync("", "secrets", "recovery-kit", kit, "--passphrase-file", File(run, "passphrase", Passphrase + "\n")), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(kit));
        var text = await System.IO.File.ReadAllTextAsync(kit, Ct);
        Assert.DoesNotContain((await System.IO.File.ReadAllTextAsync(KeyFile(run), Ct)).Trim(), text, StringComparison.Ordinal);
        Assert.Contains("2026-11-24", text, StringComparison.Ordinal);
        Assert.Contains("overwrites nothing", await run.FailsAsync("", "secrets", "recovery-kit", kit, "--generate"), StringComparison.Ordinal);
        Assert.Equal("recovery-kit.make", (await run.Host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 1, Ct)).Single().Act);
        Assert.Contains("2026-11-24", (await run.OkAsync("", "secrets", "list")).Split('\n').Single(line => line.StartsWith("recovery-kit", StringComparison.Ordinal)), StringComparison.Ordinal);

        await run.StopAsync();
        using var there = Elsewhere(run);
        Assert.Equal(1, await RestoreAsync(run, there, kit, "seven lanterns, one noisy harbour"));
        Assert.Contains("does not open", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(there.Sub("config")));
        // Typed off paper: other case, other blanks, letters for digits.
        var typed = File(run, "typed.txt", string.Join('\n', text.Split('\n').Select(line => line.Contains(':', StringComparison.Ordinal) && char.IsDigit(line.FirstOrDefault()) ? line.ToLowerInvariant().Replace("  ", " ", StringComparison.Ordinal).Replace('0', 'o').Replace('1', 'l').Replace("l:", "1:", StringComparison.Ordinal) : line)));
        Assert.Equal(0, await RestoreAsync(run, there, typed, "seven  lanterns, one quiet\nharbour "));
        var key = Directory.GetFiles(there.Sub("config"), "*", SearchOption.AllDirectories).Single();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(key));
        var restored = await ProductHost.StartAsync(folder: there, time: run.Time, of: run.Host.Tenant);
        Assert.Single(await restored.ListAsync());
        await restored.StopAsync();
        Assert.Equal(1, await RestoreAsync(run, there, kit, Passphrase));
        Assert.Contains("overwrites nothing", run.Error, StringComparison.Ordinal);
        await run.OpenAsync(null, null, null);
    }

    [Fact]
    public async Task A_kit_of_another_store_or_of_another_key_is_refused()
    {
        await using var run = await SecretsRun.StartAsync();
        await using var other = await SecretsRun.StartAsync();
        var (kit, foreign, phrase) = (Path.Combine(run.Here, "kit.txt"), Path.Combine(run.Here, "foreign.txt"), File(run, "passphrase", Passphrase));
        await run.OkAsync("", "secrets", "recovery-kit", kit, "--passphrase-file", phrase);
        await other.OkAsync("", "secrets", "recovery-kit", foreign, "--passphrase-file", phrase);
        await run.OkAsync("", "secrets", "rotate", "master-key");
        Assert.Contains("was made of the master key before", await run.OkAsync("", "secrets", "list", "--problems"), StringComparison.Ordinal);
        await run.StopAsync();
        using var there = Elsewhere(run);
        Assert.Equal(1, await RestoreAsync(run, there, foreign, Passphrase));
        Assert.Contains("the kit is of store", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, await RestoreAsync(run, there, kit, Passphrase));
        Assert.Contains("another master key", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(there.Sub("config")));
        await run.OpenAsync(null, null, null);
    }

    [Fact]
    public async Task A_slip_of_the_pen_is_found_in_its_line_and_a_changed_head_opens_nothing()
    {
        await using var run = await SecretsRun.StartAsync();
        var kit = await run.OkAsync("", "secrets", "recovery-kit", "-", "--passphrase-file", File(run, "passphrase", Passphrase));
        var lines = kit.Split('\n');
        var third = Array.FindIndex(lines, line => line.StartsWith("3:", StringComparison.Ordinal));
        for (var at = 4; at < lines[third].Length; at++)
        {
            if (lines[third][at] == ' ')
                continue;
            var slip = lines.ToArray();
            slip[third] = slip[third][..at] + (slip[third][at] == 'Z' ? 'Y' : 'Z') + slip[third][(at + 1)..];
            Assert.Equal("has a slip in line 3", RecoveryKit.Read(string.Join('\n', slip)).Problem);
        }
        Assert.Equal("lacks line 3", RecoveryKit.Read(string.Join('\n', lines.Where((_, i) => i != third))).Problem);
        Assert.NotNull(RecoveryKit.Read("hello").Problem);
        var read = RecoveryKit.Read(kit).Kit!;
        Assert.NotNull(read.Open(Passphrase));
        Assert.Null((read with { StoreId = Ids.Random('s') }).Open(Passphrase));
        Assert.Null((read with { Made = read.Made.AddDays(1) }).Open(Passphrase));
    }

    [Fact]
    public async Task A_person_is_asked_twice_a_good_one_is_offered_and_a_weak_one_refused()
    {
        await using var run = await SecretsRun.StartAsync();
        run.Interactive = true;
        string Kit() => Path.Combine(run.Here, Path.GetRandomFileName());
        Assert.Contains("not the same", await run.FailsAsync($"{Passphrase}\n{Passphrase}!\n", "secrets", "recovery-kit", Kit()), StringComparison.Ordinal);
        Assert.Contains("shorter than 20", await run.FailsAsync("too short\ntoo short\n", "secrets", "recovery-kit", Kit()), StringComparison.Ordinal);
        Assert.DoesNotContain("recovery-kit.make", (await run.Host.Get<AuditLog>().NewestAsync(KeyRing.Installation, 20, Ct)).Select(entry => entry.Act));
        var kit = Kit();
        await run.OkAsync($"{Passphrase}\n{Passphrase}\n", "secrets", "recovery-kit", kit);
        Assert.NotNull(RecoveryKit.Read(await System.IO.File.ReadAllTextAsync(kit, Ct)).Kit!.Open(Passphrase));
        kit = Kit();
        var words = (await run.OkAsync("\n", "secrets", "recovery-kit", kit)).Trim().Split('\n')[^1];
        Assert.Matches("^([bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz] ?){8}$", words);
        Assert.NotNull(RecoveryKit.Read(await System.IO.File.ReadAllTextAsync(kit, Ct)).Kit!.Open(words));
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => ReplyMint.Secrets.Passphrase.Generate()).Distinct().Count());
    }

    /// <summary>Whoever keeps the output keeps the kit alone.</summary>
    [Fact]
    public async Task A_kit_on_the_output_does_not_have_its_passphrase_beside_it()
    {
        await using var run = await SecretsRun.StartAsync();
        var kit = await run.OkAsync("", "secrets", "recovery-kit", "-", "--generate");
        var words = run.Error.Trim().Split('\n')[^1];
        Assert.DoesNotContain(words, kit, StringComparison.Ordinal);
        Assert.NotNull(RecoveryKit.Read(kit).Kit!.Open(words));
    }

    /// <summary>The answer of the reference implementation.</summary>
    [Fact]
    public void Stretching_is_argon2id()
    {
        // echo -n "password" | argon2 somesaltsomesalt -id -t 2 -k 65536 -p 1 -l 32 -r
        var key = ReplyMint.Secrets.Passphrase.Stretch("password", "somesaltsomesalt"u8.ToArray(), new(65_536, 2, 1));
        Assert.Equal(KnownAnswer, Convert.ToHexStringLower(key));
    }

    private const string KnownAnswer = "fc33b78139231d34b71626bd6245c1d72efa190ad605c3d8166a72adcedfa2c2";
}

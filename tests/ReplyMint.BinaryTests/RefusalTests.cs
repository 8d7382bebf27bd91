using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;

namespace ReplyMint.BinaryTests;

/// <summary>What keeps the server from starting is told in one line, and loses nothing.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly Binary _binary = new();

    public void Dispose() => _binary.Dispose();

    private string InFolder(string name) => Path.Combine(_binary.Folder, name);

    private async Task MakeStoreAsync() =>
        Assert.Equal(0, (await _binary.RunAsync("tenant", "add", "Acme", "--data", "d", "--config", "c")).Code);

    private async Task RefusedAsync(int status, string message, params string[] more)
    {
        // What the test says itself takes the place of the usual.
        string[][] usual = [["--environment", "development"], ["--urls", "http://127.0.0.1:0"], ["--data", "d"], ["--config", "c"]];
        var smtp = more.Contains("--set") ? (string[])[] : ["--set", "smtp.port=0"];
        var ran = await _binary.RunAsync(["serve", .. usual.Where(pair => !more.Contains(pair[0])).SelectMany(pair => pair), .. smtp, .. more]);
        Assert.Equal(status, ran.Code);
        Assert.Equal("", ran.Out);
        var said = Assert.Single(ran.Error.TrimEnd().Split('\n'), l => l.StartsWith("replymint: ", StringComparison.Ordinal));
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_and_busy_ports()
    {
        using var server = await RunningServer.StartAsync(_binary, "--data", "d", "--config", "c");
        await RefusedAsync(1, "another replymint process works on");
        await RefusedAsync(1, "is busy", "--data", "e", "--urls", server.Url);
        await RefusedAsync(1, "SMTP port", "--data", "f", "--set", $"smtp.port={server.SmtpPort}");
    }

    [Fact]
    public Task A_wrong_setting() => RefusedAsync(2, "environment must be one of production, staging, development", "--environment", "prod");

    [Fact]
    public async Task A_missing_key_and_a_foreign_one()
    {
        await MakeStoreAsync();
        var key = Assert.Single(Directory.GetFiles(InFolder("c/keys")));
        File.Move(key, key + ".away");
        await RefusedAsync(1, "master key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(new byte[32]) + "\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await RefusedAsync(1, "is not the one of this store");
        File.Move(key + ".away", key, overwrite: true);
        Assert.Equal(0, (await _binary.RunAsync("tenant", "list", "--data", "d", "--config", "c")).Code);
    }

    [Fact]
    public async Task A_damaged_database_and_a_newer_one()
    {
        await MakeStoreAsync();
        var database = InFolder("d/db/replymint.db");
        var good = await File.ReadAllBytesAsync(database, TestContext.Current.CancellationToken);
        // SQLite's header holds the user version at offset 60 (its file format, 1.3.16).
        var newer = (byte[])good.Clone();
        BinaryPrimitives.WriteInt32BigEndian(newer.AsSpan(60), 9_999);
        await File.WriteAllBytesAsync(database, newer, TestContext.Current.CancellationToken);
        await RefusedAsync(1, "newer ReplyMint");
        await File.WriteAllBytesAsync(database, new byte[20_000].Select(_ => (byte)'x').ToArray(), TestContext.Current.CancellationToken);
        await RefusedAsync(1, "damaged");
        await File.WriteAllBytesAsync(database, good, TestContext.Current.CancellationToken);
        Assert.Contains("Acme", (await _binary.RunAsync("tenant", "list", "--data", "d", "--config", "c")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_may_not_be_written()
    {
        Directory.CreateDirectory(InFolder("closed"));
        foreach (var folder in (string[])[_binary.Folder, InFolder("closed")])
            File.SetUnixFileMode(folder, (UnixFileMode)0b101_101_101);
        try
        {
            // Modes stop everybody but root, so as root another user is taken.
            string[] serve = [_binary.Path, "serve", "--data", InFolder("closed/d"), "--config", InFolder("closed/c")];
            string[] line = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. serve] : serve;
            using var process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(1, process.ExitCode);
            Assert.Contains("can't be written; check its owner and mode", error, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var folder in (string[])[_binary.Folder, InFolder("closed")])
                File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        }
    }

    [Fact]
    public async Task A_full_disk_refuses_mail_for_now_and_takes_it_again_later()
    {
        Directory.CreateDirectory(InFolder("small"));
        using var mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=160m,mode=700", "tmpfs", InFolder("small")]) { RedirectStandardError = true })!;
        await mount.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (mount.ExitCode != 0)
            Assert.Skip("A small file system can't be mounted here.");
        try
        {
            string[] where = ["--data", "small/d", "--config", "c"];
            _binary.Write("c/replymint.json", """{ "inbound": { "minFreeMegabytes": 50 } }""");
            using var server = await RunningServer.StartAsync(_binary, where);
            foreach (var line in (string[][])[["tenant", "add", "Acme"], ["mailbox", "add", "shop@example.com"]])
                Assert.Equal(0, (await _binary.RunAsync([.. line, .. where])).Code);
            Fill(InFolder("small/ballast"));
            var refusal = await server.SendAsync("full", new string('x', 60_000));
            Assert.True(refusal is ['4', ..], $"the mail was {refusal ?? "taken"}");
            using var notReady = await server.Http.GetAsync(new Uri("/ready", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, notReady.StatusCode);
            File.Delete(InFolder("small/ballast"));
            // The room is looked at once a second.
            using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            var looks = 0;
            while (await server.SendAsync("free again", new string('x', 60_000)) is { } still)
            {
                Assert.True(++looks < 100, $"after ten seconds the mail was still {still}");
                await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
            Assert.Equal(0, await server.StopAsync());
        }
        finally
        {
            using var unmount = Process.Start("umount", ["-l", InFolder("small")]);
            await unmount.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static void Fill(string file)
    {
        using var ballast = File.Create(file, 1);
        try
        {
            while (true)
                ballast.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full.
        }
    }
}

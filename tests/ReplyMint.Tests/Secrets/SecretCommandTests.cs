using System.Net;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Secrets;
using ReplyMint.Storage;
using ReplyMint.Tests.Inbound;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>Secrets as an operator keeps them: set without being seen, used by name, read on record, never listed.</summary>
public sealed class SecretCommandTests
{
    private const string First = "key-5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b";
    private const string Second = "key-9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private int _tokens;

    private static ReplyMintSettings Named(ReplyMintSettings settings) => settings with { Mailgun = new MailgunWebhookSettings { SigningKey = "store:mailgun" } };

    /// <summary>Posts an event as Mailgun would, signed with a key.</summary>
    private async Task<HttpStatusCode> PostAsync(SecretsRun run, string key, string path = "/webhooks/mailgun/inbound")
    {
        using var client = run.Host.Client();
        var token = Interlocked.Increment(ref _tokens).ToString("x50", System.Globalization.CultureInfo.InvariantCulture);
        var fields = MailgunForm.Sign(key, run.Time.GetUtcNow(), token);
        fields.AddRange([new("recipient", ProductHost.Address), new("sender", "anna@customer.example"), new("body-mime", run.Host.Mail("How are you?", messageId: $"<{token}@customer.example>"))]);
        using var content = new FormUrlEncodedContent(fields);
        return (await client.PostAsync(new Uri(path, UriKind.Relative), content, Ct)).StatusCode;
    }

    private static async Task<string[]> ActsAsync(SecretsRun run, string chain = KeyRing.Installation) => [.. (await run.Host.Get<AuditLog>().NewestAsync(chain, 50, Ct)).Select(entry => $"{entry.Actor} {entry.Act} {entry.Target}").Reverse()];

    [Fact]
    public async Task A_setting_names_a_stored_secret_and_a_new_value_counts_without_a_restart()
    {
        await using var run = await SecretsRun.StartAsync(settings: Named);
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(run, First));
        Assert.Contains("there is no secret mailgun in the store", await run.OkAsync("", "secrets", "list", "--problems"), StringComparison.Ordinal);

        Assert.Equal("stored; settings name it store:mailgun\n", await run.OkAsync(First + "\n", "secrets", "set", "mailgun"));
        run.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(run, First));
        await run.OkAsync(Second, "secrets", "set", "store:mailgun");
        run.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(run, Second));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(run, First));

        await run.RestartAsync(Named);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(run, Second));
        Assert.Contains($"{Actor.Machine.Id} secret.add store:mailgun", await ActsAsync(run));
        Assert.Contains($"{Actor.Machine.Id} secret.change store:mailgun", await ActsAsync(run));
        await run.OkAsync("", "secrets", "remove", "mailgun", "--yes");
        run.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal($"{Actor.Machine.Id} secret.remove store:mailgun", (await ActsAsync(run))[^1]);
        Assert.Contains("there is no stored secret", await run.FailsAsync("", "secrets", "show", "mailgun"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("your-secret-key-here", "looks like a placeholder")]
    [InlineData("short", "is shorter")]
    [InlineData("", "is shorter")]
    [InlineData("abababababababababab", "repeats itself")]
    public async Task A_weak_secret_is_refused(string value, string why)
    {
        await using var run = await SecretsRun.StartAsync();
        Assert.Contains(why, await run.FailsAsync(value, "secrets", "set", "smtp-password"), StringComparison.Ordinal);
        Assert.DoesNotContain("secret.add", string.Join('\n', await ActsAsync(run)), StringComparison.Ordinal);
        Assert.Contains(why, await run.FailsAsync(value, "secrets", "set", "channel/" + (await ChannelAsync(run)).Id), StringComparison.Ordinal);
        Assert.Contains("name has", await run.FailsAsync(First, "secrets", "set", "../odd"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reading_is_on_record_before_anything_is_shown_and_keys_are_shown_to_nobody()
    {
        await using var run = await SecretsRun.StartAsync();
        run.Interactive = true;
        await run.OkAsync(First + "\n", "secrets", "set", "smtp-password");
        Assert.DoesNotContain(First, run.Error, StringComparison.Ordinal);
        Assert.Equal(First + "\n", await run.OkAsync("", "secrets", "show", "smtp-password"));
        Assert.Equal($"{Actor.Machine.Id} secret.show store:smtp-password", (await ActsAsync(run))[^1]);
        foreach (var name in (string[])["master-key", "tenant-key", "tenant-key/installation", "pepper", "signing-key", "channel/" + (await ChannelAsync(run)).Id])
            Assert.Contains("shown", await run.FailsAsync("", "secrets", "show", name), StringComparison.Ordinal);
        // A command line is seen by everybody on the machine, so there is no such argument.
        Assert.Equal(2, await run.RunAsync("", "secrets", "set", "smtp-password", Second));
    }

    [Fact]
    public async Task A_list_shows_where_and_since_when_and_never_a_value()
    {
        await using var run = await SecretsRun.StartAsync(settings: Named);
        await run.OkAsync(First, "secrets", "set", "mailgun");
        var channel = await ChannelAsync(run);
        var weak = Path.Combine(run.Here, "weak");
        await File.WriteAllTextAsync(weak, "password-password", Ct);
        var open = Path.Combine(run.Here, "open");
        await File.WriteAllTextAsync(open, Second, Ct);
        File.SetUnixFileMode(weak, UnixFileMode.UserRead);
        File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await run.RestartAsync(settings => settings with { Mailgun = new() { SigningKey = "file:" + weak, PreviousSigningKey = "file:" + open } });
        var list = await run.OkAsync("", "secrets", "list", "--json");
        foreach (var name in (string[])["master-key", "recovery-kit", "tenant-key/installation", $"tenant-key/{run.Host.Tenant.Id}", "pepper", "store:mailgun", "channel/" + channel.Id, "mailgun.signingKey"])
            Assert.Contains($"\"name\":\"{name}\"", list, StringComparison.Ordinal);
        Assert.DoesNotContain(First, list + await run.OkAsync("", "secrets", "list"), StringComparison.Ordinal);
        Assert.DoesNotContain(Second, list, StringComparison.Ordinal);
        Assert.DoesNotContain("password-password", list, StringComparison.Ordinal);
        var todo = await run.OkAsync("", "secrets", "list", "--problems");
        Assert.Contains("looks like a placeholder", todo, StringComparison.Ordinal);
        Assert.Contains("can be read or changed by others", todo, StringComparison.Ordinal);
        Assert.DoesNotContain("pepper", todo, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_secrets_of_a_channel_count_in_the_overlap_and_no_longer()
    {
        await using var run = await SecretsRun.StartAsync();
        var channel = await ChannelAsync(run);
        var path = $"/webhooks/mailgun/{channel.Id}/inbound";
        Assert.Equal(HttpStatusCode.OK, await PostAsync(run, First, path));
        await run.OkAsync(Second, "secrets", "set", "channel/" + channel.Id, "--overlap", "2");
        foreach (var key in (string[])[First, Second])
            Assert.Equal(HttpStatusCode.OK, await PostAsync(run, key, path));
        run.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(run, First, path));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(run, Second, path));
        // One that leaked counts no moment longer.
        await run.OkAsync(First, "secrets", "set", "channel/" + channel.Id, "--overlap", "0");
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(run, Second, path));
        var entry = (await run.Host.Get<AuditLog>().NewestAsync(run.Host.Tenant.Id, 1, Ct)).Single();
        Assert.Equal(("channel.change", "changed", "0"), (entry.Act, entry.Details!["secret"], entry.Details["overlapHours"]));
        Assert.Contains("get it there, then", await run.FailsAsync("", "secrets", "rotate", "channel/" + channel.Id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_person_must_change_raises_an_alert_when_it_is_overdue()
    {
        await using var run = await SecretsRun.StartAsync();
        await run.OkAsync(First, "secrets", "set", "smtp-password");
        var channel = await ChannelAsync(run);
        await run.RestartAsync(after: TimeSpan.FromDays(366));
        var alerts = await run.EventuallyAsync(TimeSpan.FromMinutes(10), async () =>
            await run.Host.Get<Alerts>().NewestAsync(50, Ct) is var all && all.Count(alert => alert.Kind == "secret-overdue") >= 3 ? all : null);
        Assert.Equal(["channel/" + channel.Id, "master-key", "store:smtp-password"], alerts.Where(alert => alert.Kind == "secret-overdue").Select(alert => alert.Subject).Order(StringComparer.Ordinal));
        Assert.All(alerts, alert => Assert.DoesNotContain(First, alert.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task All_is_what_changes_without_a_person_and_the_log_says_so_without_a_value()
    {
        await using var run = await SecretsRun.StartAsync();
        var said = await run.OkAsync("", "secrets", "rotate", "all");
        Assert.Contains("version 2 from now on", said, StringComparison.Ordinal);
        Assert.Contains("signs access tokens from now on", said, StringComparison.Ordinal);
        Assert.Contains($"{run.Host.Tenant.Id} seals with key 2", said, StringComparison.Ordinal);
        Assert.Contains("installation seals with key 2", said, StringComparison.Ordinal);
        var acts = await ActsAsync(run);
        foreach (var act in (string[])["pepper.add pepper", "signing-key.add", "tenant-key.rotate installation"])
            Assert.Contains(acts, entry => entry.StartsWith($"{Actor.Machine.Id} {act}", StringComparison.Ordinal));
        Assert.Contains("nothing that can be rotated", await run.FailsAsync("", "secrets", "rotate", "odd"), StringComparison.Ordinal);
    }

    private static Task<Channel> ChannelAsync(SecretsRun run) => run.Host.Get<Channels>().AddAsync(run.Host.Tenant.Id, Channel.Mailgun, First, Actor.Machine, Ct);
}

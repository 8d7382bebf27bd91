using System.Text;
using ReplyMint.Guide;
using Xunit;

namespace ReplyMint.Tests.Supply;

/// <summary>No secret stands in the repository or ever stood there, and the scan that says so finds one.</summary>
public sealed class SecretScanTests
{
    // Put together here, so that this file is none that the scan would have to know.
    private const string Random40 = "9aQ2" + "xK7vT4bZ1mR8cW3nY6dL5hJ0pF" + "sG2uE4iO8k";

    public static TheoryData<string, string> Planted => new()
    {
        { "AWS access key id", "aws_access_key_id = " + "AKIA" + "Q3EGRIGZ5T2FLN7K" },
        { "GitHub token", "token: " + "ghp_" + Random40[..36] },
        { "Stripe key", "Stripe = \"" + "sk_live_" + Random40[..24] + "\"" },
        { "Mailgun key", "key-" + "0f3a9c7e1b5d8264f0a1c3e5b7d90426" },
        { "Slack webhook", "https://hooks.slack.com/" + "services/T" + "01ABCDEF/B02GHIJK/" + Random40[..24] },
        { "ReplyMint key", "rm_" + "live_" + Random40 },
        { "private key", "-----BEGIN PRIVATE" + " KEY-----\n" + "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIB" + "\n-----END" },
        { "private key", "\"-----BEGIN RSA PRIVATE" + " KEY-----\\n" + "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIB" + "\\n\"" },
        { "value of password", "Password" + "=\"" + Random40[..24] + "\"" },
        { "value of secret", "\"clientSecret\"" + ": \"" + Random40 + "\"" },
        { "signed token", "Bearer eyJ" + Random40 + ".eyJ" + Random40 + "." + Random40 },
    };

    [Theory, MemberData(nameof(Planted))]
    public void A_secret_is_found(string kind, string text)
    {
        var found = SecretScan.Find(Encoding.UTF8.GetBytes("first line\n" + text + "\n"));
        Assert.Contains(found, one => one.Kind == kind && one.Line is 2 or 3);
        // What is shown of it must not give it away.
        Assert.All(found, one => Assert.DoesNotContain(one.Mark, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("password: changed by the operator, who keeps it to himself")]
    [InlineData("secret = file:/etc/replymint/secrets/mailgun")]
    [InlineData("AKIA is how such ids begin; AKIAs are none")]
    [InlineData("-----BEGIN PRIVATE KEY----- stands in the first line of such files")]
    [InlineData("var token = CancellationTokenSource.CreateLinkedTokenSource(ct).Token;")]
    [InlineData("sha256:0f3a9c7e1b5d8264f0a1c3e5b7d904260f3a9c7e1b5d8264f0a1c3e5b7d90426")]
    public void What_only_speaks_of_secrets_is_none(string text) => Assert.Empty(SecretScan.Find(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void No_secret_stands_in_the_history()
    {
        Assert.SkipWhen(History.Git(HouseTests.Root, "rev-parse", "HEAD") is null, "not checked: this is no git checkout");
        Assert.SkipWhen(History.Git(HouseTests.Root, "rev-parse", "--is-shallow-repository")!.Trim() != "false", "not checked: a shallow clone holds no history (git fetch --unshallow)");
        var known = Known();
        var (contents, wrong, met) = (0, new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (path, content) in History.Contents(HouseTests.Root))
        {
            contents++;
            foreach (var one in SecretScan.Find(content))
                if (!known.Contains(one.Mark))
                    wrong.Add($"{one.Mark} {path}:{one.Line} {one.Kind}");
                else
                    met.Add(one.Mark);
        }
        Assert.True(contents > 500, $"Only {contents} contents were read.");
        Assert.True(wrong.Count == 0, $"Change each of them where it counts, whatever becomes of the history; what is none goes into {KnownSecrets.File}, with the reason:\n" + string.Join('\n', wrong));
        Assert.Empty(known.Except(met).Select(mark => $"{KnownSecrets.File}: {mark} stands nowhere (any more)"));
    }

    /// <summary>Also when a later commit took it away again.</summary>
    [Fact]
    public void A_secret_that_was_committed_once_is_found()
    {
        using var folder = new Repository();
        folder.Commit("settings.json", "{ \"signingKey\": \"" + Random40 + "\" }");
        folder.Commit("settings.json", "{ }");
        var found = Assert.Single(History.Contents(folder.Path).SelectMany(one => SecretScan.Find(one.Content)));
        Assert.Equal("value of signingkey", found.Kind);
    }

    [Fact]
    public void A_known_one_needs_a_reason() =>
        Assert.Equal(["0123456789abcdef"], KnownSecrets.Read(["# a comment that is long enough", "", "0123456789abcdef an example of the documentation", "1123456789abcdef", "2123456789abcdef because"]));

    private static IReadOnlySet<string> Known() => KnownSecrets.Read(File.ReadLines(Path.Combine(HouseTests.Root, KnownSecrets.File)));

    private sealed class Repository : IDisposable
    {
        public Repository()
        {
            History.Git(Path, "init", "--quiet");
            History.Git(Path, "config", "user.name", "somebody");
            History.Git(Path, "config", "user.email", "somebody@example.com");
        }

        public string Path { get; } = Directory.CreateTempSubdirectory("replymint-history-").FullName;

        public void Commit(string file, string content)
        {
            File.WriteAllText(System.IO.Path.Combine(Path, file), content);
            Assert.NotNull(History.Git(Path, "add", "--all"));
            Assert.NotNull(History.Git(Path, "commit", "--quiet", "--message", "a change"));
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}

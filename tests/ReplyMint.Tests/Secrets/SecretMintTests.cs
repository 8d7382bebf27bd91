using System.Text.RegularExpressions;
using ReplyMint.Accounts;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Secrets;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Replies;
using ReplyMint.Tests.Security;
using Xunit;

namespace ReplyMint.Tests.Secrets;

/// <summary>Nothing that opens something can be guessed: each kind of secret that we make has at least 128 random bits, from the system's own source.</summary>
public sealed partial class SecretMintTests
{
    private const int Many = 512;

    /// <summary>Where randomness is drawn that has to be unguessable, and what of. Whoever adds a place adds it here, and a kind of secret to the tests below.</summary>
    private static readonly Dictionary<string, string> Drawn = new(StringComparer.Ordinal)
    {
        ["ReplyMint.Cli/Reach/SocketPath.cs"] = "a folder's name",
        ["ReplyMint/Accounts/Access/Pepper.cs"] = "keys of hashes",
        ["ReplyMint/Accounts/Factors/PasskeyChallenges.cs"] = "challenges",
        ["ReplyMint/Accounts/Factors/SecondFactors.cs"] = "secrets of apps, recovery codes",
        ["ReplyMint/Accounts/SignIn/SignInLinks.cs"] = "links, invitations, verifiers",
        ["ReplyMint/Console/PageCall.cs"] = "nonces of a page's script",
        ["ReplyMint/Console/PageForms.cs"] = "tokens of forms",
        ["ReplyMint/Limits/FailedTries.cs"] = "the key of a process's own marks",
        ["ReplyMint/Outbound/WebhookSignature.cs"] = "secrets of webhooks",
        ["ReplyMint/Replies/ModelPrompt.cs"] = "the fence around a mail in a prompt",
        ["ReplyMint/Secrets/Passphrase.cs"] = "passphrases",
        ["ReplyMint/Secrets/PassphraseSeal.cs"] = "salts",
        ["ReplyMint/Secrets/RecoveryKit.cs"] = "salts",
        ["ReplyMint/Security/Sealing.cs"] = "nonces",
        ["ReplyMint/Storage/BackupHeader.cs"] = "salts",
        ["ReplyMint/Storage/Ids.cs"] = "ids, API keys, refresh tokens",
        ["ReplyMint/Storage/KeyRing.cs"] = "tenants' and persons' keys",
        ["ReplyMint/Storage/MasterKey.cs"] = "master keys",
        ["ReplyMint/Storage/SealingKey.cs"] = "keys of correspondents",
    };

    /// <summary>Jitter of pauses, and names that need only be new.</summary>
    private static readonly string[] Guessable =
    [
        "ReplyMint.Aws/AwsTries.cs", "ReplyMint.Aws/DynamoCalls.cs", "ReplyMint.Cli/Doctor/MachineChecks.cs", "ReplyMint/Guide/Rehearse/InputRehearsals.cs",
        "ReplyMint/Inbound/Imap/ImapRound.cs", "ReplyMint/Inbound/Imap/ImapWatch.cs", "ReplyMint/Outbound/OutboxSender.cs", "ReplyMint/Outbound/WebhookSender.cs", "ReplyMint/Storage/StoreCommits.cs",
    ];

    public static TheoryData<string, double> Kinds => new()
    {
        { "API key", 128 }, { "sign-in link", 250 }, { "webhook secret", 250 }, { "master key", 250 }, { "passphrase", 127.9 }, { "mark in a prompt", 127.9 },
    };

    private static string Make(string kind) => kind switch
    {
        // Without its id, which is public, and its check, which follows from the rest.
        "API key" => ApiKeyText.New(true, "k" + new string('0', 20)).Text[30..^7],
        "sign-in link" => SignInLinks.NewToken(),
        "webhook secret" => Convert.ToHexStringLower(WebhookSignature.NewSecret()),
        "mark in a prompt" => ModelPrompt.User(Mails.Person("When do you open?"), []).Split("=== ")[^1].TrimEnd(),
        "master key" => Convert.ToHexStringLower(MasterKey.Random().Derive("test")),
        _ => Passphrase.Generate(),
    };

    [Theory, MemberData(nameof(Kinds))]
    public void A_secret_has_its_bits(string kind, double least) => Holds([.. Enumerable.Range(0, Many).Select(_ => Make(kind))], least);

    [Fact]
    public async Task Refresh_tokens_challenges_and_codes_have_theirs()
    {
        await using var host = await ProductHost.StartAsync();
        var user = await host.PersonAsync(Role.Member);
        var (tokens, challenges, secrets) = (new List<string>(), new List<string>(), new List<string>());
        for (var i = 0; i < 64; i++)
        {
            tokens.Add((await host.SignInAsync(user)).RefreshToken!);
            // Behind the time, and before the check.
            challenges.Add(Convert.ToHexStringLower(System.Buffers.Text.Base64Url.DecodeFromChars(await host.Get<PasskeyChallenges>().NewAsync("create", default)).AsSpan(8, 16)));
            secrets.Add(Convert.ToHexStringLower(await host.Get<SecondFactors>().ProposeTotpAsync(user, default)));
        }
        Holds(tokens, 200);
        var codes = await CodesAsync(host, user);
        // Of so few samples not each digit shows at each place.
        Holds(challenges, 120);
        Holds(secrets, 150);
        Holds(codes, 128);
    }

    /// <summary>Recovery codes, as one writes them without their dashes.</summary>
    private static async Task<List<string>> CodesAsync(ProductHost host, string user)
    {
        var factors = host.Get<SecondFactors>();
        var caller = new Caller(CallerKind.User, user, host.Tenant.Id, Permissions.Of(Role.Admin));
        var secret = await factors.ProposeTotpAsync(user, default);
        Assert.Equal(FactorResult.Done, await factors.ConfirmTotpAsync(caller, Totp.CodeAt(secret, host.Time.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds), default));
        var codes = new List<string>();
        for (var i = 0; i < 7; i++)
            codes.AddRange((await factors.NewRecoveryCodesAsync(caller, default))!.Select(code => code.Replace("-", "", StringComparison.Ordinal)));
        // What is stored of them leads to none.
        Assert.DoesNotContain((await factors.FindAsync(user, default)).Recovery, stored => codes.Contains(stored, StringComparer.Ordinal) || stored.Contains(codes[^1], StringComparison.Ordinal));
        return codes;
    }

    /// <summary>Never the same twice, and at each place so many characters as its bits ask for.</summary>
    private static void Holds(IReadOnlyList<string> made, double least)
    {
        Assert.Equal(made.Count, made.Distinct(StringComparer.Ordinal).Count());
        Assert.Single(made.Select(one => one.Length).Distinct());
        var bits = Enumerable.Range(0, made[0].Length).Sum(at => Math.Log2(made.Select(one => one[at]).Distinct().Count()));
        Assert.True(bits >= least, $"{bits} bits");
    }

    [Fact]
    public void Randomness_is_the_systems_wherever_something_must_not_be_guessed()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(HouseTests.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => (Path: Path.GetRelativePath(Path.Combine(HouseTests.Root, "src"), file), Code: File.ReadAllText(file))).Where(file => !file.Path.Contains("/obj/", StringComparison.Ordinal)).ToList();
        Assert.Equal(Drawn.Keys, sources.Where(file => file.Code.Contains("RandomNumberGenerator.", StringComparison.Ordinal)).Select(file => file.Path).Order(StringComparer.Ordinal));
        Assert.Equal(Guessable, sources.Where(file => Weak().IsMatch(file.Code)).Select(file => file.Path).Order(StringComparer.Ordinal));
    }

    /// <summary>The same of what was compiled, where no other name and no comment stands between.</summary>
    [Fact]
    public void No_secret_is_made_by_the_generator_that_can_be_guessed()
    {
        static string[] Of(IEnumerable<string> files) => [.. files.Where(file => file.StartsWith("ReplyMint/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        static string[] Callers(Func<CompiledCalls.Call, bool> which) => [.. CompiledCalls.All.Where(which).Select(call => call.File).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(Of(Drawn.Keys), Callers(call => call.Type == "RandomNumberGenerator"));
        Assert.Equal(Of(Guessable), Callers(call => call.Type == "Random" || call is { Type: "Guid", Member: "NewGuid" }));
    }

    [GeneratedRegex(@"\bRandom\.Shared\b|\bnew Random\(|\bGuid\.NewGuid\(")]
    private static partial Regex Weak();
}

using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Cli;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;

namespace ReplyMint.Tests.Aws;

/// <summary>The master key of a store on AWS: KMS wraps it, and no machine holds a file with it.</summary>
public sealed class KmsVaultTests
{
    private static readonly ItemKey s_wrapped = new(Table.Keys, KeyRing.Installation, "master-key");

    [Fact]
    public async Task The_key_is_wrapped_under_the_stores_name_and_lies_on_no_machine()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        await aws.Run.OkAsync("tenant", "add", "Acme");
        using var other = aws.Elsewhere();
        Assert.Contains("Acme", await other.OkAsync("tenant", "list"), StringComparison.Ordinal);
        foreach (var run in (CliRun[])[aws.Run, other])
            Assert.Empty(Directory.EnumerateFiles(run.Folder, "*.key*", SearchOption.AllDirectories));
        var id = await IdOfAsync(aws.Run);
        Assert.All(aws.Kms.Contexts, context => Assert.Equal($$"""{"replymint:store":"{{id}}"}""", context));
        // One to wrap it, and one for each command that opened the store.
        Assert.Single(aws.Front.Calls, "TrentService.Encrypt");
        Assert.Empty(aws.Front.Refused);
    }

    [Fact]
    public async Task A_wrapping_of_another_store_or_key_opens_nothing()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        await aws.Run.OkAsync("tenant", "add", "Acme");
        // As if somebody had put the identity of another store there: KMS is asked with its name, and refuses.
        await ChangeAsync(aws.Run, StoreIdentity.At, json => json["id"] = Ids.Random('s'));
        Assert.Contains("is not of the KMS key", await aws.Run.FailsAsync("tenant", "list"), StringComparison.Ordinal);
        using var other = aws.Elsewhere();
        other.Environment["REPLYMINT_AWS__KEY"] = aws.Kms.NewKey();
        Assert.Contains("is not of the KMS key", await other.FailsAsync("tenant", "list"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AccessDeniedException", "may not use the KMS key")]
    [InlineData("KMSInvalidStateException", "is disabled or about to be deleted")]
    [InlineData("DisabledException", "is disabled or about to be deleted")]
    [InlineData("NotFoundException", "There is no KMS key")]
    public async Task Why_KMS_does_not_open_it_is_told(string error, string told)
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        await aws.Run.OkAsync("tenant", "add", "Acme");
        aws.Kms.Fails = error;
        var said = await aws.Run.FailsAsync("tenant", "list");
        Assert.Contains(told, said, StringComparison.Ordinal);
        Assert.Single(said.TrimEnd().Split('\n'));
        aws.Kms.Fails = null;
        await aws.Run.OkAsync("tenant", "list");
    }

    [Fact]
    public async Task The_master_key_is_changed_and_nothing_of_the_old_one_is_left()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        await aws.Run.OkAsync("tenant", "add", "Acme");
        var before = await ReadAsync(aws.Run, s_wrapped);
        Assert.Contains("lies in no file", await aws.Run.FailsAsync("secrets", "rotate", "master-key", "--new-key", "/tmp/any"), StringComparison.Ordinal);
        var said = await aws.Run.OkAsync("secrets", "rotate", "master-key");
        Assert.Contains("2 tenants' keys were wrapped anew", said, StringComparison.Ordinal);
        Assert.Contains("nothing is left of the old one", said, StringComparison.Ordinal);
        var (after, identity) = (await ReadAsync(aws.Run, s_wrapped), await ReadAsync(aws.Run, StoreIdentity.At));
        var only = Assert.Single(after["keys"]!.AsArray());
        Assert.Equal((string?)identity["keyCheck"], (string?)only!["check"]);
        Assert.NotEqual((string?)before["keys"]![0]!["check"], (string?)only["check"]);
        using var other = aws.Elsewhere();
        Assert.Contains("Acme", await other.OkAsync("tenant", "list"), StringComparison.Ordinal);
        Assert.Contains("master-key", await other.OkAsync("secrets", "list"), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(aws.Run.Folder, "*.key*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_main_table_of_before_a_change_opens_with_the_keys_of_now()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        await aws.Run.OkAsync("tenant", "add", "Acme");
        var before = (string)(await ReadAsync(aws.Run, StoreIdentity.At))["keyCheck"]!;
        await aws.Run.OkAsync("secrets", "rotate", "master-key");
        var now = (string)(await ReadAsync(aws.Run, StoreIdentity.At))["keyCheck"]!;
        await ChangeAsync(aws.Run, StoreIdentity.At, json => json["keyCheck"] = before);
        Assert.Contains("Acme", await aws.Run.OkAsync("tenant", "list"), StringComparison.Ordinal);
        Assert.Equal(now, (string?)(await ReadAsync(aws.Run, StoreIdentity.At))["keyCheck"]);
    }

    [Fact]
    public async Task A_kit_brings_the_store_back_when_its_KMS_key_is_lost()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        await aws.Run.OkAsync("tenant", "add", "Acme");
        var kit = Path.Combine(aws.Run.Folder, "kit.txt");
        // A passphrase is stretched three times here, which is slow on purpose.
        aws.Run.Patience = TimeSpan.FromMinutes(3);
        var passphrase = (await aws.Run.OkAsync("secrets", "recovery-kit", kit, "--generate")).TrimEnd().Split('\n')[^1];
        aws.Run.Environment["REPLYMINT_AWS__KEY"] = aws.Kms.NewKey();
        Assert.Contains("is not of the KMS key", await aws.Run.FailsAsync("tenant", "list"), StringComparison.Ordinal);
        aws.Run.Write("wrong", "ten other words that open nothing at all");
        Assert.Contains("does not open", await aws.Run.FailsAsync("secrets", "restore-key", kit, "--passphrase-file", Path.Combine(aws.Run.Folder, "wrong")), StringComparison.Ordinal);
        aws.Run.Write("right", passphrase);
        await aws.Run.OkAsync("secrets", "restore-key", kit, "--passphrase-file", Path.Combine(aws.Run.Folder, "right"));
        Assert.Contains("Acme", await aws.Run.OkAsync("tenant", "list"), StringComparison.Ordinal);
        await aws.Run.OkAsync("secrets", "rotate", "master-key");
        Assert.Contains("another master key", await aws.Run.FailsAsync("secrets", "restore-key", kit, "--passphrase-file", Path.Combine(aws.Run.Folder, "right")), StringComparison.Ordinal);
    }

    private static async Task<string> IdOfAsync(CliRun run) => (string)(await ReadAsync(run, StoreIdentity.At))["id"]!;

    /// <summary>What lies there, past the product.</summary>
    private static Task<JsonNode> ReadAsync(CliRun run, ItemKey key) => OnTablesAsync(run, async store => JsonNode.Parse((await store.GetAsync(key, default))!.Value.Span)!);

    private static Task<bool> ChangeAsync(CliRun run, ItemKey key, Action<JsonNode> change) => OnTablesAsync(run, async store =>
    {
        var item = (await store.GetAsync(key, default))!;
        var json = JsonNode.Parse(item.Value.Span)!;
        change(json);
        return await store.CommitAsync(new Commit().Put(key, System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()), Condition.Same(item)), default) == CommitResult.Committed;
    });

    private static async Task<T> OnTablesAsync<T>(CliRun run, Func<IStore, Task<T>> work)
    {
        using var aws = new ReplyMint.Aws.AwsServices(AwsCli.SettingsOf(run), run.Environment.GetValueOrDefault, TimeProvider.System);
        await using var store = aws.Store();
        return await work(store);
    }
}

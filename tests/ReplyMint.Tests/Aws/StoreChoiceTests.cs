using System.Text.Json.Nodes;
using ReplyMint.Cli;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Cli;

namespace ReplyMint.Tests.Aws;

/// <summary>A setting chooses where the store lies. The embedded one is what holds when nothing is said.</summary>
public sealed class StoreChoiceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_said_is_the_embedded_store()
    {
        using var cli = CliRun.OnStore();
        cli.Environment["AWS_REGION"] = "eu-west-3";
        await cli.OkAsync("tenant", "add", "Acme");
        Assert.True(File.Exists(Path.Combine(cli.Folder, "data", "db", "replymint.db")));
        var shown = JsonNode.Parse(await cli.OkAsync("settings", "show"))!;
        Assert.Equal("embedded", (string?)shown["store"]);
        Assert.Equal("eu-west-3", (string?)shown["aws"]!["region"]);
        cli.Environment["REPLYMINT_AWS__REGION"] = "eu-north-1";
        Assert.Equal("eu-north-1", (string?)JsonNode.Parse(await cli.OkAsync("settings", "show"))!["aws"]!["region"]);
    }

    [Fact]
    public async Task What_one_machine_does_to_the_shared_store_another_one_sees()
    {
        await using var aws = await AwsCli.StartAsync();
        Assert.Contains("there is no store in the tables", await aws.Run.FailsAsync("tenant", "list", "--store", "aws"), StringComparison.Ordinal);
        await aws.Run.OkAsync("tenant", "add", "Acme", "--store", "aws");
        using var other = aws.Elsewhere();
        other.Environment["REPLYMINT_STORE"] = "aws";
        Assert.Contains("Acme", await other.OkAsync("tenant", "list"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(aws.Run.Folder, "data", "db", "replymint.db")));
        Assert.Empty(aws.Front.Refused);
        Assert.Contains("DynamoDB_20120810.TransactWriteItems", aws.Front.Calls);
    }

    [Fact]
    public async Task A_command_works_beside_a_running_server_and_both_see_the_same()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        var settings = aws.Run.OfServer with
        {
            Store = StoreKind.Aws,
            Aws = AwsCli.SettingsOf(aws.Run),
        };
        await using var server = await ServerProcess.StartAsync(settings, aws.Run.Host(TextWriter.Null, TextWriter.Null), Ct);
        // No lock, and no socket by which the command would go to the server.
        Assert.False(File.Exists(Path.Combine(aws.Run.Folder, "data", "run", "control.sock")));
        await aws.Run.OkAsync("tenant", "add", "Acme");
        using var client = new HttpClient { BaseAddress = new(server.Url) };
        Assert.Equal(200, (int)(await client.GetAsync(new Uri("/ready", UriKind.Relative), Ct)).StatusCode);
        // A second server is not kept out either.
        await using var second = await ServerProcess.StartAsync(settings with { Data = Path.Combine(aws.Run.Folder, "data2") }, aws.Run.Host(TextWriter.Null, TextWriter.Null), Ct);
        Assert.Contains("Acme", await aws.Run.OkAsync("tenant", "list"), StringComparison.Ordinal);
        Assert.Empty(aws.Front.Refused);
    }

    [Fact]
    public async Task Who_has_no_role_or_another_one_is_told_in_one_line()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["AWS_SECRET_ACCESS_KEY"] = "another";
        Assert.Contains("the store on AWS can't be opened: DynamoDB did not carry out GetItem: InvalidSignatureException", await aws.Run.FailsAsync("tenant", "add", "Acme", "--store", "aws"), StringComparison.Ordinal);
        Assert.Contains("the signature does not fit", Assert.Single(aws.Front.Refused), StringComparison.Ordinal);
        aws.Run.Environment.Remove("AWS_SECRET_ACCESS_KEY");
        aws.Run.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        var said = await aws.Run.FailsAsync("tenant", "list", "--store", "aws");
        Assert.Contains("NoCredentials", said, StringComparison.Ordinal);
        Assert.Single(said.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Backups_of_the_data_folder_are_not_for_a_shared_store()
    {
        await using var aws = await AwsCli.StartAsync();
        aws.Run.Environment["REPLYMINT_STORE"] = "aws";
        await aws.Run.OkAsync("tenant", "add", "Acme");
        Assert.Contains("only the embedded store is copied so", await aws.Run.FailsAsync("backup", "create", "--to", Path.Combine(aws.Run.Folder, "backups")), StringComparison.Ordinal);
        Assert.Equal(2, await aws.Run.RunAsync("settings", "show", "--set", "backup.folder=/var/backups"));
        Assert.Contains("backup.folder is for the embedded store", aws.Run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("endpoint", "http://127.0.0.1:4566", "production")]
    [InlineData("endpoint", "http://127.0.0.1:4566", "staging")]
    [InlineData("endpoint", "https://127.0.0.1:4566", "development")]
    [InlineData("endpoint", "http://stand-in.example:4566", "development")]
    [InlineData("endpoint", "http://127.0.0.1.example.com/", "development")]
    [InlineData("endpoint", "http://169.254.169.254/", "development")]
    [InlineData("endpoint", "http://user@127.0.0.1:4566/", "development")]
    [InlineData("endpoint", "http://127.0.0.1:4566/folder", "development")]
    [InlineData("region", "eu central", "production")]
    [InlineData("region", "evil.example/", "production")]
    [InlineData("tablePrefix", "a/b", "production")]
    [InlineData("bucket", "mails.example.com", "production")]
    [InlineData("bucket", "m", "production")]
    [InlineData("queue", "http://sqs.eu-central-1.amazonaws.com/1/wake", "production")]
    [InlineData("eraseQueue", "https://sqs.eu-central-1.amazonaws.com/", "production")]
    [InlineData("parameters", "replymint", "production")]
    [InlineData("parameters", "/replymint/", "production")]
    [InlineData("parameters", "/a b", "production")]
    [InlineData("key", "alias/replymint", "production")]
    [InlineData("key", "arn:aws:kms:eu-central-1:123456789012:alias/replymint", "production")]
    [InlineData("key", "arn:aws:kms:us-east-1:123456789012:key/0a1b", "production")]
    [InlineData("key", "arn:aws:s3:eu-central-1:123456789012:key/0a1b", "production")]
    [InlineData("topic", "arn:aws:sns:eu-central-1:1234:alerts", "production")]
    public void What_a_setting_may_not_be(string member, string value, string environment)
    {
        var good = Good(DeploymentEnvironments.Parse(environment)!.Value);
        Assert.Empty(good.Problems());
        var wrong = member switch
        {
            "endpoint" => good.Aws with { Endpoint = value },
            "region" => good.Aws with { Region = value, Key = good.Aws.Key!.Replace("eu-central-1", value, StringComparison.Ordinal), Topic = null },
            "tablePrefix" => good.Aws with { TablePrefix = value },
            "bucket" => good.Aws with { Bucket = value },
            "queue" => good.Aws with { Queue = value },
            "eraseQueue" => good.Aws with { EraseQueue = value },
            "parameters" => good.Aws with { Parameters = value },
            "key" => good.Aws with { Key = value },
            _ => good.Aws with { Topic = value },
        };
        Assert.StartsWith($"aws.{member} ", Assert.Single((good with { Aws = wrong }).Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_on_AWS_names_its_region_tables_and_bucket()
    {
        var problems = (Good(DeploymentEnvironment.Production) with { Aws = new() }).Problems().ToList();
        Assert.Equal(["aws.region", "aws.tablePrefix", "aws.bucket", "aws.key"], problems.Select(problem => problem.Split(' ')[0]));
        Assert.Empty((Good(DeploymentEnvironment.Development) with { Aws = Good(DeploymentEnvironment.Development).Aws with { Endpoint = "http://[::1]:4566" } }).Problems());
        var same = "https://sqs.eu-central-1.amazonaws.com/123456789012/replymint";
        Assert.StartsWith("outbound.channel: \"file\" writes", Assert.Single((Good(DeploymentEnvironment.Production) with { Outbound = new() }).Problems()), StringComparison.Ordinal);
        Assert.StartsWith("aws.eraseQueue must be another queue", Assert.Single((Good(DeploymentEnvironment.Production) with { Aws = Good(DeploymentEnvironment.Production).Aws with { Queue = same, EraseQueue = same } }).Problems()), StringComparison.Ordinal);
    }

    private static ReplyMintSettings Good(DeploymentEnvironment environment) => new()
    {
        Environment = environment, Store = StoreKind.Aws, Outbound = new() { Channel = "ses" },
        Aws = new()
        {
            Region = "eu-central-1", TablePrefix = "replymint-production-", Bucket = "replymint-production-123", Queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/wake",
            EraseQueue = "https://sqs.eu-central-1.amazonaws.com/123456789012/erase", Parameters = "/replymint/production",
            Key = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555", Topic = "arn:aws:sns:eu-central-1:123456789012:alerts",
        },
    };
}

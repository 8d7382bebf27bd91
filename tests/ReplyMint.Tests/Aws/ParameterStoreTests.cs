using System.Text;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Aws;
using ReplyMint.Cli;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>Secrets in SSM Parameter Store.</summary>
public sealed class ParameterStoreTests : IAsyncLifetime
{
    private const string Root = "/replymint/test", First = "kQ8vN2xR7wLz4TpY1", Second = "bH5mC9sD3fGj6KuE0";

    private static readonly AwsPatience s_patience = new(TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(200));
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private AwsFront _front = null!;
    private AwsServices _aws = null!;
    private SsmDouble _ssm = null!;
    private SecretSource _secrets = null!;
    private ParameterStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _front = await AwsFront.StartAsync(null);
        _ssm = new(_front);
        var settings = new AwsSettings { Region = AwsFront.Region, Endpoint = _front.Address.ToString(), Parameters = Root };
        _aws = new(settings, _front.Environment.GetValueOrDefault, TimeProvider.System);
        _store = new(new(_aws.Client("ssm"), "AmazonSSM.", s_patience, TimeProvider.System), settings, _time);
        _secrets = new(null, null, _store.Door);
    }

    public async ValueTask DisposeAsync()
    {
        _aws.Dispose();
        await _front.DisposeAsync();
    }

    private SecretReading Read(string name = "mailgun") => _secrets.Read("mailgun.signingKey", "parameter:" + name);

    [Fact]
    public void A_value_is_read_by_its_exact_name_and_again_after_five_minutes()
    {
        _ssm.Set($"{Root}/mailgun", First);
        Assert.Equal(First, Read().Value);
        Assert.NotNull(Read().Since);
        _ssm.Set($"{Root}/mailgun", Second);
        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.Equal(First, Read().Value);
        Assert.Single(_ssm.Asked);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Second, Read().Value);
        Assert.Equal(2, _ssm.Asked.Count);
        Assert.Empty(_front.Refused);
    }

    [Fact]
    public void A_good_value_stays_while_it_can_not_be_read_anew_and_goes_when_it_is_removed()
    {
        _ssm.Set($"{Root}/mailgun", First);
        Assert.Equal(First, Read().Value);
        _ssm.Fails = "InternalServerError";
        for (var day = 0; day < 3; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            Assert.Equal(First, Read().Value);
        }
        var asked = _front.Calls.Count;
        Assert.Equal(First, Read().Value);
        // Who asks again at once gets what is known.
        Assert.Equal(asked, _front.Calls.Count);
        _ssm.Fails = null;
        _ssm.Remove($"{Root}/mailgun");
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal((null, "mailgun.signingKey: there is no parameter /replymint/test/mailgun. Put it there with: replymint secrets set parameter:mailgun"), (Read().Value, Read().Problem));
    }

    [Fact]
    public async Task At_most_ten_are_asked_for_at_once()
    {
        var names = Enumerable.Range(0, 23).Select(i => $"key{i}").ToList();
        foreach (var name in names)
            _ssm.Set($"{Root}/{name}", First + name);
        await _store.LoadAsync([.. names, names[0]], default);
        Assert.Equal([10, 10, 3], _ssm.Asked);
        Assert.All(names, name => Assert.Equal(First + name, Read(name).Value));
        Assert.Equal(3, _ssm.Asked.Count);
    }

    [Theory]
    [InlineData("changeme-changeme", "SecureString", "looks like a placeholder")]
    [InlineData("k9x2", "SecureString", "is shorter than")]
    [InlineData(First, "String", "is no SecureString")]
    [InlineData(null, "", "there is no parameter")]
    public void What_is_weak_or_lies_in_the_clear_or_is_missing_is_refused(string? value, string type, string told)
    {
        if (value is not null)
            _ssm.Set($"{Root}/mailgun", value, type);
        Assert.Null(Read().Value);
        Assert.Contains(told, Read().Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(value ?? "-", Read().Problem!.Replace("parameter", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_the_role_may_not_read_takes_no_other_with_it()
    {
        _ssm.Set($"{Root}/mailgun", First);
        _ssm.Set($"{Root}/model", Second);
        _ssm.Forbidden.Add($"{Root}/model");
        await _store.LoadAsync(["mailgun", "model"], default);
        Assert.Equal(First, Read().Value);
        Assert.Contains("can't be read (the role may not)", Read("model").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_path_nothing_is_asked()
    {
        Assert.Equal("mailgun.signingKey: names a parameter, but Parameter Store is not open here.", new SecretSource(null).Read("mailgun.signingKey", "parameter:mailgun").Problem);
        Assert.Contains("a parameter's name has", new SecretSource(null, null, _store.Door).Read("x", "parameter:../other/mailgun").Problem, StringComparison.Ordinal);
        var settings = new ReplyMintSettings { Mailgun = new() { SigningKey = "parameter:mailgun" } };
        Assert.StartsWith("mailgun.signingKey names a parameter, but", Assert.Single(settings.Problems()), StringComparison.Ordinal);
        Assert.Empty((settings with { Aws = new() { Region = "eu-central-1", Parameters = Root } }).Problems());
        Assert.Empty(_front.Calls);
    }

    [Fact]
    public async Task A_command_sets_one_and_lists_it_and_never_shows_it()
    {
        await using var aws = await AwsCli.StartAsync();
        var ssm = new SsmDouble(aws.Front);
        foreach (var (name, value) in new[] { ("STORE", "aws"), ("AWS__PARAMETERS", Root), ("AWS__PARAMETERS_KEY", "alias/replymint-data"), ("MAILGUN__SIGNING_KEY", "parameter:mailgun") })
            aws.Run.Environment["REPLYMINT_" + name] = value;
        await aws.Run.OkAsync("tenant", "add", "Acme");
        Assert.Contains("there is no parameter", await aws.Run.OkAsync("secrets", "list", "--problems"), StringComparison.Ordinal);
        aws.Run.Input = "changeme\n";
        Assert.Contains("the secret is shorter", await aws.Run.FailsAsync("secrets", "set", "parameter:mailgun"), StringComparison.Ordinal);
        aws.Run.Input = First + "\n";
        Assert.Contains("within five minutes", await aws.Run.OkAsync("secrets", "set", "parameter:mailgun"), StringComparison.Ordinal);
        Assert.Equal((First, "SecureString", "alias/replymint-data", true), ((string?)ssm.LastPut!["Value"], (string?)ssm.LastPut["Type"], (string?)ssm.LastPut["KeyId"], (bool?)ssm.LastPut["Overwrite"]));
        var listed = await aws.Run.OkAsync("secrets", "list");
        Assert.Contains("parameter:mailgun", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("there is no parameter", listed, StringComparison.Ordinal);
        Assert.DoesNotContain(First, listed, StringComparison.Ordinal);
        Assert.Contains("Parameter Store", await aws.Run.FailsAsync("secrets", "show", "parameter:mailgun"), StringComparison.Ordinal);
        Assert.Contains("only whoever gives out", await aws.Run.FailsAsync("secrets", "rotate", "parameter:mailgun"), StringComparison.Ordinal);
        Assert.Contains("secret.change", await aws.Run.OkAsync("audit", "list", "--installation"), StringComparison.Ordinal);
        Assert.Empty(aws.Front.Refused);
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Aws;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>Functions in environments of their own, on one store and one queue: DynamoDB, S3 and SQS.</summary>
public sealed class LambdaSharedTests : IAsyncLifetime
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private readonly AwsInstallation _aws = new();
    private SqsBench _queues = null!;
    private LambdaBench _first = null!;
    private LambdaBench _second = null!;

    public async ValueTask InitializeAsync()
    {
        _queues = await SqsBench.OpenAsync();
        _first = await LambdaBench.StartAsync(aws: _aws);
    }

    public async ValueTask DisposeAsync()
    {
        if (_second is not null)
            await _second.DisposeAsync();
        await _first.DisposeAsync();
        _queues.Dispose();
        await _aws.DisposeAsync();
    }

    private Task<LambdaBench.Running> RunAsync(LambdaBench where, LambdaFunction function) =>
        where.RunAsync(function, services => services.AddSingleton<IWorkQueue>(_queues.WakeUps(where.Time)));

    [Fact]
    public async Task A_mail_goes_from_one_environment_to_another_and_is_answered_once_though_its_message_comes_twice()
    {
        var api = await RunAsync(_first, LambdaFunction.Api);
        await _first.FillAsync(api.Services, Faq);
        await api.Get<Tenants>().ChangeAsync(_first.Tenant.Id, tenant => tenant with { AnswersVouched = true }, Actor.Machine, new Dictionary<string, string>(), default);
        var key = await api.Get<ApiKeys>().CreateAsync(_first.Tenant.Id, new ApiKeyWish { Name = "A key", Scopes = ["messages:write"] }, Actor.Machine.Id, Actor.Machine, default);
        var mail = Encoding.UTF8.GetBytes($"From: Anna <anna@customer.example>\r\nTo: {LambdaBench.Address}\r\nSubject: Delivery\r\nMessage-ID: <1@customer.example>\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\n\r\nHow long does delivery take?\r\n");
        var taken = await api.AskAsync(new("POST", "/api/v1/messages") { Headers = [("X-API-Key", key.Text!), ("Content-Type", "message/rfc822")], Query = [("to", LambdaBench.Address), ("from", "anna@customer.example")], Body = mail });
        Assert.True(taken.Status == 202, taken.Text);
        await api.AskAsync(new("GET", "/health"));

        _second = await LambdaBench.StartAsync(aws: _aws, beside: _first);
        var (one, other) = (await RunAsync(_second, LambdaFunction.Worker), await RunAsync(_first, LambdaFunction.Worker));
        var messages = await _queues.ReceiveAsync(_queues.Queues.Wake);
        var @event = QueueEvent.Of([.. messages]);
        Assert.All(await Task.WhenAll(one.SendAsync(@event), other.SendAsync(@event)), answer => Assert.Empty(QueueEvent.Failed(answer)));

        var found = (await one.Get<Messages>().FindAsync(_first.Tenant.Id, (string)JsonNode.Parse(taken.Text)!["id"]!, default))!.Record;
        Assert.True(found.State == MessageState.Answered, string.Join(' ', found.Reasons));
        Assert.Single(Directory.GetFiles(_first.OutFolder, "*.eml").Concat(Directory.GetFiles(_second.OutFolder, "*.eml")));
    }

    [Fact]
    public async Task What_another_process_changed_while_this_one_slept_is_known_to_the_next_event()
    {
        var api = await RunAsync(_first, LambdaFunction.Api);
        await _first.FillAsync(api.Services);
        await api.AskAsync(new("GET", "/health"));
        _second = await LambdaBench.StartAsync(aws: _aws, beside: _first);
        await _second.Store.Store.RetryAsync((commit, ct) => _second.Store.Secrets.SetAsync(commit, "webhook", "a secret of forty characters or a few more"u8.ToArray(), _second.Time.GetUtcNow(), ct), default);
        Assert.Null(_first.Store.Secrets.Read("webhook"));
        _first.Time.Advance(TimeSpan.FromHours(3));
        await api.AskAsync(new("GET", "/health"));
        Assert.NotNull(_first.Store.Secrets.Read("webhook"));
    }
}

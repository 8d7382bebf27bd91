using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Aws;
using ReplyMint.Cli;
using ReplyMint.Knowledge;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Limits;
using ReplyMint.Tests.Security;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>A store and functions on it, each in its own loop against a Runtime API on a real socket, the clock in the test's hand.</summary>
internal sealed class LambdaBench : IAsyncDisposable
{
    public const string Address = "support@shop.example";

    private readonly TemporaryFolder _folder;
    private readonly List<Running> _running = [];
    private OpenStore _open = null!;

    private LambdaBench(TemporaryFolder folder) => _folder = folder;

    public FakeTimeProvider Time { get; private init; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private BucketFiles? _files;

    public ReplyMintSettings Settings { get; private set; } = null!;
    public OpenStore Store => _open;
    public Tenant Tenant { get; private set; } = null!;
    public Mailbox Mailbox { get; private set; } = null!;

    /// <summary>What the functions logged.</summary>
    public LogLines Log { get; } = new();

    public string OutFolder => _open.Folder.Out;

    /// <param name="settings">Changes the usual ones.</param>
    /// <param name="aws">Where the store lies, in place of the data folder.</param>
    /// <param name="beside">Another environment on the same store, with what it was filled with.</param>
    public static async Task<LambdaBench> StartAsync(Func<ReplyMintSettings, ReplyMintSettings>? settings = null, AwsInstallation? aws = null, LambdaBench? beside = null)
    {
        var bench = beside is null ? new LambdaBench(new()) : new LambdaBench(AwsInstallation.Beside(beside._folder)) { Time = beside.Time, Tenant = beside.Tenant, Mailbox = beside.Mailbox };
        var chosen = new ReplyMintSettings { Environment = DeploymentEnvironment.Development, Requests = Roomy.Limits, Http = new() { PublicUrl = "https://api.shop.example" } };
        bench.Settings = settings?.Invoke(chosen) ?? chosen;
        var (data, config) = (DataFolder.Open(bench._folder.Sub("data")), bench._folder.Sub("config"));
        bench._open = aws is not null ? await aws.OpenAsync(data, config, bench.Time) : AwsInstallation.IsAsked ? await AwsInstallation.Of(bench._folder.Path).OpenAsync(data, config, bench.Time)
            : await OpenStore.OpenAsync(data, config, new MasterKeySettings(), bench.Time, default);
        if (bench._open.Store.IsShared)
            bench._files = await (aws ?? AwsInstallation.Of(bench._folder.Path)).FilesAsync();
        return bench;
    }

    /// <summary>A tenant with a mailbox that answers by itself.</summary>
    public async Task FillAsync(IServiceProvider services, string? knowledge = null)
    {
        Tenant = await services.GetRequiredService<Tenants>().AddAsync("shop", Actor.Machine, default);
        var mailbox = new Mailbox { Id = Ids.Random('m'), TenantId = Tenant.Id, Address = Address, DisplayName = "Shop support", Mode = MailboxMode.Automatic, Signature = "Your shop team" };
        var (result, added) = await services.GetRequiredService<Mailboxes>().AddAsync(mailbox, Actor.Machine, default);
        Assert.Equal(ClaimResult.Claimed, result);
        Mailbox = added!;
        if (knowledge is not null)
            await services.GetRequiredService<KnowledgeStore>().AddAsync(Tenant.Id, PassageReader.Read("faq.md", System.Text.Encoding.UTF8.GetBytes(knowledge)), Actor.Machine, default);
    }

    public async Task<Running> RunAsync(LambdaFunction function, Action<IServiceCollection>? services = null)
    {
        var rooms = await LambdaHost.BuildAsync(function, Settings, new OpenInstallation(_open, null), added =>
        {
            added.AddSingleton<TimeProvider>(Time).AddLogging(logging => logging.ClearProviders().AddProvider(Log));
            if (_files is not null)
                added.AddSingleton(_files);
            services?.Invoke(added);
        });
        var running = new Running(rooms, Time);
        _running.Add(running);
        return running;
    }

    /// <summary>The function that was started first.</summary>
    public Running First => _running[0];

    public async ValueTask DisposeAsync()
    {
        foreach (var running in _running)
            await running.DisposeAsync();
        await _open.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>One function.</summary>
    internal sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
        private readonly LambdaHost _rooms;
        private readonly TimeProvider _time;
        private readonly Task _loop;

        public Running(LambdaHost rooms, TimeProvider time)
        {
            (_rooms, _time) = (rooms, time);
            _loop = new LambdaRuntime(_http, Api.Address, time, rooms.Services.GetRequiredService<ILogger<LambdaRuntime>>()).RunAsync(rooms.TakeAsync, rooms.RestAsync, _stop.Token);
        }

        public RuntimeApi Api { get; } = new();
        public IServiceProvider Services => _rooms.Services;

        public T Get<T>() where T : notnull => Services.GetRequiredService<T>();

        public Task<RuntimeAnswer> SendAsync(string @event, TimeSpan? left = null) => Api.SendAsync(@event, _time.GetUtcNow() + (left ?? TimeSpan.FromSeconds(30)));

        /// <summary>What the gateway makes of the answer.</summary>
        public async Task<RestAnswer> AskAsync(RestEvent asked, TimeSpan? left = null)
        {
            var answer = await SendAsync(asked.Json(), left);
            Assert.True(answer.ErrorType is null, answer.Body);
            return new(JsonNode.Parse(answer.Body)!);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _loop;
            await _rooms.DisposeAsync();
            await Api.DisposeAsync();
            _http.Dispose();
            _stop.Dispose();
        }
    }
}

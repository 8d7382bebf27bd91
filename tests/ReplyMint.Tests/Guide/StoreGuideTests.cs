using ReplyMint.Audit;
using ReplyMint.Guide;
using ReplyMint.Incidents;
using ReplyMint.Secrets;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Guide;

/// <summary>The guide looks at good settings and a good store and finds nothing; at others it names what is wrong.</summary>
public sealed class StoreGuideTests(StoreGuideTests.GoodStore good) : IClassFixture<StoreGuideTests.GoodStore>
{
    private static readonly IReadOnlyList<Control> Kept = [.. Catalogue.All.Where(control => control.Checks.Any(check => check.AtStore is not null))];

    public static TheoryData<string> Settings => [.. StoreMutants.All.Where(mutant => mutant.Change is null).Select(mutant => mutant.Name)];

    public static TheoryData<string> Stores => [.. StoreMutants.All.Where(mutant => mutant.Change is not null).Select(mutant => mutant.Name)];

    /// <summary>One for all that only look.</summary>
    public sealed class GoodStore : IAsyncLifetime
    {
        internal ProductHost Host { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Host = await StartAsync();

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }

    private static async Task<ProductHost> StartAsync()
    {
        var host = await ProductHost.StartAsync();
        foreach (var kind in RecordKinds.Repeated)
            await host.Get<Records>().AddAsync(kind, "somebody", "done", null, default);
        await host.Get<SettingsChanges>().LookAsync(null, default);
        // That a kit was made; making one takes 128 MB and its time.
        var identity = (await StoreIdentity.ReadAsync(host.Get<IStore>(), default))!.Value.Value;
        await host.Get<IStore>().CommitAsync(new Commit().Put(ItemKey.Main(KeyRing.Installation, "recovery-kit"), StoredJson.Write(new KitRecord(1, host.Time.GetUtcNow(), identity.KeyCheck), SecretsJson.Default.KitRecord), Condition.Any), default);
        await host.Get<IStore>().CommitAsync(new Commit().Put(ItemKey.Main(KeyRing.Installation, "backup-state"), StoredJson.Write(new BackupState(1, Data: new(host.Time.GetUtcNow(), "data", 1), Keys: new(host.Time.GetUtcNow(), "keys", 1)), BackupJson.Default.BackupState), Condition.Any), default);
        Assert.Null(await host.Get<SecretDesk>().SetAsync("mailgun", Ids.Random('s') + Ids.Random('s'), default, Actor.Machine, default));
        return host;
    }

    private static async Task<IReadOnlyList<Judgement>> LookAsync(ProductHost host, StoreMutant mutant)
    {
        var outcomes = await GuideRun.AtStoreAsync(Kept, mutant.With(new StoreLook(host.Services, mutant.Settings(StoreMutants.Good)) { Decide = mutant.Decide, Variable = mutant.Variable, Built = host.Time.GetUtcNow() - mutant.Age }), default);
        return GuideRun.Judge(Kept, check => outcomes.GetValueOrDefault(check), _ => "not looked at");
    }

    private static void Holds(StoreMutant mutant, IReadOnlyList<Judgement> judged)
    {
        Assert.All(mutant.Controls.Take(1), id => Assert.Contains(judged.Single(one => one.Control.Id == id).Findings, finding => finding.Look == mutant.At && finding.Outcome.Verdict is Verdict.Fail or Verdict.Warn));
        Names(mutant, judged);
    }

    private static void Names(StoreMutant mutant, IReadOnlyList<Judgement> judged) => Assert.True(
        judged.Where(one => one.Counts || (one.Verdict == Verdict.NotChecked)).Select(one => one.Control.Id).ToHashSet(StringComparer.Ordinal).SetEquals(mutant.Controls),
        string.Join('\n', judged.SelectMany(one => one.Findings.Where(finding => finding.Outcome.Verdict is not Verdict.Pass && finding.Look is Look.Config or Look.Record).Select(finding => $"{one.Control.Id} {finding.Outcome}"))));

    private static StoreMutant Named(string name) => StoreMutants.All.Single(mutant => mutant.Name == name);

    [Fact]
    public async Task Good_settings_and_a_good_store_pass()
    {
        var judged = await LookAsync(good.Host, new("nothing"));
        Holds(new("nothing"), judged);
        Assert.All(judged, one => Assert.Equal(Verdict.Pass, one.Verdict));
    }

    /// <summary>What nobody made yet can't be wrong, and did not show that it is right.</summary>
    [Fact]
    public async Task What_is_not_there_yet_is_no_pass()
    {
        await using var host = await ProductHost.StartAsync();
        var judged = await LookAsync(host, new("fresh") { Settings = settings => settings with { Smtp = settings.Smtp with { Enabled = false } } });
        foreach (var (id, at, verdict) in new[]
        {
            ("IR-5", Look.Config, Verdict.NotChecked), ("IR-6", Look.Record, Verdict.NotApplicable), ("SEC-3", Look.Config, Verdict.NotApplicable), ("MAIL-6", Look.Config, Verdict.NotApplicable),
        })
            Assert.Equal(verdict, judged.Single(one => one.Control.Id == id).Findings.Single(finding => finding.Look == at).Outcome.Verdict);
    }

    [Theory, MemberData(nameof(Settings))]
    public async Task Settings_that_lack_something_are_named(string name) => Holds(Named(name), await LookAsync(good.Host, Named(name)));

    [Theory, MemberData(nameof(Stores))]
    public async Task A_store_that_lacks_something_is_named(string name)
    {
        await using var host = await StartAsync();
        await Named(name).Change!(host);
        Holds(Named(name), await LookAsync(host, Named(name)));
    }

    [Fact]
    public async Task What_only_matters_where_it_runs_for_real_is_not_asked_of_a_developer()
    {
        await using var host = await ProductHost.StartAsync();
        var judged = await LookAsync(host, new("a developer's")
        {
            Settings = settings => settings with { Http = new() { Environment = ReplyMint.Security.DeploymentEnvironment.Development, Urls = ["http://localhost:8080"] }, Notices = new(), Backup = new(), Audit = new(), Outbound = new() },
        });
        Assert.DoesNotContain(judged, one => one.Counts);
    }
}

using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Privacy;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Privacy;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>What was admitted of an erased correspondent's answers is in every backup of before: a restore does not bring it back into the knowledge.</summary>
public sealed class RestoredPastAnswersTests : IDisposable
{
    private const string Anna = "anna@customer.example", Ben = "ben@customer.example";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly RestoredHouse _house = new();
    private readonly TemporaryFolder _anchors = new();

    public void Dispose()
    {
        _house.Dispose();
        _anchors.Dispose();
    }

    [Fact]
    public async Task What_was_admitted_of_an_erased_correspondent_does_not_come_back()
    {
        var host = await StartAsync();
        var (annas, bens) = (await AdmitAsync(host, Anna, "The workshop repairs wooden chairs of all kinds."), await AdmitAsync(host, Ben, "The workshop paints iron gates of all kinds."));
        Assert.Equal(((string[])[annas, bens, "faq.md"]).Order(StringComparer.Ordinal), await KnownAsync(host));
        var made = await _house.Backups.CreateAsync(host);
        _house.Time.Advance(TimeSpan.FromMinutes(1));
        await host.FinishAsync(await host.Get<Erasures>().CorrespondentAsync(host.Tenant.Id, Anna, Actor.Machine, Ct));
        Assert.Equal([bens, "faq.md"], await KnownAsync(host));
        await ProductHost.EventuallyAsync(() =>
        {
            _house.Time.Advance(TimeSpan.FromSeconds(30));
            return Task.FromResult(Directory.GetFiles(_anchors.Sub("erasure"), "*", SearchOption.AllDirectories).Length > 0 ? "" : null);
        });
        await _house.RestoreAsync(host, made, TimeSpan.FromHours(1));
        Assert.Contains("1 erasures were looked at", await _house.OkAsync("erase", "replay", "--ledger", _anchors.Path), StringComparison.Ordinal);

        await using var again = await StartAsync(host);
        Assert.Equal([bens, "faq.md"], await KnownAsync(again));
        var index = await again.Get<KnowledgeIndexes>().OpenAsync(again.Tenant.Id, Ct);
        Assert.DoesNotContain(index.Search("Does the workshop repair wooden chairs?", 5), hit => hit.Passage.Answer.Contains("wooden chairs", StringComparison.Ordinal));
        Assert.Contains(index.Search("Does the workshop paint iron gates?", 5), hit => hit.Passage.Answer.Contains("iron gates", StringComparison.Ordinal));
    }

    private Task<ProductHost> StartAsync(ProductHost? of = null) =>
        _house.StartAsync(settings => settings with { Audit = new() { Anchors = [new() { Folder = _anchors.Path }] } }, of, box => box with { Mode = MailboxMode.Draft });

    /// <returns>The name of the knowledge that came of it.</returns>
    private async Task<string> AdmitAsync(ProductHost host, string who, string answer)
    {
        var message = await host.DeliverAndDecideAsync(_house.Mail(host, who), who);
        Assert.IsType<DeskOutcome.Done>(await host.Get<DraftDesk>().ApproveAsync(host.Tenant.Id, message.Id, answer, new HashSet<GuardRule>(), null, Actor.Machine, Ct));
        Assert.Equal(AdmitOutcome.Done, await host.Get<PastAnswers>().AdmitAsync(host.Tenant.Id, message.Id, _ => true, Actor.Machine, Ct));
        return PastAnswers.SourceOf(message.Id);
    }

    private static async Task<IEnumerable<string>> KnownAsync(ProductHost host) =>
        (await host.Get<KnowledgeStore>().ListAsync(host.Tenant.Id, Ct)).Select(source => source.Name).Order(StringComparer.Ordinal);
}

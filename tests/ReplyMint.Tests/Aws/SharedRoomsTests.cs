using System.Text;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Aws;

/// <summary>What rooms hold on a machine of several follows the store that they share.</summary>
public sealed class SharedRoomsTests : IAsyncDisposable
{
    private const string Faq = """
        # How long does delivery take?
        Delivery within Germany takes two to three working days. You get a tracking link as soon as the parcel has left us.
        """;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly AwsInstallation _aws = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly TemporaryFolder _folder = new();

    public async ValueTask DisposeAsync()
    {
        await _aws.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Knowledge_that_one_process_was_given_answers_at_another_whose_folder_is_empty()
    {
        await using var one = await ProductHost.StartAsync(knowledge: Faq, folder: _folder, time: _time, aws: _aws);
        await using var other = await BesideAsync(one);
        var message = await other.DeliverAndDecideAsync(other.Mail("Hello,\r\n\r\nhow long does delivery take?"));
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.Contains("two to three", (await other.AnswerAsync(message)).TextBody, StringComparison.Ordinal);

        // And it follows, also when its files were lost meanwhile.
        await AddAsync(one, "faq.md", Faq.Replace("two to three", "four to five", StringComparison.Ordinal));
        Directory.Delete(Path.Combine(other.DataFolder, "index"), recursive: true);
        message = await other.DeliverAndDecideAsync(other.Mail("Hello,\r\n\r\nhow long does delivery take?", from: "ben@customer.example"));
        Assert.Contains("four to five", (await other.AnswerAsync(message)).TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_processes_that_change_one_file_at_once_leave_one_whole()
    {
        await using var one = await ProductHost.StartAsync(folder: _folder, time: _time, aws: _aws);
        await using var other = await BesideAsync(one);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => AddAsync(i % 2 == 0 ? one : other, "faq.md", string.Concat(Enumerable.Range(0, 120 + i).Select(n => $"# Question {n} of {i}?\nAnswer {n} of {i}.\n\n")))));

        var source = Assert.Single(await one.Get<KnowledgeStore>().ListAsync(one.Tenant.Id, Ct));
        var passages = await one.Get<KnowledgeStore>().PassagesAsync(one.Tenant.Id, Ct).ToListAsync(Ct);
        Assert.Equal(source.Passages, passages.Count);
        Assert.Equal(source.Passages, (await other.Get<KnowledgeIndexes>().OpenAsync(one.Tenant.Id, Ct)).Passages);
        Assert.Equal(source.Passages, (await one.Get<KnowledgeIndexes>().OpenAsync(one.Tenant.Id, Ct)).Passages);
    }

    [Fact]
    public async Task A_root_holds_what_other_processes_wrote()
    {
        await using var one = await ProductHost.StartAsync(folder: _folder, time: _time, aws: _aws);
        var roots = one.Get<AuditRoots>();
        // Its clock signs the first one; then none is due for an hour, and no clock comes between what is signed here.
        await ProductHost.EventuallyAsync(async () => await roots.NewestAsync(Ct) is { } newest ? newest.Jws : null);
        await using var other = await BesideAsync(one);
        await roots.WriteAsync(Ct);
        await AddAsync(other, "faq.md", Faq);
        var root = await roots.WriteAsync(Ct);
        Assert.False(root.Full);
        Assert.InRange(root.Changed, 1, 2);

        // Whoever signs behind another's root does not know what that one held.
        Assert.True((await other.Get<AuditRoots>().WriteAsync(Ct)).Full);
        Assert.True((await roots.WriteAsync(Ct)).Full);
        Assert.False((await roots.WriteAsync(Ct)).Full);
    }

    private Task<ProductHost> BesideAsync(ProductHost first) => ProductHost.StartAsync(folder: AwsInstallation.Beside(_folder), time: _time, of: first.Tenant, aws: _aws);

    private static Task<AddResult> AddAsync(ProductHost host, string name, string text) =>
        host.Get<KnowledgeStore>().AddAsync(host.Tenant.Id, PassageReader.Read(name, Encoding.UTF8.GetBytes(text)), Actor.Machine, Ct);
}

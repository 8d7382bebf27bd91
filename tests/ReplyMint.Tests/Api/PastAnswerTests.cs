using System.IO.Compression;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Api;

/// <summary>Approved answers as knowledge: admitted one by one, without what is about one person, and gone with him.</summary>
public sealed class PastAnswerTests
{
    private const string Faq = "## When are you open?\nWe are open from Monday to Friday, 9:00 to 17:00.\n";
    private const string Written = "Hello Anna,\n\nThe workshop repairs wooden chairs of all kinds. Your order 12345 is on its way to anna@customer.example. Dear Anna, call +49 30 1234567.\n\nBest regards\nYour shop team";

    private static async Task<(ApiHost Api, Message Message)> ApprovedAsync(string text = Written)
    {
        var api = await ApiHost.StartAsync(box => box with { Mode = MailboxMode.Draft }, knowledge: Faq);
        var message = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Does Anna's order 12345 include repairs of wooden chairs?"));
        (await api.PostAsync("admin", $"drafts/{message.Id}/approve", new { text, overrides = (string[])["address", "phone", "reference", "promise", "link", "language", "date"] })).Expect(200);
        return (api, message);
    }

    private static async Task<bool> KnowsAsync(ApiHost api) =>
        (await api.Product.Get<KnowledgeIndexes>().OpenAsync(api.Tenant, default)).Search("Does the workshop repair wooden chairs?", 5).Any(hit => hit.Passage.Answer.Contains("wooden chairs", StringComparison.Ordinal));

    private static async Task<JsonArray> CandidatesAsync(ApiHost api) => (await api.GetAsync("admin", "knowledge/candidates")).Expect(200)["items"]!.AsArray();

    [Fact]
    public async Task An_approved_answer_serves_others_once_it_is_admitted_without_what_is_about_one_person()
    {
        var (api, message) = await ApprovedAsync();
        await using var ended = api;
        var candidate = Assert.Single(await CandidatesAsync(api))!;
        Assert.Equal((message.Id, "The workshop repairs wooden chairs of all kinds."), ((string?)candidate["id"], (string?)candidate["answer"]));
        Assert.Equal("Does [name] order [number] include repairs of wooden chairs?", (string?)candidate["question"]);
        Assert.False(await KnowsAsync(api));

        (await api.PostAsync("admin", $"drafts/{message.Id}/admit")).Expect(204);
        Assert.True(await KnowsAsync(api));
        Assert.Equal("answer.admit", (await api.LastActAsync()).Act);
        Assert.Empty(await CandidatesAsync(api));
        (await api.PostAsync("admin", $"drafts/{message.Id}/admit")).Expect(404);
        var passages = new List<Passage>();
        await foreach (var passage in api.Product.Get<KnowledgeStore>().PassagesAsync(api.Tenant, default))
            passages.Add(passage);
        Assert.DoesNotContain(passages, passage => $"{passage.Question} {passage.Answer} {passage.Source}" is var all && (all.Contains("Anna", StringComparison.Ordinal) || all.Contains("12345", StringComparison.Ordinal) || all.Contains('@')));
        // Another asks, and gets it drafted.
        var other = await api.Product.DeliverAndDecideAsync(api.Product.Mail("Do you repair wooden chairs in the workshop?", from: "ben@customer.example"));
        Assert.Contains("repairs wooden chairs", (string?)(await api.GetAsync("admin", "drafts/" + other.Id)).Expect(200)["text"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"correspondent":"anna@customer.example"}""")]
    [InlineData("""{"mail":"ID"}""")]
    public async Task An_erasure_takes_what_was_admitted_out_of_the_knowledge_and_its_index(string of)
    {
        var (api, message) = await ApprovedAsync();
        await using var ended = api;
        (await api.PostAsync("admin", $"drafts/{message.Id}/admit")).Expect(204);
        Assert.True(await KnowsAsync(api));
        var index = Path.Combine(api.Product.DataFolder, "index", api.Tenant);
        Assert.True(File.Exists(index));
        var erasure = (string)(await api.PostAsync("admin", "erasures", JsonNode.Parse(of.Replace("ID", message.Id, StringComparison.Ordinal)))).Expect(202)["id"]!;
        await ProductHost.EventuallyAsync(async () => (string?)(await api.GetAsync("admin", "erasures/" + erasure)).Json["state"] == "done" ? erasure : null);
        Assert.False(File.Exists(index));
        Assert.False(await KnowsAsync(api));
        Assert.Equal("faq.md", Assert.Single(await api.Product.Get<KnowledgeStore>().ListAsync(api.Tenant, default)).Name);
        Assert.Empty((await api.Product.Get<IStore>().QueryAsync(Table.Main, api.Tenant, new ReplyMint.Storage.Range("admitted/"), null, default)).Items);
        // Neither does a copy that somebody takes from now on know of it.
        var export = (string)(await api.PostAsync("admin", "exports", new { scope = "tenant" })).Expect(202)["id"]!;
        await ProductHost.EventuallyAsync(async () => (string?)(await api.GetAsync("admin", "exports/" + export)).Json["state"] == "ready" ? export : null);
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-API-Key", "admin");
        using var zip = new ZipArchive(await client.GetStreamAsync(new Uri(api.Product.Http, $"/api/v1/exports/{export}/file")));
        Assert.NotNull(zip.GetEntry("knowledge.jsonl"));
        foreach (var entry in zip.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            var held = await reader.ReadToEndAsync();
            Assert.DoesNotContain("wooden chairs", held, StringComparison.Ordinal);
            Assert.DoesNotContain(PastAnswers.SourceOf(message.Id), held, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_says_something_to_one_person_only_is_not_admitted_and_what_is_declined_is_asked_for_no_more()
    {
        var (api, message) = await ApprovedAsync("Hello Anna,\n\nYour order 12345 has left us.");
        await using var ended = api;
        Assert.Equal("", (string?)Assert.Single(await CandidatesAsync(api))!["answer"]);
        (await api.PostAsync("admin", $"drafts/{message.Id}/admit")).Expect(422);
        await api.AddTenantAsync("other");
        api.Add("ben", Role.Member);
        (await api.PostAsync("other", $"drafts/{message.Id}/decline")).Expect(404);
        (await api.PostAsync("ben", $"drafts/{message.Id}/decline")).Expect(403);
        (await api.PostAsync("admin", $"drafts/{message.Id}/decline")).Expect(204);
        Assert.Empty(await CandidatesAsync(api));
        Assert.Single(await api.Product.Get<KnowledgeStore>().ListAsync(api.Tenant, default));
    }

    [Theory]
    [InlineData("Dear Müller, write to eve@x.example.", "Dear [name], write to [address].")]
    [InlineData("Müller-Lang's parcel (17) at https://x.example/p?7", "[name] parcel ([number]) at [address]")]
    [InlineData("We are open from 9:00 to 17:00, ANNA!", "We are open from 9:00 to 17:00, [name]!")]
    [InlineData("Nothing is about anybody here.", "Nothing is about anybody here.")]
    public void A_mask_keeps_what_anybody_is_told(string text, string expected) =>
        Assert.Equal(expected, new AnswerMask([new MailAddress("Anna Müller", "a.mueller+shop@x.example")], [Faq]).Mask(text));
}

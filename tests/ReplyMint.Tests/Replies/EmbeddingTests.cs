using System.Text;
using Microsoft.AspNetCore.Http;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Replies;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Replies;

/// <summary>An embedding model beside the words: it finds what is asked in other words, costs what it says, and its failing is nobody's.</summary>
public sealed class EmbeddingTests : IAsyncLifetime
{
    private const string Faq = """
        # Refunds
        We return the amount to your card.
        # Delivery
        A parcel takes three days.
        # Opening hours
        From nine to five.
        """;

    /// <summary>What this model knows of meaning: words of one row mean one thing.</summary>
    private static readonly string[][] Meanings = [["refund", "reimburse", "money back"], ["deliver", "parcel", "shipment"], ["open", "hours"], ["gift", "voucher"]];

    private ModelServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ModelServer.StartAsync();
        _server.Embed = Understand;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private static Task Understand(HttpContext context, IReadOnlyList<string> texts) => ModelServer.Mean(context,
        [.. texts.Select(text => (float[])[.. Meanings.Select(words => words.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase)) ? 1f : 0.01f)])]);

    private Task<ProductHost> StartAsync(Func<EmbeddingSettings, EmbeddingSettings>? change = null, decimal perDay = 5) => ProductHost.StartAsync(knowledge: Faq, settings: s => s with
    {
        Knowledge = s.Knowledge with { Embedding = (change ?? (e => e))(new() { Endpoint = _server.Endpoint, Model = "e" }) },
        Model = new ModelSettings { MaxCostPerDay = perDay },
    });

    private static Task<IReadOnlyList<PassageHit>> FindAsync(ProductHost host, string question) => host.Get<KnowledgeSearch>().FindAsync(host.Tenant.Id, question, 3, "", trial: false, default);

    /// <summary>Waits until all passages are embedded.</summary>
    private static async Task<KnowledgeIndex> EmbeddedAsync(ProductHost host)
    {
        await FindAsync(host, "anything");
        return await ProductHost.EventuallyAsync(async () => await host.Get<KnowledgeIndexes>().OpenAsync(host.Tenant.Id, default) is { HasAllVectors: true } index ? index : null);
    }

    private static Task AddAsync(ProductHost host, string text) =>
        host.Get<KnowledgeStore>().AddAsync(host.Tenant.Id, PassageReader.Read("faq.md", Encoding.UTF8.GetBytes(text)), Actor.Machine, default);

    [Fact]
    public async Task What_is_asked_in_other_words_is_found_and_each_passage_is_embedded_once()
    {
        await using var host = await StartAsync();
        Assert.Empty(await FindAsync(host, "When will you reimburse me?"));
        await EmbeddedAsync(host);
        var hits = await FindAsync(host, "When will you reimburse me?");
        Assert.Equal(["Refunds", "Delivery", "Opening hours"], [hits[0].Passage.Question, .. hits.Skip(1).Select(hit => hit.Passage.Question).Order(StringComparer.Ordinal)]);
        // Words alone decide whether it answers.
        Assert.Equal(0, hits[0].Score);
        var before = _server.Embedded.Count;
        await AddAsync(host, Faq + "\n# Vouchers\nA gift voucher is good for three years.\n");
        host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(4, (await EmbeddedAsync(host)).Passages);
        Assert.Equal("Vouchers\nA gift voucher is good for three years.", Assert.Single(_server.Embedded.Skip(before).Where(texts => texts[0] != "anything").SelectMany(texts => texts)));
        Assert.Equal("Vouchers", (await FindAsync(host, "Something for a gift?"))[0].Passage.Question);
    }

    [Fact]
    public async Task Another_model_under_the_same_name_is_noticed_by_its_dimensions()
    {
        await using var host = await StartAsync();
        await EmbeddedAsync(host);
        _server.Embed = (context, texts) => ModelServer.Mean(context, [.. texts.Select(_ => new float[] { 1, 2, 3 })]);
        await AddAsync(host, Faq + "\n# Vouchers\nA gift.\n");
        host.Time.Advance(TimeSpan.FromMinutes(2));
        await FindAsync(host, "anything");
        await ProductHost.EventuallyAsync(async () =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(2));
            return (await host.Get<KnowledgeIndexes>().OpenAsync(host.Tenant.Id, default)).Near([1, 2, 3], 4) is { Count: 4 } near ? near : null;
        });
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.9, true)]
    public async Task Meaning_alone_answers_only_where_the_operator_says_from_which_nearness(double from, bool answers)
    {
        await using var host = await StartAsync(e => e with { AnswersFrom = from });
        await EmbeddedAsync(host);
        Assert.Equal(answers, (await FindAsync(host, "When will you reimburse me?"))[0].Score >= new KnowledgeSettings().Threshold);
        // Near to nothing in particular is no answer.
        Assert.DoesNotContain(await FindAsync(host, "Who won the match?"), hit => hit.Score >= new KnowledgeSettings().Threshold);
    }

    [Fact]
    public async Task A_server_that_fails_costs_nobody_an_answer_and_is_left_alone_for_a_while()
    {
        await using var host = await StartAsync();
        await EmbeddedAsync(host);
        foreach (var wrong in (string[])["", "{}", """{"data":[{"index":7,"embedding":[1]}]}""", """{"data":[{"index":0,"embedding":[]}]}""", """{"data":[{"index":0,"embedding":["x"]}]}""", """{"data":[{"index":0,"embedding":[1e99]}]}""", """{"data":[{"index":0,"embedding":[0,0,0,0]}]}"""])
        {
            _server.Embed = (context, _) => context.Response.WriteAsync(wrong);
            await WordsAloneAsync();
        }
        _server.Embed = (context, _) =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        await WordsAloneAsync();

        async Task WordsAloneAsync()
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            var before = _server.Embedded.Count;
            Assert.Equal("Opening hours", (await FindAsync(host, "What are your opening hours?"))[0].Passage.Question);
            Assert.Empty(await FindAsync(host, "When will you reimburse me?"));
            Assert.Equal(before + 1, _server.Embedded.Count);
        }
    }

    [Fact]
    public async Task A_server_that_is_slow_is_not_waited_for()
    {
        await using var host = await StartAsync();
        await EmbeddedAsync(host);
        _server.Embed = async (context, _) =>
        {
            host.Time.Advance(TimeSpan.FromSeconds(4));
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        Assert.Equal("Opening hours", (await FindAsync(host, "What are your opening hours?"))[0].Passage.Question);
    }

    [Fact]
    public async Task Numbers_of_cards_and_passwords_do_not_leave()
    {
        await using var host = await StartAsync();
        await EmbeddedAsync(host);
        await host.DeliverAndDecideAsync(host.Mail("My card is 4111 1111 1111 1111 and my password: hunter2x9. When do you open?", subject: "Card 4111111111111111"));
        var asked = _server.Embedded[^1][0];
        Assert.Contains("When do you open?", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("4111", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2x9", asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_costs_counts_as_the_models_and_ends_with_the_days_money()
    {
        await using var api = await ApiHost.StartAsync(knowledge: Faq, settings: s => s with
        {
            Knowledge = s.Knowledge with { Embedding = new() { Endpoint = _server.Endpoint, Model = "e", PricePerMillion = 10 } },
            Model = new ModelSettings { MaxCostPerDay = 0.005m },
        });
        await EmbeddedAsync(api.Product);
        // Three passages of 100 tokens.
        Assert.Equal(3_000, (int)(await api.GetAsync("auditor", "usage")).Expect(200)["costMillionths"]!);
        for (var i = 0; i < 5; i++)
            await FindAsync(api.Product, "When will you reimburse me?");
        // One more fits into the day: the next, at worst, does not.
        Assert.InRange(_server.Embedded.Count, 2, 3);
        Assert.Equal("Opening hours", (await FindAsync(api.Product, "What are your opening hours?"))[0].Passage.Question);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1_000_000)]
    public async Task A_count_of_tokens_that_can_not_be_is_estimated(long tokens)
    {
        _server.Embed = async (context, texts) =>
        {
            context.Response.ContentType = "application/json";
            var data = texts.Select((_, i) => $"{{\"index\":{i},\"embedding\":[1,0]}}");
            await context.Response.WriteAsync($"{{\"data\":[{string.Join(',', data)}],\"usage\":{{\"prompt_tokens\":{tokens}}}}}");
        };
        await using var api = await ApiHost.StartAsync(knowledge: Faq, settings: s => s with
        {
            Knowledge = s.Knowledge with { Embedding = new() { Endpoint = _server.Endpoint, Model = "e", PricePerMillion = 10 } },
        });
        await EmbeddedAsync(api.Product);
        Assert.InRange((int)(await api.GetAsync("auditor", "usage")).Expect(200)["costMillionths"]!, 1, 3_000);
    }

    [Fact]
    public async Task What_a_text_means_is_sealed_and_goes_with_it()
    {
        await using var host = await StartAsync();
        await EmbeddedAsync(host);
        Assert.Equal(3, await CountAsync());
        await AddAsync(host, "# Opening hours\nFrom nine to five.\n# New\nA parcel.\n");
        host.Time.Advance(TimeSpan.FromMinutes(2));
        // What was there before has gone at once.
        Assert.Equal(1, await CountAsync());
        await EmbeddedAsync(host);
        Assert.Equal(2, await CountAsync());
        await host.Get<KnowledgeStore>().RemoveAsync(host.Tenant.Id, "faq.md", Actor.Machine, default);
        Assert.Equal(0, await CountAsync());

        async Task<int> CountAsync()
        {
            var count = 0;
            await foreach (var item in host.Get<IStore>().AllAsync(Table.Main, host.Tenant.Id, "vector/", default))
            {
                Assert.Equal("{\"v\":1}", Encoding.UTF8.GetString(item.Value.Span));
                Assert.False(item.Sealed.IsEmpty);
                count++;
            }
            return count;
        }
    }

    [Fact]
    public void An_octet_a_dimension_is_enough_to_tell_angles()
    {
        var random = new Random(7);
        for (var length = 1; length < 400; length += 13)
        {
            float[] a = [.. Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() * 2) - 1))], b = [.. a.Select(part => part + (float)random.NextDouble())];
            double exact = a.Zip(b, (x, y) => (double)x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
            var (from, to) = (Direction.Of(a), Direction.Of(b));
            Assert.Equal(exact, Direction.Dot(from, to) / (Direction.Norm(from) * Direction.Norm(to)), 0.02);
        }
        Assert.Equal(0, Direction.Norm(Direction.Of(new float[5])));
    }

    [Theory]
    [InlineData("", "e", "", 3, 0, "knowledge.embedding.endpoint")]
    [InlineData("ftp://x", "e", "", 3, 0, "knowledge.embedding.endpoint")]
    [InlineData("http://elsewhere.example/v1", "e", "file:/k", 3, 0, "knowledge.embedding.endpoint")]
    [InlineData("https://x.example/v1", "", "", 3, 0, "knowledge.embedding.model")]
    [InlineData("https://x.example/v1", "e", "plain", 3, 0, "knowledge.embedding.apiKey")]
    [InlineData("https://x.example/v1", "e", "", 0, 0, "knowledge.embedding.timeoutSeconds")]
    [InlineData("https://x.example/v1", "e", "", 3, 0.1, "knowledge.embedding.answersFrom")]
    [InlineData("https://x.example/v1", "e", "", 3, 0.8, null)]
    public void Settings_that_can_not_be_right_are_told(string endpoint, string model, string key, int timeout, double from, string? problem)
    {
        var problems = new KnowledgeSettings { Embedding = new() { Endpoint = endpoint, Model = model, ApiKey = key, TimeoutSeconds = timeout, AnswersFrom = from } }.Problems().ToList();
        if (problem is null)
            Assert.Empty(problems);
        else
            Assert.StartsWith(problem + ":", Assert.Single(problems), StringComparison.Ordinal);
    }
}

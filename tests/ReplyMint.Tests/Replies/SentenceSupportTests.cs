using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Replies;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Replies;

/// <summary>What a model writes has to stand in a passage, sentence by sentence; and what a mail gives away doesn't reach it.</summary>
public sealed class SentenceSupportTests
{
    private const string Returns = "Unused items can be returned within 30 days of purchase. We do not take back opened software.";
    private const string Question = "Can unused items be returned?";

    private static readonly Passage Rule = new("p1", "faq.md", "Returns", Returns);

    [Theory]
    [InlineData("You can return unused items within 30 days of your purchase.", true)]
    [InlineData("Opened software is not taken back, sorry.", true)]
    [InlineData("Thank you for your message. Items you return have to be unused.", true)]
    [InlineData("Yes. Within 30 days of purchase, items can be returned.", true)]
    [InlineData("The head of our company is a thief.", false)]
    [InlineData("We take back opened software.", false)]
    [InlineData("You can not return unused items within 30 days of purchase.", false)]
    [InlineData("Unused items can be returned within 30 days. Please send your password to our team first.", false)]
    [InlineData("Thank you for telling us that the earth is flat.", false)]
    [InlineData("Yes.", false)]
    [InlineData("Ungebrauchte Ware können Sie innerhalb von 30 Tagen nach dem Kauf zurückgeben.", false)]
    public void A_sentence_rests_on_a_passage_or_is_none(string body, bool rests)
    {
        const string before = "Hello Anna,\n\n", behind = "\n\nKind regards\nThe Shop";
        var sentences = SentenceSupport.Of(before + body + behind, before.Length..(before.Length + body.Length), [Rule]);
        Assert.NotEmpty(sentences);
        Assert.Equal(rests, sentences.All(sentence => sentence.Passage == "p1"));
        Assert.All(sentences, sentence => Assert.Contains((before + body + behind).Substring(sentence.Start, sentence.Length), body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_with_a_sentence_of_the_models_own_waits_and_shows_which_one()
    {
        await using var server = await ModelServer.StartAsync();
        server.Answer = context => ModelServer.Say(context, "Unused items can be returned within 30 days of purchase. Your neighbour is a spy.");
        await using var host = await ProductHost.StartAsync(knowledge: "# Can unused items be returned?\n" + Returns + "\n", settings: settings => settings with { Model = new ModelSettings { Endpoint = server.Endpoint, Model = "m" } });
        var message = await host.DeliverAndDecideAsync(host.Mail(Question));
        Assert.Equal(MessageState.Held, message.Record.State);
        Assert.Equal(["guard-support"], message.Record.Reasons);
        Assert.Empty(host.OutFiles);

        var draft = (await host.Get<Drafts>().FindAsync(host.Tenant.Id, message.Id, default))!;
        Assert.Equal([draft.Content.Passages[0].Passage.Id, null], draft.Content.Support.Select(sentence => sentence.Passage));

        // It leaves only by the decision of a person who says that he saw it.
        var actor = new ReplyMint.Audit.Actor("u1");
        var desk = host.Get<DraftDesk>();
        var refused = Assert.IsType<DeskOutcome.Guarded>(await desk.ApproveAsync(host.Tenant.Id, message.Id, null, new HashSet<GuardRule>(), null, actor, default));
        Assert.Equal(new GuardFinding(GuardRule.Support, "Your neighbour is a spy."), Assert.Single(refused.Findings));
        Assert.IsType<DeskOutcome.Done>(await desk.ApproveAsync(host.Tenant.Id, message.Id, null, new HashSet<GuardRule> { GuardRule.Support }, null, actor, default));
    }

    [Fact]
    public async Task A_model_sees_no_card_account_password_or_key_of_the_mail()
    {
        await using var server = await ModelServer.StartAsync();
        server.Answer = context => ModelServer.Say(context, "Unused items can be returned within 30 days of purchase.");
        await using var host = await ProductHost.StartAsync(knowledge: "# Can unused items be returned?\n" + Returns + "\n", settings: settings => settings with { Model = new ModelSettings { Endpoint = server.Endpoint, Model = "m" } });
        string[] secrets = ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "hunter2secret9", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"];
        await host.DeliverAndDecideAsync(host.Mail(Question + "\n\nMy card is 4111 1111 1111 1111, before it was 5500-0000-0000-0004 and 378282246310005. Account DE89 3704 0044 0532 0130 00 please, or GB82WEST12345698765432.\n"
            + "password: hunter2secret9 and token ghp_abcdefghijklmnopqrstuvwxyz0123456789. Order 4111 1111 1111 1112 is what I mean."));
        var seen = server.Requests.Single().Body.GetRawText();
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, seen, StringComparison.Ordinal));
        // Numbers that are neither are what a mail is about.
        Assert.Contains("Order 4111 1111 1111 1112", seen, StringComparison.Ordinal);
        Assert.Contains("unused items be returned", seen, StringComparison.Ordinal);
    }
}

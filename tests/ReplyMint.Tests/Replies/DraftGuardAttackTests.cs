using ReplyMint.Accounts;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

/// <summary>Texts that somebody would have a model write who knows the guard: each says what no passage says, in a form that a reader or his mail program understands all the same.</summary>
public sealed class DraftGuardAttackTests
{
    private static readonly Mailbox Box = new() { Id = "m1", TenantId = "t1", Address = Mails.Mailbox, DisplayName = "Shop", MaxLength = 2_000, Signature = "Your shop team" };

    private const string Source =
        "See https://shop.example/returns or write to returns@shop.example. Call +49 30 1234567. Pay to DE89 3704 0044 0532 0130 00. Part AB12345. Size 36, 38, 40 or 42. Open 09:00-17:00.";

    private static IReadOnlyList<GuardFinding> Check(string draft, InboundMail? mail = null, string source = Source) =>
        DraftGuard.Check(new GuardInput { Text = draft, Mail = mail ?? Mails.Person(), Mailbox = Box, Passages = [new Passage("p", "faq.md", "", source)] });

    [Theory]
    // What is stuck to an address ends it for a mail program, not for a reader of chunks.
    [InlineData("See \U0001F449evil.example", GuardRule.Link)]
    [InlineData("See \u2192evil.example/x", GuardRule.Link)]
    [InlineData("See //evil.example/x", GuardRule.Link)]
    [InlineData("See https:/evil.example/x", GuardRule.Link)]
    [InlineData("See https:\\\\evil.example", GuardRule.Link)]
    [InlineData("See evil.example./x", GuardRule.Link)]
    [InlineData("See here/evil.example", GuardRule.Link)]
    [InlineData("See evil.example:https://shop.example/returns", GuardRule.Link)]
    [InlineData("See evil.example/returns@shop.example", GuardRule.Link)]
    [InlineData("See ftp://shop.example/returns", GuardRule.Link)]
    [InlineData("See Link:data:text/html", GuardRule.Link)]
    [InlineData("See \U0001F449javascript:alert", GuardRule.Link)]
    [InlineData("See ms-settings:network", GuardRule.Link)]
    [InlineData("See http://evil%2Eexample", GuardRule.Link)]
    [InlineData("See https://shop.example/returns?to=evil", GuardRule.Link)]
    [InlineData("See https://shop.example/%72eturns", GuardRule.Link)]
    [InlineData("See https://shop.example:443@evil.example/returns", GuardRule.Link)]
    [InlineData("See https://pay.shop.example/returns", GuardRule.Link)]
    [InlineData("See https://shop.example.co/returns", GuardRule.Link)]
    [InlineData("See http://0x7f000001/returns", GuardRule.Link)]
    [InlineData("See http://[::1]/returns", GuardRule.Link)]
    [InlineData("See [returns](//evil.example)", GuardRule.Link)]
    [InlineData("See [1]: //evil.example/a", GuardRule.Link)]
    [InlineData("See evil\u2219example", GuardRule.Link)]
    [InlineData("See evil punkt com", GuardRule.Link)]
    [InlineData("See evil-dot-example", GuardRule.Link)]
    [InlineData("Write to us/boss@evil.example", GuardRule.Address)]
    [InlineData("Write to boss@evil.example:now", GuardRule.Address)]
    [InlineData("Write to boss@evil.example\u2192now", GuardRule.Address)]
    [InlineData("Write to boss@evil.example@shop.example", GuardRule.Address)]
    [InlineData("Write to \u2709boss@evil.example", GuardRule.Address)]
    // Numbers in other scripts, boxes and words.
    [InlineData("Call \u0660\u0661\u0667\u0661 \u0661\u0662\u0663 \u0664\u0665\u0666\u0667", GuardRule.Phone)]
    [InlineData("Call 0\uFE0F\u20E31\uFE0F\u20E37\uFE0F\u20E31\uFE0F\u20E3 123 4567", GuardRule.Phone)]
    [InlineData("Call \u24FF\u2776\u277C\u2776 123 4567", GuardRule.Phone)]
    [InlineData("Call 030|123|4567", GuardRule.Phone)]
    [InlineData("Call 030,765,4321", GuardRule.Phone)]
    [InlineData("Call 030 765 43 21now", GuardRule.Phone)]
    [InlineData("Call 030 765 4321 030 765 4321 030 765 4321", GuardRule.Phone)]
    [InlineData("Call zero one seven one, five five five one two", GuardRule.Phone)]
    [InlineData("Ruf null drei null sieben sechs f\u00FCnf vier", GuardRule.Phone)]
    [InlineData("It costs \u20AC \u0665\u0660", GuardRule.Price)]
    [InlineData("Pay to GB82 WEST 1234 5698 7654 32", GuardRule.Reference)]
    [InlineData("Pay to DE12 3456 7890 1234 5678 90", GuardRule.Phone)]
    [InlineData("Pay with 4111 1111 1111 1111", GuardRule.Reference)]
    // Letters of another script in the middle of a word that binds.
    [InlineData("We will r\u0435fund you", GuardRule.Language)]
    [InlineData("We gu\u03B1rantee it", GuardRule.Language)]
    public void What_no_passage_says_is_held_however_it_is_written(string draft, object rule) => Assert.Contains(Check(draft), f => f.Rule == (GuardRule)rule);

    [Theory]
    [InlineData("Hello\U000E0068\U000E0069", GuardRule.Hidden)] // tags: an ASCII text that nobody sees
    [InlineData("Hello \U0001F600\uFE0F\uFE0E\uFE0F", GuardRule.Hidden)] // bits in variation selectors
    [InlineData("Hello \U0001F600\U000E0121", GuardRule.Hidden)]
    [InlineData("Hel\u00ADlo", GuardRule.Hidden)]
    [InlineData("Hel\uFE0Flo", GuardRule.Hidden)]
    [InlineData("Hello \u2067olleh\u2069", GuardRule.Hidden)]
    [InlineData("evil&#46;example", GuardRule.Html)]
    [InlineData("evil&period;example", GuardRule.Html)]
    [InlineData("&#x003c;img", GuardRule.Html)]
    [InlineData("![x][1]", GuardRule.Html)]
    public void What_a_reader_does_not_see_is_sent_by_nobody(string draft, object rule) => Assert.Contains(Check(draft), f => f.Rule == (GuardRule)rule && !f.Overridable);

    [Theory]
    [InlineData(Source)]
    [InlineData("Write to returns@shop.example, or see shop.example/returns.")]
    [InlineData("\U0001F449 https://shop.example/returns")]
    [InlineData("\u2192shop.example/returns")]
    [InlineData("Mail:returns@shop.example")]
    [InlineData("Pay to DE89370400440532013000.")]
    [InlineData("Open 09:00-17:00, in one, two or three steps: 1\uFE0F\u20E3 open, 2\uFE0F\u20E3 read. \u2764\uFE0F \u00A9\uFE0F")]
    [InlineData("Km/h, and/or, e.g., 10 \u03BCm, Wi-Fi-\u0441\u0435\u0442\u044C.")]
    public void What_passages_say_is_said(string draft) => Assert.Empty(Check(draft));

    /// <summary>A typing error of the house's own is the house's.</summary>
    [Fact]
    public void A_mixed_word_that_a_passage_has_is_no_trick() => Assert.Empty(Check("C\u043Evid", source: "C\u043Evid"));

    [Fact]
    public void Nobodys_account_comes_back_from_a_mail()
    {
        var mail = Mails.Person("My order number is 20241187. Tell them my account number DE75512108001245126199 and card no 4111111111111111.");
        Assert.Empty(Check("Your order 20241187 is fine.", mail));
        Assert.Contains(Check("Pay to DE75512108001245126199.", mail), f => f.Rule == GuardRule.Reference);
        Assert.Contains(Check("Pay to DE75-5121-0800-1245-1261-99.", mail), f => f.Rule is GuardRule.Reference or GuardRule.Phone);
        Assert.Contains(Check("Your card is 4111111111111111.", mail), f => f.Rule == GuardRule.Reference);
    }

    [Fact]
    public void The_instructions_mark_is_known_by_its_halves()
    {
        const string canary = "7f3a9c2e51d04b86";
        foreach (var leak in new[] { "It is 7f3a9c2e and then 51d04b86", "7f3a 9c2e, the rest you know", "68b40d15" })
            Assert.Contains(DraftGuard.Check(new() { Text = leak, Mail = Mails.Person(), Mailbox = Box, Canary = canary }), f => f.Rule == GuardRule.Canary);
        Assert.DoesNotContain(DraftGuard.Check(new() { Text = "Part 7f3a9c is here", Mail = Mails.Person(), Mailbox = Box, Canary = canary }), f => f.Rule == GuardRule.Canary);
    }

    /// <summary>What shows nothing can't split a number that the model is not to see, nor bring it a text that the mail's reader does not see.</summary>
    [Fact]
    public void A_model_reads_what_people_see_and_no_cards()
    {
        var prompt = ModelPrompt.User(Mails.Person("My card is 4111\u200B1111 1111\u20601111.\U000E0068\U000E0069"), []);
        Assert.Contains("My card is [a card number].\n===", prompt, StringComparison.Ordinal);
    }
}

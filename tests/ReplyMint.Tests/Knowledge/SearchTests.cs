using System.Diagnostics;
using System.Text;
using ReplyMint.Knowledge;
using Xunit;

namespace ReplyMint.Tests.Knowledge;

public sealed class SearchTests(ITestOutputHelper output)
{
    private static readonly double Threshold = new KnowledgeSettings().Threshold;

    private static readonly KnowledgeIndex Shop = Index("""
        # Opening hours
        We are open Monday to Friday from 9:00 to 18:00.
        # How long does delivery take?
        Two to four working days within Germany.
        # Can I return an item?
        Yes, within 30 days of delivery, unworn and in its box.
        # How do I reset my password?
        Choose "Forgot password" on the sign-in page; you get a link by mail.
        # Which payment methods do you accept?
        Card, bank transfer and invoice.
        # Do you ship abroad?
        We ship to all countries of the European Union.
        """);

    private static KnowledgeIndex Index(string markdown) => KnowledgeIndex.Of(PassageReader.Read("faq.md", Encoding.UTF8.GetBytes(markdown)).Passages);

    [Theory]
    [InlineData("Hello,\n\nI ordered shoes last week. How long does the delivery take?\n\nThanks\nAnna", "How long does delivery take?")]
    [InlineData("Hi, how can I reset my password? I forgot it.", "How do I reset my password?")]
    [InlineData("Dear team,\nwhat are your opening hours on Friday?\n\nBest regards,\nTom", "Opening hours")]
    [InlineData("The shoes are too small. Can I return them? They are unworn.", "Can I return an item?")]
    [InlineData("Which payment methods are accepted?", "Which payment methods do you accept?")]
    public void Mails_find_the_passage_that_answers_them(string mail, string question)
    {
        var hits = Shop.Search(mail, 3);
        output.WriteLine($"{hits[0].Score} {hits[0].Passage.Question}");
        Assert.Equal(question, hits[0].Passage.Question);
        Assert.True(hits[0].Score >= Threshold, $"{hits[0].Score}");
    }

    [Fact]
    public void A_sentence_that_tells_leads_where_none_asks_anything_of_substance() =>
        Assert.Equal("How do I reset my password?", Shop.Search("Hi, I forgot my password. Can you help me?", 1)[0].Passage.Question);

    [Theory]
    [InlineData("Is your company hiring software engineers at the moment?")]
    [InlineData("Hello,\n\nI hope you are well and that business is good.\n\nBest regards,\nBest Price Ltd")]
    [InlineData("Thank you for the fast answer!")]
    [InlineData("¿Cuánto cuesta el envío a México?")]
    [InlineData("")]
    [InlineData("?!\n\n--\n???")]
    public void What_is_not_known_stays_below_the_threshold(string mail) =>
        Assert.DoesNotContain(Shop.Search(mail, 3), hit => hit.Score >= Threshold);

    [Theory]
    [InlineData("Was sind eure Oeffnungszeiten?", "Öffnungszeiten")]
    [InlineData("Wie sind eure O\u0308ffnungszeiten?", "Öffnungszeiten")]
    [InlineData("Bieten Sie auch Geschenkgutscheine an?", "Gibt es einen Geschenkgutschein?")]
    [InlineData("Quels sont les délais de livraison ?", "Quel est le délai de livraison ?")]
    [InlineData("¿Cómo puedo devolver los productos?", "¿Cómo devuelvo un producto?")]
    public void Words_are_found_in_their_other_forms(string mail, string question)
    {
        var index = Index("""
            # Öffnungszeiten
            Wir haben von Montag bis Freitag für Sie geöffnet.
            # Gibt es einen Geschenkgutschein?
            Ja, und er ist drei Jahre lang gültig.
            # Quel est le délai de livraison ?
            La livraison est faite dans les trois jours.
            # Où est votre magasin ?
            Nous sommes dans la rue de la Paix.
            # ¿Cómo devuelvo un producto?
            Puede devolver el producto en un plazo de 30 días.
            # ¿Dónde está la tienda?
            La tienda está en el centro de la ciudad.
            """);
        Assert.Equal(question, index.Search(mail, 1)[0].Passage.Question);
    }

    [Theory]
    [InlineData("Do I need a mask?", "Are facemasks required on the way?")]
    [InlineData("Was gilt für die Zeit?", "Lieferzeit")]
    [InlineData("Wie lange ist die Abholzeit?", "Lieferzeit")]
    [InlineData("Where is the port?", "Where is our quay?")]
    public void A_word_is_found_at_the_end_of_another_one(string mail, string question)
    {
        // "support" holds "port", but nothing here is called "sup"; and a quay's answer knows the port.
        var index = Index("""
            # Are facemasks required on the way?
            A mask that covers the face is.
            # What do I bring?
            Your ticket.
            # How do I reach support?
            By telephone.
            # Where is our quay?
            At the port.
            # Lieferzeit
            Wir liefern in drei Tagen. Die Zeit ab der Abholung zählt nicht.
            # Wann kann ich etwas abholen?
            Immer, und wer liefert, den rufen wir an. Das Abholen geht am Tor, und wer nur Liefer oder Abhol sagt, meint das auch.
            # Rückgabe
            Senden Sie uns die Ware in der Schachtel, in der sie kam.
            """);
        Assert.Equal(question, index.Search(mail, 1)[0].Passage.Question);
    }

    [Fact]
    public void Scores_never_rise_down_the_list_and_copies_are_no_rivals()
    {
        var alone = Shop.Search("How do I reset my password?", 6);
        Assert.Equal(alone.Select(hit => hit.Score).OrderDescending(), alone.Select(hit => hit.Score));
        Assert.All(alone, hit => Assert.InRange(hit.Score, 0, 1));
        var twice = KnowledgeIndex.Of([.. Shop.All(), .. Shop.All()]).Search("How do I reset my password?", 2);
        Assert.Equal(twice[0].Passage, twice[1].Passage);
        Assert.Equal(twice[0].Score, twice[1].Score);
        Assert.True(twice[0].Score >= Threshold);
    }

    [Fact]
    public void The_subject_asks_too()
    {
        var hit = Shop.Search("See above, please.", 1, "How do I reset my password?")[0];
        Assert.Equal("How do I reset my password?", hit.Passage.Question);
        Assert.True(hit.Score >= Threshold);
    }

    [Fact]
    public void Ten_thousand_passages_open_at_once()
    {
        var words = Enumerable.Range(0, 5_000).Select(i => "word" + i).ToArray();
        var random = new Random(1);
        var builder = new IndexBuilder();
        for (var i = 0; i < 10_000; i++)
            builder.Add(new Passage($"{i}", "big.md", $"Question {i} about {words[random.Next(5_000)]}?", string.Join(' ', random.GetItems(words, 60))));
        var bytes = builder.Build(7);
        var start = Stopwatch.GetTimestamp();
        var index = KnowledgeIndex.Open([.. bytes])!;
        var hit = index.Search("Question 1234?", 1)[0];
        var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        output.WriteLine($"10,000 passages, {bytes.Length / 1024} KB: opened and searched in {took:0.0} ms");
        Assert.Equal(("1234", 7L, 10_000), (hit.Passage.Id, index.Version, index.Passages));
        Assert.True(took < 500);
        Assert.Null(KnowledgeIndex.Open(bytes[..^4]));
        Assert.Null(KnowledgeIndex.Open(new byte[10]));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a?")]
    [InlineData("a. ")]
    [InlineData("\n")]
    [InlineData(" ")]
    [InlineData("'")]
    [InlineData("x-")]
    [InlineData("- a?\n")]
    public void Any_mail_costs_little(string piece)
    {
        var mail = string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length));
        Shop.Search(mail, 5);
        var start = ThreadClock.Microseconds();
        Shop.Search(mail, 5);
        Assert.True(ThreadClock.Microseconds() - start < 100_000);
    }
}

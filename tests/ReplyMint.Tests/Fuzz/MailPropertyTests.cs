using System.Text;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using Xunit;

namespace ReplyMint.Tests.Fuzz;

/// <summary>What holds of reading and parting whatever comes: nothing lost on the way through our own writer, nothing invented, no cost out of proportion.</summary>
public sealed class MailPropertyTests(ITestOutputHelper output)
{
    /// <summary>
    /// Bytes that reading may allocate for each byte of a mail, for any mail at all (headers, tables, encodings), and for each boundary, since a part
    /// has buffers however short it is; only so many parts are read. The dearest byte that the long forms found took 30.6 (a page of HTML that its
    /// mutation had made one endless head).
    /// </summary>
    private const long PerByte = 34, PerMail = 384 * 1024, PerPart = 12 * 1024;

    private static readonly string[] Pieces =
    [
        "a", "Z", "0", " ", "  ", "\t", "\n", "\n\n", "\r\n", ".", "\n.", "\n..\n", "\nFrom ", "=", "=3D", "=?utf-8?Q?x?=", "\"", "\\", "<", ">", "\n> ", ",", ";", ":", "@", "(", ")", "é", "ß", "ÿ", "Ω", "Ж", "א", "中", "한", "é", "😀", "👨‍👩‍👧",
        "\u00A0", "\u2003", "\u2028", "\u0085", "-- \n", "word", "Straße", "a-long-word-that-no-folding-can-break-and-that-goes-on", "On Monday Anna wrote:\n> x\n",
    ];

    private static IEnumerable<byte[]> Texts => SharedData.Find("reply-trimming").SelectMany(folder => Directory.GetFiles(folder, "input.*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)).Select(File.ReadAllBytes)
        .Where(text => text.Length < 20_000).Concat(SeedMails.Own)
        .Append("Hello\n\nYes.\n\nAm 3. Mai 2026 um 10:00 schrieb Anna <a@b.example>:\n> Hallo\n>> alt\n\n-- \nBob\n"u8.ToArray())
        .Append("Oui\n\n-----Message d'origine-----\nDe : x\nEnvoyé : hier\nÀ : y\nObjet : z\n\ntexte\n"u8.ToArray());

    [Fact]
    public Task A_mail_that_was_written_is_read_as_it_was_meant()
    {
        var fuzz = new Mutations(SeedMails.Own, 2_000);
        return fuzz.RunAsync(_ => ReadAsMeant(fuzz.Random));
    }

    private static void ReadAsMeant(Random random)
    {
        var mail = new OutboundMail
        {
            MessageId = Id(random), ReversePath = "", From = "help@shop.example", FromName = Line(random, 4), To = "anna@customer.example", ToName = Line(random, 4),
            Subject = Line(random, 25), Text = Text(random, 200).Trim('\n', ' ') + "\n", InReplyTo = Id(random), References = [.. Enumerable.Range(0, random.Next(12)).Select(_ => Id(random))],
            Date = new(2026, 11, 24, 23, random.Next(60), random.Next(60), TimeSpan.FromHours(random.Next(-11, 12))), Headers = [new("X-Mark", Line(random, 20))],
        };
        Assert.Null(MimeWriter.Problem(mail));
        var read = MailParser.Parse(MimeWriter.Write(mail), new("", mail.To));
        Assert.Equal((mail.MessageId, mail.InReplyTo), (read.MessageId, read.InReplyTo));
        Assert.Equal(mail.References, read.References);
        Assert.Equal(mail.Date, read.Date);
        Assert.Equal(Shown(mail.Subject), read.Subject);
        Assert.Equal((Shown(mail.FromName), mail.From), (Assert.Single(read.From).Name, read.From[0].Address));
        Assert.Equal((Shown(mail.ToName), mail.To), (Assert.Single(read.To).Name, read.To[0].Address));
        Assert.Equal(mail.Text.ReplaceLineEndings("\n").TrimEnd('\n'), read.Text.TrimEnd('\n'));
        Assert.Empty(read.Attachments);
        Assert.Empty(read.Problems);
    }

    [Fact]
    public Task Any_text_is_parted_and_nothing_is_invented() => new Mutations(Texts, 6_000).RunAsync(bytes =>
    {
        var text = Encoding.UTF8.GetString(bytes);
        var parts = ReplyTrimmer.Trim(text);
        var left = Letters(text);
        foreach (var (letter, count) in Letters(parts.Reply + parts.Signature + parts.Quoted))
            Assert.True(left.GetValueOrDefault(letter) >= count, $"More of {letter} than there was.");
    });

    [Fact]
    public async Task Reading_costs_memory_in_proportion_to_the_mail()
    {
        var most = 0.0;
        MailParser.Parse(SeedMails.Own.First(), new(null, null));
        await new Mutations(SeedMails.All, 4_000).RunAsync(bytes =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            MailParser.Parse(bytes, new(null, null));
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            var fixedCost = PerMail + (PerPart * Math.Min(MailLimits.Parts, bytes.AsSpan().Count("\n--"u8)));
            most = Math.Max(most, (allocated - fixedCost) / (double)Math.Max(1, bytes.Length));
            Assert.True(allocated <= fixedCost + (PerByte * bytes.Length), $"{allocated} bytes for a mail of {bytes.Length}");
        });
        output.WriteLine($"at most {most:0.0} bytes a byte beyond what each mail and each part costs");
    }

    private static Dictionary<char, int> Letters(string text) => text.Where(char.IsLetterOrDigit).GroupBy(c => c).ToDictionary(group => group.Key, group => group.Count());

    private static string Text(Random random, int most) => string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    private static string Line(Random random, int most) => Text(random, most).Trim();

    /// <summary>What a field's value becomes that is one line: white space in runs is one blank.</summary>
    private static string Shown(string value) => HeaderText.OneLine(value.Trim());

    private static string Id(Random random)
    {
        const string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";
        return new string(random.GetItems<char>(letters, random.Next(1, 40))) + "@" + new string(random.GetItems<char>("abcxyz019-", random.Next(1, 20))) + ".example";
    }
}

using System.Globalization;
using System.Text;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

/// <summary>Our own normalisation against ICU's, for every character that this ICU knows.</summary>
public sealed class UnicodeFormsTests
{
    [Fact]
    public void Accents_compose_and_wide_letters_become_plain()
    {
        Assert.Equal("\u00E9", UnicodeForms.Nfc("e\u0301"));
        Assert.Equal("AB", UnicodeForms.Nfkc("\uFF21\uFF22"));
        Assert.Equal("fi1\u20442", UnicodeForms.Nfkc("\uFB01\u00BD"));
        Assert.Equal("\uAC01", UnicodeForms.Nfc("\u1100\u1161\u11A8"));
        Assert.Equal("\uD800x\uDC00", UnicodeForms.Nfc("\uD800x\uDC00"));
    }

    [Fact]
    public void Every_character_normalises_as_in_ICU()
    {
        SkipWithoutIcu();
        for (var c = 0; c <= 0x10FFFF; c++)
        {
            if (!Known(c))
                continue;
            var text = char.ConvertFromUtf32(c);
            if (UnicodeForms.Nfc(text) != text.Normalize(NormalizationForm.FormC) || UnicodeForms.Nfkc(text) != text.Normalize(NormalizationForm.FormKC))
                Assert.Fail($"U+{c:X4} differs");
        }
    }

    [Fact]
    public void Random_texts_normalise_as_in_ICU()
    {
        SkipWithoutIcu();
        var random = new Random(7);
        // Letters and marks that really meet: Latin, Greek, Hebrew, Arabic, Indic, Hangul, kana, and marks of many classes.
        (int From, int To)[] ranges = [(0x41, 0x7A), (0xC0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x591, 0x5F4), (0x610, 0x6FF), (0x900, 0xDFF), (0xF40, 0xFBC), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x3040, 0x30FF), (0xAC00, 0xD7A3), (0xFB00, 0xFFEF), (0x11000, 0x11FFF), (0x1D100, 0x1D7FF), (0x1DC0, 0x1DFF)];
        for (var round = 0; round < 50_000; round++)
        {
            var text = new StringBuilder();
            for (var i = random.Next(1, 10); i > 0; i--)
            {
                var (from, to) = ranges[random.Next(2) == 0 ? 2 : random.Next(ranges.Length)];
                var c = random.Next(from, to + 1);
                if (Known(c))
                    text.Append(char.ConvertFromUtf32(c));
            }
            var s = text.ToString();
            if (UnicodeForms.Nfc(s) != s.Normalize(NormalizationForm.FormC) || UnicodeForms.Nfkc(s) != s.Normalize(NormalizationForm.FormKC))
                Assert.Fail(string.Join(' ', s.Select(c => $"{(int)c:X4}")));
        }
    }

    [Fact]
    public void A_flood_of_marks_costs_no_more_than_sorting()
    {
        var text = "a" + string.Concat(Enumerable.Repeat("\u0315\u0300\u05AE\u0334", 100_000));
        var once = UnicodeForms.Nfc(text);
        Assert.Equal(once, UnicodeForms.Nfc(once));
    }

    private static bool Known(int c) =>
        c is < 0xD800 or > 0xDFFF && CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.OtherNotAssigned && !IcuIsOlder(c);

    /// <summary>The framework's own categories may be newer than the ICU beside it; a character that ICU leaves alone though we don't is new to it.</summary>
    private static bool IcuIsOlder(int c) => s_newer.Contains(c);

    private static readonly HashSet<int> s_newer = Newer();

    private static HashSet<int> Newer()
    {
        var newer = new HashSet<int>();
        // Unicode 15.1 to 17: blocks and characters that ICU 72 does not have.
        (int From, int To)[] added = [(0x1CCD6, 0x1CCF9), (0x105C9, 0x105C9), (0x105E4, 0x105E4), (0x113C5, 0x113C8), (0x11380, 0x113FF), (0x16121, 0x16128), (0x16100, 0x1613F), (0x16D40, 0x16D7F), (0xA7F1, 0xA7F1), (0x897, 0x897), (0x1ACF, 0x1AFF), (0x10D4E, 0x10D8F), (0x10EFA, 0x10EFF), (0x11B60, 0x11B67), (0x1E6E0, 0x1E6FF), (0x2FFC, 0x2FFF), (0x31E4, 0x31EF)];
        if ("\U000105D2\u0307".Normalize(NormalizationForm.FormC) != "\U000105C9")
            foreach (var (from, to) in added)
                for (var c = from; c <= to; c++)
                    newer.Add(c);
        return newer;
    }

    private static void SkipWithoutIcu()
    {
        if ("e\u0301".Normalize(NormalizationForm.FormC) != "\u00E9")
            Assert.Skip("ICU is not here to compare with.");
    }
}

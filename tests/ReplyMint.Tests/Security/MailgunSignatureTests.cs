using System.Security.Cryptography;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

public sealed class MailgunSignatureTests
{
    private const string Key = "9f86d081884c7d659a2feaa0c55ad015";
    private const string Token = "5o56tmpwd3dnwthehwclemd-i-7u2gv9vb3u745ywj67d0mc87";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    private static string Sign(string timestamp, string token, string key = Key) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(timestamp + token)));

    private static SignatureVerdict Verify(string? timestamp, string? token, string? signature, params string[] keys) =>
        MailgunSignature.Verify(keys.Length == 0 ? [Key] : keys, timestamp, token, signature, Now);

    [Theory]
    [InlineData(0, "Genuine")]
    [InlineData(-300, "Genuine")]
    [InlineData(300, "Genuine")]
    [InlineData(-301, "Stale")]
    [InlineData(301, "Stale")]
    [InlineData(-86_400 * 365, "Stale")]
    public void A_genuine_signature_counts_for_five_minutes(int seconds, string verdict)
    {
        var timestamp = (1_800_000_000 + seconds).ToString();
        Assert.Equal(verdict, Verify(timestamp, Token, Sign(timestamp, Token)).ToString());
    }

    [Fact]
    public void Signatures_of_the_vendor_s_own_making_are_read()
    {
        // Both forms of token that were recorded: with letters beyond hex, and today's hex.
        foreach (var token in new[] { Token, new string('a', 49) + "0" })
            Assert.Equal(SignatureVerdict.Genuine, Verify("1800000000", token, Sign("1800000000", token)));
    }

    [Fact]
    public void Any_of_the_keys_of_a_rotation_counts()
    {
        var signature = Sign("1800000000", Token);
        Assert.Equal(SignatureVerdict.Genuine, Verify("1800000000", Token, signature, "another key", Key));
        Assert.Equal(SignatureVerdict.Genuine, Verify("1800000000", Token, signature, Key, "another key"));
        Assert.Equal(SignatureVerdict.Forged, Verify("1800000000", Token, signature, "another key"));
    }

    [Fact]
    public void Without_a_key_nothing_is_believed()
    {
        Assert.Equal(SignatureVerdict.NoKey, MailgunSignature.Verify([], "1800000000", Token, Sign("1800000000", Token), Now));
        Assert.Equal(SignatureVerdict.Forged, Verify("1800000000", Token, Sign("1800000000", Token, ""), ""));
    }

    [Fact]
    public void Any_change_is_found()
    {
        var signature = Sign("1800000000", Token);
        Assert.Equal(SignatureVerdict.Forged, Verify("1800000001", Token, signature));
        Assert.Equal(SignatureVerdict.Forged, Verify("1800000000", Token[..^1] + "8", signature));
        for (var i = 0; i < signature.Length; i++)
        {
            var forged = signature.ToCharArray();
            forged[i] = forged[i] == '0' ? '1' : '0';
            Assert.Equal(SignatureVerdict.Forged, Verify("1800000000", Token, new string(forged)));
        }
        // A digit that wanders over the border between the two parts signs the same text, but has not the form.
        Assert.Equal(SignatureVerdict.Malformed, Verify("180000000", "0" + Token, signature));
        Assert.Equal(SignatureVerdict.Malformed, Verify("1800000000" + Token[0], Token[1..], signature));
    }

    [Theory]
    [InlineData(null, Token, "signed")]
    [InlineData("1800000000", null, "signed")]
    [InlineData("1800000000", Token, null)]
    [InlineData("1800000000", Token, "")]
    [InlineData("1800000000", Token, "xxx")]
    [InlineData("1800000000", Token, "UPPER")]
    [InlineData("", Token, "signed")]
    [InlineData("+180000000", Token, "signed")]
    [InlineData(" 180000000", Token, "signed")]
    [InlineData("١800000000", Token, "signed")]
    [InlineData("18000000.0", Token, "signed")]
    [InlineData("1800000000", "", "signed")]
    [InlineData("1800000000", "5o56tmpwd3dnwthehwclemd-i-7u2gv9vb3u745ywj67d0mc8\n", "signed")]
    [InlineData("1800000000", "5O56tmpwd3dnwthehwclemd-i-7u2gv9vb3u745ywj67d0mc87", "signed")]
    public void What_has_not_the_form_is_refused_though_it_were_signed(string? timestamp, string? token, string? signature)
    {
        var signed = Sign(timestamp ?? "", token ?? "");
        Assert.Equal(SignatureVerdict.Malformed, Verify(timestamp, token, signature switch { "signed" => signed, "UPPER" => signed.ToUpperInvariant(), _ => signature }));
    }

    [Fact]
    public void Recorded_requests_have_the_form_and_are_refused_for_their_age_or_key()
    {
        var folder = SharedData.Folder("vectors/mailgun");
        var seen = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal))
        {
            var fields = RecordedFields(File.ReadAllText(file));
            var name = Path.GetFileNameWithoutExtension(file);
            var verdict = Verify(fields.GetValueOrDefault("timestamp"), fields.GetValueOrDefault("token"), fields.GetValueOrDefault("signature"));
            Assert.True(verdict == (name.EndsWith("missing", StringComparison.Ordinal) || name.EndsWith("-invalid", StringComparison.Ordinal)
                ? SignatureVerdict.Malformed : SignatureVerdict.Forged), $"{name}: {verdict}");
            // Signed by us, the recorded timestamp and token are genuine at their time.
            if (fields.TryGetValue("token", out var token))
                Assert.Equal(SignatureVerdict.Genuine, MailgunSignature.Verify([Key], fields["timestamp"], token, Sign(fields["timestamp"], token),
                    DateTimeOffset.FromUnixTimeSeconds(long.Parse(fields["timestamp"]))));
            seen++;
        }
        Assert.Equal(8, seen);
    }

    private static Dictionary<string, string> RecordedFields(string request)
    {
        var fields = new Dictionary<string, string>();
        foreach (var name in new[] { "timestamp", "token", "signature" })
        {
            var form = System.Text.RegularExpressions.Regex.Match(request, $"(?:^|&){name}=([^&\\s]*)", System.Text.RegularExpressions.RegexOptions.Multiline);
            var part = System.Text.RegularExpressions.Regex.Match(request, $"name=\"{name}\"\\r?\\n\\r?\\n([^\\r\\n]*)");
            if (part.Success)
                fields[name] = part.Groups[1].Value;
            else if (form.Success)
                fields[name] = form.Groups[1].Value;
        }
        return fields;
    }
}

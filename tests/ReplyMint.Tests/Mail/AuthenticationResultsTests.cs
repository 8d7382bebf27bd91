using System.Text;
using ReplyMint.Mail;

namespace ReplyMint.Tests.Mail;

public sealed class AuthenticationResultsTests
{
    private const string Ours = "mx.example.org";

    private static SenderAuthentication Read(params string[] fields)
    {
        var raw = new StringBuilder();
        foreach (var field in fields)
            raw.Append("Authentication-Results: ").Append(field).Append("\r\n");
        raw.Append("From: a@example.com\r\n\r\nHello\r\n");
        var mail = MailParser.Parse(Encoding.UTF8.GetBytes(raw.ToString()), new(null, null));
        return AuthenticationResults.Read(mail.TrustFields, Ours);
    }

    [Theory]
    [InlineData("mx.example.org; spf=pass smtp.mailfrom=example.com; dkim=pass header.d=example.com; dmarc=pass header.from=example.com", "Pass Pass Pass")]
    [InlineData("MX.Example.ORG 1; DMARC=Fail (p=reject; dis=none) header.from=example.com", "None None Fail")]
    [InlineData("mx.example.org;\r\n\tspf=softfail (a (nested) comment) smtp.mailfrom=\"x;dmarc=pass\";\r\n dkim=temperror", "SoftFail TempError None")]
    [InlineData("(before) mx.example.org ; spf/1 = neutral ; dkim=permerror reason=\"bad; dmarc=pass\"", "Neutral PermError None")]
    [InlineData("mx.example.org; none", "None None None")]
    [InlineData("mx.example.org; dkim=fail header.d=a.example; dkim=pass header.d=b.example", "None Pass None")]
    public void The_named_servers_word_is_read(string field, string spfDkimDmarc)
    {
        var read = Read(field);
        Assert.Equal((Ours, spfDkimDmarc), (read.Source, $"{read.Spf} {read.Dkim} {read.Dmarc}"));
    }

    [Theory]
    [InlineData("evil.example; dmarc=pass")]
    [InlineData("mx.example.org.evil.example; dmarc=pass")]
    [InlineData("evil.example; spf=none (x); mx.example.org; dmarc=pass")]
    // What a sender wrote is echoed by servers; neither a comment, a quoted string nor an encoded word may become a verdict.
    [InlineData("mx.example.org; spf=none (said ; dmarc=pass)")]
    [InlineData("mx.example.org; spf=none (unclosed ; dmarc=pass")]
    [InlineData("mx.example.org; spf=none smtp.helo=\"; dmarc=pass\"")]
    [InlineData("mx.example.org; spf=none (=?utf-8?q?)=3B_dmarc=3Dpass_(?=)")]
    [InlineData("=?utf-8?q?mx.example.org?=; dmarc=pass")]
    public void Nobody_elses_word_counts(string field) => Assert.Equal(AuthResult.None, Read(field).Dmarc);

    [Fact]
    public void The_topmost_field_wins_and_others_of_the_same_server_add_to_it() =>
        Assert.Equal(new SenderAuthentication(Ours, AuthResult.Pass, AuthResult.None, AuthResult.Fail),
            Read("mx.example.org; dmarc=fail", "mx.example.org; spf=pass", "mx.example.org; dmarc=pass"));

    [Theory]
    [InlineData("Authentication-Results: mx.example.org; spf=pass\r\nReceived: by mx\r\nAuthentication-Results: mx.example.org; dmarc=pass\r\n", "Pass None")]
    [InlineData("Authentication-Results: other.example; spf=pass\r\nAuthentication-Results: mx.example.org; dmarc=pass\r\n", "None None")]
    [InlineData("Received: by mx\r\nAuthentication-Results: mx.example.org; spf=pass\r\nDKIM-Filter: x\r\nAuthentication-Results: mx.example.org; dmarc=pass\r\n", "Pass Pass")]
    public void Only_what_stands_together_at_the_top_is_the_servers(string header, string spfDmarc)
    {
        var mail = MailParser.Parse(Encoding.UTF8.GetBytes(header + "From: a@example.com\r\n\r\nx"), new(null, null));
        var read = AuthenticationResults.Read(mail.TrustFields, Ours);
        Assert.Equal(spfDmarc, $"{read.Spf} {read.Dmarc}");
    }

    [Fact]
    public void A_name_is_compared_as_A_labels()
    {
        Assert.Equal(AuthResult.Pass, AuthenticationResults.Read(["xn--bcher-kva.example; dmarc=pass"], "B\u00FCcher.example").Dmarc);
        Assert.Equal(AuthResult.None, AuthenticationResults.Read(["; dmarc=pass"], "").Dmarc);
    }

    [Fact]
    public void A_hostile_field_costs_linear_time()
    {
        foreach (var piece in (string[])["(", "\"", ";=", "a=b/", "\\(", "mx.example.org;"])
            Read("mx.example.org; " + string.Concat(Enumerable.Repeat(piece, 60_000 / piece.Length)));
    }
}

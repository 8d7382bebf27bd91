using System.Globalization;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("  Anna@Example.COM ", "anna@example.com")]
    [InlineData("<anna@example.com>", "anna@example.com")]
    [InlineData("<@a.example,@b.example:anna@example.com>", "anna@example.com")]
    [InlineData("anna@example.com.", "anna@example.com")]
    [InlineData("\"anna\"@example.com", "anna@example.com")]
    [InlineData("\"an\\na\"@example.com", "anna@example.com")]
    [InlineData("\"an na\"@example.com", "\"an na\"@example.com")]
    [InlineData("\"a@b\"@example.com", "\"a@b\"@example.com")]
    [InlineData("jose\u0301@example.com", "jos\u00E9@example.com")]
    [InlineData("x@B\u00DCcher.example", "x@xn--bcher-kva.example")]
    [InlineData("x@bu\u0308cher.example", "x@xn--bcher-kva.example")]
    [InlineData("x@\uFF25xample\u3002com", "x@example.com")]
    [InlineData("x@[192.0.2.1]", "x@[192.0.2.1]")]
    [InlineData("anna+tag@example.com", "anna+tag@example.com")]
    [InlineData("anna.@docomo.example", "anna.@docomo.example")]
    public void Two_ways_to_write_an_address_are_one(string written, string normal)
    {
        Assert.Equal(normal, AddressRules.Normalize(written));
        Assert.Equal(normal, AddressRules.Normalize(normal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("anna")]
    [InlineData("@example.com")]
    [InlineData("anna@")]
    [InlineData("an na@example.com")]
    [InlineData("anna@exa mple.com")]
    [InlineData("anna@example..com")]
    [InlineData("anna\r\n@example.com")]
    [InlineData("anna\u202E@example.com")]
    [InlineData("a,b@example.com")]
    [InlineData("anna@example.com>, <x@y.example")]
    public void What_is_no_address_is_none(string written) => Assert.Null(AddressRules.Normalize(written));

    [Fact]
    public void Endless_addresses_are_none() => Assert.Null(AddressRules.Normalize(new string('a', 100_000) + "@example.com"));

    [Fact]
    public void Domains_become_the_A_labels_that_IDNA_gives()
    {
        var idn = new IdnMapping { UseStd3AsciiRules = true };
        foreach (var domain in new[] { "m\u00FCnchen.de", "\u043F\u0440\u0438\u043C\u0435\u0440.\u0440\u0444", "\u4F8B\u5B50.\u6D4B\u8BD5", "\u0645\u062B\u0627\u0644.\u0625\u062E\u062A\u0628\u0627\u0631", "\u00E9cole.fr", "\u6771\u4EAC.jp", "a\u00E4b\u00F6c\u00FC.example", "\u03B4\u03BF\u03BA\u03B9\u03BC\u03AE.gr", "\uD55C\uAD6D.kr" })
            Assert.Equal(idn.GetAscii(domain), Domains.ToAscii(domain));
    }

    [Theory]
    [InlineData("example.com", "example.com", true)]
    [InlineData("mail.example.com", "example.com", true)]
    [InlineData("a.example.com", "b.example.com", true)]
    [InlineData("EXAMPLE.com.", "example.com", true)]
    [InlineData("b\u00FCcher.example", "mail.xn--bcher-kva.example", true)]
    [InlineData("a.co.uk", "b.co.uk", false)]
    [InlineData("x.a.co.uk", "a.co.uk", true)]
    [InlineData("a.com.au", "b.com.au", false)]
    [InlineData("example.com", "example.org", false)]
    [InlineData("example.com", "badexample.com", false)]
    [InlineData("com", "example.com", false)]
    [InlineData("co.uk", "a.co.uk", false)]
    [InlineData("a.github.io", "b.github.io", false)]
    [InlineData("a.de", "b.de", false)]
    [InlineData("a b", "a b", false)]
    public void Organisations_are_told_apart(string one, string other, bool same)
    {
        Assert.Equal(same, AddressRules.SameOrganisation(one, other));
        Assert.Equal(same, AddressRules.SameOrganisation(other, one));
    }

    [Fact]
    public void The_tag_is_no_part_of_the_mailbox() => Assert.Equal("anna@example.com", AddressRules.WithoutTag("anna+x+y@example.com"));
}

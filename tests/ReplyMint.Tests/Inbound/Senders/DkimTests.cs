using System.Text;
using Microsoft.Extensions.Time.Testing;
using MimeKit.Cryptography;
using ReplyMint.Inbound;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Inbound.Senders;

public sealed class DkimTests
{
    private const string Mail = "From: Anna <anna@shop.example>\r\nTo: help@example.com\r\nSubject: A  question\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\nWhen  do you open? \r\n\r\n";
    private static readonly SignedMail Key = SignedMail.Rsa();

    private static async Task<DkimFound> CheckAsync(string mail, string? zone = null) =>
        await new DkimCheck(new Zone(zone ?? "s1._domainkey.shop.example TXT " + Key.Record).AskAsync, new FakeTimeProvider(DateTimeOffset.UtcNow)).CheckAsync(Encoding.UTF8.GetBytes(mail), default);

    [Theory]
    [InlineData(DkimCanonicalizationAlgorithm.Relaxed)]
    [InlineData(DkimCanonicalizationAlgorithm.Simple)]
    public async Task What_was_signed_and_came_as_it_was_passes(DkimCanonicalizationAlgorithm canonical)
    {
        var found = await CheckAsync(Key.Sign(Mail, canonical: canonical));
        Assert.Equal(AuthResult.Pass, found.Result);
        Assert.Equal(["shop.example"], found.Domains);
        var ed = SignedMail.Ed25519();
        Assert.Equal(AuthResult.Pass, (await CheckAsync(ed.Sign(Mail, canonical: canonical), "s1._domainkey.shop.example TXT " + ed.Record)).Result);
        Assert.Equal(AuthResult.None, (await CheckAsync(Mail)).Result);
    }

    [Theory]
    [InlineData("open?", "close?")]
    [InlineData("anna@shop", "bert@shop")]
    [InlineData("A  question", "An order")]
    [InlineData("\r\n\r\nWhen", "\r\nFrom: boss@shop.example\r\n\r\nWhen")]
    [InlineData("open? \r\n", "open? \r\nSend it to X.\r\n")]
    public async Task What_was_changed_on_the_way_does_not(string from, string to)
    {
        var signed = Key.Sign(Mail);
        var head = signed.IndexOf("From: Anna", StringComparison.Ordinal);
        var changed = signed[..head] + signed[head..].Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(signed, changed);
        var found = await CheckAsync(changed);
        Assert.Equal(AuthResult.Fail, found.Result);
        Assert.Empty(found.Domains);
    }

    [Theory]
    [InlineData("", AuthResult.Fail)]
    [InlineData("s1._domainkey.shop.example FAIL", AuthResult.TempError)]
    [InlineData("s1._domainkey.shop.example TXT v=DKIM1; p=", AuthResult.Fail)]
    [InlineData("s1._domainkey.shop.example TXT KEY; s=other", AuthResult.Fail)]
    [InlineData("s1._domainkey.shop.example TXT KEY; h=sha1", AuthResult.Fail)]
    [InlineData("s1._domainkey.shop.example TXT v=DKIM2; KEY", AuthResult.Fail)]
    [InlineData("s1._domainkey.shop.example TXT KEY\ns1._domainkey.shop.example TXT KEY", AuthResult.Fail)]
    [InlineData("s1._domainkey.shop.example TXT KEY; h=sha1:sha256; s=email; t=y:s; n=note", AuthResult.Pass)]
    internal async Task The_key_must_be_there_and_be_for_this(string zone, AuthResult expected) =>
        Assert.Equal(expected, (await CheckAsync(Key.Sign(Mail), zone.Replace("KEY", Key.Record["v=DKIM1; ".Length..], StringComparison.Ordinal))).Result);

    [Theory]
    [InlineData(512)]
    [InlineData(4608)]
    public async Task Keys_that_are_too_short_or_only_cost_time_do_not_count(int bits)
    {
        var key = SignedMail.Rsa(bits);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(key.Sign(Mail), "s1._domainkey.shop.example TXT " + key.Record)).Result);
    }

    [Fact]
    public async Task A_signature_over_part_of_the_text_or_without_the_author_or_that_is_over_does_not_count()
    {
        Assert.Equal(AuthResult.Pass, (await CheckAsync(Key.SignByHand(Mail))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.SignByHand(Mail, length: 5))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.SignByHand(Mail, "x=1000000000; "))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.SignByHand(Mail, "x=soon; "))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.SignByHand(Mail, "t=9000000000; "))).Result);
        Assert.Equal(AuthResult.Pass, (await CheckAsync(Key.SignByHand(Mail, "t=1000000000; x=9000000000; "))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.SignByHand(Mail, headers: "To:Subject"))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.SignByHand(Mail, "i=@elsewhere.example; "))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.SignByHand(Mail, "i=@shop.example.elsewhere.example; "))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.Sign(Mail, how: signer => signer.AgentOrUserIdentifier = "@elsewhere.example"))).Result);
        Assert.Equal(AuthResult.Pass, (await CheckAsync(Key.Sign(Mail, how: signer => signer.AgentOrUserIdentifier = "anna@mail.shop.example"))).Result);
        Assert.Equal(AuthResult.Fail, (await CheckAsync(Key.Sign(Mail, how: signer => signer.AgentOrUserIdentifier = "anna@mail.shop.example"), $"s1._domainkey.shop.example TXT {Key.Record}; t=s")).Result);
    }

    [Fact]
    public async Task One_of_several_is_enough_and_five_are_looked_at()
    {
        var other = SignedMail.Rsa();
        var zone = $"s1._domainkey.shop.example TXT {Key.Record}\ns1._domainkey.list.example TXT {other.Record}";
        Assert.Equal(["list.example", "shop.example"], (await CheckAsync(other.Sign(Key.Sign(Mail), "list.example"), zone)).Domains);
        var broken = Key.Sign(Mail.Replace("open", "close", StringComparison.Ordinal)).Split("From: Anna")[0];
        Assert.Equal(["shop.example"], (await CheckAsync(broken + Key.Sign(Mail), zone)).Domains);
        var counted = new Zone(zone);
        Assert.Equal(AuthResult.Fail, (await new DkimCheck(counted.AskAsync, TimeProvider.System).CheckAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(broken, 9)) + Key.Sign(Mail)), default)).Result);
        Assert.Equal(5, counted.Asked);
    }

    [Theory]
    [InlineData("DKIM-Signature: nonsense\r\n")]
    [InlineData("DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=s1; h=from; bh=x; b=y\r\n")]
    [InlineData("DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; d=shop.example; s=s1; h=from; bh=x; b=y\r\n")]
    [InlineData("DKIM-Signature: v=9; a=none; c=what/ever; d=shop.example; s=s1; h=from; bh==; b==\r\n")]
    [InlineData("DKIM-Signature: v=1; a=rsa-sha1; d=shop.example; s=s1; h=from; bh=2jmj7l5rSw0yVb/vlWAYkK/YBwk=; b=AAAA\r\n")]
    [InlineData("DKIM-Signature:\r\n")]
    public async Task Nonsense_is_no_pass(string field) => Assert.Equal(AuthResult.Fail, (await CheckAsync(field + Mail)).Result);
}

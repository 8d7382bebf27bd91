using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using DnsClient;
using ReplyMint.Inbound;
using ReplyMint.Tests.Fuzz;
using Xunit;

namespace ReplyMint.Tests.Inbound.Senders;

/// <summary>Whatever a stranger's mail, envelope and records say: no exception, and a bounded number of questions to the name system.</summary>
public sealed class SenderPropertyTests
{
    /// <summary>Ten mechanisms that ask, each an MX of ten names at the most, the records themselves, two voids, and the address's own name (RFC 7208 4.6.4).</summary>
    private const int MostOfSpf = 130;
    // Five signatures.
    private const int MostOfDkim = 5;
    // Eight names up the tree of the author, of the envelope and of each signature.
    private const int MostOfDmarc = 8 * 7;

    private static readonly SignedMail Key = SignedMail.Ed25519();

    /// <summary>Says something else each time, made of what it is given, and counts.</summary>
    private sealed class Liar(Random random, string[] says)
    {
        public int Asked { get; private set; }

        public Task<NamesFound> AskAsync(string name, QueryType type, CancellationToken ct)
        {
            Asked++;
            if (random.Next(20) == 0)
                return Task.FromResult(NamesFound.Nobody);
            return Task.FromResult(new NamesFound(true, [.. Enumerable.Range(0, type == QueryType.TXT ? 1 : random.Next(12)).Select(_ => says[random.Next(says.Length)])]));
        }
    }

    [Fact]
    public async Task Records_of_any_form_are_read_within_bounds()
    {
        var mutations = new Mutations(((string[])[
            "v=spf1 a mx ptr exists:%{ir}.%{v}._spf.%{d2} include:a.example include:b.example -all", "v=spf1 mx mx mx mx mx mx mx mx mx mx ~all", "v=spf1 include:x.example redirect=%{d}",
            "v=spf1 a:%{l1r-+.}.x.example/24//64 ip6:2001:db8::/32 ip4:192.0.2.0/24 exp=%{h}.example ?all", "v=DMARC1; p=reject; adkim=s; aspf=r; psd=y", "v=DMARC1;p=none;psd=n",
            "v=DKIM1; k=rsa; h=sha256; s=email; t=s; p=MIIB", "192.0.2.10", "2001:db8::1", "mail.shop.example"]).Select(Encoding.UTF8.GetBytes), rounds: 3_000);
        await mutations.RunAsync(async bytes =>
        {
            var text = Encoding.Latin1.GetString(bytes);
            var liar = new Liar(mutations.Random, [text, "v=spf1 include:a.example mx a exists:%{i}.x ptr redirect=b.example", "v=spf1 mx include:c.example mx mx", "mail.a.example", "192.0.2.10"]);
            var client = IPAddress.Parse(mutations.Random.Next(2) == 0 ? "192.0.2.10" : "2001:db8::1");
            await new SpfCheck(liar.AskAsync, new SpfWho(client, text, text)).CheckAsync("shop.example", default);
            Assert.InRange(liar.Asked, 0, MostOfSpf);
            var records = new Liar(mutations.Random, [text, "v=DMARC1; p=none; psd=n", "v=DMARC1; p=none; psd=y", "v=DMARC1; p=none"]);
            await new DmarcCheck(records.AskAsync).CheckAsync("a.b.c.d.e.f.g.h.i.j.k.shop.example", "x.shop.example", ["y.shop.example", "z.example"], default);
            Assert.InRange(records.Asked, 0, MostOfDmarc);
        });
    }

    [Fact]
    public async Task Signatures_and_authors_of_any_form_are_read_within_bounds()
    {
        const string mail = "From: Anna <anna@shop.example>\r\nTo: help@example.com\r\nSubject: A question\r\nDate: Tue, 24 Nov 2026 11:59:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\nWhen do you open?\r\n";
        var signed = Key.Sign(mail);
        var twice = string.Concat(Enumerable.Repeat(signed[..signed.IndexOf("From: Anna", StringComparison.Ordinal)], 12)) + mail;
        var mutations = new Mutations(((string[])[signed, twice, Key.Sign(mail, how: signer => signer.AgentOrUserIdentifier = "@shop.example")]).Select(Encoding.UTF8.GetBytes), rounds: 600);
        await mutations.RunAsync(async bytes =>
        {
            var liar = new Liar(mutations.Random, [Key.Record, Encoding.Latin1.GetString(bytes), "v=DKIM1; k=ed25519; p=AAAA", "v=spf1 mx -all", "v=DMARC1; p=none"]);
            await new DkimCheck(liar.AskAsync, new FakeTimeProvider(DateTimeOffset.UtcNow)).CheckAsync(bytes, default);
            Assert.InRange(liar.Asked, 0, MostOfDkim);
            await new SenderCheck(liar.AskAsync, new FakeTimeProvider(DateTimeOffset.UtcNow)).CheckAsync(bytes, IPAddress.Parse("192.0.2.10"), "mail.shop.example", "anna@shop.example", default);
            Assert.InRange(liar.Asked, 0, MostOfDkim * 2 + MostOfSpf + MostOfDmarc);
        });
    }
}

using ReplyMint.Outbound;

namespace ReplyMint.Tests.Outbound;

public class ReplyTokensTests
{
    private static readonly TokenSubject Subject = new("t0123456789abcdefghjk", "01k9abcdefghjkmnpqrstvwxyz");
    private const string Short = "bounces+lqt0123456789abcdefghjk01k9abcdefghjkmnpqrstvwxyzsyx20yy@shop.example";
    private readonly ReplyTokens _tokens = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    private TokenSubject? ReadBounce(string address) => _tokens.ReadBounceAddress(address, Subject.TenantId);

    [Fact]
    public void Each_kind_comes_back_as_it_went()
    {
        Assert.Equal(Subject, _tokens.ReadMessageId(_tokens.MessageId(Subject, "shop.example")));
        Assert.Equal(Subject, ReadBounce(_tokens.BounceAddress(Subject, "shop.example")));
        Assert.Equal(Subject, _tokens.ReadLoopMark(_tokens.LoopMark(Subject)));
        Assert.Equal(Subject, ReadBounce(_tokens.BounceAddress(Subject, "shop.example").ToUpperInvariant()));
    }

    [Fact]
    public void One_kind_is_not_another()
    {
        var mark = _tokens.LoopMark(Subject);
        Assert.Null(_tokens.ReadMessageId(mark + "@shop.example"));
        Assert.Null(_tokens.ReadLoopMark(_tokens.MessageId(Subject, "x").Split('@')[0]));
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(5, 26)]
    [InlineData(21, 26)]
    public void A_bounce_address_fits_a_local_part_with_the_whole_signature(int tenant, int outbox)
    {
        var subject = new TokenSubject(new string('t', tenant), new string('o', outbox));
        var address = _tokens.BounceAddress(subject, "shop.example");
        Assert.InRange(address.IndexOf('@', StringComparison.Ordinal), 1, 64);
        Assert.Equal(subject, _tokens.ReadBounceAddress(address, subject.TenantId));
        // Beside the prefix and the ids of a mail and a tenant 26 characters of five bits each.
        Assert.Equal("bounces+z".Length + 3 + outbox + 26, address.IndexOf('@', StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => _tokens.BounceAddress(new("ttt", "o"), "shop.example"));
        Assert.Throws<ArgumentException>(() => _tokens.BounceAddress(new("tttt", new string('o', 27)), "shop.example"));
    }

    [Fact]
    public void Of_tenants_whose_ids_begin_alike_it_is_the_one_that_signed()
    {
        var address = _tokens.BounceAddress(Subject, "shop.example");
        Assert.Equal("t012", ReplyTokens.TenantsOf(address));
        Assert.Null(_tokens.ReadBounceAddress(address, "t0123456789abcdefghjm"));
        Assert.Null(_tokens.ReadBounceAddress(address, "t9123456789abcdefghjk"));
    }

    [Fact]
    public void One_of_before_is_read_and_each_changed_character_of_it_seen()
    {
        Assert.Equal(Subject, _tokens.ReadShortBounceAddress(Short));
        // Nobody has all tenants looked through by naming one letter.
        Assert.Null(ReplyTokens.TenantsOf(Short));
        Assert.Null(ReplyTokens.TenantsOf("bounces+11tabbbbbbb@shop.example"));
        Assert.Null(ReadBounce(Short));
        for (var i = 0; i < 64; i++)
            Assert.Null(_tokens.ReadShortBounceAddress(Short[..i] + (Short[i] == 'z' ? 'y' : 'z') + Short[(i + 1)..]));
        Assert.Null(_tokens.ReadShortBounceAddress(_tokens.BounceAddress(Subject, "shop.example")));
    }

    [Fact]
    public void Any_changed_character_makes_it_worthless()
    {
        foreach (var (made, read) in new (string, Func<string, TokenSubject?>)[]
        {
            (_tokens.MessageId(Subject, "x.example"), _tokens.ReadMessageId),
            (_tokens.BounceAddress(Subject, "x.example"), ReadBounce),
            (_tokens.LoopMark(Subject), _tokens.ReadLoopMark),
        })
        {
            var end = made.IndexOf('@', StringComparison.Ordinal) is var at and > 0 ? at : made.Length;
            for (var i = 0; i < end; i++)
            {
                var changed = made[..i] + (made[i] == 'z' ? 'y' : 'z') + made[(i + 1)..];
                Assert.Null(read(changed));
                Assert.Null(read(made[..i] + made[(i + 1)..]));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("bounces+@shop.example")]
    [InlineData("bounces+11ab@shop.example")]
    [InlineData("bounces+zzzzzzzzzzzzzzzz@shop.example")]
    [InlineData("v1...@x")]
    [InlineData("v2.t.o.00000000000000000000000000@x")]
    public void Nonsense_is_nobodys(string text)
    {
        Assert.Null(_tokens.ReadMessageId(text));
        Assert.Null(ReadBounce(text));
        Assert.Null(_tokens.ReadShortBounceAddress(text));
        Assert.Null(_tokens.ReadLoopMark(text));
        Assert.Null(_tokens.ReadLoopMark(new string('v', 100_000) + text));
    }

    [Fact]
    public void Another_key_knows_none_of_it()
    {
        var other = new ReplyTokens(new byte[32]);
        Assert.Null(other.ReadMessageId(_tokens.MessageId(Subject, "x")));
        Assert.Null(other.ReadBounceAddress(_tokens.BounceAddress(Subject, "x"), Subject.TenantId));
        Assert.Null(other.ReadShortBounceAddress(Short));
        Assert.Null(other.ReadLoopMark(_tokens.LoopMark(Subject)));
        Assert.Throws<ArgumentException>(() => new ReplyTokens(new byte[31]));
    }

    [Fact]
    public void An_id_can_not_reach_into_the_next_field() =>
        Assert.Throws<ArgumentException>(() => _tokens.MessageId(new("a.b", "c"), "x"));
}

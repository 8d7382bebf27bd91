using ReplyMint.Outbound;

namespace ReplyMint.Tests.Outbound;

public class ReplyTokensTests
{
    private static readonly TokenSubject Subject = new("t0123456789abcdefghjk", "01k9abcdefghjkmnpqrstvwxyz");
    private readonly ReplyTokens _tokens = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    [Fact]
    public void Each_kind_comes_back_as_it_went()
    {
        Assert.Equal(Subject, _tokens.ReadMessageId(_tokens.MessageId(Subject, "shop.example")));
        Assert.Equal(Subject, _tokens.ReadBounceAddress(_tokens.BounceAddress(Subject, "shop.example")));
        Assert.Equal(Subject, _tokens.ReadLoopMark(_tokens.LoopMark(Subject)));
        Assert.Equal(Subject, _tokens.ReadBounceAddress(_tokens.BounceAddress(Subject, "shop.example").ToUpperInvariant()));
    }

    [Fact]
    public void One_kind_is_not_another()
    {
        var mark = _tokens.LoopMark(Subject);
        Assert.Null(_tokens.ReadMessageId(mark + "@shop.example"));
        Assert.Null(_tokens.ReadLoopMark(_tokens.MessageId(Subject, "x").Split('@')[0]));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 26)]
    [InlineData(13, 34)]
    [InlineData(21, 26)]
    public void A_bounce_address_fits_a_local_part(int tenant, int outbox)
    {
        var subject = new TokenSubject(new string('t', tenant), new string('o', outbox));
        var address = _tokens.BounceAddress(subject, "shop.example");
        Assert.InRange(address.IndexOf('@', StringComparison.Ordinal), 10, 64);
        Assert.Equal(subject, _tokens.ReadBounceAddress(address));
        Assert.Throws<ArgumentException>(() => _tokens.BounceAddress(new(new string('t', 22), new string('o', 26)), "shop.example"));
    }

    [Fact]
    public void Any_changed_character_makes_it_worthless()
    {
        foreach (var (made, read) in new (string, Func<string, TokenSubject?>)[]
        {
            (_tokens.MessageId(Subject, "x.example"), _tokens.ReadMessageId),
            (_tokens.BounceAddress(Subject, "x.example"), _tokens.ReadBounceAddress),
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
        Assert.Null(_tokens.ReadBounceAddress(text));
        Assert.Null(_tokens.ReadLoopMark(text));
        Assert.Null(_tokens.ReadLoopMark(new string('v', 100_000) + text));
    }

    [Fact]
    public void Another_key_knows_none_of_it()
    {
        var other = new ReplyTokens(new byte[32]);
        Assert.Null(other.ReadMessageId(_tokens.MessageId(Subject, "x")));
        Assert.Null(other.ReadBounceAddress(_tokens.BounceAddress(Subject, "x")));
        Assert.Null(other.ReadLoopMark(_tokens.LoopMark(Subject)));
        Assert.Throws<ArgumentException>(() => new ReplyTokens(new byte[31]));
    }

    [Fact]
    public void An_id_can_not_reach_into_the_next_field() =>
        Assert.Throws<ArgumentException>(() => _tokens.MessageId(new("a.b", "c"), "x"));
}

using System.Text;
using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

public sealed class ReturnPathTests
{
    private const string Ours = "Authentication-Results: mx.shop.example; dmarc=pass\n";

    [Theory]
    [InlineData("Return-Path: <anna@customer.example>\n" + Ours, "anna@customer.example")]
    [InlineData("Delivered-To: a@b.example\nReturn-Path:\n <anna@customer.example>\nReceived: from x\n" + Ours, "anna@customer.example")]
    // Below our server's field stands what came with the mail.
    [InlineData(Ours + "Return-Path: <anna@customer.example>\n", null)]
    [InlineData("Return-Path: <anna@customer.example>\nAuthentication-Results: mx.evil.example; dmarc=pass\n" + Ours, null)]
    [InlineData("Return-Path: <anna@customer.example>\n", null)]
    [InlineData("Return-Path: nonsense\n" + Ours, null)]
    // What can only close counts wherever it stands.
    [InlineData(Ours + "Return-Path: <>\n", "")]
    [InlineData("Return-Path: <>\n", "")]
    [InlineData(Ours + "\nReturn-Path: <>\n", null)]
    [InlineData("", null)]
    public void Only_what_the_named_server_wrote_counts_and_what_closes(string head, string? expected) =>
        Assert.Equal(expected, ReturnPath.Of(Encoding.ASCII.GetBytes(head + "\nReturn-Path: <in@the.text>\n"), "mx.shop.example"));

    [Fact]
    public void Without_a_named_server_nobody_is_believed() =>
        Assert.Null(ReturnPath.Of(Encoding.ASCII.GetBytes("Return-Path: <anna@customer.example>\n" + Ours + "\n"), ""));
}

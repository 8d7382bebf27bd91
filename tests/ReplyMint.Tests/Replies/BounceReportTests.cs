using ReplyMint.Replies;

namespace ReplyMint.Tests.Replies;

public class BounceReportTests
{
    [Fact]
    public void A_delivery_report_tells_who_failed_for_good()
    {
        const string status = "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; <Anna@Customer.example>\r\nAction: failed\r\nStatus: 5.1.1 (no such user)\r\n" +
            "Diagnostic-Code: smtp; 550\r\n Status: 4.0.0\r\n\r\nOriginal-Recipient: rfc822;ben@x.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n";
        var reports = BounceReport.Read(Mails.Person() with { DeliveryStatus = status });
        Assert.Equal([new BounceReport("Anna@Customer.example", "failed", "5.1.1", true), new BounceReport("ben@x.example", "delayed", "4.4.1", false)], reports);
    }

    [Theory]
    [InlineData("Final-Recipient: rfc822; x@y.example\nAction: failed\nStatus: 4.2.2", false)]
    [InlineData("Final-Recipient: rfc822; x@y.example\nAction: delivered\nStatus: 5.0.0", false)]
    [InlineData("Final-Recipient: rfc822; x@y.example\nStatus: 5.7.1", true)]
    [InlineData("Final-Recipient: rfc822; x@y.example\nAction: failed\nStatus: 5x1", false)]
    public void Only_a_permanent_failure_is_permanent(string status, bool permanent) =>
        Assert.Equal(permanent, BounceReport.Read(Mails.Person() with { DeliveryStatus = status }).Single().Permanent);

    [Fact]
    public void Exims_header_names_the_failed_too() =>
        Assert.Equal([new BounceReport("a@x.example", "failed", "", true), new BounceReport("b@x.example", "failed", "", true)],
            BounceReport.Read(Mails.With("X-Failed-Recipients", "a@x.example, b@x.example")));

    [Fact]
    public void A_persons_mail_reports_nothing() => Assert.Empty(BounceReport.Read(Mails.Person()));
}

using ReplyMint.Outbound;

namespace ReplyMint.Tests.Outbound;

internal static class Mails
{
    public static OutboundMail Answer(string text = "Hello Ann,\n\nwe open at nine.\n", string subject = "Re: Opening hours") => new()
    {
        MessageId = "v1.t1.o1.mac@example.com",
        ReversePath = "bounces+t1o1@example.com",
        From = "help@example.com",
        FromName = "Help",
        To = "ann@customer.example",
        Subject = subject,
        Text = text,
        InReplyTo = "q2@customer.example",
        References = ["q1@customer.example", "q2@customer.example"],
        Date = new DateTimeOffset(2026, 11, 24, 9, 5, 0, TimeSpan.FromHours(1)),
        Headers = [new("Auto-Submitted", "auto-replied"), new("X-Auto-Response-Suppress", "All")],
    };
}

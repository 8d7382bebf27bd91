using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Outbound;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>Two installations that know nothing of each other, each answering automatically, with real SMTP between them.</summary>
public sealed class TwoReplyMintsTests
{
    private const string Other = "help@second.example";

    private sealed record Side(ProductHost Host, SmtpSink Out, string Address);

    /// <param name="relay">What a relay between them takes away: nothing; what says that a machine wrote it and each X- field; all of threads, too, as a form of a website does.</param>
    /// <param name="most">
    /// How many answers leave altogether: the first, and one more where the other side can't know it for a machine's. Where nothing is left of threads
    /// either, each mail begins anew, and what ends it is the rate of a person, five a day on each side.
    /// </param>
    [Theory]
    [InlineData("nothing", 1)]
    [InlineData("marks", 2)]
    [InlineData("threads", 10)]
    public async Task They_stop_by_themselves(string relay, int most)
    {
        await using var first = new SmtpSink();
        await using var second = new SmtpSink();
        await using var a = await StartAsync(ProductHost.Address, first);
        await using var b = await StartAsync(Other, second);
        Side[] sides = [new(a, first, ProductHost.Address), new(b, second, Other)];

        // Somebody writes to the first in the second one's name.
        var (at, mail, from, answers) = (0, a.Mail("How long does a parcel take?", Other), Other, 0);
        while (answers <= most)
        {
            var (host, way, address) = sides[at];
            var before = way.Mails.Count;
            var message = await host.DecidedAsync(await host.DeliverAsync(mail, from, address));
            if (message.Record.State != MessageState.Answered)
                break;
            answers++;
            await ProductHost.EventuallyAsync(() => Task.FromResult(way.Mails.Count > before ? "" : null));
            (mail, from, at) = (Relayed(way.Mails.Last(), relay), address, 1 - at);
        }
        Assert.InRange(answers, 1, most);
        // And it stays so: nothing more leaves on either side, though time goes by.
        await a.IdleAsync();
        await b.IdleAsync();
        Assert.Equal(answers, first.Mails.Count + second.Mails.Count);
    }

    private static Task<ProductHost> StartAsync(string address, SmtpSink way) => ProductHost.StartAsync(
        box => box with { Address = address, Rules = [new MailRule("always", "", "", "parcel", RuleAction.Template, "A parcel takes three days. Is there anything else about your parcel?")] },
        settings => settings with { Outbound = new OutboundSettings { Channel = OutboundSettings.ToSmtp, Smtp = new SmtpSettings { Host = "127.0.0.1", Port = way.Port, Security = SmtpSettings.None } } });

    /// <summary>As the next server hands it on: vouched for, and with what it takes away.</summary>
    private static string Relayed(string mail, string relay)
    {
        var text = mail.ReplaceLineEndings("\r\n");
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var kept = new StringBuilder($"Authentication-Results: {ProductHost.TrustedServer}; dmarc=pass\r\n");
        var drops = false;
        foreach (var line in text[..end].Split("\r\n"))
        {
            if (line[0] is not (' ' or '\t'))
                drops = relay != "nothing" && IsTaken(line[..line.IndexOf(':', StringComparison.Ordinal)], relay == "threads");
            if (!drops)
                kept.Append(line).Append("\r\n");
        }
        if (relay == "threads")
            kept.Append($"Message-ID: <{Guid.NewGuid():N}@form.example>\r\n");
        return kept + text[(end + 2)..];
    }

    private static bool IsTaken(string field, bool threads) =>
        field.Equals("Auto-Submitted", StringComparison.OrdinalIgnoreCase) || field.StartsWith("X-", StringComparison.OrdinalIgnoreCase) || field.Equals("Precedence", StringComparison.OrdinalIgnoreCase)
        || threads && field.ToUpperInvariant() is "MESSAGE-ID" or "IN-REPLY-TO" or "REFERENCES";
}
